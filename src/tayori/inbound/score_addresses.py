"""One-time addresses to which a mail is sent to be scored: made, asked about, forgotten.

An address takes one mail within its time. Its score is kept without the mail's content.
"""

from tayori.config.score import ScoreSettings
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import DAY, HOUR, Clock
from tayori.runtime.ids import Ids
from tayori.screen.score.address import PREFIX, TOKEN_LENGTH, ScoreAddress
from tayori.screen.score.address_store import ScoreAddressStore

_LARGEST = 2**63 - 1
SHOWN = 100
"""Addresses of a list."""


class ScoreAddresses:
    """The verbs. `domain` is that of the addresses; "" while no mail can come to any."""

    def __init__(
        self,
        *,
        store: ScoreAddressStore,
        clock: Clock,
        ids: Ids,
        settings: ScoreSettings,
        domain: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._settings = settings
        self._domain = domain

    async def create(self, account_id: int | None) -> ScoreAddress | Refusal:
        """Make an address for an account, or for operators (None)."""
        if not self._domain:
            told = say("This service takes no mail (mx.listen), so none can be scored as it comes.")
            return refuse(Code.UNSUPPORTED_OPERATION, told)
        token, now = self._ids.lower_case(TOKEN_LENGTH), self._clock.now()
        new = ScoreAddress(
            id=0,
            account_id=account_id,
            token=token,
            address=f"{PREFIX}{token}@{self._domain}",
            created_at=now,
            expires_at=now + self._settings.hours * HOUR,
        )
        most = self._settings.addresses_per_day
        made = await self._store.add(new, most=most, since=now - DAY)
        if made is None:
            told = say(
                "An account makes up to {most} addresses for a score in 24 hours.", most=most
            )
            return refuse(Code.LIMIT_EXCEEDED, told)
        return made

    async def get(self, account_id: int, number: int) -> ScoreAddress | Refusal:
        """Return an address of the account with the score of its mail, if that came."""
        found = await self._store.by_id(number) if 0 < number <= _LARGEST else None
        if found is None or found.account_id != account_id:
            told = say("This account has no address {number} for a score.", number=number)
            return refuse(Code.RESOURCE_NOT_FOUND, told)
        return found

    async def any(self, text: str) -> ScoreAddress | Refusal:
        """Return the address with a token, or written in full (operators)."""
        token = text.strip().lower().partition("@")[0].removeprefix(PREFIX)
        found = await self._store.by_token(token)
        return found or refuse(
            Code.RESOURCE_NOT_FOUND, say("There is no address {text} for a score.", text=text)
        )

    async def newest(self, account_id: int | None) -> list[ScoreAddress]:
        """Return the newest addresses of an account, or those of operators (None)."""
        return await self._store.newest(account_id, SHOWN)

    async def sweep(self) -> None:
        """Forget addresses that expired long ago, with their scores."""
        await self._store.sweep(self._clock.now() - self._settings.keep_days * DAY)
