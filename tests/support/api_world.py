"""The API with its real actions, stores, DNS and HTTP server, driven by the official SDK."""

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tencentcloud.common.credential import Credential as SdkCredential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ses.v20201002 import models, ses_client
from tests.support.http import serving
from tests.support.review import first_reviewer, reviewer

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.store import AcceptStore
from tayori.app.tasks import outcomes_of
from tayori.bulk.failure_store import FailureStore
from tayori.bulk.store import TaskStore
from tayori.bulk.tasks import Tasks
from tayori.catalog.directory import CatalogDirectory
from tayori.catalog.receiver_store import ReceiverStore
from tayori.catalog.receivers import Receivers
from tayori.catalog.sender_store import SenderStore
from tayori.catalog.senders import Senders
from tayori.catalog.template_store import TemplateStore
from tayori.catalog.templates import Templates
from tayori.catalog.unsubscribe_store import UnsubscribeStore
from tayori.catalog.upload_store import UploadStore
from tayori.config.delivery import DeliverySettings, PoolSettings, SourceSettings
from tayori.config.score import ScoreSettings
from tayori.config.screening import Review
from tayori.config.tree import BulkSettings, Domains, Policy
from tayori.db.database import Database
from tayori.dns.resolver import Resolver
from tayori.edge.api.actions.registry import ROWS, build_actions
from tayori.edge.api.actions.services import Services
from tayori.edge.api.call import Kind
from tayori.edge.api.protocol import ApiApp
from tayori.inbound.score_addresses import ScoreAddresses
from tayori.inbound.scoring import Scorer
from tayori.notices.owners import OwnerNotices
from tayori.notices.sender import Notices
from tayori.notices.verdicts import Verdicts
from tayori.queue.operator_store import OperatorStore
from tayori.queue.store import QueueStore
from tayori.reputation.standing import Quotas
from tayori.reputation.standing_store import StandingStore
from tayori.runtime.clock import HOUR, SettableClock
from tayori.runtime.ids import Ids
from tayori.runtime.secrets import SecretBox
from tayori.sandbox.dns_server import DnsServer
from tayori.screen.score.address_store import ScoreAddressStore
from tayori.stats.store import StatsStore
from tayori.suppress.store import SuppressStore
from tayori.tenants.account_store import AccountStore
from tayori.tenants.accounts import Accounts
from tayori.tenants.identities import Identities
from tayori.tenants.identity_store import IdentityStore
from tayori.tenants.keys import selector_of
from tayori.tenants.model import Access, Credential, DkimKey, Scope
from tayori.tenants.rotation import Rotations
from tayori.tenants.rotation_store import RotationStore
from tayori.tenants.users.audit import AuditLog
from tayori.tenants.users.audit_store import AuditStore
from tayori.tenants.users.session_store import SessionStore
from tayori.tenants.users.user_store import UserStore
from tayori.tenants.users.users import Users

ZONE = ZoneInfo("Asia/Shanghai")
DOMAINS = Domains(mx_host="mx.ours.test", spf_include="spf.ours.test", dkim_selector="sel")
BOX = SecretBox(bytes(range(32)))


