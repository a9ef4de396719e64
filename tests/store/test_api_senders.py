import pytest
from tests.support.api_world import api_world

DOMAIN = "mail.example.test"
NEWS = f"news@{DOMAIN}"


@pytest.fixture
async def world(database):
    async with api_world(database, max_senders_per_domain=2) as made:
        yield made


async def test_a_sender_is_made_listed_and_deleted(world):
    await world.verified(world.one, DOMAIN)
    done = await world.one.call(
        "CreateEmailAddress", EmailAddress="News@Mail.Example.test", EmailSenderName="腾讯云 通知"
    )
    assert done == {}
    await world.one.call("CreateEmailAddress", EmailAddress=f"b@{DOMAIN}")
    found = (await world.one.call("ListEmailAddress"))["EmailSenders"]
    assert found == [
        {
            "EmailAddress": address,
            "EmailSenderName": name,
            "CreatedTimestamp": world.clock.now() // 1000,
            "SmtpPwdType": 0,
        }
        for address, name in ((f"b@{DOMAIN}", ""), (NEWS, "腾讯云 通知"))
    ]
    await world.services.senders.set_smtp_password(world.one.account.id, NEWS, "Aa1Bb2Cc3Dd4")
    found = (await world.one.call("ListEmailAddress"))["EmailSenders"]
    assert [sender["SmtpPwdType"] for sender in found] == [0, 1]
    assert await world.one.call("DeleteEmailAddress", EmailAddress=NEWS) == {}
    assert len((await world.one.call("ListEmailAddress"))["EmailSenders"]) == 1
    gone = await world.one.refused("DeleteEmailAddress", EmailAddress=NEWS)
    assert gone == "InvalidParameterValue.NoSuchSender"


async def test_what_is_refused(world):
    await world.one.call("CreateEmailIdentity", EmailIdentity="pending.example.test")
    await world.verified(world.one, DOMAIN)
    await world.one.call("CreateEmailAddress", EmailAddress=NEWS)
    for parameters, code in (
        ({}, "MissingParameter"),
        ({"EmailAddress": ""}, "InvalidParameterValue.IllegalEmailAddress"),
        ({"EmailAddress": "no address"}, "InvalidParameterValue.IllegalEmailAddress"),
        (
            {"EmailAddress": f"a@{DOMAIN}\r\nBcc: b@x.test"},
            "InvalidParameterValue.IllegalEmailAddress",
        ),
        ({"EmailAddress": f"A <a@{DOMAIN}>"}, "InvalidParameterValue.IllegalEmailAddress"),
        ({"EmailAddress": f"ü@{DOMAIN}"}, "InvalidParameterValue.IllegalEmailAddress"),
        ({"EmailAddress": f"a\0@{DOMAIN}"}, "InvalidParameterValue"),
        (
            {"EmailAddress": f"a@{DOMAIN}", "EmailSenderName": "A\r\nBcc: b@x.test"},
            "InvalidParameterValue.IllegalSenderName",
        ),
        (
            {"EmailAddress": f"a@{DOMAIN}", "EmailSenderName": "x" * 257},
            "InvalidParameterValue.IllegalSenderName",
        ),
        ({"EmailAddress": NEWS}, "InvalidParameterValue.RepeatEmailAddress"),
        ({"EmailAddress": "a@pending.example.test"}, "OperationDenied.DomainNotVerified"),
        ({"EmailAddress": "a@nobody.test"}, "OperationDenied.DomainNotVerified"),
    ):
        assert await world.one.refused("CreateEmailAddress", **parameters) == code, parameters
    await world.one.call("CreateEmailAddress", EmailAddress=f"b@{DOMAIN}")
    code = await world.one.refused("CreateEmailAddress", EmailAddress=f"c@{DOMAIN}")
    assert code == "OperationDenied.ExceedSenderLimit"


async def test_senders_of_another_account_do_not_exist(world):
    await world.ready(world.one)
    assert (await world.two.call("ListEmailAddress"))["EmailSenders"] == []
    for address in (NEWS, "nobody@nowhere.test", "", "no address", f"{NEWS}\r\n"):
        code = await world.two.refused("DeleteEmailAddress", EmailAddress=address)
        assert code == "InvalidParameterValue.NoSuchSender"
    for address in (NEWS, f"other@{DOMAIN}"):
        code = await world.two.refused("CreateEmailAddress", EmailAddress=address)
        assert code == "OperationDenied.DomainNotVerified"
    assert len((await world.one.call("ListEmailAddress"))["EmailSenders"]) == 1
