"""How many mails of a bulk task may go now, and until when it must wait.

A task asks before each batch; the door counts what it then takes, exactly, in the transaction that
takes it. So an answer is a promise of nothing: another task may be faster, and the door's
`ExceedSendLimit` means to ask again.
"""

from dataclasses import replace

from tayori.db.database import Database
from tayori.reputation.judging_store import figures_of
from tayori.reputation.level_statements import TODAY
from tayori.reputation.provider_caps import caps_of
from tayori.reputation.room import Room, room_in, windows
from tayori.reputation.standing import Quotas, Standing
from tayori.reputation.standing_store import standings
from tayori.reputation.stops import stopped
from tayori.reputation.store import used
from tayori.runtime.clock import Clock


class Pace:
    """Answers for all domains; each answer is one read of the database."""

    def __init__(self, database: Database, clock: Clock, quotas: Quotas) -> None:
        self._database = database
        self._clock = clock
        self._quotas = quotas

    async def room(self, account_id: int, domain: str, wanted: int) -> Room:
        """Return how many of `wanted` bulk mails from a domain (A-labels) may go now."""
        now = self._clock.now()
        async with self._database.read() as transaction:
            found = await standings(transaction, [domain], [account_id])
            refusal = stopped(account_id, domain, found, now)
            if refusal is not None:
                return Room(amount=0, refusal=refusal)
            level = found.domains.get(domain, Standing(level=1)).level_at(now)
            own = found.overrides.get(account_id, {})
            rows = await transaction.fetch(
                TODAY, {"of_domain": domain, "of_day": self._quotas.day(now)}
            )
            by_provider = {row["provider"]: figures_of(row) for row in rows}
            whose = (account_id, domain)
            limits = list(windows(self._quotas, whose, level, own, now))
            counted = await used(transaction, [window.claim() for window in limits])
        per_day = self._quotas.domain_per_day(level, own)
        caps = caps_of(self._quotas, domain, per_day, now, by_provider)
        return replace(room_in(dict(zip(limits, counted, strict=True)), wanted), caps=caps)
