"""What the sandbox's mail server has taken: the newest mails, in memory only.

Bounded in number and in octets: the oldest mails go when either is exceeded, the newest one always
stays. Waiting ends with the mail itself, not with a poll. For one event loop.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MAX_MAILS = 1_000
MAX_OCTETS = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMail:
    """One mail as it came in."""

    id: int
    """Grows by one with each mail, from 1."""
    return_path: str
    """The envelope's sender; "" is the null sender."""
    recipients: tuple[str, ...]
    """The envelope's recipients that were accepted."""
    raw: bytes
    received_at: int
    """Milliseconds since the epoch."""
    tls: str
    """Protocol and cipher, "" in clear."""
    peer: str
    """Address of the client."""
    helo: str
    """The name the client gave."""


class Mailbox:
    """Keeps up to `max_mails` mails with at most `max_octets` of content together."""

    def __init__(self, *, max_mails: int = MAX_MAILS, max_octets: int = MAX_OCTETS) -> None:
        self._max_mails = max_mails
        self._max_octets = max_octets
        self._mails: OrderedDict[int, ReceivedMail] = OrderedDict()
        self._received = 0
        self._octets = 0
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._mails)

    @property
    def received(self) -> int:
        """Return how many mails came in since the start, those that have gone again included."""
        return self._received

    @property
    def octets(self) -> int:
        """Return the octets of content that are kept."""
        return self._octets

    @property
    def mails(self) -> list[ReceivedMail]:
        """Return the mails, newest first."""
        return list(reversed(self._mails.values()))

    def get(self, mail_id: int) -> ReceivedMail | None:
        """Return a mail, or None when it never was or has gone."""
        return self._mails.get(mail_id)

    def add(
        self,
        *,
        return_path: str,
        recipients: tuple[str, ...],
        raw: bytes,
        received_at: int,
        tls: str = "",
        peer: str = "",
        helo: str = "",
    ) -> ReceivedMail:
        """Keep a mail, let the oldest go where need be, and wake who waits."""
        self._received += 1
        mail = ReceivedMail(
            id=self._received,
            return_path=return_path,
            recipients=recipients,
            raw=raw,
            received_at=received_at,
            tls=tls,
            peer=peer,
            helo=helo,
        )
        self._mails[mail.id] = mail
        self._octets += len(raw)
        while len(self._mails) > 1 and self._too_much:
            _, gone = self._mails.popitem(last=False)
            self._octets -= len(gone.raw)
        # Each waiter looks again at its own pace, so the event is replaced and not cleared.
        self._changed.set()
        self._changed = asyncio.Event()
        return mail

    @property
    def _too_much(self) -> bool:
        return len(self._mails) > self._max_mails or self._octets > self._max_octets

    def clear(self) -> None:
        """Throw every mail away; numbers go on."""
        self._mails.clear()
        self._octets = 0

    def matching(self, predicate: Callable[[ReceivedMail], bool]) -> list[ReceivedMail]:
        """Return the mails that a predicate holds for, oldest first."""
        return [mail for mail in self._mails.values() if predicate(mail)]

    async def wait_for(
        self, predicate: Callable[[ReceivedMail], bool] | None = None, *, count: int = 1
    ) -> list[ReceivedMail]:
        """Return, oldest first, the mails that the predicate holds for once there are `count`.

        Without a predicate every mail counts. Waits for ever: bound it with `asyncio.timeout`.
        """
        while True:
            found = self.matching(predicate or (lambda _: True))
            if len(found) >= count:
                return found
            await self._changed.wait()

    async def wait_for_recipient(self, address: str) -> ReceivedMail:
        """Return the first mail to an address, as soon as it is there."""
        wanted = address.lower()
        found = await self.wait_for(
            lambda mail: wanted in (recipient.lower() for recipient in mail.recipients)
        )
        return found[0]
