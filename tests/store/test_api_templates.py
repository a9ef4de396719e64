import base64

import pytest
from tests.support.api_world import api_world, b64

from tayori.config.screening import Review

HTML, TEXT = "<p>Hi {{name}}, 你好</p>", "Hi {{name}}"


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


def content(html=None, text=None):
    parts = {"Html": html, "Text": text}
    return {name: part for name, part in parts.items() if part is not None}


async def test_a_template_from_creation_to_deletion(world):
    made = await world.one.call(
        "CreateEmailTemplate", TemplateName=" 名称 ", TemplateContent=content(b64(HTML), "")
    )
    number = made["TemplateID"]
    assert number > 0
    found = await world.one.call("GetEmailTemplate", TemplateID=number)
    assert found == {
        "TemplateContent": {"Html": b64(HTML), "Text": ""},
        "TemplateStatus": 0,
        "TemplateName": "名称",
    }
    done = await world.one.call(
        "UpdateEmailTemplate",
        TemplateID=number,
        TemplateName="n",
        TemplateContent=content(text=b64(TEXT)),
    )
    assert done == {}
    found = await world.one.call("GetEmailTemplate", TemplateID=number)
    assert base64.b64decode(found["TemplateContent"]["Text"]).decode() == TEXT
    assert found["TemplateContent"]["Html"] == ""
    listed = await world.one.call("ListEmailTemplates", Limit=10, Offset=0)
    assert listed == {
        "TemplatesMetadata": [
            {
                "TemplateID": number,
                "TemplateName": "n",
                "TemplateStatus": 0,
                "CreatedTimestamp": world.clock.now() // 1000,
                "ReviewReason": "",
            }
        ],
        "TotalCount": 1,
    }
    assert await world.one.call("DeleteEmailTemplate", TemplateID=number) == {}
    code = await world.one.refused("GetEmailTemplate", TemplateID=number)
    assert code == "InvalidParameterValue.TemplateNotExist"


async def test_manual_review_and_its_reason(database):
    async with api_world(database, review=Review(mode="manual")) as world:
        number = await world.template(world.one)
        assert (await world.one.call("GetEmailTemplate", TemplateID=number))["TemplateStatus"] == 1
        await world.services.templates.reject(number, "太短")
        row = (await world.one.call("ListEmailTemplates", Limit=1, Offset=0))["TemplatesMetadata"][
            0
        ]
        assert (row["TemplateStatus"], row["ReviewReason"]) == (2, "太短")
        await world.services.templates.approve(number)
        assert (await world.one.call("GetEmailTemplate", TemplateID=number))["TemplateStatus"] == 0
        await world.one.call(
            "UpdateEmailTemplate",
            TemplateID=number,
            TemplateName="n",
            TemplateContent=content(b64(HTML)),
        )
        assert (await world.one.call("GetEmailTemplate", TemplateID=number))["TemplateStatus"] == 1


async def test_pages_until_a_short_one(world):
    numbers = [await world.template(world.one) for _ in range(5)]
    seen: list[int] = []
    while True:
        page = await world.one.call("ListEmailTemplates", Limit=2, Offset=len(seen))
        assert page["TotalCount"] == 5
        seen += [row["TemplateID"] for row in page["TemplatesMetadata"]]
        if len(page["TemplatesMetadata"]) < 2:
            break
    assert seen == numbers[::-1]
    assert (await world.one.call("ListEmailTemplates", Limit=0, Offset=10))[
        "TemplatesMetadata"
    ] == []
    code = await world.one.refused("ListEmailTemplates", Limit=101, Offset=0)
    assert code == "FailedOperation.InvalidLimit"
    assert await world.one.refused("ListEmailTemplates", Limit=1) == "MissingParameter"
    assert (
        await world.one.refused("ListEmailTemplates", Limit=-1, Offset=0) == "InvalidParameterValue"
    )


BAD_CONTENT = (
    ({}, "InvalidParameterValue.TemplateContentIsNULL"),
    (content("", ""), "InvalidParameterValue.TemplateContentIsNULL"),
    (content(b64("  ")), "InvalidParameterValue.TemplateContentIsNULL"),
    (content("<p>no base64</p>"), "InvalidParameterValue.TemplateContentIsWrong"),
    (content(text=b64(b"\xff")), "InvalidParameterValue.TemplateContentIsWrong"),
    (content(b64("a\0b")), "InvalidParameterValue.TemplateContentIsWrong"),
    (content(b64("{{broken")), "InvalidParameterValue.TemplateContentIsWrong"),
    (content(b64("x" * 1_048_577)), "FailedOperation.TemplateContentToolarge"),
)


