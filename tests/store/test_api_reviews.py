"""Templates are reviewed by an operator's own tools, with a credential that is for nothing else."""

import base64

import pytest
from tests.support.api_world import Client, api_world, b64

from tayori.config.screening import Review
from tayori.edge.api.actions.registry import ROWS
from tayori.edge.api.call import Kind
from tayori.tenants.model import Access, Scope
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.audit_store import AuditFilter, AuditStore

HTML = "<p>Dear {{name}}, your order is on its way.</p>"
DENIED = "AuthFailure.UnauthorizedOperation"


@pytest.fixture
async def world(database):
    async with api_world(database, review=Review(mode="manual")) as made:
        yield made


async def scoped(world, scope):
    key = await world.accounts.create_credential(world.one.account.id, scope=scope)
    return Client(world.address, Access(account=world.one.account, credential=key))


async def entries(world):
    return await AuditStore(world.database).find(AuditFilter())


async def test_a_waiting_template_is_listed_looked_at_and_approved(world):
    number = await world.template(world.one, HTML)
    page = await world.reviewer.call("ListEmailTemplateReviews", Limit=10)
    (waiting,) = page["Reviews"]
    assert page["NextPosition"] == ""
    assert waiting["TemplateID"] == number
    assert waiting["AccountId"] == world.one.account.id
    assert (waiting["TemplateStatus"], waiting["Version"]) == (1, 1)
    assert waiting["DueTimestamp"] > waiting["UpdatedTimestamp"]

    shown = await world.reviewer.call("GetEmailTemplateReview", TemplateID=number)
    assert shown["Review"] == waiting
    assert base64.b64decode(shown["TemplateContent"]["Html"]).decode() == HTML

    done = await world.reviewer.call("ApproveEmailTemplate", TemplateID=number, Version=1)
    assert (done["Review"]["TemplateStatus"], done["Review"]["DueTimestamp"]) == (0, 0)
    mine = await world.one.call("GetEmailTemplate", TemplateID=number)
    assert mine["TemplateStatus"] == 0
    assert (await world.reviewer.call("ListEmailTemplateReviews", Limit=10))["Reviews"] == []

    (entry,) = await entries(world)
    assert entry.action is AuditAction.TEMPLATE_APPROVED
    assert (entry.account_id, entry.target) == (world.one.account.id, "t")
    assert entry.email == world.reviewer.credential.secret_id
    assert entry.address == "127.0.0.1"


async def test_a_refusal_reaches_the_owner_with_its_reason(world):
    number, reason = await world.template(world.one, HTML), "Nobody can win this prize."
    done = await world.reviewer.call(
        "RejectEmailTemplate", TemplateID=number, Version=1, Reason=f" {reason} "
    )
    assert (done["Review"]["TemplateStatus"], done["Review"]["ReviewReason"]) == (2, reason)
    listed = await world.one.call("ListEmailTemplates", Limit=10, Offset=0)
    (mine,) = listed["TemplatesMetadata"]
    assert (mine["TemplateStatus"], mine["ReviewReason"]) == (2, reason)
    (entry,) = await entries(world)
    assert (entry.action, entry.after) == (AuditAction.TEMPLATE_REJECTED, reason)


async def test_what_was_edited_after_the_look_is_not_decided(world):
    number = await world.template(world.one, HTML)
    await world.one.call(
        "UpdateEmailTemplate",
        TemplateID=number,
        TemplateName="t",
        TemplateContent={"Html": b64("<p>Something else altogether for {{name}} to read.</p>")},
    )
    denied = "OperationDenied.TemplateStatusError"
    verdict = {"TemplateID": number, "Version": 1}
    assert await world.reviewer.refused("ApproveEmailTemplate", **verdict) == denied
    assert await world.reviewer.refused("RejectEmailTemplate", **verdict, Reason="No.") == denied
    (waiting,) = (await world.reviewer.call("ListEmailTemplateReviews", Limit=10))["Reviews"]
    assert (waiting["TemplateStatus"], waiting["Version"]) == (1, 2)
    assert await entries(world) == []


async def test_pages_follow_each_other_without_a_gap(world):
    numbers = [await world.template(world.one, HTML) for _ in range(5)]
    seen, position = [], ""
    for rows in (2, 2, 1):
        page = await world.reviewer.call("ListEmailTemplateReviews", Limit=2, Position=position)
        assert len(page["Reviews"]) == rows
        seen += [each["TemplateID"] for each in page["Reviews"]]
        position = page["NextPosition"]
    assert (seen, position) == (numbers, "")


@pytest.mark.parametrize(
    ("action", "body", "code"),
    [
        ("GetEmailTemplateReview", {"TemplateID": 7}, "TemplateNotExist"),
        ("ApproveEmailTemplate", {"TemplateID": 7, "Version": 1}, "TemplateNotExist"),
        ("RejectEmailTemplate", {"TemplateID": 7, "Version": 1, "Reason": " "}, ""),
        ("ListEmailTemplateReviews", {"Limit": 101}, "InvalidLimit"),
        ("ListEmailTemplateReviews", {"Limit": 1, "Position": "behind"}, ""),
        ("ListEmailTemplateReviews", {"Limit": 1, "TemplateStatus": 3}, "InvalidParameter"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(world, action, body, code):
    refused = await world.reviewer.refused(action, **body)
    assert refused.rpartition(".")[2] == (code or "InvalidParameterValue")


@pytest.mark.parametrize("scope", [Scope.FULL, Scope.SEND, Scope.READ])
async def test_no_credential_of_a_customer_reviews(world, scope):
    number = await world.template(world.one, HTML)
    client = await scoped(world, scope)
    bodies = {
        "ListEmailTemplateReviews": {"Limit": 1},
        "GetEmailTemplateReview": {"TemplateID": number},
        "ApproveEmailTemplate": {"TemplateID": number, "Version": 1},
        "RejectEmailTemplate": {"TemplateID": number, "Version": 1, "Reason": "No."},
    }
    assert set(bodies) == {row.name for row in ROWS if row.kind is Kind.REVIEW}
    for action, body in bodies.items():
        assert await client.refused(action, **body) == DENIED
    mine = await world.one.call("GetEmailTemplate", TemplateID=number)
    assert mine["TemplateStatus"] == 1


async def test_a_reviewer_does_nothing_else(world):
    for action, body in (
        ("ListEmailTemplates", {"Limit": 1, "Offset": 0}),
        ("CreateEmailIdentity", {"EmailIdentity": "mail.example.test"}),
        ("DeleteEmailTemplate", {"TemplateID": 1}),
    ):
        assert await world.reviewer.refused(action, **body) == DENIED
    sending = {"FromEmailAddress": "a@b.test", "Destination": ["c@d.test"], "Subject": "s"}
    assert await world.reviewer.refused("SendEmail", **sending) == DENIED
