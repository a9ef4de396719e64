import pytest
from tests.support.api_world import api_world

DOMAIN = "mail.example.test"
NEWS = f"news@{DOMAIN}"


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        await made.ready(made.one, DOMAIN)
        yield made


def config(choice="7", status=1, address=NEWS):
    return {"Address": address, "UnsubscribeConfig": choice, "Status": status}


async def listed(client, **page):
    found = await client.call("ListAddressUnsubscribeConfig", **page)
    rows = found["AddressUnsubscribeConfigList"]
    return [(r["Address"], r["UnsubscribeConfig"], r["Status"]) for r in rows], found["Total"]


async def test_a_setting_is_made_changed_listed_and_deleted(world):
    assert await world.one.call("CreateAddressUnsubscribeConfig", **config()) == {}
    assert await listed(world.one) == ([(NEWS, "7", 1)], 1)
    again = await world.one.refused("CreateAddressUnsubscribeConfig", **config())
    assert again == "ResourceInUse"
    changed = config("0", 0, "News@Mail.Example.test")
    assert await world.one.call("UpdateAddressUnsubscribeConfig", **changed) == {}
    assert await listed(world.one, Offset=0, Limit="100") == ([(NEWS, "0", 0)], 1)
    assert await listed(world.one, Offset=1) == ([], 1)
    assert await listed(world.two) == ([], 0)
    gone = await world.two.refused("DeleteAddressUnsubscribeConfig", Address=NEWS)
    assert gone == "ResourceNotFound"
    assert await world.one.call("DeleteAddressUnsubscribeConfig", Address=NEWS) == {}
    assert await listed(world.one) == ([], 0)


async def test_what_is_refused(world):
    for action in ("CreateAddressUnsubscribeConfig", "UpdateAddressUnsubscribeConfig"):
        for parameters, code in (
            (config("13"), "InvalidParameterValue"),
            (config(""), "InvalidParameterValue"),
            (config(status=2), "InvalidParameter"),
            (config(address=f"nobody@{DOMAIN}"), "InvalidParameterValue.NoSuchSender"),
        ):
            assert await world.one.refused(action, **parameters) == code
        assert await world.two.refused(action, **config()) == "InvalidParameterValue.NoSuchSender"
    assert await world.one.refused("UpdateAddressUnsubscribeConfig", **config()) == (
        "ResourceNotFound"
    )
    assert await world.one.refused("DeleteAddressUnsubscribeConfig") == "MissingParameter"
    for limit, code in (
        ("101", "FailedOperation.InvalidLimit"),
        ("many", "InvalidParameterValue"),
        ("", "InvalidParameterValue"),
        ("9" * 30, "InvalidParameterValue"),
    ):
        assert await world.one.refused("ListAddressUnsubscribeConfig", Limit=limit) == code
