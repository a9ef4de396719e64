"""Accounts as an operator looks after them: make, find, stop, limit, permit, credit."""

from decimal import Decimal
from typing import Any, ClassVar

from starlette.responses import Response
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.forms import Form, one_line
from tayori.edge.console.keys import read_key
from tayori.edge.console.languages import N_
from tayori.edge.console.lists import page_of, read_list
from tayori.edge.console.pages import operator_account_changes as changes
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.tenants.account_store import LATEST, Sought
from tayori.tenants.limits import NAMES
from tayori.tenants.model import Account, Permission
from tayori.tenants.users.audit_model import AuditAction

_MICRO = Decimal(1_000_000)
STANDINGS = ("active", "suspended")
PERMISSIONS = {
    Permission.API_SIMPLE: (
        N_("Own content by the API"),
        N_("Send mail that is made of no approved template."),
    ),
    Permission.SMTP_CONTENT: (
        N_("Own content by SMTP"),
        N_("Send mail of other programs as it is."),
    ),
    Permission.ATTACHMENTS: (N_("Attachments"), N_("Attach files to mail.")),
}
"""What each permission is called, and what it allows."""
LIMITS = {
    "account_per_day": N_("Mails a day"),
    "domain_per_day": N_("Mails a day of each domain, instead of its level's"),
    "mailbox_per_hour": N_("Mails an hour to one mailbox"),
    "requests_per_second": N_("API requests a second"),
    "max_domains": N_("Domains"),
    "max_senders_per_domain": N_("Senders per domain"),
    "max_templates": N_("Templates"),
    "max_receiver_lists": N_("Receiver lists"),
    "max_receivers_per_list": N_("Receivers per list"),
}
"""What each limit is called."""


class AccountForm(Form):
    """A new account."""

    REFUSALS: ClassVar = {"InvalidParameterValue": "name", "ResourceInUse": "name"}
    name = StringField(N_("Name"), [InputRequired(), Length(max=64), one_line])


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/operator/accounts", Right.OPERATE, listing),
        page("/operator/accounts/new", Right.OPERATE, ask_new),
        action("/operator/accounts/new", Right.OPERATE, create),
        page("/operator/accounts/{id:key}", Right.OPERATE, show),
        *changes.routes(),
    ]


async def listing(visit: Visit) -> Response:
    """Show accounts, the newest first."""
    asked = read_list(
        url("/operator/accounts"),
        visit.query,
        sorts=("created",),
        usual="-created",
        filters={"q": None, "standing": STANDINGS},
    )
    standing, after = asked["standing"], read_key(asked.after)
    sought = Sought(
        text=asked["q"],
        suspended=standing == "suspended" if standing else None,
        before=LATEST if after is None else after,
    )
    found = await visit.services.accounts.page(sought, asked.limit)
    key = str(found[asked.rows - 1].id) if len(found) > asked.rows else ""
    return visit.page("operator_accounts/list.html.j2", page=page_of(asked, found, next_key=key))


async def ask_new(visit: Visit) -> Response:
    """Show the form of a new account."""
    return visit.page("operator_accounts/new.html.j2", form=visit.form(AccountForm))


async def create(visit: Visit) -> Response:
    """Make an account and show its first key, this once."""
    form = visit.form(AccountForm)
    if not visit.failed(form):
        made = await visit.services.accounts.create((form.name.data or "").strip())
        if not isinstance(made, Refusal):
            await visit.record(AuditAction.ACCOUNT_CREATED, made.account.name)
            return visit.page(
                "operator_accounts/made.html.j2",
                made=made.account,
                secret_id=made.credential.secret_id,
                secret_key=made.credential.secret.decode(),
            )
        form.refuse(made)
    return visit.again("operator_accounts/new.html.j2", form=form)


async def show(visit: Visit) -> Response:
    """Show everything that can be set for one account."""
    found = await visit.services.accounts.get(int(visit.path["id"]))
    if isinstance(found, Refusal):
        return visit.not_found()
    return visit.page("operator_accounts/show.html.j2", **await _about(visit, found))


async def _about(visit: Visit, one: Account) -> dict[str, Any]:
    services, operating = visit.services, visit.services.operating
    own = await services.limits.own(one.id)
    in_force = await services.limits.of(one.id)
    limits = [
        (name, LIMITS[name], own.get(name, getattr(in_force, name, None)), name in own)
        for name in NAMES
    ]
    now = services.clock.now()
    purse = await operating.billing.purse(one.id)
    return {
        "one": one,
        "permissions": PERMISSIONS,
        "limits": limits,
        "balance": Decimal(purse.balance) / _MICRO,
        "currency": services.settings.billing.currency,
        "pools": [pool.name for pool in services.settings.delivery.pools],
        "tls_required": one.id in (await operating.security.required()).accounts,
        "domains": await operating.levels.all(one.id, now),
        "now": now,
        "members": await services.users.members(one.id),
    }
