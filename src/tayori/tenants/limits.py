"""The limits of an account: the settings', or what an operator set for it alone.

A change is seen by this process at once and by all others within five seconds; the door, which
counts mails, reads them itself for each batch.
"""

from typing import Final, Protocol

import msgspec

from tayori.config.tree import Policy
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import Clock
from tayori.tenants.limit_store import LimitStore
from tayori.tenants.memory import Memory

DOMAIN_PER_DAY: Final = "domain_per_day"
"""Mails of each of the account's domains a day, in place of what its level says."""
OF_POLICY: Final = (
    "account_per_day",
    "mailbox_per_hour",
    "requests_per_second",
    "max_domains",
    "max_senders_per_domain",
    "max_templates",
    "max_receiver_lists",
    "max_receivers_per_list",
)
NAMES: Final = (*OF_POLICY, DOMAIN_PER_DAY)
LARGEST: Final = 10**12


class PolicyOf(Protocol):
    """Knows which limits are in force for whom."""

    async def of(self, account_id: int) -> Policy:
        """Return the limits of an account."""
        ...


class SameForAll:
    """The settings, whoever the account is."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    async def of(self, account_id: int) -> Policy:
        """Return the limits of the settings."""
        _ = account_id
        return self._policy


class AccountLimits:
    """The settings with the limits of single accounts laid over them."""

    def __init__(self, store: LimitStore, clock: Clock, policy: Policy) -> None:
        self._store = store
        self._policy = policy
        self._known: Memory[str, dict[int, Policy]] = Memory(clock)

    async def of(self, account_id: int) -> Policy:
        """Return the limits of an account."""
        known = self._known.recall("")
        if known is None:
            # Few accounts have limits of their own, so all of them are one small answer.
            question = self._known.ask()
            known = {number: self._over(own) for number, own in (await self._store.all()).items()}
            self._known.keep("", known, question)
        return known.get(account_id, self._policy)

    async def own(self, account_id: int) -> dict[str, int]:
        """Return what was set for an account alone."""
        return (await self._store.all()).get(account_id, {})

    async def set(self, account_id: int, name: str, value: int | None) -> Refusal | None:
        """Set a limit of an account, 0 = no limit, None = as the settings have it; None = done."""
        if name not in NAMES:
            return refuse(
                Code.INVALID_PARAMETER_VALUE,
                say(
                    "There is no limit {name}; known are {names}.",
                    name=name,
                    names=", ".join(NAMES),
                ),
                parameter="Name",
            )
        if value is not None and not 0 <= value <= LARGEST:
            return refuse(
                Code.INVALID_PARAMETER_VALUE,
                say("A limit is a number from 0 (none) to {most}.", most=LARGEST),
                parameter="Value",
            )
        await self._store.set(account_id, name, value)
        self._known.forget()
        return None

    def _over(self, own: dict[str, int]) -> Policy:
        return msgspec.structs.replace(
            self._policy, **{name: value for name, value in own.items() if name in OF_POLICY}
        )
