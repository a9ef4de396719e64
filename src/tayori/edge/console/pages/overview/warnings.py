"""What needs somebody, each with what to do and where."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tayori.bulk.model import Cause, Task
from tayori.callbacks.model import Endpoint
from tayori.catalog.model import Template
from tayori.config.screening import ScanSettings
from tayori.edge.console.formats import Formats
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.reputation.rules import Step
from tayori.reputation.standing import DayUse
from tayori.stats.reports import Line, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """A warning: what is wrong, what to do, and the page where that is done."""

    tone: str
    title: str
    advice: str
    address: str
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainLine:
    """A domain's day: its level and quota, and what a rise still asks for."""

    domain: str
    verified: bool
    use: DayUse
    missing: Sequence[Step]
    highest: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found out about an account."""

    domains: Sequence[DomainLine]
    stopped_tasks: Sequence[Task]
    refused: Sequence[Template]
    endpoints: Sequence[Endpoint]
    week: Line
    scan: ScanSettings


def warnings(visit: Visit, found: Findings) -> list[Warned]:
    """Return what needs somebody, the worst first."""
    every = [
        *_of_domains(visit, found),
        *_of_tasks(visit, found),
        *_of_setup(visit, found),
        *_of_rates(visit, found),
        *_of_scanners(visit, found),
    ]
    return sorted(every, key=lambda one: one.tone != "danger")


def _of_domains(visit: Visit, found: Findings) -> Iterator[Warned]:
    gettext = visit.gettext
    for one in found.domains:
        if not one.verified:
            yield Warned(
                tone="warning",
                title=gettext("%(domain)s is not verified", domain=one.domain),
                advice=gettext("Nothing can be sent from it until its DNS records are found."),
                address=url("/domains", one.domain),
                action=gettext("Show the records"),
            )
        elif one.use.stopped:
            yield Warned(
                tone="danger",
                title=gettext("%(domain)s is stopped", domain=one.domain),
                advice=gettext("See why, and clean your lists before you send again."),
                address=url("/domains", one.domain, "level"),
                action=gettext("Show the reason"),
            )


def _of_tasks(visit: Visit, found: Findings) -> Iterator[Warned]:
    gettext = visit.gettext
    for task in found.stopped_tasks:
        # A pause for today ends by itself.
        if task.cause is not Cause.QUOTA:
            yield Warned(
                tone="warning",
                title=gettext("A bulk task stands still: %(name)s", name=task.order.subject),
                advice=gettext("Open it to see the reason, then resume or cancel it."),
                address=url("/tasks", task.id),
                action=gettext("Open the task"),
            )


def _of_setup(visit: Visit, found: Findings) -> Iterator[Warned]:
    gettext = visit.gettext
    for template in found.refused:
        yield Warned(
            tone="warning",
            title=gettext("The template %(name)s was refused", name=template.name),
            advice=gettext("Read the reasons, change it, and it is reviewed again."),
            address=url("/templates", template.id),
            action=gettext("Show the reasons"),
        )
    for endpoint in found.endpoints:
        if endpoint.off_at is not None:
            yield Warned(
                tone="danger",
                title=gettext("A callback is switched off: %(url)s", url=endpoint.url),
                advice=gettext("It failed for a day. Mend its server, then switch it on again."),
                address=url("/callbacks"),
                action=gettext("Open callbacks"),
            )


def _of_rates(visit: Visit, found: Findings) -> Iterator[Warned]:
    gettext, rates = visit.gettext, found.week.rates
    formats = Formats(visit.language, visit.visitor.zone, visit.services.clock.now())
    shares = {name: formats.percent(rate.share) for name, rate in rates.items()}
    if rates["bounced"].verdict is Verdict.BAD:
        yield Warned(
            tone="danger",
            title=gettext("%(rate)s of your mails bounced", rate=shares["bounced"]),
            advice=gettext("Take addresses that bounced out of your lists; see them by class."),
            address=url("/response"),
            action=gettext("Show the bounces"),
        )
    if rates["opened"].verdict is Verdict.BAD:
        title = gettext("Only %(rate)s of your mails were opened", rate=shares["opened"])
        yield Warned(
            tone="warning",
            title=title,
            advice=gettext(
                "Write to people who asked for it, with a subject that says what it is about."
            ),
            address=url("/statistics", by="template"),
            action=gettext("Compare templates"),
        )
    if rates["complained"].verdict is Verdict.BAD:
        yield Warned(
            tone="danger",
            title=gettext("Too many complaints: %(rate)s", rate=shares["complained"]),
            advice=gettext("Make unsubscribing easy, and write only to people who asked for it."),
            address=url("/response"),
            action=gettext("Show the complaints"),
        )


def _of_scanners(visit: Visit, found: Findings) -> Iterator[Warned]:
    scan = found.scan
    if visit.user.operator and not (scan.clamd or scan.spamd or scan.rspamd):
        yield Warned(
            tone="warning",
            title=visit.gettext("No scanner is connected"),
            advice=visit.gettext("Mails are not scanned for malware or spam before they are sent."),
            address=url("/operator/scanners"),
            action=visit.gettext("Open scanners"),
        )
