"""Setting the second factor up and switching it off, and its recovery codes."""

from dataclasses import dataclass

import segno
from starlette.responses import Response
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.forms import Form
from tayori.edge.console.languages import N_
from tayori.edge.console.log_ins import Wait
from tayori.edge.console.pages.people import complain, too_many
from tayori.edge.console.pages.profile import with_new_token
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.notices.texts import NoticeKind
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.second_factor import Setup

_QUIET = 4
"""Modules of white around the code (ISO/IEC 18004 5.3.8)."""


class CodeForm(Form):
    """The first code of the app."""

    code = StringField(N_("Code of the app"), [InputRequired(), Length(max=20)])


class ProofForm(Form):
    """The present password, before the second factor changes."""

    present = PasswordField(N_("Present password"), [InputRequired(), Length(max=1000)])


@dataclass(frozen=True, slots=True)
class Picture:
    """A QR code as the path of an SVG of `size` units a side."""

    size: int
    path: str


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        action("/profile/second-factor/begin", Right.SIGNED_IN, begin),
        page("/profile/second-factor", Right.SIGNED_IN, show),
        action("/profile/second-factor", Right.SIGNED_IN, confirm),
        action("/profile/second-factor/codes", Right.SIGNED_IN, new_codes),
        action("/profile/second-factor/off", Right.SIGNED_IN, switch_off),
    ]


async def begin(visit: Visit) -> Response:
    """Draw a secret to set an app up with."""
    await visit.services.factor.propose(visit.user)
    return visit.redirect(url("/profile/second-factor"))


async def show(visit: Visit) -> Response:
    """Show the secret to set an app up with, or what can be done with a factor that is on."""
    if visit.user.second_factor:
        return await _on_page(visit, ProofForm())
    setup = await visit.services.factor.proposed(visit.user)
    if setup is None:
        return visit.redirect(url("/profile"))
    return _setup_page(visit, setup, CodeForm())


async def confirm(visit: Visit) -> Response:
    """Switch the factor on by the first code, and show the recovery codes, once."""
    setup = await visit.services.factor.proposed(visit.user)
    if setup is None:
        return visit.redirect(url("/profile"))
    form = visit.form(CodeForm)
    if not form.validate():
        return _setup_page(visit, setup, form)
    codes = await visit.services.factor.confirm(visit.user, form.code.data or "")
    if isinstance(codes, Fault):
        complain(form, codes)
        return _setup_page(visit, setup, form)
    if visit.visitor.session is not None:
        await visit.services.sessions.end_others(visit.visitor.session)
    await visit.record(AuditAction.SECOND_FACTOR_ON, visit.user.email)
    return await with_new_token(visit, visit.page("second_factor/codes.html.j2", codes=codes))


async def new_codes(visit: Visit) -> Response:
    """Replace the recovery codes, and show the new ones, once."""
    form = await _proven(visit)
    if form is not None:
        return await _on_page(visit, form)
    codes = await visit.services.factor.new_codes(visit.user)
    await visit.record(AuditAction.RECOVERY_CODES_MADE, visit.user.email)
    return visit.page("second_factor/codes.html.j2", codes=codes)


async def switch_off(visit: Visit) -> Response:
    """Switch the factor off."""
    form = await _proven(visit)
    if form is not None:
        return await _on_page(visit, form)
    await visit.services.factor.remove(visit.user.id)
    await visit.record(AuditAction.SECOND_FACTOR_OFF, visit.user.email)
    data = {"address": visit.visitor.address}
    await visit.services.notices.send(visit.user, NoticeKind.SECOND_FACTOR_OFF, data)
    text = visit.gettext("The second factor is off.")
    return await with_new_token(visit, visit.redirect(url("/profile"), text))


async def _proven(visit: Visit) -> ProofForm | None:
    """Return None when the password was right and the factor is on, else the form to show."""
    form = visit.form(ProofForm)
    if not form.validate():
        return form
    right = await visit.services.log_ins.proves(
        visit.user, form.present.data or "", visit.visitor.address
    )
    if isinstance(right, Wait):
        form.troubles.append(too_many(visit, right))
    elif not right:
        complain(form, Fault.PASSWORD_WRONG)
    elif not visit.user.second_factor:
        complain(form, Fault.SECOND_FACTOR_OFF)
    else:
        return None
    return form


def _setup_page(visit: Visit, setup: Setup, form: CodeForm) -> Response:
    return visit.page(
        "second_factor/setup.html.j2",
        status=422 if form.refused else 200,
        setup=setup,
        picture=picture_of(setup.uri),
        form=form,
    )


async def _on_page(visit: Visit, form: ProofForm) -> Response:
    return visit.page(
        "second_factor/on.html.j2",
        status=422 if form.refused else 200,
        form=form,
        codes_left=await visit.services.factor.codes_left(visit.user),
    )


def picture_of(text: str) -> Picture:
    """Return a text as a QR code, a run of dark modules as one rectangle."""
    matrix = segno.make(text, error="m", micro=False).matrix
    runs = []
    for y, row in enumerate(matrix, _QUIET):
        x = 0
        while x < len(row):
            length = 1
            while x + length < len(row) and row[x + length] == row[x]:
                length += 1
            if row[x]:
                runs.append(f"M{x + _QUIET} {y}h{length}v1h-{length}z")
            x += length
    return Picture(size=len(matrix) + 2 * _QUIET, path="".join(runs))
