"""`tayori usage` and `tayori account credit` on both databases."""

import asyncio
import csv
import io

import pytest

from tayori.tenants.billing.model import Usage
from tayori.tenants.billing.store import count_usage


@pytest.fixture
async def account(database, tayori):
    made = await asyncio.to_thread(tayori.json, "account", "create", "shop")
    number = made["account_id"]
    used = {
        (number, "2026-10-31"): Usage(5, 0, 9_500),
        (number, "2026-11-01"): Usage(1_200, 1_000, 380_000),
        (number, "2026-11-30"): Usage(3, 0, 5_700),
        (number, "2026-12-01"): Usage(9),
    }
    async with database.write() as transaction:
        await count_usage(transaction, used)
    return number


async def test_a_month_is_stated_as_table_json_and_csv(tayori, account):
    await asyncio.to_thread(tayori.json, "account", "credit", "shop", "12.50", "--note", "cheque")
    words = ("usage", "shop", "--month", "2026-11")
    found = await asyncio.to_thread(tayori.json, *words)
    assert (found["account_id"], found["month"], found["currency"]) == (account, "2026-11", "CNY")
    total = {name: found[name] for name in ("mails", "free", "paid", "amount")}
    assert total == {"mails": 1_203, "free": 1_000, "paid": 203, "amount": "0.3857"}
    assert [row["day"] for row in found["days"]] == ["2026-11-01", "2026-11-30"]
    assert found["balance"] == "12.50"
    done = await asyncio.to_thread(tayori.run, *words, "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["day"], row["mails"], row["amount"]) for row in rows] == [
        ("2026-11-01", "1200", "0.38"),
        ("2026-11-30", "3", "0.0057"),
        ("total", "1203", "0.3857"),
    ]
    lines = await asyncio.to_thread(tayori.table, *words)
    assert lines[-1] == "Balance: 12.50 CNY"


async def test_credits_are_put_on_taken_back_and_refused(tayori, account):
    made = await asyncio.to_thread(tayori.json, "account", "credit", str(account), "10")
    assert (made["amount"], made["balance"]) == ("10.00", "10.00")
    made = await asyncio.to_thread(tayori.json, "account", "credit", "shop", "-2.5")
    assert made["balance"] == "7.50"
    for amount, said in (("ten", "'ten' is no amount"), ("0", "A credit is not 0")):
        assert said in await asyncio.to_thread(
            tayori.complaint, "account", "credit", "shop", amount
        )
    said = await asyncio.to_thread(tayori.complaint, "usage", "shop", "--month", "2026-13")
    assert "'2026-13' is no month" in said
    assert "nobody" in await asyncio.to_thread(tayori.complaint, "usage", "nobody")
