"""What a file is, told by its first octets and never by its name (pure).

A table of our own instead of a library: the kept ones guess among hundreds of kinds, and a wrong
guess would refuse an honest mail. What is not in the table is `UNKNOWN`, which is no accusation.
"""

import re
import struct
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a file is; plain text has no mark of its own and is `UNKNOWN`."""

    PROGRAM = "program"
    SCRIPT = "script"
    """Text that begins with the name of its interpreter."""
    PDF = "pdf"
    POSTSCRIPT = "postscript"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    OLE = "ole"
    """A compound file, as old Office documents, messages of Outlook and installers are."""
    RTF = "rtf"
    HTML = "html"
    XML = "xml"
    ZIP = "zip"
    """Also newer Office documents, OpenDocument, EPUB, Java."""
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    TAR = "tar"
    CLOSED_ARCHIVE = "closed_archive"
    """An archive or disk image of a kind that is not read: RAR, 7-Zip, CAB, ISO."""
    UNKNOWN = "unknown"


HEAD: Final = 36_864
"""Octets from which every kind can be told; an ISO image says what it is at 32,769."""
_OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_INSTALLER: Final = bytes.fromhex("84100c0000000000c000000000000046")
"""The class of the root of an installer (MSI), as it stands in a compound file."""
_STARTS: Final[tuple[tuple[bytes, Kind], ...]] = (
    (b"\x7fELF", Kind.PROGRAM),
    (b"\xfe\xed\xfa\xce", Kind.PROGRAM),
    (b"\xfe\xed\xfa\xcf", Kind.PROGRAM),
    (b"\xce\xfa\xed\xfe", Kind.PROGRAM),
    (b"\xcf\xfa\xed\xfe", Kind.PROGRAM),
    (b"\xca\xfe\xba\xbe", Kind.PROGRAM),  # Java classes, and Mach-O for several processors
    (b"dex\n", Kind.PROGRAM),
    (b"\x00asm", Kind.PROGRAM),
    (b"L\x00\x00\x00\x01\x14\x02\x00", Kind.PROGRAM),  # a Windows shortcut
    (b"ITSF\x03\x00\x00\x00", Kind.PROGRAM),  # compiled help
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"PK\x07\x08", Kind.ZIP),
    (b"\x1f\x8b\x08", Kind.GZIP),
    (b"\xfd7zXZ\x00", Kind.XZ),
    (b"Rar!\x1a\x07", Kind.CLOSED_ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", Kind.CLOSED_ARCHIVE),
    (b"MSCF\x00\x00\x00\x00", Kind.CLOSED_ARCHIVE),
    (b"vhdxfile", Kind.CLOSED_ARCHIVE),
    (b"conectix", Kind.CLOSED_ARCHIVE),
    (b"\x28\xb5\x2f\xfd", Kind.CLOSED_ARCHIVE),  # Zstandard
    (b"\x04\x22\x4d\x18", Kind.CLOSED_ARCHIVE),  # LZ4
    (b"{\\rt", Kind.RTF),
    (b"%!PS", Kind.POSTSCRIPT),
    (b"\xc5\xd0\xd3\xc6", Kind.POSTSCRIPT),
    (b"\xff\xd8\xff", Kind.IMAGE),
    (b"\x89PNG\r\n\x1a\n", Kind.IMAGE),
    (b"GIF87a", Kind.IMAGE),
    (b"GIF89a", Kind.IMAGE),
    (b"II*\x00", Kind.IMAGE),
    (b"MM\x00*", Kind.IMAGE),
    (b"OggS\x00", Kind.AUDIO),
    (b"fLaC\x00", Kind.AUDIO),
    (b"\x1aE\xdf\xa3", Kind.VIDEO),
    (b"\x00\x00\x01\xba", Kind.VIDEO),
    (b"#!", Kind.SCRIPT),
)
_ALL_STARTS: Final = tuple(start for start, _ in _STARTS)
_BZIP2: Final = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)")
_SPACE: Final = b"\xef\xbb\xbf\x00 \t\r\n\x0b\x0c"
_HTML: Final = re.compile(
    rb"(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html|head|body|script|iframe)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_PDF_WITHIN: Final = 1024
_TAR_MARK: Final = slice(257, 262)
_ISO_MARK: Final = slice(32_769, 32_774)
_BRAND: Final = slice(4, 8)
_SOUND: Final = (b"M4A ", b"M4B ", b"M4P ")
_PE_POINTER: Final = slice(60, 64)
_LEAST_DOS: Final = 28


def kind_of(content: bytes) -> Kind:
    """Return what a file is; its first `HEAD` octets are enough, but for a shortened program."""
    if content.startswith(_ALL_STARTS):
        return next(kind for start, kind in _STARTS if content.startswith(start))
    return _program(content) or _marked(content) or _media(content) or _markup(content)


def _program(content: bytes) -> Kind | None:
    if content.startswith(b"MZ") and _is_program(content):
        return Kind.PROGRAM
    if not content.startswith(_OLE_MAGIC):
        return None
    return Kind.PROGRAM if _INSTALLER in content[:HEAD] else Kind.OLE


def _marked(content: bytes) -> Kind | None:
    """Return the kinds whose mark does not stand at the beginning."""
    if b"%PDF-" in content[:_PDF_WITHIN]:
        return Kind.PDF
    if _BZIP2.match(content):
        return Kind.BZIP2
    if content[_TAR_MARK] == b"ustar":
        return Kind.TAR
    return Kind.CLOSED_ARCHIVE if content[_ISO_MARK] == b"CD001" else None


def _is_program(content: bytes) -> bool:
    """Tell a DOS or Windows program from a text that begins with the same letters."""
    at = struct.unpack("<I", content[_PE_POINTER])[0] if len(content) >= _PE_POINTER.stop else 0
    if content[at : at + 4] == b"PE\0\0":
        return True
    return len(content) >= _LEAST_DOS and b"\0" in content[:_LEAST_DOS]


def _media(content: bytes) -> Kind | None:
    if content.startswith(b"BM") and content[6:10] == b"\0\0\0\0":
        return Kind.IMAGE
    if content.startswith(b"RIFF"):
        named = {b"WEBP": Kind.IMAGE, b"WAVE": Kind.AUDIO, b"AVI ": Kind.VIDEO}
        return named.get(content[8:12])
    if content[_BRAND] == b"ftyp":
        return Kind.AUDIO if content[8:12] in _SOUND else Kind.VIDEO
    if content.startswith(b"ID3") and content[3:4] in (b"\2", b"\3", b"\4"):
        return Kind.AUDIO
    if content[:2] in (b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2"):
        return Kind.AUDIO
    return None


def _markup(content: bytes) -> Kind:
    start = content[:_PDF_WITHIN].lstrip(_SPACE)
    if _HTML.match(start):
        return Kind.HTML
    return Kind.XML if start.startswith(b"<?xml") else Kind.UNKNOWN
