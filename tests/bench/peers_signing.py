"""What all peers have in common: the key that they sign with, and what can be asked of them."""

from typing import Protocol

SELECTOR = "bench"


class Peer(Protocol):
    """A server that takes mail by SMTP without AUTH, signs it and sends it to the sink."""

    @property
    def port(self) -> int:
        """Return where mail is taken, on 127.0.0.1."""
        ...

    def cpu_s(self) -> float:
        """Return the CPU seconds of all its processes so far."""
        ...

    async def release(self) -> None:
        """Let the held mails go."""
        ...
