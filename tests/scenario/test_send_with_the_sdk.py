"""The main job with the official SDK: from a new domain to the mail's fate, and every refusal."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from tests.support.dkim_verifiers import verify_all
from tests.support.installations import installations, name_server
from tests.support.postgresql import PostgresqlServer
from tests.support.sink import Sink
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import (
    Sdk,
    Tenant,
    encoded,
    new_account,
    new_tenant,
    publish,
    sdk,
    today,
)

from tayori.sandbox.dns_server import DnsServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

WAYS = [
    ("TC3-HMAC-SHA256", "POST"),
    ("TC3-HMAC-SHA256", "GET"),
    ("HmacSHA1", "POST"),
    ("HmacSHA1", "GET"),
    ("HmacSHA256", "POST"),
    ("HmacSHA256", "GET"),
]
DELIVERED = 1
REFUSED = 3
CRLF = "\r\nBcc: thief@receiver.test\r\n\r\nforged"


class World:
    """One server for all tests of this module, with a tenant that can send."""

    def __init__(self, server: TayoriProcess, dns: DnsServer, sink: Sink, tenant: Tenant) -> None:
        self.server = server
        self.dns = dns
        self.sink = sink
        self.tenant = tenant

    @property
    def sdk(self) -> Sdk:
        return self.tenant.sdk(self.server)

    async def status(self, client: Sdk, message_id: str, address: str) -> Any:
        """Return the row of a recipient once its mail has come to an end."""
        rows: list[Any] = []

        async def ended() -> bool:
            found = await client.call(
                "GetSendEmailStatus",
                RequestDate=today(),
                Offset=0,
                Limit=100,
                MessageId=message_id,
                ToEmailAddress=address,
            )
            rows[:] = found.EmailStatusList
            return len(rows) == 1 and rows[0].DeliverTime > 0

        await self.server.until(ended)
        return rows[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    def postgresql() -> PostgresqlServer:
        raise AssertionError("these tests run on the embedded database")

    folder = tmp_path_factory.mktemp("sdk")
    async with (
        Sink() as sink,
        name_server() as dns,
        installations(folder, dns, sink.port, postgresql) as make,
    ):
        server = await make(policy={"api_simple": True, "max_domains": 0, "max_templates": 0})
        await server.start()
        tenant = await new_tenant(server, dns, keys=await new_account(server))
        yield World(server, dns, sink, tenant)
        assert await server.stop() == 0
        assert server.errors == []


@pytest.mark.parametrize(("signature", "method"), WAYS)
async def test_from_a_new_domain_to_a_delivered_mail(
    world: World, signature: str, method: str
) -> None:
    client = world.tenant.sdk(world.server, signature=signature, method=method)
    domain = f"{signature.lower().replace('-', '')}.{method.lower()}.test"
    created = await client.call("CreateEmailIdentity", EmailIdentity=domain, DKIMOption=2)
    assert created.IdentityType == "DOMAIN"
    assert not created.VerifiedForSendingStatus
    read = await client.call("GetEmailIdentity", EmailIdentity=domain)
    texts = await publish(world.dns, read.Attributes)
    checked = await client.call("UpdateEmailIdentity", EmailIdentity=domain)
    assert checked.VerifiedForSendingStatus
    assert all(record.Status for record in checked.Attributes)

    sender = f"orders@{domain}"
    await client.call("CreateEmailAddress", EmailAddress=sender, EmailSenderName="Möbel & Co")
    template = await client.call(
        "CreateEmailTemplate",
        TemplateName=f"order {method}",
        TemplateContent={"Html": encoded("<p>Dear {{name}}, thank you &amp; see you.</p>")},
    )
    address = f"buyer@{domain}"
    world.dns.add(domain, "MX", "5 mx.receiver.test.")
    sent = await client.call(
        "SendEmail",
        FromEmailAddress=sender,
        Destination=[address],
        Subject="Ihre Bestellung für {{name}} 注文",
        Template={"TemplateID": template.TemplateID, "TemplateData": '{"name": "森 & Söhne"}'},
        ReplyToAddresses=f"help@{domain}",
        TriggerType=1,
        Unsubscribe="0",
    )
    assert sent.MessageId.startswith("qcloudses-30-")

    taken = await world.sink.arrived(address)
    message = taken.message
    assert message["From"] == f"Möbel & Co <{sender}>"
    assert message["To"] == address
    assert message["Reply-To"] == f"help@{domain}"
    assert message["Subject"] == "Ihre Bestellung für 森 & Söhne 注文"
    assert taken.return_path.endswith(f"@{domain}")
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    assert html is not None
    assert text is not None
    assert "Dear 森 &amp; Söhne, thank you &amp; see you." in html.get_content()
    assert "Dear 森 & Söhne, thank you & see you." in text.get_content()
    [verdict] = await asyncio.to_thread(verify_all, [taken.content], texts)
    assert verdict.passed, verdict
    assert {signature.domain for signature in verdict.mailauth} == {domain}
    assert len(verdict.mailauth) == 2

    status = await world.status(client, sent.MessageId, address)
    assert (status.SendStatus, status.DeliverStatus) == (0, DELIVERED)
    assert status.DeliverMessage == "250 2.0.0 Taken"
    assert status.FromEmailAddress == sender
    assert world.sink.copies[taken.message_id, address] == 1


async def test_a_refused_recipient_is_reported_with_the_receivers_words(world: World) -> None:
    to = ("fine@receiver.test", "unknown@receiver.test")
    sent = await world.sdk.call("SendEmail", **world.tenant.mail(*to))
    refused = await world.status(world.sdk, sent.MessageId, to[1])
    assert refused.DeliverStatus == REFUSED
    assert refused.DeliverMessage == "550 5.1.1 No such user"
    fine = await world.status(world.sdk, sent.MessageId, to[0])
    assert fine.DeliverStatus == DELIVERED


async def test_own_content_with_everything_that_a_mail_can_have(world: World) -> None:
    to, cc, bcc = (f"{name}@receiver.test" for name in ("ann", "cat", "bob"))
    mail = world.tenant.mail(
        to,
        Template=None,
        Simple={"Html": encoded("<p>Hello</p>"), "Text": encoded("Hello in clear")},
        Cc=[cc],
        Bcc=[bcc],
        Attachments=[{"FileName": "Angebot-2026.txt", "Content": encoded("äöü\n" * 50)}],
        SmtpMessageId="<own.id.1@shop.example>",
        SmtpHeaders='{"X-Campaign": "autumn", "X-Tencentcloudses-Cb-Kind": "order"}',
        HeaderFrom=f"shop@{world.tenant.domain}",
    )
    await world.sdk.call("SendEmail", **{key: value for key, value in mail.items() if value})
    for address in (to, cc, bcc):
        message = (await world.sink.arrived(address)).message
        assert (message["To"], message["Cc"], message["Bcc"]) == (to, cc, None)
        assert message["Message-ID"] == "<own.id.1@shop.example>"
        assert message["X-Campaign"] == "autumn"
        assert message["From"].addresses[0].addr_spec == f"shop@{world.tenant.domain}"
        [file] = message.iter_attachments()
        assert file.get_filename() == "Angebot-2026.txt"


# Refusals


async def test_a_bad_signature(world: World) -> None:
    client = sdk(world.server.http, world.tenant.secret_id, "not-the-secret")
    refused = await client.refusal("ListEmailIdentities")
    assert refused == "AuthFailure.SignatureFailure"
    older = sdk(world.server.http, world.tenant.secret_id, "no", signature="HmacSHA1")
    assert await older.refusal("ListEmailIdentities") == "AuthFailure.SignatureFailure"


@pytest.mark.parametrize("minutes", [-6, 6])
@pytest.mark.parametrize("signature", ["TC3-HMAC-SHA256", "HmacSHA1"])
async def test_an_expired_time(world: World, signature: str, minutes: int) -> None:
    world.server.move_clock(minutes * 60_000)
    try:
        client = world.tenant.sdk(world.server, signature=signature)
        refused = await client.refusal("ListEmailIdentities")
    finally:
        world.server.move_clock(0)
    assert refused == "AuthFailure.SignatureExpire"


async def test_an_unknown_id(world: World) -> None:
    client = sdk(world.server.http, "AKIDdoesnotexist", world.tenant.secret_key)
    assert await client.refusal("ListEmailIdentities") == "AuthFailure.SecretIdNotFound"


async def test_an_unverified_domain(world: World) -> None:
    await world.sdk.call("CreateEmailIdentity", EmailIdentity="pending.test")
    refused = await world.sdk.refusal("CreateEmailAddress", EmailAddress="a@pending.test")
    assert refused == "OperationDenied.DomainNotVerified"
    mail = world.tenant.mail("a@receiver.test", FromEmailAddress="a@pending.test")
    assert await world.sdk.refusal("SendEmail", **mail) == "FailedOperation.NotAuthenticatedSender"


async def test_a_sender_that_was_not_created(world: World) -> None:
    mail = world.tenant.mail("a@receiver.test", FromEmailAddress=f"who@{world.tenant.domain}")
    assert await world.sdk.refusal("SendEmail", **mail) == "FailedOperation.IncorrectSender"


async def test_a_domain_of_somebody_else(world: World) -> None:
    keys = await new_account(world.server, "stranger")
    stranger = sdk(world.server.http, keys["secret_id"], keys["secret_key"])
    mail = world.tenant.mail("a@receiver.test")
    assert await stranger.refusal("SendEmail", **mail) == "FailedOperation.IncorrectSender"
    refused = await stranger.refusal("CreateEmailIdentity", EmailIdentity=world.tenant.domain)
    assert refused == "InvalidParameterValue.CreatedByOther"
    for action in ("GetEmailIdentity", "UpdateEmailIdentity"):
        refused = await stranger.refusal(action, EmailIdentity=world.tenant.domain)
        assert refused == "InvalidParameterValue.NotExistDomain"
    refused = await stranger.refusal("GetEmailTemplate", TemplateID=world.tenant.template_id)
    assert refused in {"InvalidParameterValue.TemplateNotExist", "ResourceNotFound"}


def _template(number: Any, data: str) -> dict[str, Any]:
    return {"Template": {"TemplateID": number, "TemplateData": data}}


SIMPLE = {"Html": encoded("<p>Hello</p>")}
FILE = {"FileName": "a.txt", "Content": encoded("text")}
BAD_MAILS: dict[str, tuple[dict[str, Any], str]] = {
    "missing template": (_template(999_999, '{"name": "x"}'), "FailedOperation.InvalidTemplateID"),
    "TemplateData that is no JSON": (
        _template(None, "{name: x}"),
        "FailedOperation.WrongContentJson",
    ),
    "TemplateData that is a list": (_template(None, "[1]"), "FailedOperation.WrongContentJson"),
    "a variable without value": (
        _template(None, "{}"),
        "InvalidParameterValue.TemplateNotMatchData",
    ),
    "too many in To": (
        {"Destination": [f"u{n}@receiver.test" for n in range(51)]},
        "FailedOperation.TooManyRecipients",
    ),
    "too many in Cc": (
        {"Cc": [f"u{n}@receiver.test" for n in range(21)]},
        "FailedOperation.TooManyRecipients",
    ),
    "nobody": ({"Destination": []}, "InvalidParameterValue.EmailAddressIsNULL"),
    "oversize content": (
        {"Template": None, "Simple": {"Html": encoded("x" * (4 * 1024 * 1024 + 1))}},
        "FailedOperation.EmailContentToolarge",
    ),
    "oversize files": (
        {"Attachments": [{"FileName": "a.txt", "Content": encoded("x" * 4_200_000)}]},
        "FailedOperation.AttachContentToolarge",
    ),
    "content that is no base64": (
        {"Template": None, "Simple": {"Html": "<p>Hello</p>"}},
        "InvalidParameterValue.EmailContentIsWrong",
    ),
    "a file that is no base64": (
        {"Attachments": [{"FileName": "a.txt", "Content": "äöü"}]},
        "InvalidParameterValue.AttachContentIsWrong",
    ),
    "a forbidden kind of file": (
        {"Attachments": [{**FILE, "FileName": "run.exe"}]},
        "FailedOperation.InvalidAttachName",
    ),
    "a file name with a path": (
        {"Attachments": [{**FILE, "FileName": "../a.txt"}]},
        "FailedOperation.InvalidAttachName",
    ),
    "no content": ({"Template": None}, "FailedOperation.MissingEmailContent"),
    "no address": ({"Destination": ["no address"]}, "FailedOperation.IncorrectEmail"),
    "empty subject": ({"Subject": ""}, "InvalidParameterValue.SubjectLengthError"),
    "injection: FromEmailAddress": (
        {"FromEmailAddress": f"Shop{CRLF} <news@mail.shop.test>"},
        "FailedOperation.IncorrectSender",
    ),
    "injection: Subject": ({"Subject": f"Hello{CRLF}"}, "FailedOperation.ProtocolCheckErr"),
    "injection: Destination": (
        {"Destination": [f"a@receiver.test{CRLF}"]},
        "FailedOperation.IncorrectEmail",
    ),
    "injection: Cc": ({"Cc": [f"a{CRLF} <a@receiver.test>"]}, "FailedOperation.IncorrectEmail"),
    "injection: Bcc": ({"Bcc": [f'"a{CRLF}"@receiver.test']}, "FailedOperation.IncorrectEmail"),
    "injection: ReplyToAddresses": (
        {"ReplyToAddresses": f"a@receiver.test{CRLF}"},
        "FailedOperation.IncorrectEmail",
    ),
    "injection: HeaderFrom": (
        {"HeaderFrom": f"a{CRLF} <a@mail.shop.test>"},
        "InvalidParameterValue.InvalidEmailIdentity",
    ),
    "injection: SmtpMessageId": (
        {"SmtpMessageId": f"<a@b.test>{CRLF}"},
        "FailedOperation.ProtocolCheckErr",
    ),
    "injection: value in SmtpHeaders": (
        {"SmtpHeaders": '{"X-A": "b\\r\\nBcc: thief@receiver.test"}'},
        "FailedOperation.ProtocolCheckErr",
    ),
    "injection: name in SmtpHeaders": (
        {"SmtpHeaders": '{"X-A: b\\r\\nBcc": "thief@receiver.test"}'},
        "FailedOperation.ProtocolCheckErr",
    ),
    "a header that is ours": (
        {"SmtpHeaders": '{"Bcc": "thief@receiver.test"}'},
        "FailedOperation.ProtocolCheckErr",
    ),
    "injection: Attachments.FileName": (
        {"Attachments": [{**FILE, "FileName": f"a{CRLF}.txt"}]},
        "FailedOperation.InvalidAttachName",
    ),
}


@pytest.mark.parametrize("fault", BAD_MAILS)
async def test_a_mail_that_cannot_be_sent(world: World, fault: str) -> None:
    changes, code = BAD_MAILS[fault]
    mail = {**world.tenant.mail("a@receiver.test"), **changes}
    given = mail.get("Template")
    if given and given["TemplateID"] is None:
        mail["Template"] = {**given, "TemplateID": world.tenant.template_id}
    present = {key: value for key, value in mail.items() if value is not None}
    assert await world.sdk.refusal("SendEmail", **present) == code
    assert not world.sink.to("thief@receiver.test")


@pytest.mark.parametrize(
    ("action", "parameters", "code"),
    [
        (
            "CreateEmailAddress",
            {"EmailAddress": "b@mail.shop.test", "EmailSenderName": f"Shop{CRLF}"},
            "InvalidParameterValue.IllegalSenderName",
        ),
        (
            "CreateEmailAddress",
            {"EmailAddress": f"b@mail.shop.test{CRLF}"},
            "InvalidParameterValue.IllegalEmailAddress",
        ),
        (
            "CreateEmailIdentity",
            {"EmailIdentity": f"a.test{CRLF}"},
            "InvalidParameterValue.InvalidEmailIdentity",
        ),
        (
            "CreateEmailTemplate",
            {"TemplateName": f"a{CRLF}", "TemplateContent": SIMPLE},
            "InvalidParameterValue.TemplateNameIllegal",
        ),
    ],
)
async def test_injection_where_things_are_made(
    world: World, action: str, parameters: dict[str, Any], code: str
) -> None:
    assert await world.sdk.refusal(action, **parameters) == code


async def test_a_value_with_line_breaks_is_content_and_never_a_header(world: World) -> None:
    data = '{"name": "you\\r\\nBcc: thief@receiver.test"}'
    mail = world.tenant.mail("lines@receiver.test", Subject="For {{name}}")
    mail["Template"]["TemplateData"] = data
    assert await world.sdk.refusal("SendEmail", **mail) == "FailedOperation.ProtocolCheckErr"
    await world.sdk.call("SendEmail", **{**mail, "Subject": "For you"})
    message = (await world.sink.arrived("lines@receiver.test")).message
    assert message["Bcc"] is None
    assert not world.sink.to("thief@receiver.test")


async def test_refusals_speak_the_language_of_the_client(world: World) -> None:
    mail = world.tenant.mail("a@receiver.test", Subject="")
    english = await world.sdk.refused("SendEmail", **mail)
    chinese = await world.tenant.sdk(world.server, language="zh-CN").refused("SendEmail", **mail)
    assert english.code == chinese.code
    assert english.message.isascii()
    assert any("\u4e00" <= character <= "\u9fff" for character in chinese.message)
