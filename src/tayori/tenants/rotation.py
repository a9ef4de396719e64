"""Rotation of DKIM keys: new ones beside those that sign, until the DNS shows them.

A rotation never stops a domain's mail. The old keys sign until a check finds the records of all new
ones; then the new ones sign, and the old ones never again. The old records should stay in the DNS
for some days, since receivers may check mail late that was signed before (RFC 6376 3.1).
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from tayori.config.tree import Domains
from tayori.dns.answers import Lookups
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime import log
from tayori.runtime.clock import DAY, SECOND, Clock
from tayori.tenants.identities import Identities
from tayori.tenants.keys import make_key, selector_of
from tayori.tenants.model import DkimKey, Identity, RecordGroup, RecordState
from tayori.tenants.rotation_store import UNDER_WAY, RotationStore, Taken
from tayori.tenants.verification.check_dkim import check_dkim
from tayori.tenants.verification.expected import expected_records
from tayori.tenants.verification.model import Record, expectations_of

FIRST_LOOK_S: Final = 60
"""Seconds from the beginning of a rotation to the first look for its records."""
LOOK_AGAIN_S: Final = 900
KEEP_OLD_RECORDS_MS: Final = 7 * DAY
"""How long a replaced key's record should stay published."""
_logger = log.get("tenants")


class Rotations:
    """The verbs of rotations; `make` makes a key and is called in a thread."""

    def __init__(
        self,
        *,
        store: RotationStore,
        identities: Identities,
        clock: Clock,
        domains: Domains,
        make: Callable[[int, str], DkimKey] = make_key,
    ) -> None:
        self._store = store
        self._identities = identities
        self._clock = clock
        self._domains = domains
        self._make = make

    async def begin(self, account_id: int, domain: str) -> Identity | Refusal:
        """Make new keys of the lengths that sign, under new selectors, and wait for their records.

        Refused while a rotation is under way, and for a domain that is not verified: there the
        first keys' records are not even published.
        """
        found = await self._identities.get(account_id, domain)
        if isinstance(found, Refusal):
            return found
        if not found.verified:
            return refuse(
                Code.FAILED_OPERATION,
                say("Keys are rotated once the domain is verified; publish its records first."),
            )
        held = await self._identities.keys(found)
        if any(key.pending for key in held):
            # Asked before the keys are made, since keys cost much; the store asks again for good.
            return UNDER_WAY
        keys = await self._new_keys(found, {key.selector for key in held})
        now = self._clock.now()
        begun = await self._store.begin(
            account_id, found.domain, keys, now, now + FIRST_LOOK_S * SECOND
        )
        return refuse(_ABSENT, domain=domain) if begun is None else begun

    async def give_up(self, account_id: int, domain: str) -> Identity | Refusal:
        """Throw the new keys away; the domain goes on signing as before."""
        found = await self._identities.get(account_id, domain)
        if isinstance(found, Refusal):
            return found
        given_up = await self._store.give_up(account_id, found.domain)
        return refuse(_ABSENT, domain=domain) if given_up is None else given_up

    async def records(self, identity: Identity, lookups: Lookups) -> tuple[Record, ...]:
        """Return the records of the new keys as the DNS shows them now, () without any."""
        keys = [key for key in await self._identities.keys(identity) if key.pending]
        return await _look(identity, keys, self._domains, lookups)

    async def look(self, identity: Identity, lookups: Lookups) -> Taken | None:
        """Let the new keys sign when all of their records are found; None when not."""
        keys = [key for key in await self._identities.keys(identity) if key.pending]
        found = await _look(identity, keys, self._domains, lookups)
        if not found or any(record.state is not RecordState.OK for record in found):
            return None
        selectors = [key.selector for key in keys]
        taken = await self._store.finish(
            identity.account_id, identity.domain, selectors, self._clock.now()
        )
        self._identities.forget()
        if taken is not None:
            _logger.info(
                "dkim_keys_rotated",
                account_id=identity.account_id,
                domain=identity.domain,
                active=taken.active,
                retired=taken.retired,
            )
        return taken

    async def under_way(self, identity: Identity) -> bool:
        """Tell whether new keys wait for their records."""
        return any(key.pending for key in await self._identities.keys(identity))

    async def _new_keys(self, identity: Identity, used: set[str]) -> tuple[DkimKey, ...]:
        day = datetime.fromtimestamp(self._clock.now() / SECOND, UTC).strftime("%Y%m%d")
        making = []
        for bits in identity.dkim_option.bits:
            wanted = f"{selector_of(bits, self._domains.dkim_selector)}-{day}"
            making.append(self._key(bits, _unused(wanted, used)))
        return tuple(await asyncio.gather(*making))

    async def _key(self, bits: int, selector: str) -> DkimKey:
        made = await asyncio.to_thread(self._make, bits, self._domains.dkim_selector)
        return DkimKey(
            selector=selector,
            bits=bits,
            public_key=made.public_key,
            private_pem=made.private_pem,
            pending=True,
        )


_ABSENT: Final = Code.INVALID_PARAMETER_VALUE__NOT_EXIST_DOMAIN


async def _look(
    identity: Identity, keys: Sequence[DkimKey], domains: Domains, lookups: Lookups
) -> tuple[Record, ...]:
    wanted = [
        record
        for record in expected_records(identity.domain, expectations_of(domains, keys))
        if record.group is RecordGroup.DKIM
    ]
    answers = await asyncio.gather(
        *(lookups.lookup(record.name, "TXT", bypass_cache=True) for record in wanted)
    )
    return tuple(
        check_dkim(record, answer, key.public_key)
        for record, answer, key in zip(wanted, answers, keys, strict=True)
    )


def _unused(selector: str, used: set[str]) -> str:
    """Return the selector, with a number behind it when the domain had it before."""
    number, chosen = 1, selector
    while chosen in used:
        number += 1
        chosen = f"{selector}-{number}"
    return chosen
