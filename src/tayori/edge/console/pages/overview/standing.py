"""The first page: how the account stands today, what runs, and what needs somebody."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from starlette.responses import Response

from tayori.bulk.model import Filters, Task, TaskStatus
from tayori.bulk.store import NEWEST_FIRST
from tayori.catalog.model import TemplateStatus
from tayori.config.money import MICRO
from tayori.edge.console.pages.billing import free_left
from tayori.edge.console.pages.bulk import words
from tayori.edge.console.pages.domain_level import RATES as STEP_NAMES
from tayori.edge.console.pages.overview.warnings import DomainLine, Findings, warnings
from tayori.edge.console.pages.statistics import RATES
from tayori.edge.console.visit import HOME, Visit
from tayori.refusal.refusal import Refusal
from tayori.reputation.figures import Figures
from tayori.reputation.level_model import Domain
from tayori.reputation.standing import DayUse
from tayori.runtime.clock import DAY, day_of
from tayori.stats.model import Volume, Wanted
from tayori.stats.reports import Line, Reports
from tayori.tenants.billing.model import ALL_FREE, Usage
from tayori.tenants.billing.pricing import prices_of

_SHOWN_TASKS: Final = 5
_SHOWN_DOMAINS: Final = 20
_TEMPLATES: Final = 100
_WEEK: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSteps:
    """What a new account has done on the way to its first mail."""

    domain: bool
    sender: bool
    template: bool
    mail: bool

    @property
    def done(self) -> bool:
        """Tell whether nothing is left to do."""
        return self.domain and self.sender and self.template and self.mail


async def home(visit: Visit) -> Response:
    """Show the overview; without an account, lead to what the visitor may open."""
    if visit.visitor.account is None:
        menu = visit.templates.menu.of(visit.visitor)
        paths = [entry.path for section in menu for entry in section.entries if entry.path]
        first = paths[0] if visit.user.operator and paths else "/accounts"
        return visit.redirect(f"{HOME}{first}")
    running = await _tasks(visit, TaskStatus.SENDING)
    if visit.is_partial:
        return visit.page("overview/running.html.j2", running=running, words=words)
    return await _overview(visit, running)


async def _overview(visit: Visit, running: Sequence[Task]) -> Response:
    services, account = visit.services, visit.account.id
    domains = await _domains(visit)
    today, week = await _volumes(visit)
    templates = await services.templates.list(account, offset=0, limit=_TEMPLATES)
    findings = Findings(
        domains=domains,
        stopped_tasks=[
            *await _tasks(visit, TaskStatus.PAUSED),
            *await _tasks(visit, TaskStatus.FAILED),
        ],
        refused=[one for one in templates.templates if one.status is TemplateStatus.REFUSED],
        endpoints=await services.endpoint_store.of_account(account),
        week=week,
        scan=services.settings.scan,
    )
    approved = any(one.status is TemplateStatus.APPROVED for one in templates.templates)
    return visit.page(
        "overview/show.html.j2",
        today=today,
        week=week,
        rates=RATES,
        domains=domains[:_SHOWN_DOMAINS],
        more_domains=max(0, len(domains) - _SHOWN_DOMAINS),
        names=STEP_NAMES,
        quota=_quota(domains),
        used=sum(one.use.used for one in domains),
        running=running,
        words=words,
        warnings=warnings(visit, findings),
        steps=await _first_steps(visit, domains, approved=approved),
        money=await _money(visit),
    )


async def _tasks(visit: Visit, status: TaskStatus) -> Sequence[Task]:
    found, _ = await visit.services.tasks.before(
        visit.account.id, Filters(status=int(status)), NEWEST_FIRST, _SHOWN_TASKS
    )
    return found


async def _domains(visit: Visit) -> list[DomainLine]:
    """Return the account's domains with their day, in two questions for all of them."""
    services = visit.services
    now = services.clock.now()
    found = await services.levels.all(visit.account.id, now)
    uses = await services.standing.days({one.domain: one.account_id for one, _ in found}, now)
    top = len(services.settings.policy.level_per_day)
    return [_line(visit, one, figures, uses[one.domain], top) for one, figures in found]


def _line(visit: Visit, one: Domain, figures: Figures, use: DayUse, top: int) -> DomainLine:
    steps = visit.services.reputation_rules.rise(figures, use.per_day)
    highest = not top or use.level >= top
    missing = [] if highest else [step for step in steps if not step.met]
    return DomainLine(
        domain=one.domain,
        verified=one.verified,
        use=use,
        missing=missing,
        highest=highest,
    )


def _quota(domains: Sequence[DomainLine]) -> int | None:
    """Return how many mails all domains may send today, None when one has no limit."""
    open_ones = [one.use for one in domains if one.verified and one.use.level]
    if any(not use.per_day for use in open_ones):
        return None
    return sum(use.per_day for use in open_ones)


async def _volumes(visit: Visit) -> tuple[Volume, Line]:
    """Return the counts of today, and of the last seven days with their rates."""
    services = visit.services
    now = services.clock.now()
    days = [day_of(now - back * DAY, services.zone) for back in range(_WEEK)]
    found = await services.stats.report(Wanted(account_id=visit.account.id, days=days))
    week = Volume()
    for volume in found.values():
        week = week.plus(volume)
    reports = Reports(services.stats, services.settings.reputation)
    return found.get(days[0], Volume()), reports.line("", week)


async def _first_steps(
    visit: Visit, domains: Sequence[DomainLine], *, approved: bool
) -> FirstSteps:
    services, account = visit.services, visit.account.id
    _, senders = await services.senders.page(account, "", "address", (0, 1))
    return FirstSteps(
        domain=any(one.verified for one in domains),
        sender=senders > 0,
        template=approved,
        mail=bool(await services.stories.newest(account, 1)),
    )


async def _money(visit: Visit) -> dict[str, object]:
    """Return what the month cost and how many mails are still free."""
    services, account = visit.services, visit.account.id
    desk, prices = services.operating.billing, prices_of(services.settings)
    statement = await desk.statement(account)
    purse = await desk.purse(account)
    month = Usage() if isinstance(statement, Refusal) else statement.total
    return {
        "month": month,
        "spent": Decimal(month.amount) / MICRO,
        "prices": prices,
        "costs": bool(prices.tiers) and prices.free != ALL_FREE,
        "free": free_left(prices, purse),
    }
