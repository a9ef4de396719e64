"""What an operator changes about an account; each change is in the audit log."""

import re
from collections.abc import Awaitable, Callable

from starlette.responses import Response

from tayori.config.money import read_amount, written_amount
from tayori.edge.console.access import Handler, Page, Right, action
from tayori.edge.console.flash import Tone
from tayori.edge.console.forms import error_text
from tayori.edge.console.keys import read_key
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.refusal.saying import Saying
from tayori.reputation.level_model import Domain
from tayori.tenants.model import Account, Permission
from tayori.tenants.users.audit_model import AuditAction

_LONGEST_REASON = 1_000
_LEVELS = 20

Change = Callable[[Visit, Account], Awaitable[str | Refusal | None]]
"""Does it and returns what to tell, or a refusal; None for what does not exist."""


def routes() -> list[Page]:
    """Return the actions."""
    verbs: dict[str, Change] = {
        "suspend": suspend,
        "resume": resume,
        "permission": set_permission,
        "limit": set_limit,
        "credit": add_credit,
        "pool": set_pool,
        "tls": set_tls,
        "domains/{domain}/level": set_level,
        "domains/{domain}/unblock": unblock,
    }
    return [
        action(f"/operator/accounts/{{id:key}}/{path}", Right.OPERATE, _changing(change))
        for path, change in verbs.items()
    ]


def _changing(change: Change) -> Handler:
    async def handler(visit: Visit) -> Response:
        found = await visit.services.accounts.get(int(visit.path["id"]))
        if isinstance(found, Refusal):
            return visit.not_found()
        told = await change(visit, found)
        if told is None:
            return visit.not_found()
        back = url("/operator/accounts", found.id)
        if isinstance(told, Refusal):
            text = told.detail or error_text(told, visit.language)
            return visit.redirect(back, text, Tone.DANGER)
        return visit.redirect(back, told)

    return handler


async def suspend(visit: Visit, one: Account) -> str | Refusal:
    """Stop all functions of the account."""
    reason = visit.posted.get("reason").strip()[:_LONGEST_REASON]
    done = await visit.services.accounts.suspend(one.id, reason)
    if isinstance(done, Refusal):
        return done
    await _record(visit, AuditAction.ACCOUNT_SUSPENDED, one, after=reason)
    await visit.services.owners.account_suspended(one.id, reason)
    return visit.gettext("The account was suspended.")


async def resume(visit: Visit, one: Account) -> str | Refusal:
    """Lift the suspension."""
    done = await visit.services.accounts.resume(one.id)
    if isinstance(done, Refusal):
        return done
    before = one.suspended_reason.english
    await _record(visit, AuditAction.ACCOUNT_RESUMED, one, before=before)
    return visit.gettext("The account may send again.")


async def set_permission(visit: Visit, one: Account) -> str | Refusal | None:
    """Grant a permission or take it back."""
    name, grant = visit.posted.get("permission"), visit.posted.get("grant") == "yes"
    if name not in {permission.value for permission in Permission}:
        return None
    verb = visit.services.accounts.grant if grant else visit.services.accounts.revoke
    done = await verb(one.id, Permission(name))
    if isinstance(done, Refusal):
        return done
    after = name if grant else f"-{name}"
    await _record(visit, AuditAction.ACCOUNT_PERMISSION_CHANGED, one, after=after)
    if grant:
        return visit.gettext("The permission was granted.")
    return visit.gettext("The permission was taken back.")


async def set_limit(visit: Visit, one: Account) -> str | Refusal:
    """Set a limit for this account alone; empty = as the settings have it."""
    name, text = visit.posted.get("name"), visit.posted.get("value").strip()
    # What is no number is refused by the verb, as any number out of bounds.
    value = int(text) if re.fullmatch(r"[0-9]{1,13}", text) else -1
    before = (await visit.services.limits.own(one.id)).get(name)
    refused = await visit.services.limits.set(one.id, name, value if text else None)
    if refused is not None:
        return refused
    was = "" if before is None else str(before)
    await _record(visit, AuditAction.ACCOUNT_LIMIT_CHANGED, one, before=f"{name} {was}", after=text)
    if text:
        return visit.gettext("The limit holds within five seconds.")
    return visit.gettext("The limit is that of the settings again.")


