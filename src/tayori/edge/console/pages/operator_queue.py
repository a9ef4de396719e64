"""The queue of all accounts: what waits for whom and how long, and an operator's hand in it.

An action first says how many recipients it means, and then changes just those that its filters mean
at that moment, at most `MOST_AT_ONCE` of them.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import Response

from tayori.classify.model import BounceClass
from tayori.dns.names import to_ascii
from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.flash import Tone
from tayori.edge.console.formats import Formats
from tayori.edge.console.languages import N_
from tayori.edge.console.lists import ListQuery, page_of, read_list
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.queue.operate import Move, Wish
from tayori.queue.operator_store import Filter
from tayori.queue.overview_store import AGES, NOT_TRIED, Sight
from tayori.queue.states import State
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import DAY, HOUR, MINUTE
from tayori.tenants.users.audit_model import AuditAction

MOST_AT_ONCE: Final = 2_000
"""Recipients that one action changes, so that its answer does not take long."""
SHOWN: Final = 10
_LONGEST_REASON: Final = 500
STATES: Final = {
    "queued": (State.QUEUED, N_("Waiting")),
    "sending": (State.SENDING, N_("Being sent")),
    "deferred": (State.DEFERRED, N_("Deferred")),
    "held": (State.HELD, N_("Held")),
}
OLDER: Final = {"30m": 30 * MINUTE, "1h": HOUR, "4h": 4 * HOUR, "1d": DAY, "3d": 3 * DAY}
FILTERS: Final = ("state", "account", "domain", "provider", "class", "older", "id")


@dataclass(frozen=True, slots=True)
class Words:
    """How an action is spoken of."""

    label: str
    question: str
    follows: str
    icon: str
    logged: AuditAction


WISHES: Final = {
    Wish.RETRY: Words(
        N_("Try now"),
        N_("Try these recipients now?"),
        N_("Their next attempt is due at once."),
        "refresh",
        AuditAction.QUEUE_RETRIED,
    ),
    Wish.HOLD: Words(
        N_("Hold"),
        N_("Hold these recipients?"),
        N_("They are not tried until they are released, beyond their lifetime too."),
        "player-pause",
        AuditAction.QUEUE_HELD,
    ),
    Wish.RELEASE: Words(
        N_("Release"),
        N_("Release these recipients?"),
        N_("Their next attempt is due at once."),
        "player-play",
        AuditAction.QUEUE_RELEASED,
    ),
    Wish.DROP: Words(
        N_("Drop"),
        N_("Drop these recipients?"),
        N_("They end without being sent. This cannot be undone."),
        "trash",
        AuditAction.QUEUE_DROPPED,
    ),
}


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/operator/queue", Right.OPERATE, listing),
        page("/operator/queue/{wish}", Right.OPERATE, ask),
        action("/operator/queue/{wish}", Right.OPERATE, change),
    ]


async def listing(visit: Visit) -> Response:
    """Show the groups that wait, and recipients by filter, those due first at the top."""
    asked = _asked(visit)
    now, overview = visit.services.clock.now(), visit.services.operating.overview
    wanted = await _filter(visit, asked)
    sight = await _seen(visit, wanted, asked.offset + asked.limit)
    rows = page_of(asked, sight.entries[asked.offset :])
    return visit.page(
        "operator_queue/list.html.j2",
        page=rows,
        whole=sight.whole,
        overview=await overview.groups(now),
        ages=AGES,
        not_tried=NOT_TRIED,
        names=await visit.services.accounts.names(each.account_id for each in rows.rows),
        named_states=[(name, visit.gettext(word)) for name, (_, word) in STATES.items()],
        state_names=dict(STATES.values()),
        held=State.HELD,
        classes=[(each.value, each.value) for each in BounceClass],
        older=[(name, _duration(visit, span)) for name, span in OLDER.items()],
        wishes=WISHES,
        now=now,
    )


async def ask(visit: Visit) -> Response:
    """Say how many recipients an action means, and ask."""
    wish = _wish(visit)
    if wish is None:
        return visit.not_found()
    asked = _asked(visit)
    sight = await _meant(visit, asked, wish)
    return visit.page(
        "operator_queue/ask.html.j2",
        wish=wish,
        words=WISHES[wish],
        sight=sight,
        shown=SHOWN,
        query=asked,
        back=asked.url(),
        drop=wish is Wish.DROP,
    )


async def change(visit: Visit) -> Response:
    """Do it for those that the filters mean now."""
    wish = _wish(visit)
    if wish is None:
        return visit.not_found()
    asked = _asked(visit)
    reason = visit.posted.get("reason").strip()[:_LONGEST_REASON]
    if wish is Wish.DROP and not reason:
        reason = "The operator of the service dropped the mail."
    sight = await _meant(visit, asked, wish)
    ids = tuple(entry.recipient_id for entry in sight.entries)
    changed = []
    if ids:
        changed = await visit.services.operating.queue.change(
            Filter(recipient_ids=ids), wish, visit.services.clock.now(), reason
        )
        visit.services.operating.queue_changed()
    done = sum(isinstance(each.result, Move) for each in changed)
    chosen = " ".join(f"{name}={asked[name]}" for name in FILTERS if asked[name])
    await visit.record(WISHES[wish].logged, chosen or "*", before=reason, after=str(done))
    told = visit.ngettext(
        "%(number)s recipient was changed.", "%(number)s recipients were changed.", done
    )
    left = len(changed) - done
    if left:
        told += " " + visit.ngettext(
            "%(number)s was left as it is, because it is being sent or was changed meanwhile.",
            "%(number)s were left as they are, because they are being sent or were changed "
            "meanwhile.",
            left,
        )
    back = url("/operator/queue") if asked["id"] else asked.url()
    return visit.redirect(back, told, Tone.SUCCESS if done else Tone.WARNING)


async def _seen(visit: Visit, wanted: Filter | None, most: int) -> Sight:
    if wanted is None:
        return Sight(entries=(), more=False, whole=True)
    if wanted.recipient_ids or wanted.message_ids:
        found = await visit.services.operating.queue.find(replace(wanted, limit=most))
        return Sight(entries=found, more=False, whole=True)
    return await visit.services.operating.overview.look(wanted, most)


def _asked(visit: Visit) -> ListQuery:
    return read_list(
        url("/operator/queue"),
        visit.query,
        sorts=("due",),
        filters={
            "state": tuple(STATES),
            "account": None,
            "domain": None,
            "provider": None,
            "class": tuple(each.value for each in BounceClass),
            "older": tuple(OLDER),
            "id": None,
        },
    )


def _wish(visit: Visit) -> Wish | None:
    text = visit.path["wish"]
    return Wish(text) if text in {wish.value for wish in Wish} else None


async def _meant(visit: Visit, asked: ListQuery, wish: Wish) -> Sight:
    """Return those that an action can change; a held one can only be released or dropped."""
    wanted = await _filter(visit, asked, wish)
    sight = await _seen(visit, wanted, MOST_AT_ONCE)
    held = wish is Wish.RELEASE
    entries = [
        entry for entry in sight.entries if wish is Wish.DROP or (entry.state is State.HELD) is held
    ]
    return Sight(entries=entries, more=sight.more, whole=sight.whole)


def _duration(visit: Visit, span: int) -> str:
    formats = Formats(visit.language, visit.visitor.zone, visit.services.clock.now())
    return formats.duration(span)


async def _filter(visit: Visit, asked: ListQuery, wish: Wish | None = None) -> Filter | None:
    """Return what the filters mean; None when they name an account or number that is none."""
    if asked["id"]:
        number = asked["id"]
        known = re.fullmatch(r"[0-9]{1,18}", number)
        return Filter(recipient_ids=(int(number),)) if known else Filter(message_ids=(number,))
    account_id = None
    if asked["account"]:
        found = await visit.services.accounts.find(asked["account"])
        if isinstance(found, Refusal):
            return None
        account_id = found.id
    state = STATES[asked["state"]][0] if asked["state"] else None
    if wish is Wish.RELEASE:
        state = State.HELD
    domain = asked["domain"]
    older = OLDER.get(asked["older"])
    return Filter(
        state=state,
        account_id=account_id,
        domain=(to_ascii(domain) or domain.lower()) if domain else None,
        provider=asked["provider"] or None,
        bounce_class=asked["class"] or None,
        accepted_before=None if older is None else visit.services.clock.now() - older,
    )
