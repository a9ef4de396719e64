"""The blacklist of all accounts: who is on it and why, add and remove."""

from typing import ClassVar, Final

from starlette.responses import Response
from wtforms import IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.flash import Tone
from tayori.edge.console.forms import Form, one_line
from tayori.edge.console.languages import N_
from tayori.edge.console.lists import Page as Rows
from tayori.edge.console.lists import read_list
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.mail.address import AddressError, parse_mailbox
from tayori.refusal.saying import quote
from tayori.runtime.clock import DAY
from tayori.suppress.listing_store import EVERY_ACCOUNT, Listed, look_at_shared
from tayori.suppress.model import BY_OPERATOR
from tayori.tenants.users.audit_model import AuditAction

MOST: Final = 1_000
"""Addresses that are added at once."""
USUAL_DAYS: Final = 14
LONGEST_DAYS: Final = 3_650
SHOWN: Final = 5


class BlockForm(Form):
    """Addresses to be blocked."""

    REFUSALS: ClassVar = {}
    addresses = TextAreaField(N_("Addresses"), [InputRequired(), Length(max=500_000)])
    days = IntegerField(
        N_("For how many days"),
        [InputRequired(), NumberRange(1, LONGEST_DAYS)],
        default=USUAL_DAYS,
    )
    reason = StringField(N_("Reason"), [Length(max=500), one_line])


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/operator/blacklist", Right.OPERATE, listing),
        page("/operator/blacklist/new", Right.OPERATE, ask_new),
        action("/operator/blacklist/new", Right.OPERATE, add),
        action("/operator/blacklist/remove", Right.OPERATE, remove),
    ]


async def listing(visit: Visit) -> Response:
    """Show blocked addresses, by address."""
    asked = read_list(
        url("/operator/blacklist"), visit.query, sorts=("address",), filters={"q": None}
    )
    found = await look_at_shared(
        visit.services.database,
        asked["q"],
        visit.services.clock.now(),
        after=asked.after,
        most=asked.rows,
    )
    rows: Rows[Listed] = Rows(
        rows=found.rows, query=asked, has_next=bool(found.next), next_key=found.next
    )
    owners = [each.account_id for each in found.rows if each.account_id != EVERY_ACCOUNT]
    names = await visit.services.accounts.names(owners)
    return visit.page("operator_blacklist/list.html.j2", page=rows, names=names)


async def ask_new(visit: Visit) -> Response:
    """Show the form that blocks addresses."""
    return visit.page("operator_blacklist/new.html.j2", form=visit.form(BlockForm), wrong=())


async def add(visit: Visit) -> Response:
    """Block addresses; with a mistake in one nothing is done."""
    form = visit.form(BlockForm)
    failed = visit.failed(form)
    given = (form.addresses.data or "").replace(",", "\n").split()
    read = {text: _address(text) for text in given}
    wrong = [text for text, address in read.items() if address is None]
    if failed or wrong or len(read) > MOST:
        return visit.again(
            "operator_blacklist/new.html.j2",
            form=form,
            wrong=wrong,
            shown=SHOWN,
            most=MOST,
            too_many=len(read) > MOST,
        )
    now = visit.services.clock.now()
    rows = [
        Listed(
            address=address,
            account_id=EVERY_ACCOUNT,
            at=now,
            expires_at=now + (form.days.data or USUAL_DAYS) * DAY,
            reason=quote((form.reason.data or "").strip()) or BY_OPERATOR,
        )
        for address in sorted({address for address in read.values() if address is not None})
    ]
    await visit.services.operating.blacklist.add(rows)
    named = ", ".join(row.address for row in rows[:SHOWN])
    await visit.record(AuditAction.ADDRESS_BLOCKED, named, after=str(len(rows)))
    text = visit.ngettext(
        "%(number)s address was blocked.", "%(number)s addresses were blocked.", len(rows)
    )
    return visit.redirect(url("/operator/blacklist"), text)


async def remove(visit: Visit) -> Response:
    """Let all accounts write to an address again."""
    address = visit.posted.get("address")
    done = await visit.services.operating.blacklist.remove([address], EVERY_ACCOUNT, "")
    if not done:
        text = visit.gettext("%(address)s is not on the blacklist any more.", address=address)
        return visit.redirect(url("/operator/blacklist"), text, Tone.INFO)
    await visit.record(AuditAction.ADDRESS_UNBLOCKED, address)
    text = visit.gettext("%(address)s was removed from the blacklist.", address=address)
    return visit.redirect(url("/operator/blacklist"), text)


def _address(text: str) -> str | None:
    mailbox = parse_mailbox(text)
    return None if isinstance(mailbox, AddressError) else mailbox.address.addr.lower()
