"""The sockets of a server, bound before anything else, and what ready.json says of them."""

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tayori.app.roles import Role
from tayori.config.tree import Settings
from tayori.runtime.listening import address_of, bind

Sockets = Mapping[str, socket.socket]
READY_FILE = "ready.json"


def bind_all(settings: Settings, roles: frozenset[Role]) -> list[Sockets]:
    """Return the sockets of each process of the doors, by listener.

    ListenError closes what was bound before it.
    """
    copies = settings.doors.processes
    wanted: tuple[tuple[str, Role, str, str], ...] = (
        ("http", Role.API, "http.listen", settings.http.listen),
        ("submission", Role.SUBMISSION, "submission.listen", settings.submission.listen),
        (
            "submission_tls",
            Role.SUBMISSION,
            "submission.tls_listen",
            settings.submission.tls_listen,
        ),
        ("mx", Role.MX, "mx.listen", settings.mx.listen),
    )
    with contextlib.ExitStack() as stack:
        bound: dict[str, list[socket.socket]] = {}
        for name, role, setting, text in wanted:
            if text and _wanted(name, role, roles):
                bound[name] = bind(text, setting, copies=copies)
                for each in bound[name]:
                    stack.enter_context(contextlib.closing(each))
        stack.pop_all()
        return [{name: each[place] for name, each in bound.items()} for place in range(copies)]


def _wanted(name: str, role: Role, roles: frozenset[Role]) -> bool:
    # The console and the API share the HTTP listener.
    return role in roles or (name == "http" and Role.CONSOLE in roles)


@contextmanager
def announced(data_dir: Path, sockets: Sockets) -> Iterator[None]:
    """Write ready.json for the time of the block; listeners that are off are empty texts."""
    names = ("http", "submission", "submission_tls", "mx")
    addresses = {name: address_of(sockets[name]) if name in sockets else "" for name in names}
    file = data_dir / READY_FILE
    draft = file.with_name(f"{READY_FILE}.new")
    draft.write_bytes(msgspec.json.encode({"pid": os.getpid(), **addresses}) + b"\n")
    draft.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
