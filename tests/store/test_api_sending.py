import json

import pytest
from tests.support.api_world import World, api_world, b64

from tayori.compose.model import decode_recipe
from tayori.config.screening import Review
from tayori.queue.model import Priority, Role
from tayori.tenants.model import Permission

DOMAIN = "mail.example.test"
NEWS = f"news@{DOMAIN}"
LINE_BREAKS = ("\r\nBcc: spy@x.test", "\nX: y", "\rX", "\u2028X", "\x85X")


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


@pytest.fixture
async def mail(world):
    return mail_of(await world.ready(world.one))


def mail_of(template):
    return {
        "FromEmailAddress": NEWS,
        "Subject": "Hi {{name}}",
        "Destination": ["a@x.test"],
        "Template": {"TemplateID": template, "TemplateData": '{"name":"Ann"}'},
    }


def simple(**parts):
    return {
        "FromEmailAddress": NEWS,
        "Subject": "Hi",
        "Destination": ["a@x.test"],
        "Simple": parts or {"Html": b64("<p>你好</p>"), "Text": ""},
    }


def file(name="a.pdf", content=None, **more):
    return {"FileName": name, "Content": b64(b"%PDF") if content is None else content, **more}


async def sent(world: World, mail):
    answer = await world.one.call("SendEmail", **mail)
    assert set(answer) == {"MessageId"}
    now = world.clock.now()
    leased = await world.services.queue.lease("d", now, now + 1, 100)
    recipes = await world.services.queue.recipes([leased[0].message_id])
    recipe = decode_recipe(recipes[leased[0].message_id])
    assert recipe.public_id == answer["MessageId"]
    return leased, recipe


async def may_simple(world: World):
    await world.accounts.grant(world.one.account.id, Permission.API_SIMPLE)


async def test_a_template_mail_with_everything_it_can_have(world, mail):
    mail |= {
        "FromEmailAddress": f"腾讯云 <{NEWS}>",
        "Destination": ["a@x.test", "B B <b@X.test>", "a@x.test"],
        "Cc": ["c@x.test", "a@x.test"],
        "Bcc": ["d@x.test", "c@x.test"],
        "ReplyToAddresses": "Help <help@elsewhere.test>",
        "Attachments": [file("报告.pdf", b64(b"%PDF-1")), file("empty.txt", "")],
        "Unsubscribe": "12",
        "TriggerType": 1,
        "SmtpMessageId": "<own-id@example.test>",
        "SmtpHeaders": json.dumps({"X-Tencentcloudses-Cb-Kind": "code", "X-Number": 7}),
        "HeaderFrom": f"Shown <shown@{DOMAIN}>",
    }
    leased, recipe = await sent(world, mail)
    assert [(item.address, item.role) for item in leased] == [
        ("a@x.test", Role.TO),
        ("b@x.test", Role.TO),
        ("c@x.test", Role.CC),
        ("d@x.test", Role.BCC),
    ]
    assert {item.priority for item in leased} == {Priority.TRIGGER}
    assert recipe.rfc_message_id == "<own-id@example.test>"
    assert (recipe.header_from.address, recipe.header_from.display_name) == (
        f"shown@{DOMAIN}",
        "Shown",
    )
    assert [box.address for box in recipe.reply_to] == ["help@elsewhere.test"]
    assert [(a.file_name, a.content) for a in recipe.attachments] == [
        ("报告.pdf", b"%PDF-1"),
        ("empty.txt", b""),
    ]
    assert recipe.headers == (("X-Tencentcloudses-Cb-Kind", "code"), ("X-Number", "7"))
    assert recipe.values == {"name": "Ann"}
    assert recipe.to[1].display_name == "B B"


@pytest.mark.parametrize("parts", [{"Html": b64("<p>x</p>"), "Text": ""}, {"Text": b64("x")}])
async def test_own_content_by_permission(world, parts):
    await world.ready(world.one)
    assert (
        await world.one.refused("SendEmail", **simple(**parts))
        == "FailedOperation.WithOutPermission"
    )
    await may_simple(world)
    _, recipe = await sent(world, simple(**parts))
    assert (recipe.template, bool(recipe.html)) == (None, "Html" in parts)


@pytest.mark.parametrize(
    "sender", [f"A <{NEWS}>", f"A<{NEWS}>", f'"A, B" <{NEWS}>', f"<{NEWS}>", NEWS.upper()]
)
async def test_forms_of_the_sender(world, mail, sender):
    leased, _ = await sent(world, mail | {"FromEmailAddress": sender})
    assert len(leased) == 1


async def test_hidden_recipients_alone_are_enough(world, mail):
    del mail["Destination"]
    leased, recipe = await sent(world, mail | {"Bcc": ["a@x.test"]})
    assert (leased[0].role, recipe.to) == (Role.BCC, ())


