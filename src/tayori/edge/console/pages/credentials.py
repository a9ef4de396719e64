"""Credentials of the API: SecretIds with their keys, what they may do and from where."""

from typing import ClassVar

from starlette.responses import Response
from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired, Length

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.forms import Form
from tayori.edge.console.languages import N_
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.tenants.model import Scope
from tayori.tenants.users.audit_model import AuditAction

SCOPES = {
    Scope.FULL: N_("Everything"),
    Scope.SEND: N_("Sending only"),
    Scope.READ: N_("Reading only"),
    Scope.REVIEW: N_("Reviewing templates of all accounts"),
}
"""What each scope is called."""


class CredentialForm(Form):
    """A new credential."""

    REFUSALS: ClassVar = {"InvalidParameterValue": "networks"}
    scope = RadioField(
        N_("What it may do"),
        [InputRequired()],
        choices=[],
        default=Scope.FULL.value,
    )
    networks = TextAreaField(N_("Only from these networks"), [Length(max=5_000)])


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/credentials", Right.OWN, listing),
        page("/credentials/new", Right.OWN, ask_new),
        action("/credentials/new", Right.OWN, create),
        action("/credentials/{secret_id}/revoke", Right.OWN, revoke),
    ]


async def listing(visit: Visit) -> Response:
    """Show the account's credentials, the newest first, without their keys."""
    found = await visit.services.accounts.credentials(visit.account.id)
    return visit.page("credentials/list.html.j2", credentials=found[::-1], scopes=SCOPES)


async def ask_new(visit: Visit) -> Response:
    """Show the form of a new credential."""
    return visit.page("credentials/new.html.j2", form=_form(visit), here=visit.visitor.address)


async def create(visit: Visit) -> Response:
    """Make a credential and show its key, this once.

    The page is the answer itself: a message of the next page would travel in a cookie.
    """
    form = _form(visit)
    if not visit.failed(form):
        blocks = (form.networks.data or "").replace(",", "\n").split()
        made = await visit.services.accounts.create_credential(
            visit.account.id, scope=Scope(form.scope.data), networks=blocks
        )
        if not isinstance(made, Refusal):
            await visit.record(
                AuditAction.CREDENTIAL_CREATED,
                made.secret_id,
                after=" ".join([made.scope.value, *made.networks]),
            )
            return visit.page(
                "credentials/made.html.j2",
                secret_id=made.secret_id,
                secret_key=made.secret.decode(),
                app_id=visit.account.app_id,
            )
        form.refuse(made)
    return visit.again("credentials/new.html.j2", form=form, here=visit.visitor.address)


async def revoke(visit: Visit) -> Response:
    """End a credential for good."""
    secret_id = visit.path["secret_id"]
    refused = await visit.services.accounts.revoke_credential(visit.account.id, secret_id)
    if refused is not None:
        return visit.not_found()
    await visit.record(AuditAction.CREDENTIAL_REVOKED, secret_id)
    text = visit.gettext("The credential %(secret_id)s was revoked.", secret_id=secret_id)
    return visit.redirect(url("/credentials"), text)


def _form(visit: Visit) -> CredentialForm:
    form = visit.form(CredentialForm)
    form.scope.choices = {
        scope.value: visit.gettext(name)
        for scope, name in SCOPES.items()
        if scope is not Scope.REVIEW or visit.user.operator
    }
    return form
