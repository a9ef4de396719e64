"""The line between the supervisor and a process of its own: one socket pair per process.

The process says one word, "ready". The supervisor says nothing: while it lives the line is open,
and when it is gone, even by SIGKILL, the line closes and the process stops by itself.
"""

import asyncio
import socket

READY = b"ready\n"


class ControlLine:
    """The process's end of the line."""

    def __init__(self, line: socket.socket) -> None:
        self._socket = line
        self._socket.setblocking(False)
        self._task: asyncio.Task[None] | None = None

    def say_ready(self) -> None:
        """Tell the supervisor that this process does its work."""
        try:
            self._socket.send(READY)
        except OSError:
            # The supervisor is gone; the watch below notices it as well.
            return

    def until_closed(self) -> None:
        """Return when the supervisor is gone; for a process without an event loop."""
        self._socket.setblocking(True)
        while self._socket.recv(64):
            pass

    def watch(self, stopping: asyncio.Event) -> None:
        """Set the event when the supervisor is gone."""
        self._task = asyncio.create_task(self._until_closed(stopping), name="control line")

    async def _until_closed(self, stopping: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        try:
            while await loop.sock_recv(self._socket, 64):
                pass
        except OSError:
            pass
        stopping.set()

    def close(self) -> None:
        """Give up the line."""
        if self._task is not None:
            self._task.cancel()
        self._socket.close()


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the supervisor's end and the process's end."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    return ours, theirs