@pytest.mark.parametrize(
    ("data", "values"),
    [
        ('{"name":10}', {"name": "10"}),
        ('{"name": 1.10, "on": true}', {"name": "1.10", "on": "true"}),
        ('{"name":"a","gone":null}', {"name": "a"}),
        ('{"name":"<b>&"}', {"name": "<b>&"}),
        ('{"name":"é 你"}', {"name": "é 你"}),
    ],
)
async def test_values_of_a_template(world, mail, data, values):
    mail["Template"]["TemplateData"] = data
    assert (await sent(world, mail))[1].values == values


@pytest.mark.parametrize(
    "data",
    [
        "",
        "no json",
        "[]",
        '"x"',
        "null",
        '{"name":{}}',
        '{"name":[1]}',
        '{"name":"a\\u0000b"}',
        '{"name":"a\\u001bb"}',
        '{"name":"\\ud800"}',
        "{" * 5000,
    ],
)
async def test_bad_template_data(world, mail, data):
    mail["Template"]["TemplateData"] = data
    assert await world.one.refused("SendEmail", **mail) == "FailedOperation.WrongContentJson"


async def test_a_missing_variable_is_named(world, mail):
    for data in ("{}", '{"name":null}', '{"other":"x"}'):
        mail["Template"]["TemplateData"] = data
        code = await world.one.refused("SendEmail", **mail)
        assert code == "InvalidParameterValue.TemplateNotMatchData"
    mail["Template"]["TemplateData"] = '{"name":"x"}'
    code = await world.one.refused("SendEmail", **(mail | {"Subject": "{{who}}"}))
    assert code == "InvalidParameterValue.TemplateNotMatchData"


async def test_templates_that_cannot_be_sent(database):
    async with api_world(database, review=Review(mode="manual")) as world:
        mail = mail_of(await world.ready(world.one))
        number = mail["Template"]["TemplateID"]
        assert await world.one.refused("SendEmail", **mail) == "FailedOperation.InvalidTemplateID"
        await world.services.templates.approve(number)
        await world.one.call("SendEmail", **mail)
        await world.services.templates.reject(number, "no")
        assert await world.one.refused("SendEmail", **mail) == "FailedOperation.InvalidTemplateID"
        for unknown in (0, number + 1, 2**63 - 1):
            mail["Template"]["TemplateID"] = unknown
            assert (
                await world.one.refused("SendEmail", **mail) == "FailedOperation.InvalidTemplateID"
            )


async def test_senders_that_may_not_send(world, mail):
    await world.one.call("CreateEmailIdentity", EmailIdentity="pending.example.test")
    for sender, code in (
        (f"nobody@{DOMAIN}", "FailedOperation.IncorrectSender"),
        ("a@foreign.test", "FailedOperation.IncorrectSender"),
        ("a@pending.example.test", "FailedOperation.NotAuthenticatedSender"),
        ("no address", "FailedOperation.IncorrectSender"),
        ("", "FailedOperation.IncorrectSender"),
        (f"{NEWS}, b@{DOMAIN}", "FailedOperation.IncorrectSender"),
    ):
        assert await world.one.refused("SendEmail", **(mail | {"FromEmailAddress": sender})) == code


async def test_recipients_that_are_refused(world, mail):
    many = [f"u{number}@x.test" for number in range(51)]
    for changes, code in (
        ({"Destination": []}, "InvalidParameterValue.EmailAddressIsNULL"),
        ({"Destination": [""]}, "InvalidParameterValue.EmailAddressIsNULL"),
        ({"Destination": ["a@x.test", "no address"]}, "FailedOperation.IncorrectEmail"),
        ({"Destination": ["a@x.test,b@x.test"]}, "FailedOperation.IncorrectEmail"),
        ({"Cc": ["a@[192.0.2.1]"]}, "FailedOperation.IncorrectEmail"),
        ({"Bcc": ["a@localhost"]}, "FailedOperation.IncorrectEmail"),
        ({"ReplyToAddresses": "no address"}, "FailedOperation.IncorrectEmail"),
        ({"Destination": many}, "FailedOperation.TooManyRecipients"),
        ({"Cc": many[:21]}, "FailedOperation.TooManyRecipients"),
        ({"Bcc": many[:21]}, "FailedOperation.TooManyRecipients"),
        ({"Bcc": ["A <a@X.test>"]}, "InvalidParameterValue.ReceiverEmailInvalid"),
    ):
        assert await world.one.refused("SendEmail", **(mail | changes)) == code, changes
    leased, _ = await sent(world, mail | {"Destination": many[:50], "Cc": many[:20]})
    assert len(leased) == 50


