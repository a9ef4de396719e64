"""The score of a mail that goes all the way: SDK, queue, delivery, DNS, our own inbound listener."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ses.v20201002.ses_client import SesClient
from tests.support.command import Command

from tayori.cli.trial import Ports, Trial, trial

pytestmark = pytest.mark.asyncio(loop_scope="module")
PUBLIC_URL = "https://mail.shop.test"
NEWS = (
    "Newsletter of the Corner Shop: this month we introduce a rye bread that stays fresh for a week, "
    "a course on sourdough for beginners, and a new coffee from the hills. Subscribers get a coupon "
    "for a free roll with every loaf until the end of the month, and may bring a friend to the course."
)
NEWS_HTML = (
    f'<html><body><p>Dear {{{{name}}}},</p><p>{NEWS}</p><p><a href="https://shop.test/course">'
    "The course</a></p></body></html>"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def found(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trial]:
    data_dir: Path = tmp_path_factory.mktemp("score") / "data"
    async with asyncio.timeout(600), trial(data_dir, Ports(), PUBLIC_URL) as running:
        yield running


async def call(found: Trial, action: str, **parameters: Any) -> dict[str, Any]:
    """Make any action by the official SDK."""
    profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=found.endpoint))
    client = SesClient(Credential(found.secret_id, found.secret_key), "ap-hongkong", profile)
    answer = await asyncio.to_thread(client.call_json, action, parameters)
    inside: dict[str, Any] = answer["Response"]
    return inside


async def scored(found: Trial, **mail: Any) -> dict[str, Any]:
    """Send a mail to a new one-time address and wait for its score by the command."""
    made = await call(found, "CreateScoreAddress")
    common = {"FromEmailAddress": found.sender, "Destination": [made["Address"]]}
    sent = await call(found, "SendEmail", **common, **mail)
    assert sent["MessageId"]
    command = Command({"TAYORI_DATA_DIR": found.settings.data_dir})
    shown = await asyncio.to_thread(command.json, "score", "show", made["Address"], "--wait", "90")
    told = await call(found, "GetScoreAddress", ScoreId=made["ScoreId"])
    assert (told["Status"], told["Result"]["Score"]) == (1, shown["score"])
    result: dict[str, Any] = shown
    return result


async def test_a_mail_from_a_template_has_ten_points(found: Trial) -> None:
    data = json.dumps({"name": "Aiko", "order": "10382"})
    shown = await scored(
        found,
        Subject="Your order is on its way",
        Template={"TemplateID": found.template_id, "TemplateData": data},
    )
    assert (shown["losses"], shown["score"]) == ([], 10.0)
    assert shown["subject"] == "Your order is on its way"
    assert (shown["spf"], shown["dkim"]) == ("pass (shop.test)", "pass (shop.test)")
    assert shown["dmarc"] == "pass (shop.test)"
    assert shown["tls"].startswith("TLSv1.3")
    assert shown["reverse_name"].rstrip(".") == shown["helo"] == "out.tayori.test"


async def test_marketing_with_our_unsubscribe_link_has_ten_points(found: Trial) -> None:
    content = {
        "Html": base64.b64encode(NEWS_HTML.encode()).decode(),
        "Text": base64.b64encode(NEWS.encode()).decode(),
    }
    made = await call(found, "CreateEmailTemplate", TemplateName="news", TemplateContent=content)
    shown = await scored(
        found,
        Subject="Bread and coffee in December",
        Template={"TemplateID": made["TemplateID"], "TemplateData": '{"name": "Aiko"}'},
        Unsubscribe="2",
    )
    assert (shown["kind"], shown["losses"], shown["score"]) == ("marketing", [], 10.0)


async def test_what_a_customer_does_badly_is_told(found: Trial) -> None:
    text = base64.b64encode(f"{NEWS} http://www.corner-shop.example/".encode()).decode()
    shown = await scored(found, Subject="BREAD FOR FREE!!!", Simple={"Text": text})
    assert [one["check"] for one in shown["losses"]] == [
        "no_visible_unsubscribe",
        "no_list_unsubscribe",
        "subject_shouts",
        "plain_http_link",
    ]


async def test_an_operators_address_is_made_and_listed_by_the_command(found: Trial) -> None:
    settings = found.settings
    command = Command(
        {
            "TAYORI_DATA_DIR": settings.data_dir,
            "TAYORI_MX_LISTEN": settings.mx.listen,
            "TAYORI_SCORE_DOMAIN": settings.score.domain,
        }
    )
    made = await asyncio.to_thread(command.json, "score", "test")
    assert made["address"] == f"score-{made['token']}@score.tayori.test"
    listed = await asyncio.to_thread(command.json, "score", "list")
    assert [(one["token"], one["status"]) for one in listed] == [(made["token"], "waiting")]
    waited = await asyncio.to_thread(
        command.complaint, "score", "show", made["token"], "--wait", "0.1"
    )
    assert "No mail came" in waited
    off = Command({"TAYORI_DATA_DIR": settings.data_dir})
    assert "mx.listen" in await asyncio.to_thread(off.complaint, "score", "test")
