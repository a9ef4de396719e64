"""The SQL of meters, purses and credits, each statement by name."""

from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from tayori.db.statement import Statement, among, by_dialect
from tayori.db.tables.billing import credit, meter_day, purse

_day, _purse = meter_day.c, purse.c
_COUNTS = ("mails", "free", "amount")


def _counted(build: Any) -> Any:
    added = build(meter_day).values({c.name: bindparam(c.name) for c in meter_day.c})
    sums = {name: _day[name] + added.excluded[name] for name in _COUNTS}
    return added.on_conflict_do_update(index_elements=["account_id", "day"], set_=sums)


def _opened(build: Any) -> Any:
    empty = {"account_id": bindparam("account_id"), "month": ""}
    zeros = dict.fromkeys(("free_used", "month_paid", "balance"), 0)
    return build(purse).values(empty | zeros).on_conflict_do_nothing()


COUNT = Statement(
    by_dialect(sqlite=_counted(sqlite_insert), postgresql=_counted(postgresql_insert))
)
OPEN = Statement(by_dialect(sqlite=_opened(sqlite_insert), postgresql=_opened(postgresql_insert)))
LOCK = Statement(
    select(purse)
    .where(among(_purse.account_id, "accounts"))
    .order_by(_purse.account_id)
    .with_for_update()
)
STORE = Statement(
    update(purse)
    .where(_purse.account_id == bindparam("of_account"))
    .values({name: bindparam(f"to_{name}") for name in ("free_used", "month", "month_paid")})
    .values(balance=bindparam("to_balance"))
)
LOCK_DAYS = Statement(
    select(meter_day)
    .where(among(_day.account_id, "accounts"))
    .where(among(_day.day, "days"))
    .order_by(_day.account_id, _day.day)
    .with_for_update()
)
LOWER = Statement(
    update(meter_day)
    .where(_day.account_id == bindparam("of_account"))
    .where(_day.day == bindparam("of_day"))
    .values({name: _day[name] - bindparam(f"less_{name}") for name in _COUNTS})
)
PAY = Statement(
    update(purse)
    .where(_purse.account_id == bindparam("of_account"))
    .values(balance=_purse.balance + bindparam("more"))
)
MONTH = Statement(
    select(meter_day)
    .where(_day.account_id == bindparam("account"))
    .where(_day.day >= bindparam("first"))
    .where(_day.day <= bindparam("last"))
    .order_by(_day.day)
)
INSERT_CREDIT = Statement(
    insert(credit)
    .values({c.name: bindparam(c.name) for c in credit.c if c.name != "id"})
    .returning(credit.c.id)
)
CREDITS = Statement(
    select(credit)
    .where(credit.c.account_id == bindparam("account"))
    .where(credit.c.at >= bindparam("begins_at"))
    .where(credit.c.at < bindparam("ends_at"))
    .order_by(credit.c.at, credit.c.id)
)
PURSE = Statement(select(purse).where(_purse.account_id == bindparam("account")))
BALANCE = Statement(select(_purse.balance).where(_purse.account_id == bindparam("account")))
