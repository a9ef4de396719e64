"""Files as senders attach them, made by hand: documents, programs, archives, and bombs."""

import gzip
import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping

PE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(200)
ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
SHORTCUT = b"L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0F" + bytes(56)
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< >>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\0" + bytes(40)
RTF = rb"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0 The minutes of our meeting.\par}"
RTF_OBJECT = rb"{\rtf1{\object\objemb{\*\objclass Package}{\*\objdata 0105000002000000}}}"
HTML = b"<!DOCTYPE html><html><body>Minutes</body></html>"
RAR = b"Rar!\x1a\x07\x01\0" + bytes(40)
_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
_TYPES = (
    '<?xml version="1.0"?><Types><Override PartName="/word/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/>'
    "{more}</Types>"
)


def zipped(files: Mapping[str, bytes], *, store: bool = False) -> bytes:
    """Return a zip archive."""
    octets = io.BytesIO()
    method = zipfile.ZIP_STORED if store else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(octets, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return octets.getvalue()


def locked(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive whose files say that they are encrypted."""
    octets = bytearray(zipped(files, store=True))
    for mark, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = octets.find(mark)
        while at >= 0:
            octets[at + flags_at] |= 1
            at = octets.find(mark, at + 4)
    return bytes(octets)


def tarred(files: Mapping[str, bytes], *, packed: str = "") -> bytes:
    """Return a tar archive; `packed` is "gz", "bz2", "xz" or nothing."""
    octets = io.BytesIO()
    with tarfile.open(fileobj=octets, mode=f"w:{packed}") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return octets.getvalue()


def gzipped(content: bytes) -> bytes:
    """Return a gzip file."""
    return gzip.compress(content, mtime=0)


def compound(*streams: str) -> bytes:
    """Return a compound file (MS-CFB) of one directory with these streams."""
    header = _MAGIC + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(478)
    entries = [_entry(name, 5 if name == "Root Entry" else 2) for name in ("Root Entry", *streams)]
    directory = b"".join(entries)
    return header + directory + bytes(-len(directory) % 512)


def document(**parts: bytes) -> bytes:
    """Return a Word document; `parts` are more files in it, `/` written as `__`."""
    files = {"[Content_Types].xml": _TYPES.format(more="").encode(), "word/document.xml": b"<w/>"}
    return zipped(files | {name.replace("__", "/"): octets for name, octets in parts.items()})


def macro_document(*, renamed: bool = False) -> bytes:
    """Return a Word document with macros, whose part may have another name than usual."""
    part = "word/picture.bin" if renamed else "word/vbaProject.bin"
    more = f'<Override PartName="/{part}" ContentType="application/vnd.ms-office.vbaProject"/>'
    types = _TYPES.format(more=more if renamed else "").encode()
    return zipped({"[Content_Types].xml": types, "word/document.xml": b"<w/>", part: b"\0" * 9})


def bomb(levels: int, width: int = 10) -> bytes:
    """Return a zip of zips of zips, that unpacks to `width` to the power of `levels` megabytes."""
    octets = bytes(1024 * 1024)
    name = "zeros"
    for level in range(levels):
        octets = zipped({f"{number}{name}": octets for number in range(width)})
        name = f"-{level}.zip"
    return octets


def growing(octets: int) -> bytes:
    """Return a gzip file of a few kilobytes that grows to so many zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    pieces = [packer.compress(bytes(1024 * 1024)) for _ in range(octets // 1024 // 1024)]
    return b"".join([*pieces, packer.flush()])


def _entry(name: str, kind: int) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    return text.ljust(64, b"\0") + struct.pack("<HB", len(text), kind) + bytes(61)
