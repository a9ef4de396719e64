"""Settings of the whole account: whether its mail may travel in clear."""

from starlette.responses import Response

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.tenants.users.audit_model import AuditAction

REQUIRED = "required"
POSSIBLE = "as receivers can"


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/settings", Right.LOOK, show),
        action("/settings/tls", Right.OWN, set_tls),
    ]


async def show(visit: Visit) -> Response:
    """Show what is set for the account."""
    return visit.page("settings/show.html.j2", tls_required=await _required(visit))


async def set_tls(visit: Visit) -> Response:
    """Require verified TLS for all mail of the account, or no more."""
    wanted, was = visit.posted.get("required") == "yes", await _required(visit)
    await visit.services.operating.security.require_account(visit.account.id, required=wanted)
    await visit.record(
        AuditAction.TLS_POLICY_CHANGED,
        visit.account.name,
        before=REQUIRED if was else POSSIBLE,
        after=REQUIRED if wanted else POSSIBLE,
    )
    text = (
        visit.gettext("Mail of this account now travels over verified TLS only.")
        if wanted
        else visit.gettext("Mail of this account now travels as securely as each receiver can.")
    )
    return visit.redirect(url("/settings"), text)


async def _required(visit: Visit) -> bool:
    required = await visit.services.operating.security.required()
    return visit.account.id in required.accounts
