import pytest
from tests.support.api_world import api_world

from tayori.runtime.clock import DAY, day_of
from tayori.suppress.model import Blocked
from tayori.suppress.store import block

BAD_DATES = ("", "2026-1-1", "2026-13-01", "tomorrow", "0000-00-00", "9999-12-31")


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


def today(world, days=0):
    return day_of(world.clock.now() + days * DAY, world.services.zone)


async def put(world, client, *addresses):
    now = world.clock.now()
    async with world.database.write() as transaction:
        await block(
            transaction,
            [
                Blocked(
                    address=address,
                    account_id=client.account.id,
                    at=now,
                    expires_at=now + 14 * DAY,
                    reason="550 5.1.1 no such user",
                )
                for address in addresses
            ],
        )


async def test_an_account_lists_and_removes_what_its_own_mail_blocked(world):
    await put(world, world.one, "a@x.test", "b@x.test")
    await put(world, world.two, "c@x.test")
    page = {"StartDate": today(world), "EndDate": today(world), "Limit": 1, "Offset": 1}
    found = await world.one.call("ListBlackEmailAddress", **page)
    assert found["TotalCount"] == 2
    (entry,) = found["BlackList"]
    assert entry["EmailAddress"] == "b@x.test"
    assert entry["IspDesc"] == "550 5.1.1 no such user"
    assert entry["BounceTime"].startswith(today(world))
    named = await world.one.call("ListBlackEmailAddress", **page, EmailAddress="c@x.test")
    assert named == {"BlackList": [], "TotalCount": 0}
    everything = {"EmailAddressList": ["A@x.test", "c@x.test"]}
    assert await world.one.call("DeleteBlackList", **everything) == {}
    whole = page | {"Offset": 0, "Limit": 100}
    assert (await world.one.call("ListBlackEmailAddress", **whole))["TotalCount"] == 1
    assert (await world.two.call("ListBlackEmailAddress", **whole))["TotalCount"] == 1
    earlier = whole | {"StartDate": today(world, -2), "EndDate": today(world, -1)}
    assert (await world.one.call("ListBlackEmailAddress", **earlier))["TotalCount"] == 0


async def test_wrong_days_pages_and_empty_lists_are_refused(world):
    page = {"StartDate": today(world), "EndDate": today(world), "Limit": 10, "Offset": 0}
    for text in BAD_DATES:
        for name in ("StartDate", "EndDate"):
            code = await world.one.refused("ListBlackEmailAddress", **page | {name: text})
            assert code == "InvalidParameterValue.WrongDate"
        if text:
            code = await world.one.refused(
                "CreateCustomBlacklist", Emails=["a@x.test"], ExpireDate=text
            )
            assert code == "InvalidParameterValue.WrongDate"
    backwards = page | {"StartDate": today(world, 1)}
    code = await world.one.refused("ListBlackEmailAddress", **backwards)
    assert code == "InvalidParameterValue.WrongDate"
    large = page | {"Limit": 101}
    assert await world.one.refused("ListBlackEmailAddress", **large) == (
        "FailedOperation.InvalidLimit"
    )
    large = {"Offset": 0, "Limit": 101, "Status": 2}
    assert await world.one.refused("ListCustomBlacklist", **large) == (
        "FailedOperation.InvalidLimit"
    )
    for action in ("CreateCustomBlacklist", "DeleteCustomBlackList"):
        code = await world.one.refused(action, Emails=[])
        assert code == "MissingParameter.EmailsNecessary"
        code = await world.one.refused(action, Emails=["a@x.test"] * 20_001)
        assert code == "LimitExceeded.ReceiverDetailRequestLimit"


async def test_the_own_list_is_filled_listed_changed_and_emptied(world):
    made = await world.one.call(
        "CreateCustomBlacklist", Emails=["a@x.test", "A@X.test", "no address"]
    )
    assert made == {
        "TotalCount": 3,
        "ValidCount": 1,
        "TooLongCount": 0,
        "RepeatCount": 1,
        "InvalidCount": 1,
    }
    long = await world.one.call(
        "CreateCustomBlacklist",
        Emails=[f"{'l' * 250}@x.test", "b@x.test"],
        ExpireDate=today(world, -1),
    )
    assert (long["TooLongCount"], long["ValidCount"]) == (1, 1)
    every = {"Offset": 0, "Limit": 100, "Status": 2}
    found = await world.one.call("ListCustomBlacklist", **every)
    assert found["TotalCount"] == 2
    shown = [(e["Email"], e["ExpireDate"], e["Status"]) for e in found["Data"]]
    assert shown == [("b@x.test", today(world, -1), 0), ("a@x.test", "", 1)]
    for status, left in ((0, ["b@x.test"]), (1, ["a@x.test"])):
        page = await world.one.call("ListCustomBlacklist", **every | {"Status": status})
        assert [entry["Email"] for entry in page["Data"]] == left
    number = found["Data"][0]["Id"]
    for client, email, code in (
        (world.two, "z@x.test", "ResourceNotFound"),
        (world.one, "a@x.test", "ResourceInUse"),
        (world.one, "no address", "InvalidParameterValue.IllegalEmailAddress"),
    ):
        assert await client.refused("UpdateCustomBlackList", Id=number, Email=email) == code
    assert await world.one.call("UpdateCustomBlackList", Id=number, Email="n@x.test") == {}
    assert await world.two.call("DeleteCustomBlackList", Emails=["n@x.test"]) == {}
    assert await world.one.call("DeleteCustomBlackList", Emails=["A@x.test"]) == {}
    left = await world.one.call("ListCustomBlacklist", **every | {"Email": "N@x.test"})
    assert [entry["Email"] for entry in left["Data"]] == ["n@x.test"]


async def test_a_mail_to_a_listed_address_is_refused(world):
    number = await world.ready(world.one)
    await world.one.call("CreateCustomBlacklist", Emails=["a@x.test"])
    code = await world.one.refused(
        "SendEmail",
        FromEmailAddress="news@mail.example.test",
        Destination=["a@x.test"],
        Subject="Hi",
        Template={"TemplateID": number, "TemplateData": '{"name": "A"}'},
    )
    assert code == "FailedOperation.EmailAddrInBlacklist"
