"""The server's own replies (RFC 5321 4.2.3, RFC 3463, RFC 4954 6); handlers bring theirs."""

from dataclasses import dataclass

from tayori.mail.reply import Reply


@dataclass(frozen=True, slots=True)
class Wording:
    """A reply one of whose words changes; "{}" stands for it in the text."""

    code: int
    enhanced: str
    text: str

    def of(self, word: object, *further: str) -> Reply:
        """Return the reply with its word; `further` lines stand behind it."""
        return Reply(self.code, self.enhanced, (self.text.format(word), *further))


GREETING = Wording(220, "", "{} ESMTP")
HELLO = Wording(250, "", "{}")
"""Our name; behind it, after EHLO, stands a line for each extension."""
CHALLENGE = Wording(334, "", "{}")
OCTETS_RECEIVED = Wording(250, "2.0.0", "{} octets received")
SIZE_TOO_LARGE = Wording(552, "5.3.4", "Message exceeds {} octets")
UNKNOWN_PARAMETER = Wording(555, "5.5.4", "Parameter not known: {}")

START_CONTENT = Reply(354, "", ("Go ahead, end with <CRLF>.<CRLF>",))
RESET = Reply(250, "2.0.0", ("Reset",))
NOOP = Reply(250, "2.0.0", ("OK",))
HELP = Reply(214, "2.0.0", ("See RFC 5321",))
VRFY = Reply(252, "2.5.0", ("Send mail and see",))
BYE = Reply(221, "2.0.0", ("Bye",))
READY_FOR_TLS = Reply(220, "2.0.0", ("Ready to start TLS",))

LOCAL_ERROR = Reply(451, "4.3.0", ("Local error, try again later",))
CLOSING = Reply(421, "4.3.2", ("Service is closing, try again later",))
IDLE = Reply(421, "4.4.2", ("Nothing was heard for too long",))
TOO_SLOW = Reply(421, "4.4.2", ("The message took too long",))
TOO_MANY_CONNECTIONS = Reply(421, "4.3.2", ("Too many connections, try again later",))
TOO_MANY_ERRORS = Reply(421, "4.7.0", ("Too many errors",))
TOO_MANY_COMMANDS = Reply(421, "4.7.0", ("Too many commands without a message",))
TOO_MANY_FAILURES = Reply(421, "4.7.0", ("Too many failed authentications",))
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", ("Too many recipients, send the rest separately",))

UNKNOWN_COMMAND = Reply(500, "5.5.2", ("Command not known",))
LINE_TOO_LONG = Reply(500, "5.5.6", ("Line too long",))
BARE_LINE_END = Reply(500, "5.5.2", ("Lines end with CRLF and have no control characters",))
NO_ARGUMENT = Reply(501, "5.5.4", ("This command has no argument",))
NAME_NEEDED = Reply(501, "5.5.4", ("Say who you are",))
BAD_CHUNK = Reply(501, "5.5.4", ("Syntax: BDAT octets [LAST]",))
PATH_SYNTAX = Reply(501, "5.5.4", ("Syntax: see RFC 5321 section 4.1.1",))
NOT_TEXT = Reply(501, "5.5.2", ("Neither ASCII nor UTF-8",))
SENDER_WITHOUT_DOMAIN = Reply(501, "5.1.7", ("Sender address needs a domain",))
SENDER_TOO_LONG = Reply(501, "5.1.7", ("Sender address is too long",))
RECIPIENT_INCOMPLETE = Reply(501, "5.1.3", ("Recipient address needs a local part and a domain",))
RECIPIENT_TOO_LONG = Reply(501, "5.1.3", ("Recipient address is too long",))
AUTH_MALFORMED = Reply(501, "5.5.2", ("Authentication response cannot be decoded",))
AUTH_CANCELLED = Reply(501, "5.7.0", ("Authentication cancelled",))
NOT_IMPLEMENTED = Reply(502, "5.5.1", ("Command not implemented",))
HELLO_FIRST = Reply(503, "5.5.1", ("Say EHLO first",))
NESTED_MAIL = Reply(503, "5.5.1", ("A transaction is open",))
MAIL_FIRST = Reply(503, "5.5.1", ("MAIL comes first",))
RCPT_FIRST = Reply(503, "5.5.1", ("No recipient was accepted",))
CHUNKS_BEGUN = Reply(503, "5.5.1", ("After BDAT only BDAT or RSET",))
ALREADY_SECURE = Reply(503, "5.5.1", ("TLS is on",))
AFTER_STARTTLS = Reply(503, "5.5.1", ("Nothing may follow STARTTLS before its reply",))
AUTH_NOT_NOW = Reply(503, "5.5.1", ("AUTH is not possible now",))
UNKNOWN_MECHANISM = Reply(504, "5.5.4", ("Mechanism not known",))
TLS_FIRST = Reply(530, "5.7.0", ("Say STARTTLS first",))
AUTH_FIRST = Reply(530, "5.7.0", ("Authentication required",))
NO_AUTHENTICATION = Reply(535, "5.7.8", ("Authentication credentials invalid",))
AUTH_IN_CLEAR = Reply(538, "5.7.11", ("Authentication needs TLS",))
NOT_HTTP = Reply(554, "5.5.1", ("This is SMTP",))

NEEDS_SMTPUTF8 = Reply(553, "5.6.7", ("A non-ASCII address needs SMTPUTF8",))
TOO_LARGE = Reply(552, "5.3.4", ("Message too large",))
BARE_IN_CONTENT = Reply(550, "5.6.0", ("Lines of a message end with CRLF, a CR or LF stood alone",))
CONTENT_LINE_TOO_LONG = Reply(550, "5.6.0", ("A line of the message is too long",))
