"""Lists and what is in them."""

from collections.abc import AsyncIterator
from typing import ClassVar

import msgspec
from starlette.responses import Response
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from tayori.catalog.list_file_model import FileStatus
from tayori.catalog.receiver_model import ListStatus, Receiver, ReceiverList, Search
from tayori.catalog.receiver_store import FIRST
from tayori.catalog.receivers import LONGEST_DESCRIPTION, LONGEST_NAME
from tayori.db.window import Key
from tayori.edge.console.forms import Form, one_line
from tayori.edge.console.languages import N_
from tayori.edge.console.lists import key_of, page_by_key, page_of, read_list
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.tenants.users.audit_model import AuditAction

_AT_ONCE = 1_000
"""Receivers of one question of a download."""


class ListForm(Form):
    """A new list."""

    REFUSALS: ClassVar = {
        "ReceiverNameIllegal": "name",
        "RepeatReceiverName": "name",
        "ReceiverDescIllegal": "description",
    }
    name = StringField(N_("Name"), [InputRequired(), Length(max=LONGEST_NAME), one_line])
    description = TextAreaField(N_("Description"), [Length(max=LONGEST_DESCRIPTION)])


async def lists(visit: Visit) -> Response:
    """Show the account's lists."""
    asked = read_list(
        url("/lists"),
        visit.query,
        sorts=("created", "name", "size"),
        usual="-created",
        filters={"q": None},
    )
    page = (asked.offset, asked.limit)
    found, total = await visit.services.receivers.page(
        visit.account.id, page, keyword=asked["q"], order=asked.order
    )
    return visit.page(
        "receivers/lists.html.j2", page=page_of(asked, found, total), ListStatus=ListStatus
    )


async def ask_new(visit: Visit) -> Response:
    """Show the form of a new list."""
    return visit.page("receivers/new.html.j2", form=visit.form(ListForm))


async def create(visit: Visit) -> Response:
    """Make an empty list; the next step is its file."""
    form = visit.form(ListForm)
    if not visit.failed(form):
        name = (form.name.data or "").strip()
        made = await visit.services.receivers.create(
            visit.account.id, name, (form.description.data or "").strip()
        )
        if not isinstance(made, Refusal):
            await visit.record(AuditAction.LIST_CREATED, name)
            text = visit.gettext("The list was made. Now fill it with a file.")
            return visit.redirect(url("/lists", made, "upload"), text)
        form.refuse(made)
    return visit.again("receivers/new.html.j2", form=form)


async def show(visit: Visit) -> Response:
    """Show a list: its files, and the receivers that are looked for."""
    held = await held_list(visit)
    if held is None:
        return visit.not_found()
    asked = read_list(
        url("/lists", held.id),
        visit.query,
        sorts=("id",),
        filters={"q": None, "state": ("valid", "invalid")},
    )
    search = Search(text=asked["q"], valid={"valid": True, "invalid": False}.get(asked["state"]))
    rows, key = await visit.services.receivers.look(
        held.id, search, key_of(asked, FIRST), asked.rows
    )
    files = await visit.services.list_files.of_list(visit.account.id, held.id)
    return visit.page(
        "receivers/show.html.j2",
        held=held,
        files=files,
        page=page_by_key(asked, [(row, values_of(row)) for row in rows], key),
        ListStatus=ListStatus,
        FileStatus=FileStatus,
    )


async def download(visit: Visit) -> Response:
    """Return the list as a CSV file: the address, its variables, and why it is invalid if so."""
    held = await held_list(visit)
    if held is None:
        return visit.not_found()
    names = held.variables or ()
    await visit.record(AuditAction.LIST_EXPORTED, held.name)
    return visit.csv_stream(held.name, ("email", *names, "fault"), _rows(visit, held, names))


async def _rows(
    visit: Visit, held: ReceiverList, names: tuple[str, ...]
) -> AsyncIterator[list[object]]:
    key: Key | None = FIRST
    while key is not None:
        found, key = await visit.services.receivers.look(held.id, Search(), key, _AT_ONCE)
        for one in found:
            values = values_of(one)
            yield [one.address, *(values.get(name, "") for name in names), one.reason]


async def remove(visit: Visit) -> Response:
    """Take one receiver out of a list."""
    held = await held_list(visit)
    if held is None:
        return visit.not_found()
    gone = await visit.services.receivers.remove(
        visit.account.id, held.id, int(visit.path["receiver"])
    )
    if isinstance(gone, Refusal):
        return visit.not_found()
    await visit.record(AuditAction.LIST_CHANGED, held.name, before=gone)
    text = visit.gettext("%(address)s was taken out of the list.", address=gone)
    return visit.redirect(url("/lists", held.id), text)


async def delete(visit: Visit) -> Response:
    """Delete a list with everybody in it."""
    held = await held_list(visit)
    if held is None:
        return visit.not_found()
    await visit.services.receivers.delete(visit.account.id, held.id)
    await visit.record(AuditAction.LIST_REMOVED, held.name)
    text = visit.gettext("The list %(name)s was deleted.", name=held.name)
    return visit.redirect(url("/lists"), text)


async def held_list(visit: Visit) -> ReceiverList | None:
    """Return the list that the path names, None when the account has no such list."""
    found = await visit.services.receivers.get(visit.account.id, int(visit.path["number"]))
    return None if isinstance(found, Refusal) else found


def values_of(receiver: Receiver) -> dict[str, str]:
    """Return the values of a receiver's variables, as texts."""
    values = msgspec.json.decode(receiver.data) if receiver.data else {}
    return {name: str(value) for name, value in values.items()} if values else {}
