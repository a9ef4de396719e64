"""What mails cost (pure). All of it in whole numbers: nothing is ever rounded."""

from collections.abc import Sequence
from dataclasses import replace

from tayori.config.money import read_price
from tayori.config.tree import Settings
from tayori.tenants.billing.model import Prices, Purse, Tier, Usage


def prices_of(settings: Settings) -> Prices:
    """Return the prices of the settings, which were checked when they were loaded."""
    tiers = [Tier(tier.above, read_price(tier.price) or 0) for tier in settings.billing.tiers]
    return Prices(
        currency=settings.billing.currency,
        tiers=tiers,
        free=settings.policy.free_mails,
        prepaid=settings.billing.prepaid,
    )


def charged(purse: Purse, mails: int, month: str, prices: Prices) -> tuple[Purse, Usage]:
    """Return the purse after so many more mails, and what they cost.

    Free mails go first; the tier of each further one is that of its place in the month.
    """
    if purse.month != month:
        purse = replace(purse, month=month, month_paid=0)
    free = min(mails, max(0, prices.free - purse.free_used))
    amount = cost(purse.month_paid, mails - free, prices.tiers)
    after = replace(
        purse,
        free_used=purse.free_used + free,
        month_paid=purse.month_paid + mails - free,
        balance=purse.balance - amount if prices.prepaid else purse.balance,
    )
    return after, Usage(mails, free, amount)


def cost(before: int, mails: int, tiers: Sequence[Tier]) -> int:
    """Return the micro-units of `mails` paid mails when `before` of the month came before them."""
    amount, end = 0, before + mails
    for place, tier in enumerate(tiers):
        until = tiers[place + 1].above if place + 1 < len(tiers) else end
        amount += max(0, min(end, until) - max(before, tier.above)) * tier.price
    return amount


def returned(day: Usage, mails: int) -> Usage:
    """Return what is given back of a day when so many of its mails were not sent after all.

    Each mail is worth the day's average, rounded down; the last one takes what is left, so that a
    day of which nothing was sent costs nothing.
    """
    mails = min(mails, day.mails)
    if not mails:
        return Usage()
    return Usage(mails, day.free * mails // day.mails, day.amount * mails // day.mails)
