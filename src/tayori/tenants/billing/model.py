"""Prices, purses and statements as values. Amounts are micro-units of the currency."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

ALL_FREE: Final = 0
"""As `policy.free_mails`: every mail is free."""


class Tier(NamedTuple):
    """What one mail costs when more than `above` paid mails of the month came before it."""

    above: int
    price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What mail costs. `free` mails cost an account nothing, once; without tiers none costs."""

    currency: str
    tiers: Sequence[Tier]
    free: int
    prepaid: bool

    @property
    def charges(self) -> bool:
        """Tell whether any mail costs something."""
        return bool(self.tiers) and self.free != ALL_FREE


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """What the price of an account's next mail depends on, and its balance."""

    account_id: int
    free_used: int = 0
    month: str = ""
    month_paid: int = 0
    balance: int = 0


class Usage(NamedTuple):
    """Mails (accepted recipients), how many of them were free, and what the others cost."""

    mails: int = 0
    free: int = 0
    amount: int = 0

    @property
    def paid(self) -> int:
        """Return the mails that had a price."""
        return self.mails - self.free

    def plus(self, other: "Usage") -> "Usage":
        """Return the sums."""
        return Usage(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Money that an operator put on an account, or took from it when negative."""

    id: int
    at: int
    amount: int
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A month of an account; days without mail are left out."""

    month: str
    days: Sequence[tuple[str, Usage]]
    total: Usage
    credits: Sequence[Credit]
    balance: int
    """The balance now, whatever month it is."""