async def test_content_that_is_refused(world, mail):
    await may_simple(world)
    large = b64("x" * (4 * 1024 * 1024 + 1))
    for changes, code in (
        ({"Simple": {"Html": "<p>"}}, "InvalidParameterValue.EmailContentIsWrong"),
        ({"Simple": {"Text": b64(b"\xff\xfe")}}, "InvalidParameterValue.EmailContentIsWrong"),
        ({"Simple": {"Text": b64("a\0")}}, "InvalidParameterValue.EmailContentIsWrong"),
        ({"Simple": {"Html": "", "Text": ""}}, "FailedOperation.MissingEmailContent"),
        ({"Simple": {}}, "FailedOperation.MissingEmailContent"),
        ({"Simple": {"Html": large}}, "FailedOperation.EmailContentToolarge"),
        ({"Subject": ""}, "InvalidParameterValue.SubjectLengthError"),
        ({"Subject": "x" * 999}, "InvalidParameterValue.SubjectLengthError"),
        ({"Unsubscribe": "13"}, "InvalidParameterValue"),
        ({"Unsubscribe": "en"}, "InvalidParameterValue"),
        ({"TriggerType": 2}, "InvalidParameterValue"),
        ({"HeaderFrom": "no address"}, "InvalidParameterValue.InvalidEmailIdentity"),
        ({"HeaderFrom": "a@elsewhere.test"}, "InvalidParameterValue.InvalidEmailIdentity"),
        ({"SmtpMessageId": "no id"}, "FailedOperation.ProtocolCheckErr"),
        ({"SmtpHeaders": "no json"}, "FailedOperation.ProtocolCheckErr"),
        ({"SmtpHeaders": '["X: y"]'}, "FailedOperation.ProtocolCheckErr"),
        ({"SmtpHeaders": '{"X-A":{}}'}, "FailedOperation.ProtocolCheckErr"),
        ({"SmtpHeaders": '{"Bcc":"spy@x.test"}'}, "FailedOperation.ProtocolCheckErr"),
        ({"SmtpHeaders": '{"X A":"b"}'}, "FailedOperation.ProtocolCheckErr"),
        ({"SmtpHeaders": '{"X-A":"1","x-a":"2"}'}, "FailedOperation.ProtocolCheckErr"),
    ):
        assert await world.one.refused("SendEmail", **(simple() | changes)) == code, changes
    both = await world.one.refused("SendEmail", **(mail | {"Simple": simple()["Simple"]}))
    assert both == "InvalidParameterValue.EmailContentIsWrong"
    del mail["Template"]
    assert await world.one.refused("SendEmail", **mail) == "FailedOperation.MissingEmailContent"
    assert await world.one.refused("SendEmail", Subject="x") == "MissingParameter"
    leased, _ = await sent(world, simple() | {"Subject": "你" * 998, "Unsubscribe": 0})
    assert leased


async def test_attachments_that_are_refused(world, mail):
    await world.accounts.revoke(world.one.account.id, Permission.ATTACHMENTS)
    code = await world.one.refused("SendEmail", **(mail | {"Attachments": [file()]}))
    assert code == "FailedOperation.NoAttachPermission"
    await world.accounts.grant(world.one.account.id, Permission.ATTACHMENTS)
    for files, code in (
        ([file(content="%%%")], "InvalidParameterValue.AttachContentIsWrong"),
        ([file(content="QQ")], "InvalidParameterValue.AttachContentIsWrong"),
        ([{"FileName": "a.pdf"}], "InvalidParameterValue.AttachContentIsWrong"),
        ([file(FileURL="https://x.test/a.pdf")], "FailedOperation.FileURLNotExist"),
        ([file()] * 11, "FailedOperation.TooManyAttachments"),
        ([file("a b.pdf")], "FailedOperation.InvalidAttachName"),
        ([file("a.exe")], "FailedOperation.InvalidAttachName"),
        ([file("../a.pdf")], "FailedOperation.InvalidAttachName"),
        ([file("x" * 252 + ".pdf")], "FailedOperation.InvalidAttachName"),
        ([file("")], "FailedOperation.InvalidAttachName"),
        ([file("a\r\nX: y.pdf")], "FailedOperation.InvalidAttachName"),
        (
            [file(content=b64(b"x" * (2 * 1024 * 1024)))] * 2 + [file()],
            "FailedOperation.AttachContentToolarge",
        ),
        ([{"Content": b64("x")}], "MissingParameter"),
    ):
        got = await world.one.refused("SendEmail", **(mail | {"Attachments": files}))
        assert got == code, code
    wrapped = "JVBE\r\nRg==\r\n"
    _, recipe = await sent(world, mail | {"Attachments": [file(content=wrapped)]})
    assert recipe.attachments[0].content == b"%PDF"


