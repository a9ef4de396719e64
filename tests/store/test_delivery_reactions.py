"""Receivers complain, and the mail that is concerned waits; everything else goes on."""

from dataclasses import replace

import pytest
from tests.store.test_door import NOW, door
from tests.support.deliverers import Deliverers, name_server, within
from tests.support.peers.receiving import Receivers, Recorder
from tests.unit.accept.test_checks import GOOD, box

from tayori.delivery.reactions.model import Effect, Scope
from tayori.delivery.reactions.store import ReactionStore
from tayori.mail.reply import Reply
from tayori.queue.operator_store import Filter, OperatorStore
from tayori.queue.states import State
from tayori.runtime.clock import DAY, HOUR, MINUTE, SettableClock

RULES = """
[slow-down]
text = 'please slow down'
threshold = "3 per hour"
scope = "source_provider"
pause = true
duration = "20 min"
"""


class Complaining(Recorder):
    """Complains about mail to x.test: three times at once, then only when it is told to."""

    def __init__(self):
        super().__init__()
        self.complains = True
        self.refused = 0

    def rcpt(self, mail, rcpt):
        if not (self.complains and rcpt.address.endswith("@x.test")):
            return super().rcpt(mail, rcpt)
        self.refused += 1
        return self._complaint() if self.refused <= 3 else self._held()

    def _complaint(self):
        return Reply(450, "4.7.0", ("Please slow down",))

    async def _held(self):
        self.asked.set()
        await self.release.wait()
        return self._complaint()


@pytest.fixture
def clock():
    return SettableClock(NOW)


@pytest.fixture
async def receivers():
    running = Receivers()
    yield running
    await running.stop()


@pytest.fixture
async def delivery(database, clock, tmp_path):
    rules = tmp_path / "run" / "rules" / "reactions.toml"
    rules.parent.mkdir(parents=True)
    rules.write_text(RULES)
    async with name_server() as dns:
        yield Deliverers(database, clock, dns, tmp_path / "run")


async def found(database):
    entries = await OperatorStore(database).find(Filter(account_id=1, limit=500))
    return {entry.address: entry for entry in entries if entry.due_at is not None}


async def until_found(database, condition):
    async def wait():
        while not condition(await found(database)):
            pass

    await within(wait())


def mails(domain, count):
    return replace(GOOD, to=tuple(box(f"u{n}@{domain}") for n in range(count)))


async def test_a_complaint_pauses_what_it_is_about_and_nothing_else(
    database, clock, delivery, receivers
):
    recorder = Complaining()
    port = await receivers.start(recorder)
    await door(database, clock).accept(mails("x.test", 40))
    await door(database, clock).accept(mails("y.test", 10))
    store = ReactionStore(database)
    async with delivery.running(port, connections_per_site=1) as loop:
        await within(recorder.asked.wait())

        def waits(entries):
            states = [entry.state for entry in entries.values()]
            return states.count(State.QUEUED) == 36 and len(states) == 40

        await until_found(database, waits)
        (held,) = [each.reaction for each in await store.in_force()]
        assert (held.name, held.reason) == ("slow-down", "450 4.7.0 Please slow down")
        assert held.scope == Scope(source="", destination="mx.x.test")
        assert len(recorder.messages) == 10
        recorder.complains = False
        recorder.release.set()
        await within(loop.wait_settled(14))
        put_off = [each for each in (await found(database)).values() if each.attempts == 0]
        assert len(put_off) == 36
        assert all(held.ends_at <= each.due_at <= held.ends_at + MINUTE for each in put_off)
        clock.advance(20 * MINUTE + MINUTE)
        loop._signal.announce()
        await within(loop.wait_settled(54))
    assert recorder.refused == 4
    assert not await found(database)
    assert len(recorder.messages) == 50


async def test_mail_of_a_paused_account_waits_until_that_is_cancelled(
    database, clock, delivery, receivers
):
    recorder = Recorder()
    port = await receivers.start(recorder)
    await door(database, clock).accept(mails("x.test", 5))
    store = ReactionStore(database)
    pause = await store.add(
        Scope(account_id=1),
        Effect(pause=True),
        reason="phishing",
        by="operator x",
        duration_ms=HOUR,
        now=NOW,
    )
    async with delivery.running(port) as loop:

        def waits(entries):
            return all(entry.due_at >= pause.ends_at for entry in entries.values())

        await until_found(database, waits)
        assert not recorder.messages
        ended = await store.end(pause.id, NOW, "cancelled")
        await loop._reactions.refresh()
        assert await store.wake(ended, NOW) == 5
        loop._signal.announce()
        await within(loop.wait_settled(5))
    assert len(recorder.messages) == 5


async def test_a_mail_that_expires_while_it_is_paused_says_so(database, clock, delivery, receivers):
    port = await receivers.start(Recorder())
    await door(database, clock).accept(mails("x.test", 1))
    await ReactionStore(database).add(
        Scope(destination="mx.x.test"),
        Effect(pause=True),
        reason="their maintenance",
        by="operator x",
        duration_ms=9 * DAY,
        now=NOW,
    )
    clock.advance(3 * DAY)
    async with delivery.running(port) as loop:
        await within(loop.wait_settled(1))
    (status,) = (await delivery.states()).values()
    assert status.state is State.EXPIRED
    assert "their maintenance" in status.reply.english


async def test_a_connection_that_is_refused_counts_once_for_all_that_wait(
    database, clock, delivery, receivers
):
    class Full(Recorder):
        def connect(self, connection):
            super().connect(connection)
            return Reply(421, "4.7.0", ("Please slow down",))

    recorder = Full()
    port = await receivers.start(recorder)
    await door(database, clock).accept(mails("x.test", 30))
    async with delivery.running(port, connections_per_site=1) as loop:
        await within(loop.wait_settled(30))
    assert len(recorder.connections) == 1
    assert not await ReactionStore(database).in_force()


async def test_rules_are_taken_up_while_mail_flows_and_a_mistake_changes_nothing(
    database, clock, delivery
):
    reactions = delivery.reactions()
    await reactions.start(lambda: None)
    names = {rule.name for rule in reactions._rules}
    assert {"slow-down", "qq-source-frequency"} <= names
    (delivery.run_dir / "rules" / "reactions.toml").write_text("[slow-down]\nspeed = 3\n")
    reactions._read_rules()
    assert {rule.name for rule in reactions._rules} == names
    (delivery.run_dir / "rules" / "reactions.toml").write_text(RULES.replace("slow-down", "other"))
    reactions._read_rules()
    assert {rule.name for rule in reactions._rules} == names - {"slow-down"} | {"other"}
    await reactions.stop()
