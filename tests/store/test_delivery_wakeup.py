import asyncio
import os

import pytest
from tests.store.test_door import NOW, ZONE, OneAccount
from tests.support.deliverers import Deliverers, name_server, within
from tests.support.prepared import execute
from tests.support.sink import Sink
from tests.unit.accept.test_checks import GOOD

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.store import AcceptStore
from tayori.config.tree import Policy
from tayori.db.wakeup import PipeWakeup, open_wakeup
from tayori.runtime.clock import HOUR, SettableClock, SystemClock
from tayori.runtime.ids import Ids

FAR_S = 600


@pytest.fixture
def run_dir(tmp_path):
    return tmp_path / "run"


@pytest.fixture
async def signals(installed_url, run_dir):
    made = []

    def make(topic="queue"):
        made.append(open_wakeup(installed_url, run_dir, topic))
        return made[-1]

    yield make
    for signal in made:
        await signal.close()


async def listening(signal):
    """Return a wait that has begun: it ends with the next announcement only."""
    await signal.wait(0)
    if hasattr(signal, "_heard") and not isinstance(signal, PipeWakeup):
        await within(signal.wait(FAR_S))
    return asyncio.create_task(signal.wait(FAR_S))


async def test_an_announcement_wakes_all_who_wait(signals):
    waiting = [await listening(signals()) for _ in range(3)]
    signals().announce()
    for wait in waiting:
        await within(wait)


async def test_an_announcement_before_the_wait_is_not_lost(signals):
    waiter, other = signals(), signals()
    (await listening(waiter)).cancel()
    witness = await listening(other)
    for _ in range(50):
        signals().announce()
    await within(witness)
    await within(waiter.wait(FAR_S))


async def test_topics_are_apart(signals):
    other = await listening(signals("other"))
    mine = await listening(signals("queue"))
    signals("queue").announce()
    await within(mine)
    assert not other.done()
    other.cancel()


async def test_nobody_listens_and_nothing_happens(signals):
    signal = signals()
    signal.announce()
    await signal.wait(0)
    assert await signal.close() is None


async def test_the_pipe_of_a_dead_process_is_taken_away(run_dir):
    run_dir.mkdir()
    os.mkfifo(run_dir / "queue-dead")
    (run_dir / "other-thing").write_text("")
    signal = PipeWakeup(run_dir, "queue")
    wait = await listening(signal)
    signal.announce()
    await within(wait)
    assert not (run_dir / "queue-dead").exists()
    assert (run_dir / "other-thing").exists()
    await signal.close()
    assert [entry.name for entry in run_dir.iterdir()] == ["other-thing"]


@pytest.mark.parametrize("installed_url", ["postgresql"], indirect=True)
async def test_a_broken_connection_is_made_again(installed_url, signals):
    signal = signals()
    wait = await listening(signal)
    cut = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await execute(installed_url, cut)
    # A connection that was made again counts as a signal, since some may have been missed.
    await within(wait)
    wait = asyncio.create_task(signal.wait(FAR_S))
    signals().announce()
    await within(wait)


async def test_the_door_wakes_delivery(database, signals, run_dir):
    clock = SystemClock()
    async with name_server() as dns, Sink() as sink:
        delivery = Deliverers(database, clock, dns, run_dir)
        announced = []
        signal = signals()

        def announce():
            announced.append(True)
            signal.announce()

        opened = Door(
            directory=OneAccount(),
            limits=Limits(Policy(), ZONE),
            store=AcceptStore(database, clock, on_commit=announce),
            clock=clock,
            ids=Ids(),
            zone=ZONE,
            lifetime_ms=72 * HOUR,
        )
        async with delivery.running(sink.port, signal=signals()) as loop:
            await opened.accept(GOOD)
            await within(loop.wait_settled(1))
        assert announced == [True]
        assert len(sink.mails) == 1


async def test_a_refused_mail_wakes_nobody(database):
    announced = []
    clock = SettableClock(NOW)
    store = AcceptStore(database, clock, on_commit=lambda: announced.append(True))
    opened = Door(
        directory=OneAccount(),
        limits=Limits(Policy(account_per_day=1), ZONE),
        store=store,
        clock=clock,
        ids=Ids(),
        zone=ZONE,
        lifetime_ms=72 * HOUR,
    )
    await opened.accept(GOOD)
    await opened.accept(GOOD)
    assert announced == [True]
