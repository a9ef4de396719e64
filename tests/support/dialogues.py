"""Dialogue files: what a client and a server say to each other, read and replayed.

The form is told at the head of tests/dialogues/protocol.txt.
"""

import ast
import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "dialogues"
TIMEOUT_S = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialogue:
    """One conversation; `lines` are (who, text) with who out of C, R, S and !."""

    title: str
    settings: dict[str, object]
    lines: tuple[tuple[str, str], ...]


class Replay(Exception):  # noqa: N818 - it tells where a replay stands, not only that it failed
    """The other side said something else than the file."""


def read_dialogues() -> list[Dialogue]:
    """Return the dialogues of all files."""
    found: list[Dialogue] = []
    for file in sorted(FOLDER.glob("*.txt")):
        for block in ("\n" + file.read_text()).split("\n== ")[1:]:
            title, *lines = block.splitlines()
            found.append(_dialogue(title, [line for line in lines if line and line[0] != "#"]))
    return found


def _dialogue(title: str, lines: Sequence[str]) -> Dialogue:
    settings: dict[str, object] = {}
    spoken = []
    for line in lines:
        who, _, text = line.partition(":")
        if who == "with":
            pairs = (pair.partition("=") for pair in text.split())
            settings = {name: ast.literal_eval(value) for name, _, value in pairs}
        elif who in {"C", "R", "S", "!"}:
            spoken.append((who, text.removeprefix(" ")))
        else:
            raise ValueError(f"{title}: {line!r} is no line of a dialogue")
    return Dialogue(title=title, settings=settings, lines=tuple(spoken))


async def speak(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    dialogue: Dialogue,
    *,
    trust: ssl.SSLContext,
    stop: "asyncio.Event",
) -> None:
    """Play the client; Replay when the server says something else."""
    for who, text in dialogue.lines:
        if who == "C":
            writer.write(text.encode() + b"\r\n")
        elif who == "R":
            writer.write(text.encode().decode("unicode_escape").encode("latin-1"))
        elif who == "S":
            await _expect(reader, text)
        elif text == "tls":
            await writer.start_tls(trust, server_hostname="localhost")
        elif text == "stop":
            stop.set()
        elif text == "end":
            await _expect(reader, "")
        else:
            raise ValueError(text)


async def _expect(reader: asyncio.StreamReader, wanted: str) -> None:
    line = (await asyncio.wait_for(reader.readline(), TIMEOUT_S)).decode()
    if line and not line.endswith("\r\n"):
        raise Replay(f"a line without an end: {line!r}")
    said = line.removesuffix("\r\n")
    fits = said.startswith(wanted[:-1]) if wanted.endswith("*") else said == wanted
    if not fits:
        raise Replay(f"the server said {said!r} where {wanted!r} was expected")
