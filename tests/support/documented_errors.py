"""Every code that the original's documents list for an action (wire facts 1.7), and what causes it.

A row is action, code, cause, and what in the action's working body is changed to get the code: a
mapping of parameters (None takes one out), or nothing where another test shows it or where it
cannot occur here, which the cause then says. `python -m tests.support.documented_errors` writes the
table of docs/compatibility.md.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.support.api_world import b64


class Row(NamedTuple):
    """One code of one action."""

    action: str
    code: str
    cause: str
    changes: Mapping[str, Any] | None = None


F, V, L, M, D = (
    "FailedOperation.",
    "InvalidParameterValue.",
    "LimitExceeded.",
    "MissingParameter.",
    "OperationDenied.",
)
NOT_HERE = "not here: "
LONG_AGO, NO_DAY = "2001-01-01", "24 November"
SENDER = "news@mail.example.test"
TEMPLATE = {"TemplateID": 1, "TemplateData": '{"name":"Ann"}'}
MANY = [f"u{number}@x.test" for number in range(20_001)]


def _data(text: str, email: str = "new@x.test") -> dict[str, Any]:
    return {"Datas": [{"Email": email, "TemplateData": text}]}


def _content(html: str) -> dict[str, Any]:
    return {"TemplateContent": {"Html": html}}


BATCH = [
    Row("BatchSendEmail", F + "EmailContentToolarge", "the values make the mail larger than 4 MB",
        {"Template": {"TemplateID": 1, "TemplateData": '{"name":"x"}'}, "_huge": True}),
    Row("BatchSendEmail", V + "BeginTimeBeforeNow", "the task would begin in the past",
        {"TaskType": 2, "TimedParam": {"BeginTime": f"{LONG_AGO} 00:00:00"}}),
    Row("BatchSendEmail", V + "EmailContentIsWrong", "Simple is given, or the subject has two lines",
        {"Subject": "a\nb"}),
    Row("BatchSendEmail", V + "SubjectLengthError", "the subject has none or more than 998 characters",
        {"Subject": "x" * 999}),
    Row("BatchSendEmail", V + "TemplateDataError", "TemplateData is no JSON object of texts",
        {"Template": {"TemplateID": 1, "TemplateData": "[]"}}),
    Row("BatchSendEmail", V + "TemplateNotMatchData", "a variable has no value for the first receiver",
        {"Subject": "{{unknown}}"}),
    Row("BatchSendEmail", M + "CycleParamNecessary", "TaskType 3 without CycleParam", {"TaskType": 3}),
    Row("BatchSendEmail", M + "SendParamNecessary", "no sender or no template", {"Template": None}),
    Row("BatchSendEmail", M + "TimedParamNecessary", "TaskType 2 without TimedParam", {"TaskType": 2}),
    Row("BatchSendEmail", D + "ReceiverNotExist", "the account has no such list", {"ReceiverId": 404}),
    Row("BatchSendEmail", D + "ReceiverStatusError", "the list holds no valid address, or an upload to it is running"),
    Row("BatchSendEmail", D + "SendAddressStatusError", "no such sender, or its domain may not send",
        {"FromEmailAddress": "who@mail.example.test"}),
    Row("BatchSendEmail", D + "TemplateStatusError", "no such template, or it is not approved",
        {"Template": {"TemplateID": 404, "TemplateData": "{}"}}),
]  # fmt: skip
BLACKLISTS = [
    Row("CreateCustomBlacklist", V + "WrongDate", "ExpireDate is no day", {"ExpireDate": NO_DAY}),
    Row("CreateCustomBlacklist", L + "ReceiverDetailRequestLimit", "more than 20,000 addresses",
        {"Emails": MANY}),
    Row("CreateCustomBlacklist", M + "EmailsNecessary", "no addresses", {"Emails": []}),
    Row("UpdateCustomBlackList", V + "IllegalEmailAddress", "the text is no address", {"Email": "x"}),
    Row("UpdateCustomBlackList", V + "WrongDate", "ExpireDate is no day", {"ExpireDate": NO_DAY}),
    Row("ListCustomBlacklist", F + "InvalidLimit", "Limit above 100", {"Limit": 101}),
    Row("ListBlackEmailAddress", V + "WrongDate", "no day, or the first after the last",
        {"StartDate": NO_DAY}),
    Row("ListBlackEmailAddress", F + "InvalidLimit", "Limit above 100", {"Limit": 101}),
]  # fmt: skip
SENDERS = [
    Row("CreateEmailAddress", V + "IllegalEmailAddress", "the text is no address", {"EmailAddress": "x"}),
    Row("CreateEmailAddress", V + "IllegalSenderName", "the display name cannot be shown",
        {"EmailAddress": "a@mail.example.test", "EmailSenderName": "a\nb"}),
    Row("CreateEmailAddress", V + "RepeatEmailAddress", "the sender exists", {}),
    Row("CreateEmailAddress", D + "DomainNotVerified", "the domain is not verified, or not the account's",
        {"EmailAddress": "a@elsewhere.example.test"}),
    Row("CreateEmailAddress", D + "ExceedSenderLimit", "more than `policy.max_senders_per_domain`",
        {"EmailAddress": "more@mail.example.test"}),
    Row("DeleteEmailAddress", V + "NoSuchSender", "the account has no such sender",
        {"EmailAddress": "who@mail.example.test"}),
    Row("UpdateEmailSmtpPassWord", V + "InvalidSmtpPassWord", "the password is weak", {"Password": "weak"}),
    Row("UpdateEmailSmtpPassWord", V + "NoSuchSender", "the account has no such sender",
        {"EmailAddress": "who@mail.example.test"}),
    Row("UpdateEmailSmtpPassWord", D + "RepeatPassWord", "it is the password already", {}),
]  # fmt: skip
IDENTITIES = [
    Row("CreateEmailIdentity", V + "CreatedByOther", "another account has verified the domain"),
    Row("CreateEmailIdentity", V + "InvalidEmailIdentity", "the text is no domain name",
        {"EmailIdentity": "no domain"}),
    Row("CreateEmailIdentity", V + "RepeatCreation", "the account has this domain", {}),
    Row("CreateEmailIdentity", D + "ExceedDomainLimit", "more than `policy.max_domains`",
        {"EmailIdentity": "more.example.test"}),
    Row("GetEmailIdentity", V + "NotExistDomain", "the account has no such domain",
        {"EmailIdentity": "who.example.test"}),
    Row("UpdateEmailIdentity", V + "NotExistDomain", "the account has no such domain",
        {"EmailIdentity": "who.example.test"}),
    Row("UpdateEmailIdentity", F + "DKIMNotApplied", NOT_HERE + "keys are made with the domain"),
    Row("UpdateEmailIdentity", F + "ServiceNotAvailable", "no name server answered"),
    Row("DeleteEmailIdentity", D + "NotAllowDelete", "mail of the domain is on its way"),
    Row("DeleteEmailIdentity", D + "SenderWithDomainIsNotEmpty", "senders use the domain",
        {"EmailIdentity": "mail.example.test"}),
]  # fmt: skip
TEMPLATES = [
    Row("CreateEmailTemplate", F + "ExceedTemplateLimit", "more than `policy.max_templates`", {}),
    Row("CreateEmailTemplate", F + "TemplateContentToolarge", "larger than a mail may be",
        _content(b64("x" * 5_000_000))),
    Row("CreateEmailTemplate", V + "TemplateContentIsNULL", "neither HTML nor text",
        {"TemplateContent": {}}),
    Row("CreateEmailTemplate", V + "TemplateContentIsWrong", "no base64, no UTF-8, or a broken variable",
        _content("%%%")),
    Row("CreateEmailTemplate", V + "TemplateNameIllegal", "the name is too long or cannot be shown",
        {"TemplateName": "x" * 1_000}),
    Row("UpdateEmailTemplate", F + "TemplateContentToolarge", "larger than a mail may be",
        _content(b64("x" * 5_000_000))),
    Row("UpdateEmailTemplate", V + "TemplateContentIsNULL", "neither HTML nor text",
        {"TemplateContent": {}}),
    Row("UpdateEmailTemplate", V + "TemplateContentIsWrong", "no base64, no UTF-8, or a broken variable",
        _content(b64("{{"))),
    Row("UpdateEmailTemplate", V + "TemplateNameIllegal", "the name is too long or cannot be shown",
        {"TemplateName": "x" * 1_000}),
    Row("UpdateEmailTemplate", V + "TemplateNameIsNULL", "the name is empty", {"TemplateName": ""}),
    Row("UpdateEmailTemplate", V + "TemplateNotExist", "the account has no such template",
        {"TemplateID": 404}),
    Row("GetEmailTemplate", V + "TemplateNotExist", "the account has no such template",
        {"TemplateID": 404}),
    Row("GetEmailTemplate", "ResourceNotFound", NOT_HERE + "the code before says the same"),
    Row("ListEmailTemplates", F + "InvalidLimit", "Limit above 100", {"Limit": 101}),
]  # fmt: skip
LISTS = [
    Row("CreateReceiver", V + "ReceiverDescIllegal", "more than 300 characters",
        {"ReceiversName": "other", "Desc": "x" * 301}),
    Row("CreateReceiver", V + "ReceiverNameIllegal", "not 1 to 100 printable characters",
        {"ReceiversName": " "}),
    Row("CreateReceiver", V + "RepeatReceiverName", "another list has the name"),
    Row("CreateReceiver", L + "ExceedReceiverLimit", "more than `policy.max_receiver_lists`",
        {"ReceiversName": "other"}),
    Row("DeleteReceiver", M + "ReceiverIdNecessary", "ReceiverId is 0", {"ReceiverId": 0}),
    Row("DeleteReceiver", D + "ReceiverNotExist", "the account has no such list", {"ReceiverId": 404}),
    *(row for action, given in (("CreateReceiverDetail", {"Emails": ["n@x.test"]}),
                                ("CreateReceiverDetailWithData", _data('{"name":"n"}')))
      for row in (
        Row(action, L + "ReceiverDetailCountLimit", "the list would hold more than 50,000"),
        Row(action, L + "ReceiverDetailRequestLimit", "more than 20,000 in a call",
            {"Emails": MANY} if "Emails" in given else
            {"Datas": [{"Email": one, "TemplateData": "{}"} for one in MANY]}),
        Row(action, M + "EmailsNecessary", "nothing to add", {name: [] for name in given}),
        Row(action, M + "ReceiverIdNecessary", "ReceiverId is 0", {"ReceiverId": 0}),
        Row(action, D + "ReceiverIsOperating", "an upload of more than 1,000 to the list is still being stored"),
        Row(action, D + "ReceiverNotExist", "the account has no such list", {"ReceiverId": 404}),
        Row(action, F + "ServiceNotAvailable", NOT_HERE + "the database answers or the call ends "
            "with ServiceUnavailable"),
      )),
    Row("CreateReceiverDetail", V + "TemplateDataError", NOT_HERE + "the call carries no data"),
    Row("CreateReceiverDetail", V + "TemplateDataInconsistent", NOT_HERE + "the call carries no data"),
    Row("CreateReceiverDetailWithData", V + "TemplateDataError", "a value holds HTML",
        _data('{"name":"<b>x</b>"}')),
    Row("CreateReceiverDetailWithData", V + "TemplateDataInconsistent", "other variables than the list's",
        _data('{"other":"x"}')),
    Row("CreateReceiverDetailWithData", V + "InValidTemplateData", "the data is no JSON object", _data("[]")),
    Row("CreateReceiverDetailWithData", V + "ReceiverEmailInvalid", "an address is malformed",
        _data('{"name":"x"}', "no address")),
    Row("CreateReceiverDetailWithData", V + "TemplateDataLenLimit", "more than 800 bytes of data",
        _data('{"name":"' + "x" * 800 + '"}')),
    Row("ListReceivers", F + "InvalidLimit", "Limit above 100", {"Limit": 101}),
    Row("ListReceiverDetails", F + "InvalidLimit", "Limit above 100", {"Limit": 101}),
    Row("ListSendTasks", F + "InvalidLimit", "Limit above 100", {"Limit": 101}),
]  # fmt: skip
REPORTS = [
    Row("GetAbuseReport", F + "InvalidLimit", "Limit above 1,000", {"Limit": 1_001}),
    Row("GetAbuseReport", "InternalError.QueryDataBaseFailed", NOT_HERE + "ServiceUnavailable says it"),
    Row("GetAbuseReport", "InvalidParameter.AppIdIsRequired", NOT_HERE + "the signature names the account"),
    Row("GetAbuseReport", "InvalidParameter.InvalidStartTimeFormat", "StartTime is no YYYY-MM-DD",
        {"StartTime": NO_DAY}),
    Row("GetAbuseReport", "InvalidParameter.InvalidEndTimeFormat", "EndTime is none, or before StartTime",
        {"EndTime": NO_DAY}),
    Row("GetSendEmailStatus", F + "InvalidLimit", "Limit above 100", {"Limit": 101}),
    Row("GetSendEmailStatus", F + "NotSupportDate", "too long ago, or in the future",
        {"RequestDate": LONG_AGO}),
    Row("GetSendEmailStatus", V + "WrongDate", "the date is no YYYY-MM-DD", {"RequestDate": NO_DAY}),
    Row("GetStatisticsReport", V + "WrongDate", "no day, the first after the last, more than 366 days",
        {"StartDate": NO_DAY}),
]  # fmt: skip
SENDING = [
    Row("SendEmail", F + "AttachContentToolarge", "attachments of more than 4 MB"),
    Row("SendEmail", F + "EmailAddrInBlacklist", "every recipient is on the shared or the own blacklist"),
    Row("SendEmail", F + "EmailContentToolarge", "the content is larger than 4 MB",
        {"Template": {"TemplateID": 1, "TemplateData": '{"name":"x"}'}, "_huge": True}),
    Row("SendEmail", F + "ExceedSendLimit", "the account's or the domain's day is full"),
    Row("SendEmail", F + "FileURLNotExist", "FileURL is given, which is not open",
        {"Attachments": [{"FileName": "a.txt", "FileURL": "https://x.test/a"}]}),
    Row("SendEmail", F + "FrequencyLimit", "more than `policy.mailbox_per_hour` to a mailbox"),
    Row("SendEmail", F + "HighRejectionRate", "the domain stands at reputation level 0, or is stopped for the day"),
    Row("SendEmail", F + "IllegalURL", NOT_HERE + "links are not judged yet"),
    Row("SendEmail", F + "IncorrectEmail", "a recipient is malformed", {"Destination": ["no address"]}),
    Row("SendEmail", F + "IncorrectSender", "the address is no sender of the account",
        {"FromEmailAddress": "who@mail.example.test"}),
    Row("SendEmail", F + "InsufficientBalance", "prepayment is on and the balance does not pay for the mail"),
    Row("SendEmail", F + "InsufficientQuota", NOT_HERE + "there are no packages of mails"),
    Row("SendEmail", F + "InvalidAttachName", "a forbidden name or kind of file"),
    Row("SendEmail", F + "InvalidTemplateID", "no such template, or not approved",
        {"Template": {"TemplateID": 404, "TemplateData": "{}"}}),
    Row("SendEmail", F + "MissingEmailContent", "neither a template nor content", {"Template": None}),
    Row("SendEmail", F + "NoAttachPermission", "attachments without the permission"),
    Row("SendEmail", F + "NotAuthenticatedSender", "the sender's domain is not verified",
        {"FromEmailAddress": "a@old.example.test"}),
    Row("SendEmail", F + "ProtocolCheckErr", "line breaks in what becomes a header", {"Subject": "a\nb"}),
    Row("SendEmail", F + "ReceiverHasUnsubscribed", "every recipient has unsubscribed"),
    Row("SendEmail", F + "RejectedByRecipients", NOT_HERE + "receivers answer after the call; the "
        "status tells it"),
    Row("SendEmail", F + "SendEmailErr", NOT_HERE + "a more exact code is always given"),
    Row("SendEmail", F + "TemporaryBlocked", NOT_HERE + "mail for a slow receiver waits in the queue"),
    Row("SendEmail", F + "TooManyAttachments", "more than ten"),
    Row("SendEmail", F + "TooManyRecipients", "more than 50 To, 20 Cc or 20 Bcc",
        {"Destination": MANY[:51]}),
    Row("SendEmail", F + "URLForbidden", NOT_HERE + "links are not judged yet"),
    Row("SendEmail", F + "UnsupportMailType", NOT_HERE + "every kind that the API can express is sent"),
    Row("SendEmail", F + "WithOutPermission", "own content without the permission",
        {"Template": None, "Simple": {"Html": b64("<p>x</p>")}}),
    Row("SendEmail", F + "WrongContentJson", "TemplateData is no JSON object",
        {"Template": {"TemplateID": 1, "TemplateData": "[]"}}),
    Row("SendEmail", V + "AttachContentIsWrong", "an attachment is no base64",
        {"Attachments": [{"FileName": "a.txt", "Content": "%%%"}]}),
    Row("SendEmail", V + "EmailAddressIsNULL", "a recipient is empty, or there is none", {"Destination": [""]}),
    Row("SendEmail", V + "EmailContentIsWrong", "content is no base64 or no UTF-8",
        {"Template": None, "Simple": {"Html": "%%%"}}),
    Row("SendEmail", V + "InvalidEmailIdentity", "HeaderFrom is of another domain",
        {"HeaderFrom": "a@other.test"}),
    Row("SendEmail", V + "ReceiverEmailInvalid", "an address is in Bcc and in Destination",
        {"Bcc": ["ann@example.com"]}),
]  # fmt: skip
ROWS = (*IDENTITIES, *SENDERS, *TEMPLATES, *SENDING, *BATCH, *LISTS, *BLACKLISTS, *REPORTS)


def table() -> str:
    """Return the table of docs/compatibility.md."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "| action | code | cause |"
    yield "|---|---|---|"
    for row in ROWS:
        yield f"| {row.action} | `{row.code}` | {row.cause} |"


if __name__ == "__main__":
    sys.stdout.write(table())
