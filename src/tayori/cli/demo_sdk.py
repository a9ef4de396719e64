"""The demo's mails by the official Python SDK, and their status read back by it.

The SDK is what developers use, unmodified; it blocks, so each call runs in a thread.
"""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tayori.cli.demo_step import REFUSED, Advance, Expected, Fate
from tayori.cli.trial import Trial

DOOR = "SDK"
_MAILS = (
    ("Aiko", "aiko@example.com", "Your order is on its way"),
    ("李雷", "lilei@qq.com", "您的订单已发货"),
    ("太郎", "taro@docomo.ne.jp", "ご注文の品を発送しました"),
    ("José", "jose@gmail.com", "Tu pedido está en camino 📦"),
    ("Nobody", "unknown-user@example.com", "To an address that does not exist"),
)
_PAGE = 100


class SdkMissingError(Exception):
    """The SDK is not installed; the message says how to get it."""


class SdkClient:
    """The SDK's client for the account of a trial."""

    def __init__(self, found: Trial) -> None:
        try:
            from tencentcloud.common.credential import Credential
            from tencentcloud.common.profile.client_profile import ClientProfile
            from tencentcloud.common.profile.http_profile import HttpProfile
            from tencentcloud.ses.v20201002 import models
            from tencentcloud.ses.v20201002.ses_client import SesClient
        except ImportError as error:
            raise SdkMissingError(
                "The demo sends with the official SDK, which is not installed here. "
                "Install it with: pip install tencentcloud-sdk-python-ses"
            ) from error
        self._models = models
        profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint=found.endpoint))
        credential = Credential(found.secret_id, found.secret_key)
        self._client = SesClient(credential, "ap-guangzhou", profile)
        self._found = found

    async def send(self, to: str, subject: str, data: Mapping[str, str]) -> str:
        """Send the trial's template; return the MessageId."""
        template = self._models.Template()
        template.TemplateID = self._found.template_id
        template.TemplateData = json.dumps(data)
        request = self._models.SendEmailRequest()
        request.FromEmailAddress = self._found.sender
        request.Destination = [to]
        request.Subject = subject
        request.Template = template
        answer = await asyncio.to_thread(self._client.SendEmail, request)
        return str(answer.MessageId)

    async def call(self, action: str, **parameters: Any) -> Any:
        """Return the SDK's response object of any action."""
        request = getattr(self._models, f"{action}Request")()
        request.from_json_string(json.dumps(parameters))
        return await asyncio.to_thread(getattr(self._client, action), request)

    async def fates(self) -> dict[tuple[str, str], Fate]:
        """Return what is known of today's mails by MessageId and recipient."""
        request = self._models.GetSendEmailStatusRequest()
        zone = ZoneInfo(self._found.settings.service.timezone)
        request.RequestDate = datetime.now(UTC).astimezone(zone).strftime("%Y-%m-%d")
        request.Limit = _PAGE
        fates: dict[tuple[str, str], Fate] = {}
        request.Offset = 0
        while True:
            rows: list[Any] = await asyncio.to_thread(self._rows, request)
            for row in rows:
                key = (row.MessageId, row.ToEmailAddress)
                fates[key] = Fate(status=row.DeliverStatus, reply=row.DeliverMessage or "")
            if len(rows) < _PAGE:
                return fates
            request.Offset += _PAGE

    def _rows(self, request: Any) -> list[Any]:
        return list(self._client.GetSendEmailStatus(request).EmailStatusList or [])


async def send_by_sdk(found: Trial, advance: Advance) -> list[Expected]:
    """Send a few templates, the last to an address that bounces."""
    client = SdkClient(found)
    sent: list[Expected] = []
    for number, (name, to, subject) in enumerate(_MAILS):
        message_id = await client.send(to, subject, {"name": name, "order": str(10382 + number)})
        status = {"status": REFUSED} if to.startswith("unknown-user@") else {}
        sent.append(Expected(message_id=message_id, to=to, subject=subject, door=DOOR, **status))
        advance(len(_MAILS))
    return sent
