"""What a template's name and content must be like, and reading content from the wire (pure)."""

import base64
import binascii

from tayori.catalog.model import TemplateContent
from tayori.catalog.variables import VariableFault, split_variables
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse

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
                f"{name} must be base64 of UTF-8 text.",
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
        return refuse(wrong, "The content holds half of a surrogate pair, which is no character.")
    if size > MAX_CONTENT_BYTES:
        return refuse(
            Code.FAILED_OPERATION__TEMPLATE_CONTENT_TOOLARGE,
            f"HTML and text are {size} bytes together; at most {MAX_CONTENT_BYTES} are allowed.",
        )
    for name, part in (("Html", content.html), ("Text", content.text)):
        if "\x00" in part:
            return refuse(wrong, f"{name} holds a NUL character.")
        fault = split_variables(part)
        if isinstance(fault, VariableFault):
            return refuse(wrong, f"{name}: {fault.sentence}")
    return None


def name_fault(name: str) -> str:
    """Return what is wrong with a template's name, or ""."""
    if not name:
        return "The template needs a name."
    if len(name) > MAX_NAME or not name.isprintable():
        return f"A template's name has up to {MAX_NAME} characters and no control characters."
    return ""


def _decode(encoded: str) -> str | None:
    try:
        # Clients wrap base64 into lines; anything else foreign in it is refused.
        compact = "".join(encoded.split())
        return base64.b64decode(compact, validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        return None
