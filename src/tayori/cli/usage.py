"""`tayori usage` and `tayori account credit`: what accounts used, what it costs, what they paid."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Annotated

import typer

from tayori.app.billing import build_desk
from tayori.app.parts import Parts
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, account_named, done, run
from tayori.cli.options import AsCsv, AsJson, ConfigFile
from tayori.cli.output import show, show_csv, show_one
from tayori.config.money import read_amount, written_amount
from tayori.tenants.billing.model import Statement, Usage

Which = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id, AppId or name.")]
Month = Annotated[str, typer.Option("--month", help="Such as 2026-11; the current one by itself.")]
Note = Annotated[str, typer.Option("--note", help="What it is for; shown in the statement.")]
TOTAL = "total"


def usage(
    account: Which,
    *,
    month: Month = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show an account's statement of a month: its mails day by day, and what they cost."""

    async def work(parts: Parts) -> tuple[dict[str, object], list[dict[str, object]]]:
        found = await account_named(parts, account)
        statement = done(await build_desk(parts).statement(found.id, month))
        head = {"account_id": found.id, "name": found.name}
        currency = parts.settings.billing.currency
        return head | _whole(statement, currency, parts.zone), _days(statement, currency)

    whole, days = run(config, work)
    if as_json:
        show_one(whole, as_json=True)
    elif as_csv:
        show_csv(days)
    else:
        show(days, as_json=False)
        print(f"\nBalance: {whole['balance']} {whole['currency']}")


def credit(
    account: Which,
    amount: Annotated[str, typer.Argument(help="Such as 100 or 12.50; -5 takes it back.")],
    *,
    note: Note = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Put money on an account's balance; a negative amount takes it back."""

    async def work(parts: Parts) -> dict[str, object]:
        found = await account_named(parts, account)
        micros = read_amount(amount)
        if micros is None:
            raise CommandError(f"{amount!r} is no amount; write 100 or 12.50.")
        balance = done(await build_desk(parts).add_credit(found.id, micros, note))
        return {
            "account_id": found.id,
            "amount": written_amount(micros),
            "balance": written_amount(balance),
            "currency": parts.settings.billing.currency,
        }

    show_one(run(config, work), as_json=as_json)


def _whole(statement: Statement, currency: str, zone: tzinfo) -> dict[str, object]:
    credits_: Sequence[Mapping[str, object]] = [
        {"at": instant(one.at, zone), "amount": written_amount(one.amount), "note": one.note}
        for one in statement.credits
    ]
    return {
        "month": statement.month,
        "currency": currency,
        **_counts(statement.total),
        "balance": written_amount(statement.balance),
        "credits": credits_,
        "days": [{"day": day, **_counts(one)} for day, one in statement.days],
    }


def _days(statement: Statement, currency: str) -> list[dict[str, object]]:
    rows = [*statement.days, (TOTAL, statement.total)]
    return [{"day": day, **_counts(one), "currency": currency} for day, one in rows]


def _counts(one: Usage) -> dict[str, object]:
    return {
        "mails": one.mails,
        "free": one.free,
        "paid": one.paid,
        "amount": written_amount(one.amount),
    }
