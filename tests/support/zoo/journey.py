"""One mixed load on its way through the zoo, and what is to be seen of it afterwards.

First comes a backlog of bulk mail and some normal mail, then mails that people wait for, a few at a
time while the backlog is delivered, so that each of them meets other mail before it.
"""

import asyncio
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.support.tayori_process import TayoriProcess
from tests.support.zoo.limits import count_rules
from tests.support.zoo.load import Kind, MixedLoad, Sent, mixed_load
from tests.support.zoo.menagerie import PLAIN, PROVIDERS
from tests.support.zoo.mixture import SHARES, all_ended
from tests.support.zoo.species import Refusal
from tests.support.zoo.zoo import Report, ZooProcess

from tayori.queue.states import State

BULK = ("mill", "farm")
SHOP = "shop"
BANK = "bank"
AT_A_TIME = 5
"""Mails that people wait for which are sent together."""
QUICK = {one.name for one in (*PROVIDERS, PLAIN)}
"""Receivers that take a mail at once; what the others do to a mail is their own delay."""
LEAST_OVERTAKEN = 0.6
"""Part of the earlier mail for the same receiver that trigger mail overtakes; in a queue it is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A mail that somebody waited for: seconds, and the other mail that it met at its receiver.

    `before` is what had been accepted earlier for the same receiver and was not delivered yet,
    `overtaken` how much of that came after it.
    """

    receiver: str
    seconds: float
    before: int
    overtaken: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """What was sent, what the receivers saw, and what the sender made of it."""

    sent: Mapping[str, Sent]
    refusals: Mapping[str, Refusal]
    """The refusals that were provoked, by address."""
    report: Report
    classes: Mapping[str, Sequence[str]]
    states: Mapping[str, State]
    took_s: float

    @property
    def waits(self) -> list[Wait]:
        """Return the waits of trigger mail at receivers that take a mail at once."""
        taken = {mail.recipient: mail for mail in self.report.taken}
        others: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        for address, mail in taken.items():
            sent = self.sent[address]
            if sent.kind is not Kind.TRIGGER:
                others[mail.receiver].append((sent.at_ms, mail.at_ms))
        for each in others.values():
            each.sort()
        waits = []
        for address, mail in taken.items():
            sent = self.sent[address]
            if sent.kind is Kind.TRIGGER and mail.receiver in QUICK:
                each = others[mail.receiver]
                earlier = each[: bisect_left(each, (sent.at_ms, 0))]
                before = [at_ms for _, at_ms in earlier if at_ms >= sent.at_ms]
                waits.append(
                    Wait(
                        receiver=mail.receiver,
                        seconds=(mail.at_ms - sent.at_ms) / 1000,
                        before=len(before),
                        overtaken=sum(at_ms >= mail.at_ms for at_ms in before),
                    )
                )
        return waits


async def travel(server: TayoriProcess, zoo: ZooProcess, mails: int, timeout_s: float) -> Journey:
    """Send about so many mails through a running server, and return when the last one ended."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with mixed_load(server, (*BULK, SHOP, BANK), SHARES) as load:
        refusals = await load.refused(PROVIDERS, SHOP)
        bulk = mails * 4 // 5
        await asyncio.gather(
            load.send(bulk * 3 // 4, Kind.BULK, BULK[0]),
            load.send(bulk // 4, Kind.BULK, BULK[1]),
            load.send(mails // 10, Kind.NORMAL, SHOP),
        )
        await _codes(server, zoo, load, mails // 10)
        async with server.ledger() as ledger:
            await all_ended(server, ledger, timeout_s)
            entries = await ledger.entries()
            classes = await ledger.classes()
    return Journey(
        sent=load.sent,
        refusals=refusals,
        report=await zoo.report(),
        classes=classes,
        states={entry.address: entry.state for entry in entries},
        took_s=loop.time() - began,
    )


async def _codes(server: TayoriProcess, zoo: ZooProcess, load: MixedLoad, count: int) -> None:
    """Send trigger mails a few at a time, evenly over what is left to be delivered."""
    seen = await zoo.taken()
    left = len(load.sent) - seen
    # The last eighth of the backlog is for slow receivers only.
    step = max(AT_A_TIME, left * 7 // 8 * AT_A_TIME // count)
    for number in range(0, count, AT_A_TIME):
        await load.send(min(AT_A_TIME, count - number), Kind.TRIGGER, BANK)
        wanted = seen + (number // AT_A_TIME + 1) * step

        async def far_enough(wanted: int = wanted) -> bool:
            return await zoo.taken() >= wanted

        await server.until(far_enough)


def check_journey(journey: Journey) -> None:
    """Assert what holds for every load: all is delivered once, within the limits, in fair order."""
    report = journey.report
    assert count_rules(report.violations) == {}
    assert report.turned_away == 0
    right = {address: refusal.bounce_class for address, refusal in journey.refusals.items()}
    assert {address: journey.classes[address][0] for address in right} == right
    ended = {address for address, refusal in journey.refusals.items() if refusal.ends}
    states = {address: state for address, state in journey.states.items() if address not in ended}
    assert set(journey.states) == set(journey.sent)
    assert set(states.values()) == {State.DELIVERED}
    assert {journey.states[address] for address in ended} == {State.BOUNCED}
    assert set(report.copies) == set(states)
    assert set(report.copies.values()) == {1}
    # Only greylisting puts off what was not to be refused.
    others = [some for address, some in journey.classes.items() if address not in right]
    assert {each for some in others for each in some} <= {"greylisted"}
    # In the order in which receivers saw the mails, hardly any bulk mail that was accepted before
    # a mail that somebody waits for was brought before it.
    before = sum(wait.before for wait in journey.waits)
    overtaken = sum(wait.overtaken for wait in journey.waits)
    assert before > len(journey.waits)
    assert overtaken > before * LEAST_OVERTAKEN
