"""`tayori level` and `tayori plan` beside a running installation's database."""

from tests.support.virtual_domain import store_domain

from tayori.runtime.clock import SystemClock

DOMAIN = "mail.shop.test"


async def test_an_operator_looks_at_a_domain_and_decides(database, tayori):
    await store_domain(database, DOMAIN, SystemClock().now())
    (listed,) = tayori.json("level", "list", "--account", "shop")
    assert (listed["domain"], listed["level"], listed["per_day"], listed["used"]) == (
        *(DOMAIN, 1, 500),
        0,
    )
    forbidden = tayori.json("level", "set", DOMAIN, "0", "--reason", "Phishing.")
    assert (forbidden["level"], forbidden["per_day"]) == (0, 0)
    assert "level 0" in tayori.complaint("plan", "--domain", DOMAIN, "--recipients", "9")
    assert tayori.json("level", "unblock", DOMAIN, "--reason", "Mended.")["level"] == 1
    complaint = tayori.complaint("level", "unblock", DOMAIN, "--reason", "Again.")
    assert "is not stopped" in complaint
    shown = tayori.json("level", "show", "MAIL.shop.test")
    assert [(c["change"], c["from"], c["to"], c["by"]) for c in shown["changes"]] == [
        ("unblocked", 0, 1, "operator"),
        ("set", 1, 0, "operator"),
    ]
    assert {(rate["rate"], rate["follows"], rate["limit"]) for rate in shown["rates"]} >= {
        ("rejected", "stop", 0.08),
        ("rejected", "warning", 0.05),
        ("opened", "warning", 0.5),
    }
    assert "No account has" in tayori.complaint("level", "show", "nobody.test")


async def test_a_plan_is_a_table_and_a_list(database, tayori):
    await store_domain(database, DOMAIN, SystemClock().now(), level=20)
    plan = tayori.json("plan", "--domain", DOMAIN, "--recipients", "90000")
    assert plan["days"][-1]["total"] == 90_000
    assert (plan["days"][0]["level"], plan["days"][0]["per_day"]) == (20, 1_000_000)
    lines = tayori.table("plan", "--domain", DOMAIN, "--recipients", "100")
    assert lines[0].split()[:3] == ["day", "level", "level_after"]
    assert lines[-1].startswith("Finished: 2")
    assert "1 to 10000000" in tayori.complaint(
        "plan", "--domain", DOMAIN, "--recipients", "99999999"
    )
