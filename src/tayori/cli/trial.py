"""A sandbox with a server in it and an account that can send at once.

The server is a real one in its own process; name server, receiving mail server and inbox page run
here. With a data directory that was used before, its account, domain and template are used again.
"""

import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from tayori.app.parts import Parts, opened
from tayori.catalog.model import TemplateContent
from tayori.config.load import load
from tayori.config.tree import Settings
from tayori.refusal.refusal import Refusal
from tayori.sandbox.server_process import Addresses, ServerProcess
from tayori.sandbox.world import (
    LOOPBACK,
    SERVICE_LOOPBACK,
    SERVICE_MX,
    SERVICE_OUT,
    SERVICE_SCORE,
    SERVICE_SPF,
    Sandbox,
)
from tayori.tenants.model import Account, DkimOption, Identity, Permission
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.model import Role, User
from tayori.tenants.verification.expected import expected_records
from tayori.tenants.verification.model import expectations_of
from tayori.tenants.verification.verify import verify

ACCOUNT = "sandbox"
DOMAIN = "shop.test"
SENDER = f"hello@{DOMAIN}"
SENDER_NAME = "Corner Shop"
PERSON = f"you@{DOMAIN}"
"""Who logs in to the console: operator of the sandbox, and owner of its account."""
TEMPLATE_NAME = "welcome"
TEMPLATE = TemplateContent(
    html=(
        '<div style="font-family: sans-serif; max-width: 32em; margin: 2em auto">'
        '<h1 style="color: #2f3a8f">Welcome, {{name}}!</h1>'
        "<p>Your order <b>{{order}}</b> is on its way to you.</p>"
        '<p><a href="https://shop.test/orders">Follow your parcel</a></p></div>'
    ),
    text="Welcome, {{name}}!\n\nYour order {{order}} is on its way to you.\n",
)
T = TypeVar("T")


class TrialError(Exception):
    """The sandbox could not be set up; the message is a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Wished ports; 0 takes a free one."""

    http: int = 0
    inbox: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A running sandbox and what is needed to send through it."""

    world: Sandbox
    server: ServerProcess
    addresses: Addresses
    settings: Settings
    account_id: int
    secret_id: str
    secret_key: str
    sender: str
    smtp_password: str
    """The sender's, made anew at each start."""
    template_id: int
    console_password: str
    """That of `PERSON` in the console, made anew at each start."""

    @property
    def console_url(self) -> str:
        """Return where the console is."""
        return f"http://{self.addresses.http}/console"

    @property
    def endpoint(self) -> str:
        """Return host and port of the API."""
        return self.addresses.http


@asynccontextmanager
async def trial(data_dir: Path | None, ports: Ports, public_url: str = "") -> AsyncIterator[Trial]:
    """Start everything and end it with the block; OSError, ServerFailedError, TrialError.

    Without a data directory a temporary one is made and removed. `public_url` is where links in
    mails lead, "" for the HTTP listener itself.
    """
    with _directory(data_dir) as directory:
        ports = replace(ports, http=ports.http or _any_port())
        public_url = public_url or f"http://{LOOPBACK}:{ports.http}"
        async with Sandbox(inbox_port=ports.inbox, images=(public_url,)) as world:
            variables = _variables(world, directory, ports, public_url)
            settings = load(None, variables)
            server = ServerProcess(directory, variables)
            try:
                addresses = await server.start()
                async with opened(settings) as parts, _stopped_first(server, world, parts):
                    yield await _set_up(world, server, addresses, parts)
            finally:
                await server.stop()


@asynccontextmanager
async def _stopped_first(
    server: ServerProcess, world: Sandbox, parts: Parts
) -> AsyncIterator[None]:
    """Enter the records of each domain as soon as they are asked for, as its owner would.

    The name server reads the database for that, so the server ends before the database is closed.
    """
    world.dns.before = partial(_publish_all, world, parts, set())
    try:
        yield
    finally:
        await server.stop()
        world.dns.before = None


def free_port(wished: int) -> int:
    """Return the port if nobody has it, else 0."""
    try:
        with socket.create_server((LOOPBACK, wished)):
            return wished
    except OSError:
        return 0


def _any_port() -> int:
    """Return a free port: links in mails name it, so it is known before the server starts."""
    with socket.create_server((LOOPBACK, 0)) as found:
        return int(found.getsockname()[1])


@contextmanager
def _directory(given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="tayori-sandbox-") as made:
        yield Path(made)


def _score_listener(port: int) -> str:
    """Return where the service takes mail for scores; "" where the machine lacks the address.

    Linux has all of 127.0.0.0/8; other systems have 127.0.0.1 only, and there is no score of mails
    as they arrive.
    """
    try:
        with socket.create_server((SERVICE_LOOPBACK, port)):
            return f"{SERVICE_LOOPBACK}:{port}"
    except OSError:
        return ""


