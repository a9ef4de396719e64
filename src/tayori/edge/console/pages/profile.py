"""One's own profile: name, language, time zone, password, and the sessions that last."""

from starlette.responses import Response
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.forms import Form, one_line
from tayori.edge.console.languages import N_, NAMES, catalogue
from tayori.edge.console.log_ins import Wait
from tayori.edge.console.pages.people import complain, too_many, zones
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.notices.texts import NoticeKind
from tayori.refusal.table import Language
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.faults import Fault

_BROWSERS = (
    ("Edge", "Edg/"),
    ("Opera", "OPR/"),
    ("Firefox", "Firefox/"),
    ("Chrome", "Chrome/"),
    ("Safari", "Safari/"),
)
"""Names by what a User-Agent field holds; those that also name others come first."""
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("macOS", "Mac OS X"),
    ("Linux", "Linux"),
)
_LONGEST_AGENT = 60


class ProfileForm(Form):
    """What one may change of oneself."""

    name = StringField(N_("Name"), [InputRequired(), Length(max=100), one_line])
    language = SelectField(N_("Language"), choices={key.value: name for key, name in NAMES.items()})
    zone = SelectField(N_("Time zone"), choices=zones)


class PasswordForm(Form):
    """The present password and a new one."""

    present = PasswordField(N_("Present password"), [InputRequired(), Length(max=1000)])
    password = PasswordField(N_("New password"), [InputRequired(), Length(max=1000)])


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/profile", Right.SIGNED_IN, show),
        action("/profile", Right.SIGNED_IN, change),
        action("/profile/password", Right.SIGNED_IN, change_password),
        action("/profile/sessions/end-others", Right.SIGNED_IN, end_others),
        action("/profile/sessions/{id:key}/end", Right.SIGNED_IN, end_one),
    ]


async def show(visit: Visit) -> Response:
    """Show the profile."""
    return await _page(visit)


async def change(visit: Visit) -> Response:
    """Change name, language and time zone."""
    form, user = visit.form(ProfileForm), visit.user
    if form.validate():
        name, language, zone = (form.name.data or "", form.language.data, form.zone.data)
        fault = await visit.services.users.change_profile(
            user.id, name=name, language=language, zone=zone
        )
        if fault is None:
            await visit.record(
                AuditAction.PROFILE_CHANGED,
                user.email,
                before=f"{user.name}, {user.language}, {user.zone}",
                after=f"{name.strip()}, {language}, {zone}",
            )
            # In the language that was chosen just now, as is the page that shows it.
            text = catalogue(Language(language)).gettext("Your profile was saved.")
            return visit.redirect(url("/profile"), text)
        complain(form, fault)
    return await _page(visit, profile_form=form)


async def change_password(visit: Visit) -> Response:
    """Change the password, which takes the present one; the other sessions end."""
    form, user, session = visit.form(PasswordForm), visit.user, visit.visitor.session
    if not form.validate() or session is None:
        return await _page(visit, password_form=form)
    right = await visit.services.log_ins.proves(
        user, form.present.data or "", visit.visitor.address
    )
    if isinstance(right, Wait):
        form.troubles.append(too_many(visit, right))
    elif not right:
        complain(form, Fault.PASSWORD_WRONG)
    else:
        fault = await visit.services.users.set_password(
            user, form.password.data or "", keep_session=session.id
        )
        if fault is None:
            return await _password_changed(visit)
        complain(form, fault)
    return await _page(visit, password_form=form)


async def _password_changed(visit: Visit) -> Response:
    await visit.record(AuditAction.PASSWORD_CHANGED, visit.user.email)
    data = {"address": visit.visitor.address}
    await visit.services.notices.send(visit.user, NoticeKind.PASSWORD_CHANGED, data)
    text = visit.gettext("The password was changed, and your other sessions have ended.")
    return await with_new_token(visit, visit.redirect(url("/profile"), text))


async def with_new_token(visit: Visit, response: Response) -> Response:
    """Give this browser's session a new token, after its rights or secrets changed."""
    visitors = visit.templates.visitors
    token = await visit.services.sessions.rotate(
        visit.request.cookies.get(visitors.session_cookie, "")
    )
    if token is not None:
        visitors.remember(response, token)
    return response


async def end_others(visit: Visit) -> Response:
    """End all sessions but this one."""
    session = visit.visitor.session
    if session is not None and await visit.services.sessions.end_others(session):
        await visit.record(AuditAction.SESSION_ENDED, visit.user.email)
    return visit.redirect(url("/profile"), visit.gettext("Your other sessions have ended."))


async def end_one(visit: Visit) -> Response:
    """End one of one's own sessions."""
    if not await visit.services.sessions.end_one(visit.user.id, int(visit.path["id"])):
        return visit.not_found()
    await visit.record(AuditAction.SESSION_ENDED, visit.user.email)
    return visit.redirect(url("/profile"), visit.gettext("The session was ended."))


async def _page(
    visit: Visit,
    *,
    profile_form: ProfileForm | None = None,
    password_form: PasswordForm | None = None,
) -> Response:
    user, services = visit.user, visit.services
    refused = profile_form is not None or password_form is not None
    return visit.page(
        "profile/show.html.j2",
        status=422 if refused else 200,
        profile_form=profile_form
        or ProfileForm(data={"name": user.name, "language": user.language, "zone": user.zone}),
        password_form=password_form or PasswordForm(),
        sessions=await services.sessions.list(user.id),
        browser_name=browser_name,
        codes_left=await services.factor.codes_left(user) if user.second_factor else 0,
    )


def browser_name(agent: str) -> str:
    """Return a User-Agent field as people call it, such as "Firefox · Linux"; else its beginning.

    It tells sessions apart and nothing more: a client may say of itself what it likes.
    """
    names = [
        next((name for name, mark in kinds if mark in agent), "") for kinds in (_BROWSERS, _SYSTEMS)
    ]
    return " · ".join(name for name in names if name) or agent[:_LONGEST_AGENT]
