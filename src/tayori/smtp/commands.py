"""A client's MAIL and RCPT commands read into values, strictly (RFC 5321 4.1.1, 3461, 6531).

Pure. A command that cannot be read gives the reply to send instead.
"""

import re
from dataclasses import dataclass
from typing import Literal

from tayori.mail.reply import Reply
from tayori.smtp import replies

_PATH = re.compile(
    rb' ?<(?:@[^<>":\s]*:)?'
    rb'((?:"(?:[^"\\]|\\.)*"|[^<>"@\s]*)(?:@[^<>"@\s]+)?)>(?: +(.*?))? *',
)
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([^=\s]+))?")
_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_ESCAPE = re.compile(r"\+([0-9A-F]{2})")
_MAX_PATH = 254
_MAX_LOCAL = 64
_MAX_ENVID = 100
_MAX_ORCPT = 500
_MAX_DIGITS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """The extensions whose parameters may be used."""

    max_message_size: int
    smtputf8: bool = True
    dsn: bool = False
    requiretls: bool = False
    """Offered once the connection is encrypted (RFC 8689 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFrom:
    """A MAIL command."""

    return_path: str
    """Without brackets; "" is the null sender."""
    size: int | None = None
    """What the client declares (RFC 1870), or None."""
    body: Literal["7BIT", "8BITMIME"] = "7BIT"
    smtputf8: bool = False
    require_tls: bool = False
    """The mail must never travel in clear (RFC 8689)."""
    ret: Literal["", "FULL", "HDRS"] = ""
    envid: str = ""
    """Decoded (RFC 3461 4.4)."""
    submitter: str = ""
    """The AUTH= parameter, decoded; a claim that only a trusted client may make (RFC 4954 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RcptTo:
    """A RCPT command."""

    address: str
    """Without brackets; only "postmaster" may stand without a domain."""
    notify: tuple[str, ...] = ()
    """Of NEVER, SUCCESS, FAILURE, DELAY; () = the default."""
    orcpt_type: str = ""
    orcpt: str = ""
    """The original recipient, decoded (RFC 3461 4.2)."""


def parse_mail(argument: bytes, offered: Offered) -> MailFrom | Reply:
    """Read what follows "MAIL"."""
    found = _path_and_parameters(argument, b"FROM:")
    if isinstance(found, Reply):
        return found
    path, parameters = found
    values: dict[str, str | int | bool | None] = {}
    for name, value in parameters.items():
        refusal = _mail_parameter(name, value, offered, values)
        if refusal is not None:
            return refusal
    smtputf8 = bool(values.get("smtputf8"))
    if not path.isascii() and not smtputf8:
        return replies.NEEDS_SMTPUTF8
    if path and "@" not in path:
        return replies.SENDER_WITHOUT_DOMAIN
    if _too_long(path):
        return replies.SENDER_TOO_LONG
    return MailFrom(return_path=path, **values)  # type: ignore[arg-type]


def parse_rcpt(  # noqa: PLR0911 - one refusal per fault, each with its own code
    argument: bytes, offered: Offered, *, smtputf8: bool
) -> RcptTo | Reply:
    """Read what follows "RCPT"; `smtputf8` is that of the transaction's MAIL."""
    found = _path_and_parameters(argument, b"TO:")
    if isinstance(found, Reply):
        return found
    path, parameters = found
    if not path.isascii() and not smtputf8:
        return replies.NEEDS_SMTPUTF8
    if not path or ("@" not in path and path.lower() != "postmaster"):
        return replies.RECIPIENT_INCOMPLETE
    if _too_long(path):
        return replies.RECIPIENT_TOO_LONG
    notify: tuple[str, ...] = ()
    orcpt_type = orcpt = ""
    for name, value in parameters.items():
        if not offered.dsn or name not in {"NOTIFY", "ORCPT"}:
            return _unknown(name)
        if name == "NOTIFY":
            notify = tuple(value.upper().split(","))
            known = notify == ("NEVER",) or set(notify) <= {"SUCCESS", "FAILURE", "DELAY"}
            if not known or len(set(notify)) != len(notify):
                return replies.PATH_SYNTAX
        else:
            orcpt_type, semicolon, xtext = value.partition(";")
            decoded = decode_xtext(xtext)
            if not (orcpt_type and semicolon and decoded) or len(value) > _MAX_ORCPT:
                return replies.PATH_SYNTAX
            orcpt = decoded
    return RcptTo(address=path, notify=notify, orcpt_type=orcpt_type, orcpt=orcpt)


def decode_xtext(text: str) -> str | None:
    """Decode xtext (RFC 3461 4); None when it is none."""
    if not _XTEXT.fullmatch(text):
        return None
    decoded = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    try:
        decoded = decoded.encode("latin-1").decode()
    except UnicodeDecodeError:
        return None
    return decoded if decoded.isprintable() else None


def _path_and_parameters(argument: bytes, keyword: bytes) -> tuple[str, dict[str, str]] | Reply:
    """Split "FROM:<path> KEY=value ..." into the path and parameters by upper-case name."""
    if argument[: len(keyword)].upper() != keyword:
        return replies.PATH_SYNTAX
    match = _PATH.fullmatch(argument, len(keyword))
    if match is None:
        return replies.PATH_SYNTAX
    try:
        path = match[1].decode()
        rest = (match[2] or b"").decode()
    except UnicodeDecodeError:
        return replies.NOT_TEXT
    if not path.isprintable():
        return replies.PATH_SYNTAX
    parameters: dict[str, str] = {}
    for word in rest.split():
        parameter = _PARAMETER.fullmatch(word)
        if parameter is None or parameter[1].upper() in parameters:
            return replies.PATH_SYNTAX
        parameters[parameter[1].upper()] = parameter[2] or ""
    return path, parameters


def _mail_parameter(  # noqa: C901, PLR0911, PLR0912 - one branch per parameter, nothing else
    name: str, value: str, offered: Offered, values: dict[str, str | int | bool | None]
) -> Reply | None:
    """Check one parameter of MAIL and store it; return the refusal, if any."""
    if name == "SIZE":
        if not (value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS):
            return replies.PATH_SYNTAX
        values["size"] = int(value)
        if int(value) > offered.max_message_size:
            return replies.SIZE_TOO_LARGE.of(offered.max_message_size)
    elif name == "BODY":
        if value.upper() not in {"7BIT", "8BITMIME"}:
            return replies.PATH_SYNTAX
        values["body"] = value.upper()
    elif name == "SMTPUTF8" and offered.smtputf8:
        if value:
            return replies.PATH_SYNTAX
        values["smtputf8"] = True
    elif name == "REQUIRETLS" and offered.requiretls:
        if value:
            return replies.PATH_SYNTAX
        values["require_tls"] = True
    elif name == "RET" and offered.dsn:
        if value.upper() not in {"FULL", "HDRS"}:
            return replies.PATH_SYNTAX
        values["ret"] = value.upper()
    elif name in {"ENVID", "AUTH"} and (offered.dsn or name == "AUTH"):
        decoded = decode_xtext(value)
        if not decoded or (name == "ENVID" and len(value) > _MAX_ENVID):
            return replies.PATH_SYNTAX
        values["envid" if name == "ENVID" else "submitter"] = "" if decoded == "<>" else decoded
    else:
        return _unknown(name)
    return None


def _too_long(path: str) -> bool:
    local = path.rpartition("@")[0] or path
    return len(path.encode()) > _MAX_PATH or len(local.encode()) > _MAX_LOCAL


def _unknown(name: str) -> Reply:
    return replies.UNKNOWN_PARAMETER.of(name)