def _variables(world: Sandbox, data_dir: Path, ports: Ports, public_url: str) -> dict[str, str]:
    """Return the server's settings: it knows nobody but the sandbox, and limits nothing."""
    host, port = world.dns_server_address
    return {
        "TAYORI_DATA_DIR": str(data_dir),
        "TAYORI_HTTP_LISTEN": f"{LOOPBACK}:{ports.http}",
        "TAYORI_HTTP_PUBLIC_URL": public_url,
        "TAYORI_SERVICE_HOSTNAME": SERVICE_OUT,
        "TAYORI_MX_LISTEN": _score_listener(world.smtp_port),
        "TAYORI_SCORE_DOMAIN": SERVICE_SCORE,
        "TAYORI_SUBMISSION_LISTEN": f"{LOOPBACK}:0",
        "TAYORI_SUBMISSION_TLS_LISTEN": f"{LOOPBACK}:0",
        "TAYORI_DNS_SERVERS": f"{host}:{port}",
        "TAYORI_DELIVERY_PORT": str(world.smtp_port),
        "TAYORI_DELIVERY_PROCESSES": "0",
        "TAYORI_DELIVERY_ALLOW_PRIVATE_NETWORKS": "true",
        "TAYORI_DOMAINS_MX_HOST": SERVICE_MX,
        "TAYORI_DOMAINS_SPF_INCLUDE": SERVICE_SPF,
        "TAYORI_POLICY_API_SIMPLE": "true",
        "TAYORI_POLICY_ACCOUNT_PER_DAY": "0",
        "TAYORI_POLICY_LEVEL_PER_DAY": "",
        "TAYORI_POLICY_MAILBOX_PER_HOUR": "0",
        "TAYORI_POLICY_FREE_MAILS": "0",
    }


async def _set_up(
    world: Sandbox, server: ServerProcess, addresses: Addresses, parts: Parts
) -> Trial:
    account = await _account(parts)
    await _verified_domain(parts, account.id)
    credential = next(
        held for held in await parts.accounts.credentials(account.id) if held.revoked_at is None
    )
    senders = {sender.address.addr for sender in await parts.senders.list(account.id)}
    if SENDER not in senders:
        _made(await parts.senders.create(account.id, SENDER, SENDER_NAME))
    return Trial(
        world=world,
        server=server,
        addresses=addresses,
        settings=parts.settings,
        account_id=account.id,
        secret_id=credential.secret_id,
        secret_key=credential.secret.decode(),
        sender=f"{SENDER_NAME} <{SENDER}>",
        smtp_password=await _smtp_password(parts, account.id),
        template_id=await _template(parts, account.id),
        console_password=await _person(parts, account.id),
    )


async def _person(parts: Parts, account_id: int) -> str:
    """Make the user of the console, or give the one of an earlier start a new password."""
    password, users = f"sandbox-{parts.ids.alphanumeric(12)}", parts.people.users
    held = await users.find(PERSON)
    if held is not None:
        fault = await users.set_password(held, password)
    else:
        made = await users.create(PERSON, name="You", operator=True, password=password)
        fault = made if isinstance(made, Fault) else None
        if isinstance(made, User):
            fault = await users.join(made.id, account_id, Role.OWNER)
    if fault is not None:
        raise TrialError(f"The console got no user: {fault.value}.")
    return password


async def _smtp_password(parts: Parts, account_id: int) -> str:
    """Give the sender a new password that keeps the rules for one."""
    password = f"aB1{parts.ids.alphanumeric(12)}cD2"
    refused = await parts.senders.set_smtp_password(account_id, SENDER, password)
    if refused is not None:
        raise TrialError(f"The sender got no SMTP password: {refused.detail}")
    return password


async def _account(parts: Parts) -> Account:
    held = await parts.accounts.find(ACCOUNT)
    if isinstance(held, Account):
        return held
    made = _made(await parts.accounts.create(ACCOUNT))
    for permission in Permission:
        _made(await parts.accounts.grant(made.account.id, permission))
    return made.account


async def _verified_domain(parts: Parts, account_id: int) -> None:
    identity = await parts.identities.get(account_id, DOMAIN)
    if isinstance(identity, Refusal):
        created = await parts.identities.create(account_id, DOMAIN, DkimOption.RSA_2048)
        identity = _made(created)
    if identity.verified:
        return
    keys = await parts.identities.published_keys(identity)
    expectations = expectations_of(parts.settings.domains, keys)
    found = await verify(DOMAIN, expectations, parts.resolver)
    records = [record.stored() for record in found.records]
    checked, _ = await parts.identities.record_check(identity, records)
    if not checked.verified:
        notes = " ".join(record.note for record in records)
        raise TrialError(f"The domain {DOMAIN} could not be verified: {notes}")


async def _template(parts: Parts, account_id: int) -> int:
    held = await parts.templates.list(account_id, offset=0, limit=100)
    for template in held.templates:
        if template.name == TEMPLATE_NAME:
            return template.id
    return _made(await parts.templates.create(account_id, TEMPLATE_NAME, TEMPLATE)).id


async def _publish(world: Sandbox, parts: Parts, identity: Identity) -> None:
    keys = await parts.identities.published_keys(identity)
    expectations = expectations_of(parts.settings.domains, keys)
    records = expected_records(identity.domain, expectations)
    await world.publish(record.stored() for record in records)


async def _publish_all(
    world: Sandbox, parts: Parts, published: set[tuple[int, DkimOption]]
) -> None:
    """Enter the records of all accounts' domains, except those that were entered already."""
    for account in await parts.accounts.list():
        for identity in (await parts.identities.list(account.id)).identities:
            key = (identity.id, identity.dkim_option)
            if key not in published:
                await _publish(world, parts, identity)
                published.add(key)


def _made(result: T | Refusal) -> T:
    if isinstance(result, Refusal):
        raise TrialError(f"The sandbox could not be set up: {result.code.value}. {result.detail}")
    return result
