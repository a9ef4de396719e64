"""The form of a task, what can be chosen in it, and the order that it makes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from wtforms import DateTimeLocalField, IntegerField, RadioField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from tayori.bulk.model import AdLocation, Order, TaskKind
from tayori.catalog.model import TemplateStatus
from tayori.catalog.receiver_model import ListStatus
from tayori.catalog.variables import VariableFault, split_variables
from tayori.edge.console.forms import Form, one_line
from tayori.edge.console.languages import N_
from tayori.edge.console.outgoing import footer_choices
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import SECOND

MOST_CHOICES = 500
LONGEST_SUBJECT = 256
HOURS = {"hours": 1, "days": 24, "weeks": 168}
KINDS = {
    "now": N_("As soon as it is created"),
    "once": N_("At a time"),
    "cycle": N_("Again and again"),
}
UNITS = {"hours": N_("hours"), "days": N_("days"), "weeks": N_("weeks")}
MARKS = {
    "0": N_("No mark"),
    "1": N_("In front of the subject"),
    "2": N_("Behind the subject"),
}


class TaskForm(Form):
    """A task as people ask for it."""

    REFUSALS: ClassVar = {
        "ReceiverNotExist": "list_id",
        "ReceiverStatusError": "list_id",
        "TemplateStatusError": "template_id",
        "TemplateNotExist": "template_id",
        "SendAddressStatusError": "sender",
        "SubjectLengthError": "subject",
        "BeginTimeBeforeNow": "begins",
        "NotAuthenticatedSender": "reply_to",
    }
    list_id = SelectField(N_("Receiver list"), [InputRequired()])
    template_id = SelectField(N_("Template"), [InputRequired()])
    sender = SelectField(N_("Sender"), [InputRequired()])
    subject = StringField(N_("Subject"), [InputRequired(), Length(max=LONGEST_SUBJECT), one_line])
    reply_to = StringField(N_("Replies go to"), [Length(max=254), one_line])
    kind = RadioField(N_("When it is sent"), default="now")
    begins = DateTimeLocalField(N_("Begins"), [Optional()], format="%Y-%m-%dT%H:%M")
    every = IntegerField(N_("Every"), [Optional(), NumberRange(min=1, max=366)], default=1)
    unit = SelectField(N_("Unit"), default="days")
    ends = DateTimeLocalField(N_("Ends"), [Optional()], format="%Y-%m-%dT%H:%M")
    unsubscribe = SelectField(N_("Unsubscribe link"), default="")
    ad = SelectField(N_("Mark of an advertisement"), default="0")

    def validate(self, extra_validators: Any = None) -> bool:
        """Check the fields, and want a beginning for whatever does not begin at once.

        An optional field that is empty is not asked further, so it is looked at here.
        """
        sound = super().validate(extra_validators)
        if self.kind.data != "now" and self.begins.data is None and not self.begins.errors:
            self.begins.errors = [self.begins.gettext("Say when it begins.")]
            return False
        return bool(sound)

    def validate_ends(self, field: DateTimeLocalField) -> None:
        """Want an end behind the beginning."""
        begins = self.begins.data
        if self.kind.data == "cycle" and field.data and begins and field.data <= begins:
            raise ValidationError(field.gettext("The end comes before the beginning."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What can be chosen, as pairs of a value and a label."""

    lists: list[tuple[str, str]]
    templates: list[tuple[str, str]]
    senders: list[tuple[str, str]]
    kinds: list[tuple[str, str]]
    units: list[tuple[str, str]]
    links: list[tuple[str, str]]
    marks: list[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An order, and the words for what was chosen."""

    order: Order
    template: str
    link: str


async def choices_of(visit: Visit) -> Choices:
    """Return what the account has to choose from: filled lists, approved templates, senders."""
    services, account = visit.services, visit.account.id
    lists, _ = await services.receivers.page(
        account, (0, MOST_CHOICES), int(ListStatus.UPLOADED), order="name"
    )
    templates = await services.templates.list(account, offset=0, limit=MOST_CHOICES)
    senders = await services.senders.list(account)
    return Choices(
        lists=[
            (
                str(one.id),
                visit.ngettext(
                    "%(name)s (%(number)s address)",
                    "%(name)s (%(number)s addresses)",
                    one.total - one.invalid,
                    name=one.name,
                ),
            )
            for one in lists
            if one.total > one.invalid
        ],
        templates=[
            (str(one.id), one.name)
            for one in templates.templates
            if one.status is TemplateStatus.APPROVED
        ],
        senders=[(_mailbox(one.display_name, one.address.addr),) * 2 for one in senders],
        kinds=_told(visit, KINDS),
        units=_told(visit, UNITS),
        links=[
            ("", visit.gettext("As the sender is set")),
            ("0", visit.gettext("No link")),
            *footer_choices(visit.language),
        ],
        marks=_told(visit, MARKS),
    )


async def missing_values(visit: Visit, form: TaskForm, given: dict[str, str]) -> list[str]:
    """Return the variables of template and subject that neither list nor form has a value for."""
    services, account = visit.services, visit.account.id
    template = await services.templates.find(account, int(form.template_id.data))
    listed = await services.receivers.get(account, int(form.list_id.data))
    if template is None or isinstance(listed, Refusal):
        return []
    needed: dict[str, None] = {}
    for text in (form.subject.data or "", template.content.html, template.content.text):
        found = split_variables(text)
        if not isinstance(found, VariableFault):
            needed |= dict.fromkeys(found.names)
    return [name for name in needed if name not in (listed.variables or ()) and not given.get(name)]


def order_of(visit: Visit, form: TaskForm, choices: Choices, given: dict[str, str]) -> Asked:
    """Return the order that a form makes; times are those of the visitor's zone."""
    kind = {"now": TaskKind.IMMEDIATE, "once": TaskKind.TIMED, "cycle": TaskKind.CYCLIC}[
        form.kind.data
    ]
    cyclic = kind is TaskKind.CYCLIC
    order = Order(
        kind=kind,
        list_id=int(form.list_id.data),
        sender=form.sender.data,
        subject=form.subject.data or "",
        template_id=int(form.template_id.data),
        template_data=msgspec.json.encode(given).decode() if given else "",
        reply_to=(form.reply_to.data or "").strip(),
        unsubscribe=form.unsubscribe.data,
        ad_location=AdLocation(int(form.ad.data)),
        begins_at=None if kind is TaskKind.IMMEDIATE else _instant(visit, form.begins.data),
        interval_h=(form.every.data or 1) * HOURS[form.unit.data] if cyclic else None,
        ends_at=_instant(visit, form.ends.data) if cyclic else None,
    )
    return Asked(
        order=order,
        template=_label(choices.templates, form.template_id.data),
        link=_label(choices.links, form.unsubscribe.data),
    )


def _instant(visit: Visit, wall: datetime | None) -> int | None:
    if wall is None:
        return None
    return int(wall.replace(tzinfo=visit.visitor.zone).timestamp()) * SECOND


def _label(choices: list[tuple[str, str]], chosen: str) -> str:
    return next((label for value, label in choices if value == chosen), "")


def _mailbox(name: str, address: str) -> str:
    if not name:
        return address
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{address}>'


def _told(visit: Visit, words: dict[str, str]) -> list[tuple[str, str]]:
    return [(value, visit.gettext(word)) for value, word in words.items()]
