"""The life of a mail to one recipient, step by step, in the visitor's language."""

from dataclasses import dataclass, field
from typing import Final

from tayori.classify.model import BounceClass
from tayori.edge.console.formats import Formats
from tayori.edge.console.languages import N_
from tayori.edge.console.pages.response.classes import CLASSES, Explained
from tayori.edge.console.pages.search.reasons import told
from tayori.edge.console.pages.search.words import ATTEMPTS, EVENTS, STAGES, Word
from tayori.edge.console.visit import Visit
from tayori.events.model import MACHINE, Event, EventKind
from tayori.mail.transcript import Said, read
from tayori.queue.operate import Entry
from tayori.queue.operator_store import AttemptRow
from tayori.queue.states import State
from tayori.queue.story import Fate, Wait, story
from tayori.runtime.clock import SECOND

_REPLIED: Final = {EventKind.DELIVERED, EventKind.BOUNCE, EventKind.DEFERRED}
"""Events whose reason is the receiver's reply, which the attempt before them shows already."""
_WAITING: Final = Word(N_("It had to wait before an attempt"), "info", "hourglass")
_MACHINE: Final = N_("A program of the receiver did it (%(name)s), so it counts for no person.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the history. `machine` is what a machine said; `facts` are terms and values."""

    at: int
    title: str
    tone: str
    icon: str = ""
    text: str = ""
    advice: str = ""
    machine: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    talk: list[Said] = field(default_factory=list)
    """The conversation with the receiver."""


def steps(visit: Visit, fate: Fate, now: int) -> list[Step]:
    """Return what happened to the recipients of the fate, oldest first, and where they stand."""
    teller = _Teller(visit, Formats(visit.language, visit.visitor.zone, now), fate)
    found = [teller.step(one.what, one.entry) for one in story(fate) if _is_shown(one.what)]
    standing = [teller.standing(entry, now) for entry in fate.recipients if entry.due_at]
    return found + standing


def explained(bounce_class: str) -> Explained | None:
    """Return what a class of refusals means and what to do, None where none is known."""
    known = bounce_class in tuple(BounceClass)
    return CLASSES.get(BounceClass(bounce_class)) if known else None


def _is_shown(what: object) -> bool:
    return not isinstance(what, Event) or what.kind in EVENTS


@dataclass(frozen=True, slots=True)
class _Teller:
    visit: Visit
    formats: Formats
    fate: Fate

    def step(self, what: Event | AttemptRow | Wait, entry: Entry | None) -> Step:
        if isinstance(what, AttemptRow):
            return self._attempt(what)
        if isinstance(what, Wait):
            return self._wait(what)
        return self._event(what, entry)

    def _attempt(self, tried: AttemptRow) -> Step:
        word = ATTEMPTS.get(tried.kind, ATTEMPTS["unknown"])
        reply = " ".join(part for part in (str(tried.code or ""), tried.enhanced) if part)
        ours = told(self.visit, tried.text)
        said = "" if ours else f"{reply} {tried.text}".strip()
        if tried.detail:
            said = f"{said} ({tried.detail})".strip()
        return Step(
            at=tried.ended_at,
            title=self.visit.gettext(word.text, number=self.formats.number(tried.number)),
            tone=word.tone,
            icon=word.icon,
            text=ours.text if ours else "",
            advice=ours.advice if ours else "",
            machine=said,
            facts=self._facts(tried),
            talk=read(tried.conversation),
        )

    def _facts(self, tried: AttemptRow) -> tuple[tuple[str, str], ...]:
        gettext = self.visit.gettext
        failed = tried.kind != "delivered"
        stage = STAGES.get(tried.stage, "") if failed else ""
        server = f"{tried.peer_host} [{tried.peer_address}]" if tried.peer_address else ""
        secure = tried.tls or (gettext("none") if tried.peer_address else "")
        facts = (
            (gettext("Receiver's server"), server.strip()),
            (gettext("Encryption"), secure),
            (gettext("Where it failed"), gettext(stage) if stage else ""),
            (gettext("Sent from"), tried.source or ""),
            (gettext("Time taken"), self._span(tried.ended_at - tried.started_at)),
        )
        return tuple((term, value) for term, value in facts if value)

    def _wait(self, wait: Wait) -> Step:
        reason = told(self.visit, wait.cause)
        text = reason.text if reason else ""
        if wait.waited_ms is not None:
            lasted = self.visit.gettext("It waited %(time)s.", time=self._span(wait.waited_ms))
            text = f"{text} {lasted}".strip()
        return Step(
            at=wait.since,
            title=self.visit.gettext(_WAITING.text),
            tone=_WAITING.tone,
            icon=_WAITING.icon,
            text=text,
            advice=reason.advice if reason else "",
            machine="" if reason else wait.cause.english,
        )

    def _event(self, event: Event, entry: Entry | None) -> Step:
        word = EVENTS[event.kind]
        about = explained(str(event.data.get("class", "")))
        title = self.visit.gettext(word.text)
        if about is not None:
            title = f"{title}: {self.visit.gettext(about.word)}"
        reason = event.reason.english
        hidden = event.kind in _REPLIED and self._was_attempted(event, reason)
        ours = None if hidden else told(self.visit, event.reason)
        parts = [self._more(event, entry), ours.text if ours else ""]
        advice = self.visit.gettext(about.advice) if about and self._ends(event) else ""
        return Step(
            at=event.at,
            title=title,
            tone=word.tone,
            icon=word.icon,
            text=" ".join(part for part in parts if part),
            advice=advice or (ours.advice if ours else ""),
            machine="" if ours or hidden else reason,
        )

    def _was_attempted(self, event: Event, reason: str) -> bool:
        """Tell whether an attempt of the history shows the reply of the event."""
        if event.data.get("report"):
            return False
        return any(tried.text and tried.text.english in reason for tried in self.fate.attempts)

    @staticmethod
    def _ends(event: Event) -> bool:
        return event.kind is EventKind.BOUNCE

    def _more(self, event: Event, entry: Entry | None) -> str:
        """Return the sentence that an event of this kind has beside its title."""
        gettext, data = self.visit.gettext, event.data
        about = explained(str(data.get("class", "")))
        accepted_at = entry.accepted_at if entry else self.fate.message.accepted_at
        next_at = data.get("next_at")
        match event.kind:
            case EventKind.DELIVERED:
                lasted = self._span(event.at - accepted_at)
                return gettext("%(time)s after the service took the mail.", time=lasted)
            case EventKind.BOUNCE if data.get("report"):
                return gettext("The receiver took the mail and reported later that it gave it up.")
            case EventKind.BOUNCE | EventKind.DEFERRED if not isinstance(next_at, int):
                return gettext(about.meaning) if about else ""
            case EventKind.DEFERRED if isinstance(next_at, int):
                due = self.formats.time(next_at)
                return gettext("The next attempt is due at %(time)s.", time=due)
            case EventKind.OPEN | EventKind.CLICK if data.get(MACHINE):
                return gettext(_MACHINE, name=data[MACHINE])
            case _:
                return ""

    def standing(self, entry: Entry, now: int) -> Step:
        """Return where a recipient stands who was not settled yet."""
        gettext = self.visit.gettext
        if entry.state is State.HELD:
            text = gettext("The operator holds the mail until it is let go or dropped.")
        elif entry.state is State.SENDING:
            text = gettext("A delivery process is working on it.")
        else:
            due_at = entry.due_at or now
            due = self.formats.time(due_at)
            text = (
                gettext("The next attempt is due now.")
                if due_at <= now
                else gettext("The next attempt is due at %(time)s.", time=due)
            )
            ends = self.formats.time(entry.expires_at)
            last = gettext("The service tries by itself until %(time)s.", time=ends)
            text = f"{text} {last}"
        return Step(
            at=now, title=gettext("Where it stands now"), tone="info", icon="clock-play", text=text
        )

    def _span(self, length_ms: int) -> str:
        if length_ms < SECOND:
            return self.visit.gettext("less than a second")
        return self.formats.duration(length_ms)
