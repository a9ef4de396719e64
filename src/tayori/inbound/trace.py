"""The trace that a mail gets where it arrives (RFC 5321 4.4, RFC 8601)."""

from tayori.inbound.spool import Entry, SpooledMail
from tayori.mail.header import encode_raw, format_date
from tayori.mail.message import field_name, field_value, split_message

_RESULTS = b"authentication-results"


def traced(mail: SpooledMail | Entry, content: bytes, results: str, host_name: str) -> bytes:
    """Return the mail with Return-Path, Authentication-Results and Received in front.

    Results that the mail brought along under our name are somebody's invention and are taken out
    (RFC 8601 5).
    """
    parts = split_message(content)
    kept = [field for field in parts.fields if not _claims_ours(field, host_name)]
    received = (
        f"from {_word(mail.helo)} ([{mail.client}]) by {host_name} with "
        f"{'ESMTPS' if mail.tls else 'ESMTP'} id {mail.id};"
    )
    fields = [
        encode_raw(b"Return-Path", b"<" + mail.mail_from.encode("utf-8", "replace") + b">"),
        encode_raw(b"Authentication-Results", results.encode("ascii", "replace")),
        encode_raw(
            b"Received", received.encode("ascii", "replace") + b" " + format_date(mail.received_at)
        ),
    ]
    return b"".join([*fields, *kept, b"\r\n", parts.body])


def _claims_ours(field: bytes, host_name: str) -> bool:
    if field_name(field) != _RESULTS:
        return False
    named = field_value(field).partition(b";")[0].split()
    return bool(named) and named[0].lower() == host_name.lower().encode("ascii", "replace")


def _word(text: str) -> str:
    return "".join(char if "!" <= char <= "~" else "?" for char in text) or "unknown"
