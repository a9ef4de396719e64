from zoneinfo import ZoneInfo

import pytest

from tayori.events.model import EventKind
from tayori.reputation.counting import DomainDay, Known, merged, tally
from tayori.reputation.figures import Fate, Figures, added, address_number, fate
from tayori.reputation.level_model import Fact
from tayori.runtime.clock import DAY

ZONE = ZoneInfo("Asia/Shanghai")
NOON = 1_790_049_600_000  # 2026-09-22 12:00 +08:00
REJECTED = Fate.SENT | Fate.REJECTED


@pytest.mark.parametrize(
    ("kind", "data", "told"),
    [
        (EventKind.DELIVERED, {}, Fate.SENT | Fate.DELIVERED),
        (EventKind.BOUNCE, {"class": "unknown_user"}, REJECTED | Fate.INVALID),
        (EventKind.BOUNCE, {"class": "dns"}, REJECTED | Fate.INVALID),
        (EventKind.BOUNCE, {"class": "content"}, REJECTED | Fate.SPAM),
        (EventKind.BOUNCE, {"class": "reputation", "about": "domain"}, REJECTED | Fate.SPAM),
        (EventKind.BOUNCE, {"class": "mailbox_full"}, REJECTED),
        # What was about ourselves is not the domain's doing.
        (EventKind.BOUNCE, {"class": "reputation", "about": "address"}, Fate(0)),
        (EventKind.BOUNCE, {"class": "reputation"}, Fate(0)),
        (EventKind.BOUNCE, {"class": "expired"}, Fate(0)),
        (EventKind.BOUNCE, {"class": "network"}, Fate(0)),
        (EventKind.DEFERRED, {"class": "rate_limited"}, Fate.SENT | Fate.DEFERRED),
        (EventKind.DEFERRED, {"class": "rate_limited", "about": "recipient"}, Fate(0)),
        (EventKind.DEFERRED, {"class": "greylisted"}, Fate(0)),
        (EventKind.DEFERRED, {"class": "mailbox_full"}, Fate.SENT),
        (EventKind.OPEN, {}, Fate.OPENED),
        (EventKind.OPEN, {"machine": 1}, Fate(0)),
        (EventKind.CLICK, {}, Fate.OPENED),
        (EventKind.SPAMREPORT, {}, Fate.COMPLAINED),
        (EventKind.DROPPED, {"reason": "blacklisted"}, Fate(0)),
        (EventKind.ACCEPTED, {}, Fate(0)),
    ],
)
def test_what_an_event_tells_of_its_recipient(kind, data, told):
    assert fate(kind, data) == told


def fact(address, kind, *, at=NOON, attempt=1, provider="gmail", identity=1, **data):
    tried = kind in (EventKind.DELIVERED, EventKind.BOUNCE, EventKind.DEFERRED)
    of_attempt = {"attempt": attempt, "provider": provider} if tried else {}
    return Fact(
        account_id=1,
        at=at,
        identity_id=identity,
        accepted_at=at,
        address=address,
        kind=kind,
        data=of_attempt | data,
    )


def counted(*facts, known=None):
    (told,) = tally(facts, ZONE, "2026-09-20").values()
    return merged(told, known or {})


def test_a_recipient_counts_once_whatever_number_of_mails_there_were():
    delivered = fact("a@x.test", EventKind.DELIVERED)
    _, by_provider, total = counted(delivered, delivered, fact("A@X.test", EventKind.OPEN))
    assert total == Figures(mails=2, sent=1, delivered=1, opened=1)
    assert by_provider == {"gmail": total}


def test_what_is_known_already_is_not_counted_again_and_a_reaction_goes_to_its_provider():
    known = {address_number("a@x.test"): Known(Fate.SENT | Fate.DELIVERED, "qq")}
    changed, by_provider, total = counted(
        fact("a@x.test", EventKind.DELIVERED, attempt=2, provider="qq"),
        fact("a@x.test", EventKind.SPAMREPORT),
        known=known,
    )
    assert total == Figures(complained=1)
    assert by_provider == {"qq": total}
    (one,) = changed.values()
    assert one.flags == Fate.SENT | Fate.DELIVERED | Fate.COMPLAINED


def test_mails_count_on_the_day_on_which_they_were_accepted_and_old_days_not_at_all():
    found = tally(
        [
            fact("a@x.test", EventKind.DELIVERED, at=NOON),
            fact("a@x.test", EventKind.DELIVERED, at=NOON + DAY // 2 - 1),
            fact("a@x.test", EventKind.DELIVERED, at=NOON + DAY // 2),
            fact("a@x.test", EventKind.OPEN, at=NOON - 3 * DAY),
            fact("b@x.test", EventKind.DEFERRED, identity=2, **{"class": "greylisted"}),
        ],
        ZONE,
        "2026-09-20",
    )
    assert {day: len(told.mails) for day, told in found.items()} == {
        DomainDay(1, "2026-09-22"): 2,
        DomainDay(1, "2026-09-23"): 1,
        DomainDay(2, "2026-09-22"): 1,
    }


def test_figures_never_count_what_was_there():
    both = Fate.SENT | Fate.DELIVERED
    assert added(both, both) == Figures()
    assert added(Fate.SENT, both | Fate.OPENED) == Figures(delivered=1, opened=1)
