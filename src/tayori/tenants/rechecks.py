"""Checks of sender domains against the DNS: on request, and again and again in the background.

A check that the DNS does not answer changes nothing but the time of the next one. A process that
dies while it checks leaves the domains due again a few minutes later.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tayori.config.tree import Domains
from tayori.dns.answers import Lookups
from tayori.runtime import log
from tayori.tenants.checks import Change
from tayori.tenants.identities import Identities
from tayori.tenants.model import Identity, RecordState
from tayori.tenants.rotation import LOOK_AGAIN_S, Rotations
from tayori.tenants.verification.model import Verification, expectations_of
from tayori.tenants.verification.verify import verify

_logger = log.get("tenants")


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The domain as the check left it, what changed, and what the DNS said."""

    identity: Identity
    change: Change
    verification: Verification

    @property
    def answered(self) -> bool:
        """Tell whether the DNS said anything at all."""
        return any(record.state is not RecordState.UNKNOWN for record in self.verification.records)


async def check_identity(
    identity: Identity,
    *,
    identities: Identities,
    rotations: Rotations,
    lookups: Lookups,
    domains: Domains,
) -> Checked:
    """Look the domain's records up now and store what was found; new keys take over first."""
    await rotations.look(identity, lookups)
    keys = await identities.published_keys(identity)
    found = await verify(identity.domain, expectations_of(domains, keys), lookups)
    stored = [record.stored() for record in found.records]
    within_s = LOOK_AGAIN_S if await rotations.under_way(identity) else None
    after, change = await identities.record_check(identity, stored, within_s=within_s)
    if change is not Change.NONE:
        wrong = [record.group.value for record in stored if record.state is RecordState.WRONG]
        _logger.info(
            "identity_standing_changed",
            standing=change.value,
            account_id=after.account_id,
            identity_id=after.id,
            domain=after.domain,
            wrong=wrong,
        )
    return Checked(identity=after, change=change, verification=found)


class Rechecks:
    """The background job: pending domains with back-off, verified ones daily (spec 2).

    `broken` hears of verified domains whose records are wrong now.
    """

    def __init__(
        self,
        *,
        identities: Identities,
        rotations: Rotations,
        lookups: Lookups,
        domains: Domains,
        broken: Callable[[Identity], Awaitable[None]] | None = None,
    ) -> None:
        self._identities = identities
        self._rotations = rotations
        self._lookups = lookups
        self._domains = domains
        self._broken = broken

    async def run_due(self, limit: int) -> int:
        """Check up to `limit` domains that are due, all at once; return how many were due."""
        due = await self._identities.claim_due(limit)
        await asyncio.gather(*(self._check(identity) for identity in due))
        return len(due)

    async def _check(self, identity: Identity) -> None:
        try:
            checked = await check_identity(
                identity,
                identities=self._identities,
                rotations=self._rotations,
                lookups=self._lookups,
                domains=self._domains,
            )
            if checked.change is Change.BROKEN and self._broken is not None:
                await self._broken(checked.identity)
        except Exception:
            # One domain must not keep the others from being checked; it is due again soon.
            _logger.exception("identity_check_failed", identity_id=identity.id)
