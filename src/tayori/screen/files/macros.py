"""Whether a document brings code of its own: macros, embedded files, templates elsewhere (pure).

Office documents are read as far as their directories say what is in them. That needs no library:
names of streams are never compressed, so they are looked for where entries of a directory stand
([MS-CFB] 2.6.1), which a damaged or crafted file cannot turn into work.
"""

import re
import struct
from collections.abc import Iterable
from typing import Final

_ENTRY: Final = 128
"""Octets of an entry of a compound file's directory, and what their places are multiples of."""
_LENGTH_AT: Final = 64
_TYPE_AT: Final = 66
_STORAGE_OR_STREAM: Final = (1, 2)
_CODE: Final = ("_VBA_PROJECT", "_VBA_PROJECT_CUR", "VBA", "Macros", "\x01Ole10Native")
"""Names of streams that hold Visual Basic, or a file that runs when it is clicked."""
_RTF_OBJECT: Final = re.compile(rb"\\obj(?:data|emb|ocx|link|autlink|update)\b", re.IGNORECASE)
_PARTS: Final = re.compile(r"(?:^|/)(?:vbaproject\.bin|vbadata\.xml|macrosheets/)", re.IGNORECASE)
_BASIC: Final = re.compile(
    r"^(?:Basic/(?!script-l[bc]\.xml$)[^/]+/(?!script-l[bc]\.xml$)|Scripts/)."
)
_DECLARED: Final = re.compile(
    rb"vnd\.ms-office\.vbaProject|macrosheet\+xml|intlmacrosheet", re.IGNORECASE
)
_TEMPLATE: Final = re.compile(
    rb"<[^>]*attachedTemplate[^>]*(?:https?:|file:|\\\\)[^>]*>|"
    rb"<[^>]*Target=\"(?:https?:|file:|\\\\)[^>]*attachedTemplate[^>]*>",
    re.IGNORECASE,
)
CONTENT_TYPES: Final = "[Content_Types].xml"
SETTINGS: Final = "word/_rels/settings.xml.rels"


def has_stream(content: bytes, name: str) -> bool:
    """Tell whether a compound file has a storage or stream of that name."""
    wanted = name.encode("utf-16-le") + b"\0\0"
    at = content.find(wanted)
    while at >= 0:
        if at % _ENTRY == 0 and len(content) > at + _TYPE_AT:
            length, kind = struct.unpack_from("<HB", content, at + _LENGTH_AT)
            if length == len(wanted) and kind in _STORAGE_OR_STREAM:
                return True
        at = content.find(wanted, at + 2)
    return False


def ole_has_code(content: bytes) -> bool:
    """Tell whether a compound file holds macros or a packed file."""
    return any(has_stream(content, name) for name in _CODE)


def rtf_has_code(content: bytes) -> bool:
    """Tell whether an RTF document embeds or links an object, which is how RTF attacks."""
    return _RTF_OBJECT.search(content) is not None


def names_have_code(names: Iterable[str]) -> bool:
    """Tell by the names of its parts whether a zipped document holds macros."""
    return any(_PARTS.search(name) or _BASIC.match(name) for name in names)


def parts_have_code(content_types: bytes, settings: bytes) -> bool:
    """Tell whether a document's own lists declare macros, or a template that is fetched."""
    return bool(_DECLARED.search(content_types) or _TEMPLATE.search(settings))
