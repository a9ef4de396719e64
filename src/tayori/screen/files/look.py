"""Looks at an attachment by name and content, and into it where it holds other files (pure)."""

from collections.abc import Iterator, Sequence
from typing import Final

from tayori.screen.files.kinds import Kind, kind_of
from tayori.screen.files.macros import (
    CONTENT_TYPES,
    SETTINGS,
    names_have_code,
    ole_has_code,
    parts_have_code,
    rtf_has_code,
)
from tayori.screen.files.names import PROGRAMS, extension_of, lies, turned
from tayori.screen.files.unpacking import (
    DEEPEST,
    Budget,
    ClosedError,
    ExceededError,
    Member,
    ZipArchive,
    tar_files,
    unpacked,
)
from tayori.screen.model import Finding, Reason, found

_LIST: Final = 1024 * 1024
"""Octets that are read of a document's list of its parts."""
_LARGE: Final = 8 * 1024 * 1024
"""Octets of a member that are unpacked to look into it."""
_TOLD: Final = 5
_COMPRESSED: Final = frozenset({Kind.GZIP, Kind.BZIP2, Kind.XZ})
_HOLDS_FILES: Final = frozenset({Kind.ZIP, Kind.TAR, Kind.OLE, Kind.RTF}) | _COMPRESSED
_BETWEEN: Final = " > "


def look_at_file(name: str, content: bytes) -> tuple[Finding, ...]:
    """Return what speaks against a file, each finding once; bounded in time and memory.

    Findings name the file, and inside of archives the way to it: `a.zip > b.exe`.
    """
    findings: dict[tuple[str, str], Finding] = {}
    for finding in _look(name, content, Budget()):
        findings.setdefault((finding.reason.value, finding.fields.get("file", "")), finding)
        if len(findings) >= _TOLD:
            break
    return tuple(findings.values())


def _look(name: str, content: bytes, budget: Budget) -> Iterator[Finding]:
    try:
        yield from _file((name,), content, budget)
    except ExceededError:
        yield found(Reason.ARCHIVE_BOMB, file=name)


def _file(path: Sequence[str], content: bytes, budget: Budget) -> Iterator[Finding]:
    kind = _kind(path[-1], content)
    shown = _BETWEEN.join(path)
    if kind is Kind.PROGRAM or extension_of(path[-1]) in PROGRAMS:
        yield found(Reason.PROGRAM, file=shown)
        return
    if turned(path[-1]) or lies(path[-1], kind):
        yield found(Reason.DISGUISED_FILE, file=shown, kind=kind.value)
    if kind is Kind.CLOSED_ARCHIVE:
        yield found(Reason.LOCKED_ARCHIVE, file=shown)
    elif (kind is Kind.OLE and ole_has_code(content)) or (
        kind is Kind.RTF and rtf_has_code(content)
    ):
        yield found(Reason.MACROS, file=shown)
    elif kind in _HOLDS_FILES:
        try:
            yield from _inside(path, kind, content, budget)
        except ClosedError:
            yield found(Reason.LOCKED_ARCHIVE, file=shown)


def _kind(name: str, content: bytes) -> Kind:
    kind = kind_of(content)
    if kind is Kind.UNKNOWN and extension_of(name) == "tar":
        # The oldest archives have no mark; whatever the name promises is looked for.
        return Kind.TAR
    if kind is Kind.UNKNOWN and extension_of(name) == "zip" and b"PK\x05\x06" in content:
        # Something stands before the archive, and programs that unpack it do not mind.
        return Kind.ZIP
    return kind


def _inside(path: Sequence[str], kind: Kind, content: bytes, budget: Budget) -> Iterator[Finding]:
    if kind in {Kind.OLE, Kind.RTF}:
        return
    if len(path) > DEEPEST:
        raise ExceededError
    if kind is Kind.ZIP:
        yield from _zip(path, content, budget)
    elif kind is Kind.TAR:
        for member in tar_files(content, budget):
            yield from _file((*path, member.name), member.content, budget)
    else:
        inner = unpacked(content, kind, budget)
        yield from _file((*path, _inner_name(path[-1])), inner, budget)


def _inner_name(name: str) -> str:
    stem, _, extension = name.rpartition(".")
    return f"{stem}.tar" if extension.lower() in {"tgz", "tbz2", "txz"} else stem or name


def _zip(path: Sequence[str], content: bytes, budget: Budget) -> Iterator[Finding]:
    archive = ZipArchive(content, budget)
    names = archive.names
    declared = archive.part(CONTENT_TYPES, _LIST)
    if names_have_code(names) or parts_have_code(declared, archive.part(SETTINGS, _LIST)):
        yield found(Reason.MACROS, file=_BETWEEN.join(path))
        return
    for member in archive.members():
        inner = (*path, member.name)
        if member.locked:
            yield from _locked(path, member)
        elif not member.whole and _kind(member.name, member.content) in _HOLDS_FILES:
            # Its head is counted twice, which is little beside all of it.
            whole = archive.read(member.number, _LARGE)
            yield from _file(inner, whole, budget)
        else:
            yield from _file(inner, member.content, budget)


def _locked(path: Sequence[str], member: Member) -> Iterator[Finding]:
    if extension_of(member.name) in PROGRAMS:
        yield found(Reason.PROGRAM, file=_BETWEEN.join((*path, member.name)))
    yield found(Reason.LOCKED_ARCHIVE, file=_BETWEEN.join(path))
