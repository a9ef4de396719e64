"""The life of a reaction by the clock: full, released in steps, gone; and what it means for mail."""

import pytest

from tayori.delivery.plan import Route, Target
from tayori.delivery.reactions.apply import Active
from tayori.delivery.reactions.model import MOST_RETURNS, Effect, Reaction, Scope, again, step_of
from tayori.delivery.settler import put_off
from tayori.delivery.shaping import NO_EFFECTS, Limits, Rate, Shape, limited_by
from tayori.delivery.sources import Source
from tayori.queue.model import Leased, Priority, Role
from tayori.queue.states import State
from tayori.runtime.clock import DAY, HOUR, MINUTE, SECOND, SettableClock

NOW = 1_790_000_000_000
PAUSE = Effect(pause=True)
ROUTE = Route("mx.qq.test", (Target("mx.qq.test", "127.0.0.1"),), "qq", Source("warm"))
OTHER = Route("mx.other.test", (Target("mx.other.test", "127.0.0.1"),))


def reaction(scope=None, effect=PAUSE, number=1, duration_ms=20 * MINUTE):
    return Reaction(
        id=number,
        name="qq-frequency",
        scope=Scope(source="warm", destination="qq") if scope is None else scope,
        effect=effect,
        reason="550 Ip frequency limited",
        by="rule qq-frequency",
        began_at=NOW,
        ends_at=NOW + duration_ms,
        step_ms=step_of(duration_ms),
        duration_ms=duration_ms,
    )


def recipient(number=1, account_id=1):
    return Leased(
        id=number,
        message_id=number,
        account_id=account_id,
        address=f"u{number}@qq.test",
        domain="qq.test",
        role=Role.TO,
        priority=Priority.NORMAL,
        attempts=0,
        accepted_at=NOW,
        expires_at=NOW + 3 * DAY,
    )


def share(active, now, task_id=None):
    free = [active.pause(recipient(n), ROUTE, task_id, now) is None for n in range(4_000)]
    return sum(free) / len(free)


def test_the_whole_life_of_a_pause_by_moving_the_clock():
    clock = SettableClock(NOW)
    held = reaction(Scope(destination="qq", account_id=1))
    active = Active([held])
    seen = []
    while not held.over(clock.now()):
        seen.append((held.step(clock.now()), share(active, clock.now())))
        clock.advance(5 * MINUTE)
    assert [step for step, _ in seen] == [0, 0, 0, 0, 1, 2, 3]
    assert [part for _, part in seen] == pytest.approx([0, 0, 0, 0, 1 / 8, 1 / 4, 1 / 2], abs=0.03)
    assert share(active, clock.now()) == 1


def test_a_mail_waits_until_more_is_let_through():
    held = reaction(Scope(destination="qq", account_id=1))
    active = Active([held])
    pause = active.pause(recipient(), ROUTE, None, NOW + MINUTE)
    assert pause.until == held.ends_at
    in_step = NOW + 21 * MINUTE
    waits = [active.pause(recipient(n), ROUTE, None, in_step) for n in range(100)]
    assert {each.until for each in waits if each} == {held.ends_at + 5 * MINUTE}
    assert "paused by reaction qq-frequency until 2026-09-21" in str(pause)
    assert str(pause).endswith("UTC: 550 Ip frequency limited")


@pytest.mark.parametrize(
    ("scope", "meant"),
    [
        (Scope(source="warm", destination="qq"), True),
        (Scope(source="cold", destination="qq"), False),
        (Scope(source="warm"), True),
        (Scope(destination="qq"), True),
        (Scope(destination="netease"), False),
        (Scope(account_id=1), True),
        (Scope(account_id=2), False),
        (Scope(account_id=1, destination="netease"), False),
        (Scope(account_id=1, task_id=7), True),
        (Scope(account_id=1, task_id=8), False),
    ],
)
def test_only_mail_in_its_scope_is_paused(scope, meant):
    active = Active([reaction(scope)])
    assert (active.pause(recipient(), ROUTE, 7, NOW) is not None) is meant
    assert active.pause(recipient(account_id=3), OTHER, None, NOW) is None or scope == Scope()


def test_a_site_without_a_provider_is_its_own_destination():
    active = Active([reaction(Scope(source="", destination="mx.other.test"))])
    assert active.pause(recipient(), OTHER, None, NOW) is not None
    assert active.pause(recipient(), ROUTE, None, NOW) is None


def test_the_longest_of_several_pauses_counts():
    first, second = reaction(), reaction(number=2, duration_ms=2 * HOUR)
    pause = Active([first, second]).pause(recipient(), ROUTE, None, NOW)
    assert pause.reaction is second


SHAPE = Shape(
    provider="qq",
    site=Limits(connections=10),
    together=Limits(connections=4, mail_rate=Rate(80, SECOND)),
    mails_per_connection=8,
)


