"""The console's application over a real database, with users of every role and a browser's cookies."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import msgspec

from tayori.app.console import console_services
from tayori.app.door import build_door
from tayori.app.parts import Parts, opened, prepare
from tayori.config.tree import Settings
from tayori.edge.console.app import build_console
from tayori.edge.console.services import ConsoleServices
from tayori.refusal.refusal import Refusal
from tayori.reputation.model import Scope
from tayori.reputation.permits import Permits
from tayori.tenants.model import Account, DnsRecord, RecordGroup, RecordState
from tayori.tenants.users.audit_model import AuditEntry
from tayori.tenants.users.audit_store import AuditFilter
from tayori.tenants.users.model import Role, User

PASSWORD = "Brown-kettle-7-lantern"
_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(kw_only=True)
class Browser:
    """Somebody's browser: keeps cookies, and sends forms with the token of the last page."""

    client: httpx.AsyncClient
    csrf: str = ""
    last: httpx.Response | None = field(default=None, repr=False)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        """Open a page; redirects are not followed."""
        return self._seen(await self.client.get(f"/console{path}", **options))

    async def post(
        self, path: str, data: dict[str, Any] | None = None, **options: Any
    ) -> httpx.Response:
        """Send a form as a page of ours does."""
        headers = {"Sec-Fetch-Site": "same-origin", **options.pop("headers", {})}
        form = {"csrf": self.csrf, **(data or {})}
        response = await self.client.post(f"/console{path}", data=form, headers=headers, **options)
        return self._seen(response)

    async def follow(self, path: str, data: dict[str, Any] | None = None) -> httpx.Response:
        """Send a form that must be done, and return the page that it leads to."""
        done = await self.post(path, data)
        assert done.status_code == 303, (done.status_code, done.text)
        return await self.get(done.headers["location"].removeprefix("/console"))

    def _seen(self, response: httpx.Response) -> httpx.Response:
        token = _TOKEN.search(response.text)
        self.csrf = token[1] if token else self.csrf
        self.last = response
        return response


@dataclass(kw_only=True)
class ConsoleWorld:
    """An installation with one account, `account`, and the console over it."""

    parts: Parts
    services: ConsoleServices
    application: Any
    account: Account
    clients: list[httpx.AsyncClient] = field(default_factory=list)

    def browser(self, **headers: str) -> Browser:
        """Return a browser that nobody is signed in with."""
        transport = httpx.ASGITransport(self.application, client=("192.0.2.7", 50_000))
        client = httpx.AsyncClient(
            transport=transport, base_url="http://console.test", headers=headers
        )
        self.clients.append(client)
        return Browser(client=client)

    async def user(
        self, role: Role, *, account: Account | None = None, language: str = "en"
    ) -> User:
        """Return a new user with this role in an account (`account` unless another is named)."""
        email = f"{role.value}-{self.parts.ids.alphanumeric(6).lower()}@people.test"
        made = await self.services.users.create(
            email,
            name=f"Aya {role.value}",
            language=language,
            zone="Asia/Tokyo",
            operator=role is Role.OPERATOR,
            password=PASSWORD,
        )
        assert isinstance(made, User), made
        if role is not Role.OPERATOR:
            await self.services.users.join(made.id, (account or self.account).id, role)
        return made

    async def signed_in(
        self,
        role: Role,
        *,
        account: Account | None = None,
        language: str = "en",
        enter: bool = True,
    ) -> Browser:
        """Return the browser of a new user, who has entered the account unless told otherwise."""
        user = await self.user(role, account=account, language=language)
        token, session = await self.services.sessions.begin(user, address="192.0.2.7", agent="test")
        if enter:
            assert await self.services.sessions.enter(session, (account or self.account).id)
        browser = self.browser()
        browser.client.cookies.set("tayori_session", token, domain="console.test", path="/console")
        browser.csrf = session.csrf
        return browser

    async def other_account(self, name: str = "other") -> Account:
        """Return one more account."""
        made = await self.parts.accounts.create(name)
        assert not isinstance(made, Refusal)
        return made.account

    async def verified(self, domain: str, account: Account | None = None) -> None:
        """Give an account a domain all of whose records were found."""
        await verified(self.parts, account or self.account, domain)

    async def audited(self, account: Account | None = None) -> list[AuditEntry]:
        """Return what the audit log says of an account, oldest first."""
        found = await self.services.audit.list(AuditFilter(account_id=(account or self.account).id))
        return list(found)[::-1]


async def verified(parts: Parts, account: Account, domain: str) -> None:
    """Give an account a domain all of whose records were found."""
    made = await parts.identities.create(account.id, domain)
    assert not isinstance(made, Refusal), made
    found = [
        DnsRecord(group=group, type="TXT", name=domain, expected="", state=RecordState.OK)
        for group in RecordGroup
    ]
    checked, _ = await parts.identities.record_check(made, found)
    assert checked.verified


@asynccontextmanager
async def console_world(folder: Path, url: str = "", **changes: Any) -> AsyncIterator[ConsoleWorld]:
    """Open an installation; `changes` replace sections of the settings."""
    settings = Settings(data_dir=str(folder))
    database = msgspec.structs.replace(
        settings.database, url="" if url.startswith("sqlite") else url
    )
    settings = msgspec.structs.replace(settings, database=database, **changes)
    await prepare(settings)
    async with opened(settings) as parts:
        permits = Permits(parts.database, parts.clock, Scope.REQUESTS_SECOND)
        services = console_services(parts, build_door(parts), permits)
        world = ConsoleWorld(
            parts=parts,
            services=services,
            application=build_console(services),
            account=await _account(parts, "Shop"),
        )
        try:
            yield world
        finally:
            for client in world.clients:
                await client.aclose()
            await permits.drain()


async def _account(parts: Parts, name: str) -> Account:
    """Return the account of this name, made when the folder is new."""
    held = await parts.accounts.find(name)
    if isinstance(held, Account):
        return held
    made = await parts.accounts.create(name)
    assert not isinstance(made, Refusal)
    return made.account
