"""`tayori dns`: what a customer has to enter in the DNS, and what is there now."""

from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.cli.opened import CommandError, done, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show
from tayori.mail.address import AddressError, parse_domain
from tayori.tenants.identity_store import IdentityStore
from tayori.tenants.model import Identity
from tayori.tenants.verification.model import Record, Verification, expectations_of
from tayori.tenants.verification.verify import verify

dns_app = typer.Typer(help="Look at the records of sender domains.", no_args_is_help=True)


@dns_app.command("check")
def check(
    domain: Annotated[str, typer.Argument(help="A sender domain of any account.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Look the records of a sender domain up now; nothing is changed by that."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        identity = await _identity(parts, domain)
        keys = await parts.identities.published_keys(identity)
        expectations = expectations_of(parts.settings.domains, keys)
        try:
            return _rows(await verify(identity.domain, expectations, parts.resolver))
        finally:
            await parts.resolver.close()

    show(run(config, work), as_json=as_json)


@dns_app.command("rotate")
def rotate(
    domain: Annotated[str, typer.Argument(help="A verified sender domain of any account.")],
    give_up: Annotated[
        bool, typer.Option("--give-up", help="Throw the new keys away that wait for records.")
    ] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make new DKIM keys, or give them up; they sign once their records are found in the DNS."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        identity = await _identity(parts, domain)
        rotations = parts.rotations
        verb = rotations.give_up if give_up else rotations.begin
        try:
            done(await verb(identity.account_id, identity.domain))
            return [_row(record) for record in await rotations.records(identity, parts.resolver)]
        finally:
            await parts.resolver.close()

    show(run(config, work), as_json=as_json)


async def _identity(parts: Parts, domain: str) -> Identity:
    name = parse_domain(domain)
    if isinstance(name, AddressError):
        raise CommandError(name.sentence)
    owner = await IdentityStore(parts.database, parts.box).owner(name)
    if owner is None:
        raise CommandError(f"No account has a sender domain {name}.")
    return done(await parts.identities.get(owner, name))


def _rows(found: Verification) -> list[dict[str, object]]:
    return [_row(record) for record in found.records]


def _row(record: Record) -> dict[str, object]:
    return {
        "group": record.group.value,
        "type": record.type,
        "host": record.name if record.host is None else record.host,
        "name": record.name,
        "value": record.expected,
        "current": record.current,
        "status": record.state.value,
        "explanation": record.explanation(),
    }
