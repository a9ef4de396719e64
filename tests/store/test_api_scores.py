"""The quality score by the API: of templates, of mails, and of one-time addresses."""

import base64

import pytest
from tests.support.api_world import api_world, b64

from tayori.screen.model import Business
from tayori.screen.score.address import MailScore
from tayori.screen.score.address_store import ScoreAddressStore, keep_score
from tayori.screen.score.model import Check, Loss, Score

TEXT = "Dear {{name}}, the general meeting takes place on Thursday at seven in the hall below."
HTML = "<p>Dear {{name}}, the general meeting takes place on Thursday at seven in the hall.</p>"


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


async def template(world, html=HTML, text=TEXT):
    content = {"Html": b64(html), "Text": b64(text)}
    made = await world.one.call("CreateEmailTemplate", TemplateName="m", TemplateContent=content)
    return made["TemplateID"]


async def test_a_template_is_scored_as_it_is_and_with_values(world):
    number = await template(world)
    plain = await world.one.call("ScoreEmailTemplate", TemplateID=number)
    assert (plain["Score"], plain["Recommended"], plain["Losses"]) == (10.0, 8.0, [])
    link = '{"name":"www.bank.example https://bit.ly/x1"}'
    filled = await world.one.call("ScoreEmailTemplate", TemplateID=number, TemplateData=link)
    assert [one["Check"] for one in filled["Losses"]] == ["shortened_link"]
    assert filled["Losses"][0]["Mend"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("[]", "FailedOperation.WrongContentJson"),
        ("{}", "FailedOperation.WrongContentJson"),
    ],
)
async def test_values_that_do_not_fit_are_refused(world, data, code):
    number = await template(world)
    assert (
        await world.one.refused("ScoreEmailTemplate", TemplateID=number, TemplateData=data) == code
    )


async def test_another_accounts_template_is_none(world):
    number = await template(world)
    code = await world.two.refused("ScoreEmailTemplate", TemplateID=number)
    assert code == "InvalidParameterValue.TemplateNotExist"


async def test_a_mail_is_scored_with_what_the_dns_says(world):
    raw = b"From: a@unknown.test\r\nTo: b@c.test\r\nSubject: Minutes\r\n\r\n" + TEXT.encode()
    answer = await world.one.call("ScoreEmail", Content=base64.b64encode(raw).decode())
    found = {one["Check"] for one in answer["Losses"]}
    assert {"no_dkim", "spf_missing", "dmarc_missing", "date_missing"} <= found
    assert answer["Score"] == round(10 - sum(one["Points"] for one in answer["Losses"]), 1)


@pytest.mark.parametrize("content", ["", "%%%", "Zg", "\u00e9"])
async def test_what_is_no_base64_is_refused(world, content):
    code = await world.one.refused("ScoreEmail", Content=content)
    assert code == "InvalidParameterValue.EmailContentIsWrong"


async def test_an_address_is_made_and_tells_its_score_in_the_language_of_the_call(world):
    made = await world.one.call("CreateScoreAddress")
    assert (made["Status"], made["Result"], made["Address"][:6]) == (0, None, "score-")
    score = MailScore(
        scored_at=world.clock.now(),
        score=Score(9.0, (Loss(Check.NO_TLS),)),
        business=Business.NOTICE,
        header_from="Club <a@b.test>",
        subject="Minutes",
        facts={"tls": "none"},
    )
    async with world.database.write() as transaction:
        assert await keep_score(transaction, made["ScoreId"], score)
        assert not await keep_score(transaction, made["ScoreId"], score)
    found = await world.one.call("GetScoreAddress", ScoreId=made["ScoreId"])
    assert (found["Status"], found["Subject"], found["MailFrom"]) == (
        1,
        "Minutes",
        "Club <a@b.test>",
    )
    assert found["Facts"] == [{"Name": "tls", "Value": "none"}]
    assert (found["Result"]["Score"], found["Result"]["Losses"][0]["Check"]) == (9.0, "no_tls")
    code = await world.two.refused("GetScoreAddress", ScoreId=made["ScoreId"])
    assert code == "ResourceNotFound"
    kept = await ScoreAddressStore(world.database).by_id(made["ScoreId"])
    assert kept.account_id == world.one.account.id
