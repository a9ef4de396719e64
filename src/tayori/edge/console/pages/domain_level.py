"""A domain's reputation: its level, what a rise asks for, its days, and the decisions on it."""

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response

from tayori.edge.console.access import Page, Right, page
from tayori.edge.console.languages import N_
from tayori.edge.console.pages.domains import identity_of
from tayori.edge.console.visit import Visit
from tayori.reputation.figures import Figures
from tayori.reputation.level_model import DayRow
from tayori.reputation.standing import Standing

ALL_PROVIDERS: Final = "*"
DAYS: Final = 30
CHANGES: Final = 50
RATES: Final = {
    "mails": N_("Mails sent today"),
    "delivered": N_("Delivered"),
    "invalid": N_("Invalid addresses"),
    "spam": N_("Refused as spam"),
    "rejected": N_("Refused by receivers"),
    "complained": N_("Complaints"),
    "opened": N_("Opened"),
}
FOLLOWS: Final = {
    "stop": N_("Sending stops for the day"),
    "fall": N_("One level less tomorrow"),
    "warning": N_("Warning"),
}
CHANGE_WORDS: Final = {
    "raised": N_("Raised"),
    "lowered": N_("Lowered"),
    "spared": N_("Fall called off"),
    "stopped": N_("Stopped for the day"),
    "warned": N_("Warning"),
    "set": N_("Set by an operator"),
    "unblocked": N_("Let go again"),
    "idle": N_("Began again after a long silence"),
}


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [page("/domains/{domain}/level", Right.LOOK, show)]


async def show(visit: Visit) -> Response:
    """Show where the domain stands and why."""
    found = await identity_of(visit)
    if found is None:
        return visit.not_found()
    services = visit.services
    now = services.clock.now()
    use = (await services.standing.days({found.domain: visit.account.id}, now))[found.domain]
    days = await services.levels.days(found.id, now, DAYS)
    figures = _today(days)
    rules = services.reputation_rules
    return visit.page(
        "domains/level.html.j2",
        identity=found,
        use=use,
        standing=Standing.of(found).settled(now),
        now=now,
        top=len(services.settings.policy.level_per_day),
        steps=rules.rise(figures, use.per_day),
        enough=rules.is_enough(figures),
        least_sample=services.settings.reputation.least_sample,
        rates=rules.rates(figures),
        names=RATES,
        follows=FOLLOWS,
        days=[row for row in reversed(days) if row.provider == ALL_PROVIDERS],
        providers=[row for row in days if row.provider != ALL_PROVIDERS and not row.closed],
        changes=await services.levels.changes(found.id, CHANGES),
        change_words=CHANGE_WORDS,
    )


def _today(days: Sequence[DayRow]) -> Figures:
    open_days = (row for row in days if row.provider == ALL_PROVIDERS and not row.closed)
    found = next(open_days, None)
    return found.figures if found else Figures()
