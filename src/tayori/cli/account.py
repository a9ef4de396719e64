"""`tayori account`: customers, their suspension and their permissions."""

import re
from datetime import tzinfo
from typing import Annotated

import typer

from tayori.app.notices import build_owner_notices
from tayori.app.parts import Parts
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, account_named, done, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show, show_one
from tayori.cli.usage import credit
from tayori.tenants.limits import NAMES
from tayori.tenants.model import Account, Permission
from tayori.tenants.pool_store import PoolStore

account_app = typer.Typer(help="Look after the accounts of customers.", no_args_is_help=True)
# A negative amount is no option.
account_app.command("credit", context_settings={"ignore_unknown_options": True})(credit)

Which = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's id, AppId or name.")]
DEFAULT = "default"
"""What takes an account's own limit away."""
NO_POOL = "none"
"""What takes an account's own pool away."""
WhichPermission = Annotated[Permission, typer.Argument(metavar="PERMISSION")]


@account_app.command("create")
def create(
    name: Annotated[str, typer.Argument(help="1 to 64 letters, digits, spaces or _.&'()+-.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make an account and its first credential; the key is shown now and never again."""

    async def work(parts: Parts) -> dict[str, object]:
        made = done(await parts.accounts.create(name))
        return {
            "account_id": made.account.id,
            "app_id": made.account.app_id,
            "secret_id": made.credential.secret_id,
            "secret_key": made.credential.secret.decode(),
        }

    show_one(run(config, work), as_json=as_json)


@account_app.command("list")
def list_accounts(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show all accounts, oldest first."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        return [_row(account, parts.zone) for account in await parts.accounts.list()]

    show(run(config, work), as_json=as_json)


@account_app.command("suspend")
def suspend(
    account: Which,
    reason: Annotated[str, typer.Option(help="What the account is told.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Stop all functions of an account."""

    async def work(parts: Parts) -> dict[str, object]:
        found = await account_named(parts, account)
        suspended = done(await parts.accounts.suspend(found.id, reason))
        await build_owner_notices(parts).account_suspended(found.id, reason)
        return _row(suspended, parts.zone)

    show_one(run(config, work), as_json=as_json)


@account_app.command("resume")
def resume(account: Which, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Lift the suspension of an account."""

    async def work(parts: Parts) -> dict[str, object]:
        found = await account_named(parts, account)
        return _row(done(await parts.accounts.resume(found.id)), parts.zone)

    show_one(run(config, work), as_json=as_json)


@account_app.command("grant")
def grant(
    account: Which,
    permission: WhichPermission,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Grant a permission to an account."""

    async def work(parts: Parts) -> dict[str, object]:
        found = await account_named(parts, account)
        return _row(done(await parts.accounts.grant(found.id, permission)), parts.zone)

    show_one(run(config, work), as_json=as_json)


@account_app.command("revoke")
def revoke(
    account: Which,
    permission: WhichPermission,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Take a permission back from an account."""

    async def work(parts: Parts) -> dict[str, object]:
        found = await account_named(parts, account)
        return _row(done(await parts.accounts.revoke(found.id, permission)), parts.zone)

    show_one(run(config, work), as_json=as_json)


@account_app.command("pool")
def pool(
    account: Which,
    name: Annotated[str, typer.Argument(metavar="POOL", help="A pool's name, or none.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Let an account's mail leave from a pool of sources of its own; none = the default pool."""

    async def work(parts: Parts) -> dict[str, object]:
        found = await account_named(parts, account)
        known = [pool.name for pool in parts.settings.delivery.pools]
        if name not in {*known, NO_POOL}:
            which = f"Known are: {', '.join(known)}." if known else "There are none."
            raise CommandError(f"There is no pool {name} in delivery.pools. {which}")
        await PoolStore(parts.database).dedicate(found.id, None if name == NO_POOL else name)
        return _row(done(await parts.accounts.get(found.id)), parts.zone)

    show_one(run(config, work), as_json=as_json)


@account_app.command("limit")
def limit(
    account: Which,
    name: Annotated[str, typer.Argument(metavar="[KEY]", help="Which limit to change.")] = "",
    value: Annotated[
        str, typer.Argument(metavar="[VALUE]", help="A number, 0 = no limit, or default.")
    ] = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show an account's limits, or set one for it alone; default = as the settings have it."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        found = await account_named(parts, account)
        if name:
            if not re.fullmatch(rf"[0-9]{{1,13}}|{DEFAULT}", value):
                raise CommandError(f"Give {name} a number, 0 = no limit, or {DEFAULT}.")
            number = None if value == DEFAULT else int(value)
            refused = await parts.limits.set(found.id, name, number)
            if refused is not None:
                raise CommandError(refused.detail)
        own = await parts.limits.own(found.id)
        in_force = await parts.limits.of(found.id)
        return [
            {
                "limit": one,
                "value": own[one] if one in own else getattr(in_force, one, "by level"),
                "own": one in own,
            }
            for one in NAMES
        ]

    show(run(config, work), as_json=as_json)


def _row(account: Account, zone: tzinfo) -> dict[str, object]:
    return {
        "account_id": account.id,
        "app_id": account.app_id,
        "name": account.name,
        "permissions": sorted(permission.value for permission in account.permissions),
        "suspended": account.suspended,
        "reason": account.suspended_reason.english,
        "pool": account.pool,
        "created_at": instant(account.created_at, zone),
    }