@pytest.mark.parametrize(("given", "code"), BAD_CONTENT)
async def test_bad_content(world, given, code):
    refused = await world.one.refused(
        "CreateEmailTemplate", TemplateName="t", TemplateContent=given
    )
    assert refused == code
    number = await world.template(world.one)
    refused = await world.one.refused(
        "UpdateEmailTemplate", TemplateID=number, TemplateName="t", TemplateContent=given
    )
    assert refused == code


async def test_bad_names_and_missing_parameters(world):
    number, fine = await world.template(world.one), content(b64(HTML))
    for name, creating, updating in (
        ("", "TemplateNameIllegal", "TemplateNameIsNULL"),
        ("  ", "TemplateNameIllegal", "TemplateNameIsNULL"),
        ("x" * 129, "TemplateNameIllegal", "TemplateNameIllegal"),
        ("a\r\nb", "TemplateNameIllegal", "TemplateNameIllegal"),
        ("a\x7fb", "TemplateNameIllegal", "TemplateNameIllegal"),
    ):
        code = await world.one.refused(
            "CreateEmailTemplate", TemplateName=name, TemplateContent=fine
        )
        assert code == f"InvalidParameterValue.{creating}"
        code = await world.one.refused(
            "UpdateEmailTemplate", TemplateID=number, TemplateName=name, TemplateContent=fine
        )
        assert code == f"InvalidParameterValue.{updating}"
    code = await world.one.refused("CreateEmailTemplate", TemplateName="a\0b", TemplateContent=fine)
    assert code == "InvalidParameterValue"
    assert await world.one.refused("CreateEmailTemplate", TemplateName="t") == "MissingParameter"
    assert await world.one.refused("GetEmailTemplate") == "MissingParameter"


async def test_the_number_of_templates_is_limited(database):
    async with api_world(database, max_templates=1) as world:
        await world.template(world.one)
        code = await world.one.refused(
            "CreateEmailTemplate", TemplateName="t", TemplateContent=content(b64(HTML))
        )
        assert code == "FailedOperation.ExceedTemplateLimit"


async def test_unknown_and_foreign_templates_do_not_exist(world):
    mine = await world.template(world.one)
    for number in (mine, 0, mine + 1, 2**63 - 1):
        for action, more in (
            ("GetEmailTemplate", {}),
            ("DeleteEmailTemplate", {}),
            ("UpdateEmailTemplate", {"TemplateName": "t", "TemplateContent": content(b64(HTML))}),
        ):
            code = await world.two.refused(action, TemplateID=number, **more)
            assert code == "InvalidParameterValue.TemplateNotExist"
    listed = await world.two.call("ListEmailTemplates", Limit=10, Offset=0)
    assert listed == {"TemplatesMetadata": [], "TotalCount": 0}
    assert (await world.one.call("GetEmailTemplate", TemplateID=mine))["TemplateName"] == "t"


async def test_a_refusal_tells_all_its_reasons_in_the_callers_language(database):
    async with api_world(database, review=Review(mode="mixed")) as world:
        bad = content(b64("<p>Flash sale!</p><form></form>"))
        await world.one.call("CreateEmailTemplate", TemplateName="bad", TemplateContent=bad)
        vague = content(b64('<p>Hello {{name}}, <a href="{{link}}">read on</a></p>'))
        await world.one.call("CreateEmailTemplate", TemplateName="vague", TemplateContent=vague)
        await world.one.call(
            "CreateEmailTemplate", TemplateName="good", TemplateContent=content(b64(HTML))
        )
        listed = await world.one.call("ListEmailTemplates", Limit=10, Offset=0)
        rows = {row["TemplateName"]: row for row in listed["TemplatesMetadata"]}
        assert {name: row["TemplateStatus"] for name, row in rows.items()} == {
            "bad": 2,
            "vague": 1,
            "good": 0,
        }
        why = rows["bad"]["ReviewReason"]
        assert "10 characters" in why
        assert "flash sale" in why
        assert "has a form" in why
        assert "{{link}}" in rows["vague"]["ReviewReason"]
        assert rows["good"]["ReviewReason"] == ""
        world.one.speak("zh-CN")
        listed = await world.one.call("ListEmailTemplates", Limit=10, Offset=0)
        assert "秒杀" in next(
            row["ReviewReason"]
            for row in listed["TemplatesMetadata"]
            if row["TemplateName"] == "bad"
        )
        mended = {"TemplateID": rows["bad"]["TemplateID"], "TemplateName": "bad"}
        await world.one.call("UpdateEmailTemplate", **mended, TemplateContent=content(b64(HTML)))
        found = await world.one.call("GetEmailTemplate", TemplateID=mended["TemplateID"])
        assert found["TemplateStatus"] == 0