@pytest.mark.parametrize("bad", LINE_BREAKS)
async def test_no_text_field_takes_a_line_break_into_a_header(world, mail, bad):
    injections = {
        "FromEmailAddress": (f"A{bad} <{NEWS}>", "FailedOperation.IncorrectSender"),
        "Subject": (f"Hi{bad}", "FailedOperation.ProtocolCheckErr"),
        "Destination": ([f"A{bad} <a@x.test>"], "FailedOperation.IncorrectEmail"),
        "Cc": ([f"a@x.test{bad}"], "FailedOperation.IncorrectEmail"),
        "Bcc": ([f"a{bad}@x.test"], "FailedOperation.IncorrectEmail"),
        "ReplyToAddresses": (f"r@x.test{bad}", "FailedOperation.IncorrectEmail"),
        "HeaderFrom": (f"A{bad} <{NEWS}>", "InvalidParameterValue.InvalidEmailIdentity"),
        "SmtpMessageId": (f"<a{bad}@x.test>", "FailedOperation.ProtocolCheckErr"),
        "Attachments": ([file(f"a{bad}.pdf")], "FailedOperation.InvalidAttachName"),
        "Template": (
            {**mail["Template"], "TemplateData": json.dumps({"name": f"Ann{bad}"})},
            "FailedOperation.ProtocolCheckErr",
        ),
    }
    for field, (value, code) in injections.items():
        assert await world.one.refused("SendEmail", **(mail | {field: value})) == code, field
    for header in ({"X-A": f"b{bad}"}, {f"X{bad}": "b"}):
        code = await world.one.refused("SendEmail", **(mail | {"SmtpHeaders": json.dumps(header)}))
        assert code == "FailedOperation.ProtocolCheckErr"
    assert await world.services.queue.next_due() is None


async def test_no_text_field_takes_a_nul(world, mail):
    for field, value in (
        ("FromEmailAddress", f"A\0 <{NEWS}>"),
        ("Subject", "Hi\0"),
        ("Destination", ["a\0@x.test"]),
        ("ReplyToAddresses", "a\0@x.test"),
        ("HeaderFrom", f"\0{NEWS}"),
        ("SmtpMessageId", "<a\0@x.test>"),
        ("Attachments", [file("a\0.pdf")]),
    ):
        code = await world.one.refused("SendEmail", **(mail | {field: value}))
        assert code == "InvalidParameterValue", field
    code = await world.one.refused("SendEmail", **(mail | {"SmtpHeaders": '{"X-A":"\\u0000"}'}))
    assert code == "FailedOperation.ProtocolCheckErr"


async def test_values_with_several_lines_stay_in_the_body(world, mail):
    mail |= {"Subject": "Hi"}
    mail["Template"]["TemplateData"] = json.dumps({"name": "Ann\r\nMain Street 1"})
    assert (await sent(world, mail))[1].values == {"name": "Ann\r\nMain Street 1"}


async def test_counted_limits(database):
    async with api_world(
        database, mailbox_per_hour=1, level_per_day=(3,), account_per_day=0
    ) as world:
        mail = mail_of(await world.ready(world.one))
        await world.one.call("SendEmail", **mail)
        assert await world.one.refused("SendEmail", **mail) == "FailedOperation.FrequencyLimit"
        upper = mail | {"FromEmailAddress": NEWS.upper()}
        assert await world.one.refused("SendEmail", **upper) == "FailedOperation.FrequencyLimit"
        mail["Destination"] = ["b@x.test", "c@x.test", "d@x.test"]
        assert await world.one.refused("SendEmail", **mail) == "FailedOperation.ExceedSendLimit"


async def test_accounts_do_not_see_each_other(world, mail):
    template = await world.template(world.two)
    await world.verified(world.two, "two.example.test")
    await world.two.call("CreateEmailAddress", EmailAddress="a@two.example.test")
    theirs = mail | {"FromEmailAddress": "a@two.example.test"}
    assert await world.two.refused("SendEmail", **mail) == "FailedOperation.IncorrectSender"
    assert await world.two.refused("SendEmail", **theirs) == "FailedOperation.InvalidTemplateID"
    assert await world.one.refused("SendEmail", **theirs) == "FailedOperation.IncorrectSender"
    own = {"TemplateID": template, "TemplateData": '{"name":"Bob"}'}
    assert await world.one.refused("SendEmail", **(mail | {"Template": own})) == (
        "FailedOperation.InvalidTemplateID"
    )
    shown = theirs | {"Template": own, "HeaderFrom": NEWS}
    assert await world.two.refused("SendEmail", **shown) == (
        "InvalidParameterValue.InvalidEmailIdentity"
    )
    await world.two.call("SendEmail", **(theirs | {"Template": own}))
