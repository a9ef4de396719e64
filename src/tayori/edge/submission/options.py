"""What a mail may ask of us in headers of its own, which are removed before it is sent.

An option that does not exist or has a wrong value refuses the mail: a misspelt option that was
ignored would send something else than was meant.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tayori.accept.idempotency import HEADER, KEY
from tayori.accept.linking import TRACK_HEADER
from tayori.catalog.tracking_model import Switches, read_choice
from tayori.compose.raw import OPTION_PREFIX
from tayori.mail.encoded_word import decode_words
from tayori.mail.message import field_name, field_value
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import Saying, say

DESCRIPTIONS: Final[Mapping[str, str]] = {
    "X-Tayori-Template-Id": "Number of an approved template. The mail is made from it, the text of "
    "the submitted mail is not used; its attachments, subject and other headers are.",
    "X-Tayori-Template-Data": "JSON object with the values of the template's variables.",
    "X-Tayori-Unsubscribe": "Language of the unsubscribe link, 0 (none) to 12, as in the API.",
    TRACK_HEADER: "What is tracked in this mail: all, none, opens or clicks; without it the "
    "settings of the sender and the account count.",
    "X-Tayori-Trigger-Type": "1 = a mail that a person waits for, ahead of bulk; 0 = ordinary.",
    "X-Tayori-Task-Tag": "1 to 64 letters, digits and `_ . -`: a name for this kind of mail, told "
    "to receivers in Feedback-ID.",
    HEADER: "1 to 64 visible ASCII characters: a key of this mail. The same mail with the same key "
    "is taken once in 24 hours and answered with the same MessageId, another mail with it is "
    "refused. Sender, recipients, subject, options and decoded parts count, no other header.",
}
_NUMBER: Final = re.compile(r"[0-9]{1,18}\Z")
_LANGUAGE: Final = re.compile(r"(?:[0-9]|1[0-2])\Z")
_SWITCH: Final = re.compile(r"[01]\Z")
_TAG: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")
_DATA: Final = msgspec.json.Decoder(dict[str, str | int | float | bool | None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one mail."""

    template_id: int | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    unsubscribe: str = ""
    tracking: Switches | None = None
    trigger: bool = False
    tag: str = ""
    idempotency_key: str = ""


def read_options(fields: Sequence[bytes]) -> Options | Refusal:
    """Read the options out of a header's fields."""
    found: dict[str, Any] = {}
    for one in fields:
        name = field_name(one)
        if not name.startswith(OPTION_PREFIX):
            continue
        text = decode_words(field_value(one).decode("utf-8", "replace"))
        known = _READERS.get(name)
        if known is None:
            return _refusal(one, say("There is no such option."))
        key, read = known
        if key in found:
            return _refusal(one, say("The option stands there twice."))
        value = read(text)
        if isinstance(value, Refusal):
            return value
        if value is None:
            return _refusal(one, say("The value is not one that the option has."))
        found[key] = value
    if found.get("values") and "template_id" not in found:
        return refuse(
            Code.INVALID_PARAMETER_VALUE__IN_VALID_TEMPLATE_DATA,
            say("X-Tayori-Template-Data needs X-Tayori-Template-Id."),
        )
    return Options(**found)


def _refusal(field_octets: bytes, why: Saying) -> Refusal:
    name = field_octets.partition(b":")[0].decode("ascii", "replace")
    return refuse(
        Code.INVALID_PARAMETER_VALUE, say("{name}: {why}", name=name, why=why), parameter=name
    )


def _values(text: str) -> dict[str, str] | Refusal:
    try:
        data = _DATA.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return refuse(
            Code.INVALID_PARAMETER_VALUE__IN_VALID_TEMPLATE_DATA,
            say("X-Tayori-Template-Data must be a JSON object of texts and numbers."),
        )
    return {name: _shown(value) for name, value in data.items()}


def _shown(value: str | float | bool | None) -> str:  # noqa: FBT001 - JSON has truth values
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


_READERS: Final[Mapping[bytes, tuple[str, Callable[[str], object]]]] = {
    b"x-tayori-template-id": (
        "template_id",
        lambda text: int(text) if _NUMBER.match(text) else None,
    ),
    b"x-tayori-template-data": ("values", _values),
    b"x-tayori-unsubscribe": ("unsubscribe", lambda text: text if _LANGUAGE.match(text) else None),
    TRACK_HEADER.lower().encode("ascii"): ("tracking", read_choice),
    b"x-tayori-trigger-type": (
        "trigger",
        lambda text: text == "1" if _SWITCH.match(text) else None,
    ),
    b"x-tayori-task-tag": ("tag", lambda text: text if _TAG.match(text) else None),
    HEADER.lower().encode("ascii"): (
        "idempotency_key",
        lambda text: text if KEY.match(text) else None,
    ),
}
