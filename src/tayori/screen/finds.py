"""Repeated finds suspend an account: mails taken for spam, and mails refused for deceit.

Different mails count, the same one only once, so that a program that tries a refused mail again and
again harms nobody. After a suspension the count begins anew, for whoever lifts it has looked.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from tayori.events.model import Event, EventKind
from tayori.refusal.saying import Saying, keep, say
from tayori.runtime import log
from tayori.runtime.clock import DAY, Clock
from tayori.screen.find_store import Find, FindStore
from tayori.tenants.accounts import Accounts


class FindKind(StrEnum):
    """What was found in a mail."""

    SPAM = "spam"
    """An engine takes it for spam."""
    DECEIT = "deceit"
    """The door refused it for forbidden content, deceiving links or dangerous files."""


_LONGEST: Final = 200


class Finds:
    """Notes finds of all accounts; `limits` say after how many an account is suspended, 0 never."""

    def __init__(
        self,
        store: FindStore,
        accounts: Accounts,
        clock: Clock,
        limits: Mapping[FindKind, int],
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._clock = clock
        self._limits = limits

    async def note(self, account_id: int, kind: FindKind, key: str, name: str) -> None:
        """Remember a find under `key`, by which the same mail is known again."""
        most = self._limits.get(kind, 0)
        if not most:
            return
        now = self._clock.now()
        find = Find(account_id=account_id, kind=kind.value, key=key, found_at=now)
        count = await self._store.add(find, since=now - DAY)
        if count >= most:
            await self.suspend(account_id, _reason(kind, count, name[:_LONGEST]))
            await self._store.forget(account_id, kind.value)

    async def suspend(self, account_id: int, reason: Saying) -> None:
        """Stop all functions of an account until an operator lifts that, with event and log."""
        await self._accounts.suspend(account_id, reason)
        event = Event(
            at=self._clock.now(),
            account_id=account_id,
            kind=EventKind.SUSPENDED,
            data={"reason": keep(reason)},
        )
        await self._store.tell(event)
        log.get("screen").warning("account_suspended", account=account_id, reason=str(reason))


def _reason(kind: FindKind, count: int, name: str) -> Saying:
    if kind is FindKind.SPAM:
        return say(
            "{count} mails within a day were taken for spam; last: {name}", count=count, name=name
        )
    return say(
        "{count} mails within a day were refused for what they hold; last: {name}",
        count=count,
        name=name,
    )
