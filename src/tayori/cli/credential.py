"""`tayori credential`: the SecretIds and SecretKeys of an account."""

from datetime import tzinfo
from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.cli.account import Which
from tayori.cli.instants import instant
from tayori.cli.opened import account_named, done, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show, show_one
from tayori.tenants.model import Credential, Scope

credential_app = typer.Typer(help="Look after the keys of the API.", no_args_is_help=True)


@credential_app.command("create")
def create(
    account: Which,
    scope: Annotated[Scope, typer.Option(help="What it may be used for.")] = Scope.FULL,
    networks: Annotated[
        str,
        typer.Option(help="Comma-separated addresses or CIDR blocks it works from; none = all."),
    ] = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a further credential; its key is shown now and never again."""

    async def work(parts: Parts) -> dict[str, object]:
        found = await account_named(parts, account)
        blocks = [block for block in networks.split(",") if block.strip()]
        made = done(await parts.accounts.create_credential(found.id, scope=scope, networks=blocks))
        return {
            "account_id": found.id,
            "app_id": found.app_id,
            "secret_id": made.secret_id,
            "secret_key": made.secret.decode(),
            "scope": made.scope.value,
            "networks": list(made.networks),
        }

    show_one(run(config, work), as_json=as_json)


@credential_app.command("list")
def list_credentials(account: Which, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show an account's credentials, without their keys, revoked ones too."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        found = await account_named(parts, account)
        return [_row(each, parts.zone) for each in await parts.accounts.credentials(found.id)]

    show(run(config, work), as_json=as_json)


@credential_app.command("revoke")
def revoke(
    account: Which,
    secret_id: Annotated[str, typer.Argument(help="The SecretId to end for good.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """End a credential for good; running servers notice within five seconds."""

    async def work(parts: Parts) -> dict[str, object]:
        found = await account_named(parts, account)
        done(await parts.accounts.revoke_credential(found.id, secret_id))
        revoked = [
            c for c in await parts.accounts.credentials(found.id) if c.secret_id == secret_id
        ]
        return _row(revoked[0], parts.zone)

    show_one(run(config, work), as_json=as_json)


def _row(credential: Credential, zone: tzinfo) -> dict[str, object]:
    return {
        "secret_id": credential.secret_id,
        "scope": credential.scope.value,
        "networks": list(credential.networks),
        "created_at": instant(credential.created_at, zone),
        "revoked_at": instant(credential.revoked_at, zone),
    }
