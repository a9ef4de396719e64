"""What an account used, what that costs, and its statements month by month."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from starlette.responses import Response

from tayori.config.money import written_amount
from tayori.edge.console.access import Page, Right, page
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.tenants.billing.model import ALL_FREE, Prices, Purse, Statement, Usage
from tayori.tenants.billing.pricing import prices_of

MONTHS = 13
"""Months that can be chosen: this one and those of a year before it."""
_MICRO = Decimal(1_000_000)


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/billing", Right.LOOK, show),
        page("/billing/statement.csv", Right.LOOK, export),
    ]


async def show(visit: Visit) -> Response:
    """Show usage today and this month, what is left, prices, and the statement of a month."""
    desk = visit.services.operating.billing
    today = desk.today
    month = visit.query.get("month", "")[:7] or today[:7]
    statement = await desk.statement(visit.account.id, month)
    current = await desk.statement(visit.account.id)
    if isinstance(statement, Refusal) or isinstance(current, Refusal):
        return visit.not_found()
    prices = prices_of(visit.services.settings)
    purse = await desk.purse(visit.account.id)
    return visit.page(
        "billing/show.html.j2",
        statement=statement,
        current=current.total,
        today=dict(current.days).get(today, Usage()),
        purse=purse,
        prices=prices,
        free_left=free_left(prices, purse),
        all_free=prices.free == ALL_FREE,
        months=_months(today, statement.month),
        amount=_amount,
    )


async def export(visit: Visit) -> Response:
    """Send the statement of a month as CSV."""
    month = visit.query.get("month", "")[:7]
    statement = await visit.services.operating.billing.statement(visit.account.id, month)
    if isinstance(statement, Refusal):
        return visit.not_found()
    heading = ["day", "mails", "free", "paid", "amount", "currency"]
    rows = _rows(statement, visit.services.settings.billing.currency)
    return visit.csv(f"statement-{statement.month}", heading, rows)


def free_left(prices: Prices, purse: Purse) -> int:
    """Return how many mails still cost nothing because they are the account's first."""
    return max(0, prices.free - purse.free_used)


def _rows(statement: Statement, currency: str) -> list[list[object]]:
    rows = [*statement.days, ("total", statement.total)]
    return [
        [day, one.mails, one.free, one.paid, Decimal(written_amount(one.amount)), currency]
        for day, one in rows
    ]


def _months(today: str, chosen: str) -> Sequence[str]:
    """Return months to choose from, the newest first; the chosen one is among them."""
    year, month = date.fromisoformat(today).year, date.fromisoformat(today).month
    found = []
    for _ in range(MONTHS):
        found.append(f"{year:04}-{month:02}")
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    return found if chosen in found else [chosen, *found]


def _amount(micros: int) -> Decimal:
    return Decimal(micros) / _MICRO
