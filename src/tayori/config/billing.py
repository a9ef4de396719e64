"""What the types alone cannot tell about prices."""

from tayori.config.money import read_price
from tayori.config.tree import Billing


def trouble_with_prices(billing: Billing) -> str:
    """Return a sentence for the operator on the first mistake, "" when there is none."""
    before = -1
    for tier in billing.tiers:
        if before < 0 and tier.above:
            return "The first of billing.tiers begins above 0 mails."
        if tier.above <= before:
            return f"In billing.tiers, {tier.above} does not come behind {before}."
        if read_price(tier.price) is None:
            return (
                f"In billing.tiers, {tier.price!r} is no price of 1,000 mails; "
                'a price has up to three decimals, such as "1.90".'
            )
        before = tier.above
    if billing.prepaid and not billing.tiers:
        return "billing.prepaid needs prices: set billing.tiers."
    return ""