async def add_credit(visit: Visit, one: Account) -> str | Refusal:
    """Put money on the balance, or take it back."""
    micros = read_amount(visit.posted.get("amount").strip()) or 0
    note = visit.posted.get("note").strip()
    done = await visit.services.operating.billing.add_credit(one.id, micros, note)
    if isinstance(done, Refusal):
        return done
    after = f"{written_amount(micros)} {note}".strip()
    await _record(visit, AuditAction.ACCOUNT_CREDITED, one, after=after)
    return visit.gettext("The balance is %(amount)s now.", amount=written_amount(done))


async def set_pool(visit: Visit, one: Account) -> str | None:
    """Let the account's mail leave from a pool of its own, "" = the default one."""
    name = visit.posted.get("pool")
    if name not in {"", *(pool.name for pool in visit.services.settings.delivery.pools)}:
        return None
    await visit.services.operating.pools.dedicate(one.id, name or None)
    before = one.pool or ""
    await _record(visit, AuditAction.ACCOUNT_POOL_CHANGED, one, before=before, after=name)
    return visit.gettext("The account's mail leaves from its new pool within seconds.")


async def set_tls(visit: Visit, one: Account) -> str:
    """Require verified TLS for all mail of the account, or no more."""
    wanted = visit.posted.get("required") == "yes"
    await visit.services.operating.security.require_account(one.id, required=wanted)
    after = "required" if wanted else "as receivers can"
    await _record(visit, AuditAction.TLS_POLICY_CHANGED, one, after=after)
    return visit.gettext("The TLS policy was changed.")


async def set_level(visit: Visit, one: Account) -> str | Refusal | None:
    """Choose the level of a domain; what was decided about it is lifted."""
    found, text = await _domain(visit, one), visit.posted.get("level")
    level = read_key(text)
    if found is None or level is None or level > _LEVELS:
        return None
    reason, now = _reason(visit), visit.services.clock.now()
    levels = visit.services.operating.levels
    await levels.set_level(found.domain, level, reason, now)
    before = str(found.standing.level)
    await _record(
        visit, AuditAction.DOMAIN_LEVEL_CHANGED, one, found.domain, before=before, after=text
    )
    return visit.gettext("%(domain)s has level %(level)s now.", domain=found.domain, level=text)


async def unblock(visit: Visit, one: Account) -> str | None:
    """Let a stopped domain send again."""
    found = await _domain(visit, one)
    if found is None:
        return None
    reason, now = _reason(visit), visit.services.clock.now()
    most = visit.services.settings.reputation.unblocks
    done = await visit.services.operating.levels.unblock(found.domain, reason, now, most)
    if isinstance(done, Saying):
        return visit.gettext(
            "%(domain)s was left as it is: it is not stopped, or its account has used up its "
            "unblock requests. Setting a level always works.",
            domain=found.domain,
        )
    await _record(visit, AuditAction.DOMAIN_LEVEL_CHANGED, one, found.domain, after="unblocked")
    return visit.gettext("%(domain)s may send again.", domain=found.domain)


async def _domain(visit: Visit, one: Account) -> Domain | None:
    found = await visit.services.operating.levels.find(visit.path["domain"])
    return found if found is not None and found.account_id == one.id else None


def _reason(visit: Visit) -> str:
    return visit.posted.get("reason").strip()[:_LONGEST_REASON] or visit.user.email


async def _record(
    visit: Visit,
    done: AuditAction,
    one: Account,
    target: str = "",
    *,
    before: str = "",
    after: str = "",
) -> None:
    """Write into the audit log of the account that was changed, whichever one is entered."""
    await visit.record(done, target or one.name, before=before, after=after, of=one)