def shaped(active, now):
    return limited_by(SHAPE, active.effects("qq", "warm", now))


def test_a_way_that_was_paused_is_slowed_in_the_steps():
    active = Active([reaction()])
    assert active.pause(recipient(), ROUTE, None, NOW)
    assert active.avoids("warm", "qq", NOW)
    seen = []
    for minutes in (20, 25, 30):
        now = NOW + minutes * MINUTE
        assert active.pause(recipient(), ROUTE, None, now) is None
        assert not active.avoids("warm", "qq", now)
        limits = shaped(active, now).together
        seen.append((limits.connections, limits.mail_rate.interval_us))
    usual = SHAPE.together.mail_rate.interval_us
    assert [connections for connections, _ in seen] == [1, 1, 2]
    for (_, slowed), times in zip(seen, (8, 4, 2), strict=True):
        assert times * usual * 0.75 <= slowed <= times * usual
    assert shaped(active, NOW + 35 * MINUTE) == SHAPE
    assert active.effects("qq", "cold", NOW) == NO_EFFECTS


@pytest.mark.parametrize(
    ("effect", "full", "first_step"),
    [
        (Effect(mails_per_minute=10), Limits(connections=4, mail_rate=Rate(10, MINUTE)), 1 / 8),
        (Effect(mails_per_minute=0.5), Limits(connections=4, mail_rate=Rate(1, 2 * MINUTE)), 1 / 8),
        (Effect(rate_factor=0.5), Limits(connections=4, mail_rate=Rate(80, 2 * SECOND)), 1 / 2),
        (Effect(connections=1), Limits(connections=1, mail_rate=Rate(80, SECOND)), 1),
        (Effect(mails_per_connection=2), SHAPE.together, 1),
    ],
)
def test_a_way_is_slowed_and_released_and_its_mail_goes(effect, full, first_step):
    active = Active([reaction(effect=effect)])
    assert active.pause(recipient(), ROUTE, None, NOW) is None
    assert not active.holds_back
    now = shaped(active, NOW)
    assert now.together == full
    assert now.mails_per_connection == (effect.mails_per_connection or 8)
    later = shaped(active, NOW + 21 * MINUTE)
    assert later.together.mail_rate == Rate(80, round(SECOND / first_step))
    assert later.mails_per_connection == 8


def test_of_several_effects_the_narrowest_holds():
    effects = [Effect(connections=2, mails_per_minute=60), Effect(connections=1, rate_factor=0.1)]
    active = Active([reaction(effect=effect, number=n) for n, effect in enumerate(effects)])
    shape = shaped(active, NOW)
    assert shape.together.connections == 1
    assert shape.together.mail_rate == Rate(60, 10 * MINUTE)


def test_what_is_only_told_touches_no_mail():
    active = Active([reaction(effect=Effect())])
    assert active.pause(recipient(), ROUTE, None, NOW) is None
    assert active.effects("qq", "warm", NOW) == NO_EFFECTS
    assert not active.holds_back


def test_the_cause_prolongs_while_it_holds_and_doubles_in_the_release():
    held = reaction()
    assert again(held, NOW + 5 * MINUTE) == (NOW + 25 * MINUTE, 0)
    assert again(held, NOW + 22 * MINUTE) == (NOW + 62 * MINUTE, 1)
    ends_at, returns = NOW, 0
    clock = SettableClock(NOW)
    for _ in range(9):
        held = Reaction(
            **{name: getattr(held, name) for name in Reaction.__dataclass_fields__}
            | {"ends_at": clock.now(), "returns": returns}
        )
        ends_at, returns = again(held, clock.now() + MINUTE)
        clock.advance(ends_at - clock.now())
    assert returns == MOST_RETURNS
    assert ends_at - clock.now() <= 8 * 20 * MINUTE


def test_a_mail_is_put_off_no_longer_than_it_lives():
    pause = Active([reaction()]).pause(recipient(), ROUTE, None, NOW).saying
    waits = put_off(recipient(), NOW, 20 * MINUTE, pause)
    assert (waits.state, waits.due_at, waits.outcome) == (State.QUEUED, NOW + 20 * MINUTE, None)
    dying = NOW + 3 * DAY - MINUTE
    assert put_off(recipient(), dying, HOUR, pause).due_at == NOW + 3 * DAY
    dead = put_off(recipient(), NOW + 3 * DAY, HOUR, pause)
    assert dead.state is State.EXPIRED
    assert "550 Ip frequency limited" in dead.reply.english


def test_steps_are_short_after_short_reactions():
    assert [step_of(ms) for ms in (MINUTE, 10 * MINUTE, 4 * HOUR)] == [
        MINUTE // 2,
        5 * MINUTE // 2,
        5 * MINUTE,
    ]
