"""What is put on the lists and taken off them."""

import datetime as dt
from typing import ClassVar

from starlette.responses import Response
from wtforms import DateField, SelectField, TextAreaField
from wtforms.validators import InputRequired, Optional, ValidationError

from tayori.edge.console.flash import Tone
from tayori.edge.console.forms import Form
from tayori.edge.console.languages import N_
from tayori.edge.console.pages.response.addresses import Read, given
from tayori.edge.console.pages.response.lists import own_domains
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import day_of, day_range
from tayori.tenants.users.audit_model import AuditAction


class BlockForm(Form):
    """Addresses for the own blacklist, and until which day."""

    REFUSALS: ClassVar = {"EmailsNecessary": "addresses", "ReceiverDetailRequestLimit": "addresses"}
    addresses = TextAreaField(N_("Addresses"))
    until = DateField(N_("Blocked until"), [Optional()])

    today: str = ""

    def validate_until(self, field: DateField) -> None:
        """Want a day that is not over."""
        if isinstance(field.data, dt.date) and field.data.isoformat() < self.today:
            raise ValidationError(field.gettext("This day is over."))


class LeaveForm(Form):
    """Addresses that a sender domain may not write to."""

    REFUSALS: ClassVar = {"EmailsNecessary": "addresses", "ReceiverDetailRequestLimit": "addresses"}
    domain = SelectField(N_("Sender domain"), [InputRequired()])
    addresses = TextAreaField(N_("Addresses"))


async def ask_block(visit: Visit) -> Response:
    """Show the form for the own blacklist."""
    return visit.page("response/block.html.j2", form=visit.form(BlockForm), read=None)


async def block(visit: Visit) -> Response:
    """Put addresses on the own blacklist; those that are there get the new end."""
    form = visit.form(BlockForm)
    form.today = day_of(visit.services.clock.now(), visit.visitor.zone)
    read: Read | None = None
    if not visit.failed(form):
        found = await given(visit)
        if isinstance(found, Refusal):
            form.refuse(found)
        elif not found.bad or "anyway" in visit.posted:
            return await _block(visit, form, found)
        else:
            read = found
    return visit.again("response/block.html.j2", form=form, read=read)


async def _block(visit: Visit, form: BlockForm, found: Read) -> Response:
    until = form.until.data
    ends = None if until is None else day_range(until.isoformat(), visit.visitor.zone)[1]
    now = visit.services.clock.now()
    added = await visit.services.suppressions.add_custom(
        visit.account.id, found.addresses, ends, now
    )
    after = until.isoformat() if until else ""
    if len(found.addresses) == 1:
        await visit.record(AuditAction.ADDRESS_BLOCKED, found.addresses[0], after=after)
    else:
        number = str(len(found.addresses))
        await visit.record(AuditAction.ADDRESSES_IMPORTED, f"blacklist: {number}", after=after)
    return visit.redirect(url("/response/blacklist"), _told(visit, added, found))


async def unblock(visit: Visit) -> Response:
    """Take an address off the own blacklist."""
    address = visit.posted.get("address")
    gone = await visit.services.suppressions.remove_custom(visit.account.id, [address])
    return await _removed(visit, gone, address, "/response/blacklist")


async def unblock_shared(visit: Visit) -> Response:
    """Take an address off the shared blacklist that the account's own mail put there."""
    address = visit.posted.get("address")
    gone = await visit.services.suppressions.unblock(visit.account.id, [address])
    return await _removed(visit, gone, address, "/response/shared")


async def ask_unsubscribes(visit: Visit) -> Response:
    """Show the form for unsubscriptions that came by another way, such as by telephone."""
    return visit.page("response/leave.html.j2", form=await _leave_form(visit), read=None)


async def add_unsubscribes(visit: Visit) -> Response:
    """Remember that people want no more mail."""
    form = await _leave_form(visit)
    read: Read | None = None
    if not visit.failed(form):
        found = await given(visit)
        if isinstance(found, Refusal):
            form.refuse(found)
        elif not found.bad or "anyway" in visit.posted:
            domain = form.domain.data
            now = visit.services.clock.now()
            await visit.services.listed.leave(visit.account.id, domain, found.addresses, now)
            told = f"unsubscribes: {len(found.addresses)}"
            await visit.record(AuditAction.ADDRESSES_IMPORTED, told, after=domain)
            text = _told(visit, len(found.addresses), found)
            return visit.redirect(url("/response/unsubscribes"), text)
        else:
            read = found
    return visit.again("response/leave.html.j2", form=form, read=read)


async def resubscribe(visit: Visit) -> Response:
    """Take an unsubscription back, for somebody who asked for mail again."""
    address, domain = visit.posted.get("address"), visit.posted.get("domain")
    gone = await visit.services.listed.resubscribe(visit.account.id, domain, [address])
    return await _removed(visit, gone, address, "/response/unsubscribes", before=domain)


async def _removed(
    visit: Visit, gone: int, address: str, path: str, *, before: str = ""
) -> Response:
    if not gone:
        text = visit.gettext("The address was not in the list any more.")
        return visit.redirect(url(path), text, Tone.INFO)
    await visit.record(AuditAction.ADDRESS_UNBLOCKED, address, before=before)
    text = visit.gettext("%(address)s can be written to again.", address=address)
    return visit.redirect(url(path), text)


async def _leave_form(visit: Visit) -> LeaveForm:
    form = visit.form(LeaveForm)
    form.domain.choices = [(domain, domain) for domain in await own_domains(visit)]
    return form


def _told(visit: Visit, added: int, found: Read) -> str:
    """Return how many are new; the others were there and have the new end."""
    text = visit.ngettext(
        "%(number)s address was added.", "%(number)s addresses were added.", added
    )
    known = len(found.addresses) - added
    if known > 0:
        text += " " + visit.ngettext(
            "%(number)s was in the list already.", "%(number)s were in the list already.", known
        )
    return text
