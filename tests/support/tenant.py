"""A customer of a running installation: the official SDK, and a domain made ready to send."""

import asyncio
import base64
import datetime as dt
import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.support.tayori_process import TayoriProcess

from tayori.app.parts import opened
from tayori.refusal.refusal import Refusal
from tayori.sandbox.dns_server import DnsServer

with warnings.catch_warnings():
    # The SDK is as it is; what it warns about when it is imported is not ours to mend.
    warnings.simplefilter("ignore")
    from tencentcloud.common import credential
    from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.ses.v20201002 import models
    from tencentcloud.ses.v20201002.ses_client import SesClient

ZONE = ZoneInfo("Asia/Shanghai")
HTML = "<p>Dear {{name}}, your order is on its way.</p>"


@dataclass(frozen=True, slots=True)
class Sdk:
    """The official client with its keys; calls run in a thread, since the SDK blocks."""

    client: Any

    async def call(
        self, action: str, *, idempotency_key: str | None = None, **parameters: Any
    ) -> Any:
        """Return the typed response; raises TencentCloudSDKException as the SDK does."""
        request = getattr(models, f"{action}Request")()
        request.from_json_string(json.dumps(parameters))
        if idempotency_key is not None:
            request.headers = {"X-Tayori-Idempotency-Key": idempotency_key}
        return await asyncio.to_thread(getattr(self.client, action), request)

    async def code(self, action: str, **parameters: Any) -> str:
        """Return the code of a call's error, "" when it succeeds."""
        try:
            await self.call(action, **parameters)
        except TencentCloudSDKException as error:
            return str(error.code)
        return ""

    async def refusal(self, action: str, **parameters: Any) -> str:
        """Return the code of the error that a call must end with."""
        refused = await self.refused(action, **parameters)
        return str(refused.code)

    async def refused(self, action: str, **parameters: Any) -> Any:
        """Return the error that a call must end with, as the SDK raises it."""
        with pytest.raises(TencentCloudSDKException) as caught:
            await self.call(action, **parameters)
        assert caught.value.requestId
        assert caught.value.message
        return caught.value


def sdk(
    address: str,
    secret_id: str,
    secret_key: str,
    *,
    signature: str = "TC3-HMAC-SHA256",
    method: str = "POST",
    language: str = "en-US",
) -> Sdk:
    """Return the SDK for a server; only its endpoint is changed."""
    http = HttpProfile(protocol="http", endpoint=address, reqMethod=method, reqTimeout=30)
    profile = ClientProfile(signMethod=signature, httpProfile=http, language=language)
    return Sdk(SesClient(credential.Credential(secret_id, secret_key), "ap-hongkong", profile))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """An account with a verified domain, a sender and a template with the variable `name`."""

    account_id: int
    secret_id: str
    secret_key: str
    domain: str
    sender: str
    template_id: int

    def sdk(self, server: TayoriProcess, **changes: str) -> Sdk:
        """Return the SDK with this account's keys; `changes` as of `sdk`."""
        return sdk(server.http, self.secret_id, self.secret_key, **changes)

    def mail(self, *to: str, **changes: Any) -> dict[str, Any]:
        """Return the parameters of a SendEmail that succeeds."""
        return {
            "FromEmailAddress": self.sender,
            "Destination": list(to),
            "Subject": "Your order",
            "Template": {"TemplateID": self.template_id, "TemplateData": '{"name": "Ms Mori"}'},
            **changes,
        }


def encoded(text: str) -> str:
    """Return content as the API takes it."""
    return base64.b64encode(text.encode()).decode()


def today() -> str:
    """Return the service's date."""
    return dt.datetime.now(ZONE).strftime("%Y-%m-%d")


async def new_account(server: TayoriProcess, name: str = "shop") -> dict[str, Any]:
    """Make an account as the operator does."""
    made: dict[str, Any] = await server.command("account", "create", name)
    return made


async def stored_account(server: TayoriProcess, name: str) -> dict[str, Any]:
    """Make an account beside the running server, as the command does, in less time."""
    async with opened(server.settings) as parts:
        made = await parts.accounts.create(name)
    assert not isinstance(made, Refusal)
    return {
        "account_id": made.account.id,
        "secret_id": made.credential.secret_id,
        "secret_key": made.credential.secret.decode(),
    }


async def publish(dns: DnsServer, attributes: Sequence[Any]) -> dict[str, str]:
    """Enter what the API asks for in the domain's DNS; return the TXT texts by name."""
    texts = {}
    for record in attributes:
        value = record.ExpectedValue
        dns.set(record.SendDomain, record.Type, f"10 {value}" if record.Type == "MX" else value)
        if record.Type == "TXT":
            texts[record.SendDomain] = value
    return texts


async def new_tenant(
    server: TayoriProcess,
    dns: DnsServer,
    domain: str = "mail.shop.test",
    keys: dict[str, Any] | None = None,
) -> Tenant:
    """Make everything that an account needs to send, and the account too unless it is given."""
    keys = keys or await stored_account(server, "shop")
    client = sdk(server.http, keys["secret_id"], keys["secret_key"])
    created = await client.call("CreateEmailIdentity", EmailIdentity=domain, DKIMOption=1)
    await publish(dns, created.Attributes)
    checked = await client.call("UpdateEmailIdentity", EmailIdentity=domain)
    assert checked.VerifiedForSendingStatus, checked.to_json_string()
    sender = f"news@{domain}"
    await client.call("CreateEmailAddress", EmailAddress=sender, EmailSenderName="Shop")
    template = await client.call(
        "CreateEmailTemplate",
        TemplateName="order",
        TemplateContent={"Html": encoded(HTML), "Text": ""},
    )
    return Tenant(
        account_id=int(keys["account_id"]),
        secret_id=keys["secret_id"],
        secret_key=keys["secret_key"],
        domain=domain,
        sender=sender,
        template_id=template.TemplateID,
    )