def quick_key(bits: int, selector: str) -> DkimKey:
    """Return a key that took no time to make; its public half is well-formed base64."""
    public = base64.b64encode(bytes(range(bits // 16))).decode()
    name = selector_of(bits, selector)
    return DkimKey(selector=name, bits=bits, public_key=public, private_pem=b"-----BEGIN")


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


class Client:
    """The official SDK with one credential; every call goes over HTTP."""

    def __init__(self, address: str, access: Access, **profile: Any) -> None:
        self.account = access.account
        http = HttpProfile(protocol="http", endpoint=address, **profile)
        self.credential = key = access.credential
        self._sdk = ses_client.SesClient(
            SdkCredential(key.secret_id, key.secret.decode()),
            "ap-hongkong",
            ClientProfile(httpProfile=http, language="en-US"),
        )

    def speak(self, language: str) -> None:
        """Ask for messages in this language from now on, such as zh-CN."""
        self._sdk.profile.language = language

    async def call(
        self, action: str, *, idempotency_key: str | None = None, **parameters: Any
    ) -> dict[str, Any]:
        """Return what the SDK's response object holds; TencentCloudSDKException."""
        if not hasattr(models, f"{action}Request"):
            # One of our own actions, which the SDK's common way of calling makes as well.
            answer = await asyncio.to_thread(self._sdk.call_json, action, parameters)
            own: dict[str, Any] = answer["Response"]
            assert own.pop("RequestId")
            return own
        request = getattr(models, f"{action}Request")()
        request.from_json_string(json.dumps(parameters))
        if idempotency_key is not None:
            request.headers = {"X-Tayori-Idempotency-Key": idempotency_key}
        response = await asyncio.to_thread(getattr(self._sdk, action), request)
        found: dict[str, Any] = json.loads(response.to_json_string())
        assert found.pop("RequestId")
        return found

    async def refused(self, action: str, **parameters: Any) -> str:
        """Return the code of the error that the SDK raises."""
        with pytest.raises(TencentCloudSDKException) as caught:
            await self.call(action, **parameters)
        assert caught.value.requestId
        assert caught.value.message
        return str(caught.value.code)


@dataclass
class World:
    """A running API with two accounts; `publish` makes a domain's records right."""

    address: str
    clock: SettableClock
    dns: DnsServer
    resolver: Resolver
    accounts: Accounts
    services: Services
    database: Database
    one: Client
    two: Client
    reviewer: Client
    """An operator's tool: a credential of the second account for the review of all templates."""

    def may(self, action: str) -> Client:
        """Return a client whose credential allows the action."""
        kind = next(row.kind for row in ROWS if row.name == action)
        return self.reviewer if kind is Kind.REVIEW else self.one

    def publish(self, attributes: list[dict[str, Any]]) -> None:
        for record in attributes:
            value = record["ExpectedValue"]
            if record["Type"] == "MX":
                value = f"10 {value}"
            self.dns.set(record["SendDomain"], record["Type"], value)

    async def verified(self, client: Client, domain: str) -> None:
        made = await client.call("CreateEmailIdentity", EmailIdentity=domain)
        self.publish(made["Attributes"])
        found = await client.call("UpdateEmailIdentity", EmailIdentity=domain)
        assert found["VerifiedForSendingStatus"] is True

    async def store_uploads(self) -> int:
        """Store the parts of large uploads that wait; return how many there were."""
        uploads, parts = UploadStore(self.database), 0
        while await uploads.store_part():
            parts += 1
        return parts

    async def template(self, client: Client, html: str = "<p>Hi {{name}}</p>") -> int:
        made = await client.call(
            "CreateEmailTemplate", TemplateName="t", TemplateContent={"Html": b64(html)}
        )
        return int(made["TemplateID"])

    async def ready(self, client: Client, domain: str = "mail.example.test") -> int:
        """Make a verified domain with the sender news@ and a template; return its id."""
        await self.verified(client, domain)
        await client.call("CreateEmailAddress", EmailAddress=f"news@{domain}")
        return await self.template(client)


@contextlib.asynccontextmanager
async def api_world(
    database: Database,
    *,
    review: Review | None = None,
    hour_share: float = 1.0,
    **policy: Any,
) -> AsyncIterator[World]:
    """Serve the API on loopback; `policy` are settings that differ from the usual."""
    clock, rules = SettableClock(time.time_ns() // 1_000_000), Policy(**policy)
    async with DnsServer() as dns:
        dns.add_zone("test")
        dns.set("spf.ours.test", "TXT", "v=spf1 ip4:192.0.2.0/24 -all")
        resolver = Resolver([dns.address], clock, timeout_s=1.0, rounds=1)
        accounts = Accounts(store=AccountStore(database, BOX), clock=clock, ids=Ids(), policy=rules)
        limits = Limits(rules, ZONE, hour_share=hour_share)
        services = _services(database, clock, resolver, rules, review or Review(), limits, accounts)
        app = ApiApp(actions=build_actions(services), directory=accounts, clock=clock, ids=Ids())
        first, second = await accounts.create("one"), await accounts.create("two")
        assert isinstance(first, Access)
        assert isinstance(second, Access)
        judging = await accounts.create_credential(second.account.id, scope=Scope.REVIEW)
        assert isinstance(judging, Credential)
        async with serving(app) as address:
            yield World(
                address=address,
                clock=clock,
                dns=dns,
                resolver=resolver,
                accounts=accounts,
                services=services,
                database=database,
                one=Client(address, first),
                two=Client(address, second),
                reviewer=Client(address, Access(account=second.account, credential=judging)),
            )
        await resolver.close()


def _services(  # noqa: PLR0917 - one private caller
    database: Database,
    clock: SettableClock,
    resolver: Resolver,
    policy: Policy,
    review: Review,
    limits: Limits,
    accounts: Accounts,
) -> Services:
    identities = Identities(
        store=IdentityStore(database, BOX),
        clock=clock,
        domains=DOMAINS,
        policy=policy,
        make=quick_key,
    )
    senders = Senders(store=SenderStore(database), clock=clock, policy=policy)
    templates = Templates(
        store=TemplateStore(database),
        clock=clock,
        review=first_reviewer(review, clock),
        policy=policy,
    )
    door = Door(
        directory=CatalogDirectory(senders=senders, identities=identities, templates=templates),
        limits=limits,
        store=AcceptStore(database, clock),
        clock=clock,
        ids=Ids(),
        zone=ZONE,
        lifetime_ms=72 * HOUR,
    )
    receivers = Receivers(store=ReceiverStore(database), clock=clock, policy=policy)
    rotations = Rotations(
        store=RotationStore(database, BOX),
        identities=identities,
        clock=clock,
        domains=DOMAINS,
        make=quick_key,
    )
    return Services(
        identities=identities,
        rotations=rotations,
        senders=senders,
        templates=templates,
        verdicts=_verdicts(database, accounts, templates, door, clock),
        door=door,
        queue=QueueStore(database),
        receivers=receivers,
        tasks=Tasks(
            store=TaskStore(database),
            receivers=receivers,
            door=door,
            clock=clock,
            failures=FailureStore(database),
            queue=OperatorStore(database),
            outcomes=outcomes_of(database),
            rules=BulkSettings(),
        ),
        stats=StatsStore(database),
        suppressions=SuppressStore(database),
        unsubscribes=UnsubscribeStore(database),
        scorer=Scorer(reviewer=reviewer(), lookups=resolver),
        score_addresses=ScoreAddresses(
            store=ScoreAddressStore(database),
            clock=clock,
            ids=Ids(),
            settings=ScoreSettings(),
            domain=DOMAINS.mx_host,
        ),
        lookups=resolver,
        domains=DOMAINS,
        delivery=DeliverySettings(
            sources=(SourceSettings(name="a", ipv4="192.0.2.1", ipv6="2001:db8::1"),),
            pools=(PoolSettings(name="own", members={"a": 1}),),
        ),
        standing=StandingStore(database, Quotas(policy, ZONE)),
        policy=policy,
        clock=clock,
        zone=ZONE,
    )


def _verdicts(
    database: Database, accounts: Accounts, templates: Templates, door: Door, clock: SettableClock
) -> Verdicts:
    """Return who decides; without a sender nobody is written to."""

    async def no_account(_address: str) -> None:
        return None

    notices = Notices(
        accept=door.accept,
        account_of=no_account,
        users=Users(store=UserStore(database), sessions=SessionStore(database), clock=clock),
        sender="",
        service="mail.ours.test",
    )
    audit = AuditLog(AuditStore(database), clock)
    return Verdicts(templates, OwnerNotices(notices, accounts), audit)
