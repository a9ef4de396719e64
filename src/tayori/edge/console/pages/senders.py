"""Senders: the addresses that mail comes from, their names, SMTP passwords and links."""

from typing import ClassVar

from starlette.responses import Response
from wtforms import PasswordField, SelectField, StringField
from wtforms.validators import InputRequired, Length

from tayori.catalog.model import Sender
from tayori.catalog.smtp_password import MAX_LENGTH, MIN_LENGTH
from tayori.catalog.unsubscribe_store import UnsubscribeConfig
from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.forms import Form, one_line
from tayori.edge.console.languages import N_
from tayori.edge.console.lists import page_of, read_list
from tayori.edge.console.outgoing import footer_choices
from tayori.edge.console.rendering import url
from tayori.edge.console.smtp_settings import smtp_settings
from tayori.edge.console.visit import Visit
from tayori.mail.address import MAX_ADDRESS_OCTETS, MAX_DISPLAY_NAME
from tayori.tenants.users.audit_model import AuditAction


class SenderForm(Form):
    """A new sender."""

    REFUSALS: ClassVar = {
        "IllegalEmailAddress": "address",
        "RepeatEmailAddress": "address",
        "DomainNotVerified": "address",
        "IllegalSenderName": "name",
    }
    address = StringField(
        N_("E-mail address"), [InputRequired(), Length(max=MAX_ADDRESS_OCTETS), one_line]
    )
    name = StringField(N_("Display name"), [Length(max=MAX_DISPLAY_NAME), one_line])


class NameForm(Form):
    """The name beside an address."""

    REFUSALS: ClassVar = {"IllegalSenderName": "name"}
    name = StringField(N_("Display name"), [Length(max=MAX_DISPLAY_NAME), one_line])


class PasswordForm(Form):
    """A new SMTP password."""

    REFUSALS: ClassVar = {"InvalidSmtpPassWord": "password", "RepeatPassWord": "password"}
    password = PasswordField(
        N_("New SMTP password"), [InputRequired(), Length(min=MIN_LENGTH, max=MAX_LENGTH)]
    )


class UnsubscribeForm(Form):
    """The link by which readers unsubscribe from a sender's mails."""

    choice = SelectField(N_("Unsubscribe link"), default="")


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/senders", Right.LOOK, listing),
        page("/senders/new", Right.MANAGE, ask_new),
        action("/senders/new", Right.MANAGE, create),
        page("/senders/{address}", Right.LOOK, show),
        action("/senders/{address}/name", Right.MANAGE, rename),
        action("/senders/{address}/password", Right.MANAGE, set_password),
        action("/senders/{address}/unsubscribe", Right.MANAGE, set_unsubscribe),
        action("/senders/{address}/delete", Right.MANAGE, delete),
    ]


async def listing(visit: Visit) -> Response:
    """Show the account's senders."""
    asked = read_list(
        url("/senders"),
        visit.query,
        sorts=("address", "created"),
        usual="-created",
        filters={"q": None},
    )
    found, total = await visit.services.senders.page(
        visit.account.id, asked["q"], asked.order, (asked.offset, asked.limit)
    )
    return visit.page("senders/list.html.j2", page=page_of(asked, found, total))


async def ask_new(visit: Visit) -> Response:
    """Show the form of a new sender, with the domains that can have one."""
    domains = await _domains(visit)
    form = visit.form(SenderForm)
    return visit.page("senders/new.html.j2", form=form, domains=domains)


async def create(visit: Visit) -> Response:
    """Make a sender."""
    form = visit.form(SenderForm)
    if not visit.failed(form):
        made = await visit.services.senders.create(
            visit.account.id, form.address.data or "", form.name.data or ""
        )
        if isinstance(made, Sender):
            address = made.address.addr
            await visit.record(AuditAction.SENDER_CREATED, address, after=made.display_name)
            text = visit.gettext("The sender %(address)s was made.", address=address)
            return visit.redirect(url("/senders", address), text)
        form.refuse(made)
    return visit.again("senders/new.html.j2", form=form, domains=await _domains(visit))


async def show(visit: Visit) -> Response:
    """Show one sender with all that can be set."""
    found = await _sender(visit)
    return visit.not_found() if found is None else await _page(visit, found)


