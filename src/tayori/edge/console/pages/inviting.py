"""What the pages that invite somebody share: the form, and the way of the link to its reader."""

from collections.abc import Mapping

from starlette.responses import Response
from wtforms import EmailField, SelectField
from wtforms.validators import InputRequired, Length

from tayori.edge.console.forms import Form
from tayori.edge.console.languages import N_, NAMES
from tayori.edge.console.visit import Visit
from tayori.notices.sender import Told
from tayori.notices.texts import NoticeKind
from tayori.refusal.table import Language
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.links import console_link
from tayori.tenants.users.model import Link, LinkKind


class InviteeForm(Form):
    """Who is invited."""

    email = EmailField(N_("E-mail address"), [InputRequired(), Length(max=254)])
    language = SelectField(
        N_("Language of the mail"), choices={key.value: name for key, name in NAMES.items()}
    )


def invite_page(visit: Visit, area: str, form: InviteeForm) -> Response:
    """Return the page with the form of an invitation."""
    return visit.page(
        f"{area}/invite.html.j2",
        status=422 if form.refused else 200,
        form=form,
        can_send=visit.services.notices.can_send,
    )


async def invited(
    visit: Visit,
    area: str,
    drawn: tuple[str, Link],
    kind: NoticeKind,
    data: Mapping[str, str],
    *,
    role: str,
    home: str,
) -> Response:
    """Send an invitation that was drawn, and go home; show its link where nothing can be sent."""
    token, link = drawn
    await visit.record(AuditAction.USER_INVITED, link.email, after=role)
    address = console_link(visit.public_url, LinkKind.INVITATION, token)
    hours = str(visit.services.settings.console.invitation_hours)
    words = {"link": address, "invited_by": visit.user.name, "hours": hours, **data}
    told = await visit.services.notices.send(link.email, kind, words, Language(link.language))
    if told is Told.ACCEPTED:
        text = visit.gettext("An invitation is on its way to %(address)s.", address=link.email)
        return visit.redirect(home, text)
    return visit.page(f"{area}/invited.html.j2", link=link, address=address)
