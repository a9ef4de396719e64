"""The providers of a list that is planned, as far as the domain's last days tell (pure)."""

from collections.abc import Mapping

from tayori.reputation.provider_caps import OTHER


def mix_of(sent: Mapping[str, int]) -> dict[str, float]:
    """Return the part that each provider has of recipients; all are others where nobody is known.

    `sent` is how many recipients each provider had.
    """
    total = sum(sent.values())
    if not total:
        return {OTHER: 1.0}
    return {provider: count / total for provider, count in sent.items() if count}


def split(recipients: int, mix: Mapping[str, float]) -> dict[str, int]:
    """Return how many recipients each provider has; what rounding leaves goes to the largest."""
    parts = {provider: int(recipients * part) for provider, part in mix.items()}
    largest = max(mix, key=lambda provider: (mix[provider], provider))
    parts[largest] += recipients - sum(parts.values())
    return parts


def dealt_out(amount: int, left: Mapping[str, int], room: Mapping[str, int]) -> dict[str, int]:
    """Return to whom `amount` mails go next, in the mix of those that are `left`.

    What a provider has no room for goes to those who have, as in a run that sets receivers aside.
    """
    able = {name: min(left[name], room[name]) for name in sorted(left)}
    total = sum(count for name, count in left.items() if able[name])
    if not total:
        return {}
    going = {name: min(most, amount * left[name] // total) for name, most in able.items()}
    rest = min(amount, sum(able.values())) - sum(going.values())
    for name, most in able.items():
        more = min(rest, most - going[name])
        going[name] += more
        rest -= more
    return {name: count for name, count in going.items() if count}