async def rename(visit: Visit) -> Response:
    """Change the display name."""
    found = await _sender(visit)
    if found is None:
        return visit.not_found()
    form = visit.form(NameForm)
    if not visit.failed(form):
        name = form.name.data or ""
        refused = await visit.services.senders.rename(visit.account.id, found.address.addr, name)
        if refused is None:
            await visit.record(
                AuditAction.SENDER_CHANGED,
                found.address.addr,
                before=found.display_name,
                after=name,
            )
            return visit.redirect(_path(found), visit.gettext("The display name was changed."))
        form.refuse(refused)
    return await _page(visit, found, name_form=form)


async def set_password(visit: Visit) -> Response:
    """Set the SMTP password; it is stored as a hash alone and never shown again."""
    found = await _sender(visit)
    if found is None:
        return visit.not_found()
    form = visit.form(PasswordForm)
    if not visit.failed(form):
        refused = await visit.services.senders.set_smtp_password(
            visit.account.id, found.address.addr, form.password.data or ""
        )
        if refused is None:
            await visit.record(AuditAction.SENDER_PASSWORD_CHANGED, found.address.addr)
            return visit.redirect(_path(found), visit.gettext("The SMTP password was set."))
        form.refuse(refused)
    return await _page(visit, found, password_form=form)


async def set_unsubscribe(visit: Visit) -> Response:
    """Choose the unsubscribe link of the sender's mails, or leave it to each mail."""
    found = await _sender(visit)
    if found is None:
        return visit.not_found()
    form = await _unsubscribe_form(visit, found)
    if visit.failed(form):
        return await _page(visit, found, unsubscribe_form=form)
    store, address = visit.services.unsubscribes, found.address.addr
    before = await store.find(visit.account.id, address)
    if form.choice.data:
        config = UnsubscribeConfig(address=address, choice=form.choice.data, enabled=True)
        if not await store.add(visit.account.id, config):
            await store.change(visit.account.id, config)
    else:
        await store.delete(visit.account.id, address)
    await visit.record(
        AuditAction.UNSUBSCRIBE_CHANGED,
        address,
        before=before.choice if before else "",
        after=form.choice.data,
    )
    return visit.redirect(_path(found), visit.gettext("The unsubscribe link was set."))


async def _unsubscribe_form(visit: Visit, sender: Sender) -> UnsubscribeForm:
    set_before = await visit.services.unsubscribes.find(visit.account.id, sender.address.addr)
    chosen = set_before.choice if set_before and set_before.enabled else ""
    form = visit.form(UnsubscribeForm, choice=chosen)
    form.choice.choices = {
        "": visit.gettext("As each mail asks for it"),
        "0": visit.gettext("No link"),
        **dict(footer_choices(visit.language)),
    }
    return form


async def delete(visit: Visit) -> Response:
    """Delete a sender; mail that was accepted from it still goes out."""
    address = visit.path["address"]
    refused = await visit.services.senders.delete(visit.account.id, address)
    if refused is not None:
        return visit.not_found()
    await visit.record(AuditAction.SENDER_REMOVED, address)
    text = visit.gettext("The sender %(address)s was deleted.", address=address)
    return visit.redirect(url("/senders"), text)


async def _sender(visit: Visit) -> Sender | None:
    return await visit.services.senders.find(visit.account.id, visit.path["address"])


async def _page(
    visit: Visit,
    sender: Sender,
    *,
    name_form: NameForm | None = None,
    password_form: PasswordForm | None = None,
    unsubscribe_form: UnsubscribeForm | None = None,
) -> Response:
    """Return the page of a sender; a form that was refused is shown with what was entered."""
    refused = any(form is not None for form in (name_form, password_form, unsubscribe_form))
    return visit.page(
        "senders/show.html.j2",
        status=422 if refused else 200,
        sender=sender,
        smtp=smtp_settings(visit.services.settings),
        name_form=name_form or NameForm(name=sender.display_name),
        password_form=password_form or PasswordForm(),
        unsubscribe_form=unsubscribe_form or await _unsubscribe_form(visit, sender),
    )


async def _domains(visit: Visit) -> list[str]:
    """Return the verified domains of the account."""
    found = await visit.services.identities.list(visit.account.id)
    return [identity.domain for identity in found.identities if identity.verified]


def _path(sender: Sender) -> str:
    return url("/senders", sender.address.addr)
