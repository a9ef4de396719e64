"""What a template's name and content must be like, and reading content from the wire (pure)."""

import base64
import binascii

from tayori.catalog.model import TemplateContent
from tayori.catalog.variables import VariableFault, split_variables
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import NOTHING, Saying, say

MAX_CONTENT_BYTES = 1_048_576
"""HTML and text of a template together, in UTF-8 (spec 5)."""
MAX_NAME = 128


def read_content(html: str | None, text: str | None) -> TemplateContent | Refusal:
    """Read both parts as the API carries them: base64 of UTF-8, None or "" for no such part."""
    parts: dict[str, str] = {}
    for name, encoded in (("Html", html), ("Text", text)):
        decoded = _decode(encoded or "")
        if decoded is None:
            return refuse(
                Code.INVALID_PARAMETER_VALUE__TEMPLATE_CONTENT_IS_WRONG,
                say("{name} must be base64 of UTF-8 text.", name=name),
            )
        parts[name] = decoded
    return TemplateContent(html=parts["Html"], text=parts["Text"])


def check_content(content: TemplateContent) -> Refusal | None:
    """Refuse content that is empty, too large, or whose braces are no variables."""
    if not content.html.strip() and not content.text.strip():
        return refuse(Code.INVALID_PARAMETER_VALUE__TEMPLATE_CONTENT_IS_NULL)
    wrong = Code.INVALID_PARAMETER_VALUE__TEMPLATE_CONTENT_IS_WRONG
    try:
        size = len(content.html.encode()) + len(content.text.encode())
    except UnicodeEncodeError:
        return refuse(
            wrong, say("The content holds half of a surrogate pair, which is no character.")
        )
    if size > MAX_CONTENT_BYTES:
        return refuse(
            Code.FAILED_OPERATION__TEMPLATE_CONTENT_TOOLARGE,
            say(
                "HTML and text are {size} bytes together; at most {most} are allowed.",
                size=size,
                most=MAX_CONTENT_BYTES,
            ),
        )
    for name, part in (("Html", content.html), ("Text", content.text)):
        if "\x00" in part:
            return refuse(wrong, say("{name} holds a NUL character.", name=name))
        fault = split_variables(part)
        if isinstance(fault, VariableFault):
            return refuse(wrong, say("{name}: {fault}", name=name, fault=fault.saying))
    return None


def name_fault(name: str) -> Saying:
    """Return what is wrong with a template's name, or `NOTHING`."""
    if not name:
        return say("The template needs a name.")
    if len(name) > MAX_NAME or not name.isprintable():
        return say(
            "A template's name has up to {most} characters and no control characters.",
            most=MAX_NAME,
        )
    return NOTHING


def _decode(encoded: str) -> str | None:
    try:
        # Clients wrap base64 into lines; anything else foreign in it is refused.
        compact = "".join(encoded.split())
        return base64.b64decode(compact, validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        return None
