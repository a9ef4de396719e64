"""`tayori user`: people who use the console, their rights, and links that let them in."""

from datetime import tzinfo
from typing import Annotated, TypeVar

import msgspec
import typer

from tayori.app.first_operator import public_url
from tayori.app.listeners import READY_FILE
from tayori.app.parts import Parts
from tayori.cli.instants import instant
from tayori.cli.opened import CommandError, account_named, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show, show_one
from tayori.tenants.users.audit_model import AuditAction, AuditEntry
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.links import console_link
from tayori.tenants.users.model import Link, Role, User

user_app = typer.Typer(help="Look after the users of the console.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The user's e-mail address.")]
OfAccount = Annotated[str, typer.Option("--account", help="An account's id, AppId or name.")]
AsOperator = Annotated[bool, typer.Option("--operator", help="Operator of the whole service.")]
_PAGE = 1_000
T = TypeVar("T")


@user_app.command("create")
def create(
    email: Email,
    *,
    operator: AsOperator = False,
    account: OfAccount = "",
    role: Annotated[str, typer.Option(help="owner, member or viewer.")] = Role.OWNER.value,
    language: Annotated[str, typer.Option(help="Language of the page: en, ja or zh.")] = "en",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Invite somebody as operator, or to an account; the link is shown now and never again."""

    async def work(parts: Parts) -> dict[str, object]:
        if not operator and not account:
            raise CommandError("Say what the user is to be: --operator, or --account ACCOUNT.")
        found = await account_named(parts, account) if account else None
        token, link = _done(
            await parts.people.links.invite(
                email,
                account_id=found.id if found else None,
                role=_role(role) if found else None,
                operator=operator,
                language=language,
            )
        )
        await _record(parts, AuditAction.USER_INVITED, link.email, link.account_id, _rights(link))
        return _shown(parts, token, link)

    show_one(run(config, work), as_json=as_json)


@user_app.command("list")
def list_users(account: OfAccount = "", config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show all users, or those of one account."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        if account:
            found = await account_named(parts, account)
            members = await parts.people.users.members(found.id)
            return [_row(m.user, parts.zone) | {"role": m.role.value} for m in members]
        rows: list[dict[str, object]] = []
        last = 0
        while page := await parts.people.users.list(after=last, most=_PAGE):
            rows += [_row(user, parts.zone) for user in page]
            last = page[-1].id
        return rows

    show(run(config, work), as_json=as_json)


@user_app.command("suspend")
def suspend(email: Email, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Keep a user out, at once and until resumed."""

    async def work(parts: Parts) -> dict[str, object]:
        user = await _user(parts, email)
        _done(await parts.people.users.suspend(user.id))
        await _record(parts, AuditAction.USER_SUSPENDED, user.email)
        return _row(await _user(parts, email), parts.zone)

    show_one(run(config, work), as_json=as_json)


@user_app.command("resume")
def resume(email: Email, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Let a suspended user in again."""

    async def work(parts: Parts) -> dict[str, object]:
        user = await _user(parts, email)
        await parts.people.users.resume(user.id)
        await _record(parts, AuditAction.USER_RESUMED, user.email)
        return _row(await _user(parts, email), parts.zone)

    show_one(run(config, work), as_json=as_json)


@user_app.command("reset")
def reset(
    email: Email,
    *,
    second_factor: Annotated[
        bool,
        typer.Option("--second-factor", help="Switch the second factor off, too (a lost phone)."),
    ] = False,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Print a link by which a user sets a new password; it works once."""

    async def work(parts: Parts) -> dict[str, object]:
        user = await _user(parts, email)
        token, link = _done(await parts.people.links.reset(user))
        if second_factor and await parts.people.factor.remove(user.id) is None:
            await _record(parts, AuditAction.SECOND_FACTOR_OFF, user.email)
        await _record(parts, AuditAction.PASSWORD_RESET_ASKED, user.email)
        return _shown(parts, token, link)

    show_one(run(config, work), as_json=as_json)


@user_app.command("grant")
def grant(
    email: Email,
    *,
    operator: AsOperator = False,
    account: OfAccount = "",
    role: Annotated[str, typer.Option(help="owner, member or viewer.")] = Role.OWNER.value,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Make a user operator, or give a role in an account; running sessions of the user end."""

    async def work(parts: Parts) -> dict[str, object]:
        user = await _user(parts, email)
        if operator:
            _done(await parts.people.users.set_operator(user.id, operator=True))
            await _record(parts, AuditAction.OPERATOR_GRANTED, user.email)
        elif account:
            await _give_role(parts, user, (await account_named(parts, account)).id, _role(role))
        else:
            raise CommandError("Say what to grant: --operator, or --account ACCOUNT --role ROLE.")
        return _row(await _user(parts, email), parts.zone)

    show_one(run(config, work), as_json=as_json)


@user_app.command("revoke")
def revoke(
    email: Email,
    *,
    operator: AsOperator = False,
    account: OfAccount = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Take the operator's rights or the membership in an account away; running sessions end."""

    async def work(parts: Parts) -> dict[str, object]:
        user = await _user(parts, email)
        if operator:
            _done(await parts.people.users.set_operator(user.id, operator=False))
            await _record(parts, AuditAction.OPERATOR_REVOKED, user.email)
        elif account:
            found = await account_named(parts, account)
            before = _done(await parts.people.users.remove(user.id, found.id))
            await _record(parts, AuditAction.USER_REMOVED, user.email, found.id, before.value)
        else:
            raise CommandError("Say what to revoke: --operator, or --account ACCOUNT.")
        return _row(await _user(parts, email), parts.zone)

    show_one(run(config, work), as_json=as_json)


async def _give_role(parts: Parts, user: User, account_id: int, role: Role) -> None:
    users = parts.people.users
    if account_id in await users.memberships(user.id):
        _done(await users.set_role(user.id, account_id, role))
        action = AuditAction.USER_ROLE_CHANGED
    else:
        _done(await users.join(user.id, account_id, role))
        action = AuditAction.USER_JOINED
    await _record(parts, action, user.email, account_id, role.value)


async def _user(parts: Parts, email: str) -> User:
    found = await parts.people.users.find(email)
    if found is None:
        raise CommandError(f"There is no user with the address {email}.")
    return found


def _role(text: str) -> Role:
    if text not in {Role.OWNER, Role.MEMBER, Role.VIEWER}:
        raise CommandError(f"A role is owner, member or viewer, not {text}.")
    return Role(text)


def _done(answer: T | Fault) -> T:
    if isinstance(answer, Fault):
        raise CommandError(answer.sentence)
    return answer


async def _record(
    parts: Parts, action: AuditAction, target: str, account_id: int | None = None, after: str = ""
) -> None:
    await parts.people.audit.record(
        AuditEntry(action=action, target=target, account_id=account_id, after=after)
    )


def _rights(link: Link) -> str:
    return link.role.value if link.role else Role.OPERATOR.value


def _shown(parts: Parts, token: str, link: Link) -> dict[str, object]:
    return {
        "email": link.email,
        "link": console_link(_reached(parts), link.kind, token),
        "expires_at": instant(link.expires_at, parts.zone),
    }


def _reached(parts: Parts) -> str:
    """Return where the console is reached: as configured, or where the server listens now."""
    if parts.settings.http.public_url:
        return public_url(parts.settings)
    try:
        ready = msgspec.json.decode((parts.data_dir / READY_FILE).read_bytes())
    except (OSError, msgspec.DecodeError):
        ready = {}
    address = ready.get("http") if isinstance(ready, dict) else None
    return f"http://{address}" if address else public_url(parts.settings)


def _row(user: User, zone: tzinfo) -> dict[str, object]:
    return {
        "user_id": user.id,
        "email": user.email,
        "name": user.name,
        "operator": user.operator,
        "second_factor": user.second_factor,
        "suspended": user.suspended_at is not None,
        "created_at": instant(user.created_at, zone),
    }
