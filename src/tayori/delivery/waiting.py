"""The mails that wait for a site, in the order of their service (pure).

The order is that of the queue (`queue.fairness`): trigger before normal before bulk, accounts and
then their tasks in turns, each in the order in which it came. One mail in four may be one that is
tried again, and one in sixteen belongs to the lowest class that waits.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

from tayori.delivery.work import Work
from tayori.queue.fairness import DEFERRED_SHARE, LOWER_SHARE
from tayori.queue.model import Leased, Priority


class _Turns:
    """Mails of one class: accounts take turns, and so do the flows of each."""

    __slots__ = ("_accounts", "count")

    def __init__(self) -> None:
        self._accounts: dict[int, dict[int, deque[Work]]] = {}
        self.count = 0

    def __iter__(self) -> Iterator[Work]:
        for flows in self._accounts.values():
            for works in flows.values():
                yield from works

    def add(self, work: Work) -> None:
        flows = self._accounts.setdefault(work.recipient.account_id, {})
        flows.setdefault(work.recipient.flow, deque()).append(work)
        self.count += 1

    def take(self) -> Work:
        """Return the next mail; its account and its flow go to the end of their rows."""
        self.count -= 1
        account = next(iter(self._accounts))
        flows = self._accounts.pop(account)
        flow = next(iter(flows))
        works = flows.pop(flow)
        work = works.popleft()
        if works:
            flows[flow] = works
        if flows:
            self._accounts[account] = flows
        return work

    def drop(self) -> Work:
        """Return the mail that came last in the longest flow."""
        self.count -= 1
        longest = max(
            ((account, flow) for account, flows in self._accounts.items() for flow in flows),
            key=lambda key: len(self._accounts[key[0]][key[1]]),
        )
        flows = self._accounts[longest[0]]
        work = flows[longest[1]].pop()
        if not flows[longest[1]]:
            del flows[longest[1]]
        if not flows:
            del self._accounts[longest[0]]
        return work


class Waiting:
    """What waits for one site."""

    def __init__(self) -> None:
        self._taken = 0
        self._hold(())

    def _hold(self, works: Iterable[Work]) -> None:
        self._first: deque[Work] = deque()
        self._new = tuple(_Turns() for _ in Priority)
        self._trigger = self._new[Priority.TRIGGER]
        self._deferred = tuple(_Turns() for _ in Priority)
        self.count = 0
        """Mails that wait."""
        for work in works:
            self.add(work)

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Work]:
        yield from self._first
        for turns in (*self._new, *self._deferred):
            yield from turns

    @property
    def urgent(self) -> int:
        """Return how many new mails wait that a person waits for."""
        return self._trigger.count

    def add(self, work: Work) -> None:
        """Take a mail in."""
        self._turns(work.recipient).add(work)
        self.count += 1

    def put_first(self, work: Work) -> None:
        """Take a mail back in that was taken and not attempted; it is the next one."""
        self._first.appendleft(work)
        self.count += 1

    def take(self) -> Work:
        """Return the next mail; IndexError when none waits."""
        if not self.count:
            raise IndexError("No mail waits.")
        self.count -= 1
        if self._first:
            return self._first.popleft()
        self._taken += 1
        new, deferred = self._filled(self._new), self._filled(self._deferred)
        side = deferred if not new or (deferred and self._taken % DEFERRED_SHARE == 0) else new
        # Deferred mail is at every fourth place, so the lowest class is counted beside that.
        lowest = self._taken % LOWER_SHARE in {0, 1}
        return side[-1 if lowest else 0].take()

    def drop(self) -> Work:
        """Return the least urgent mail, to be put back; IndexError when none waits."""
        if not self.count:
            raise IndexError("No mail waits.")
        self.count -= 1
        for new, deferred in zip(reversed(self._new), reversed(self._deferred), strict=True):
            if deferred.count or new.count:
                return (deferred if deferred.count else new).drop()
        return self._first.pop()

    def clear(self) -> list[Work]:
        """Return all that waits, and forget it."""
        left = list(self)
        self.sift(lambda _: False)
        return left

    def sift(self, keep: Callable[[Work], bool]) -> None:
        """Let go of those that are not to be kept; each flow keeps its order."""
        first = deque(work for work in self._first if keep(work))
        kept = [work for turns in (*self._new, *self._deferred) for work in turns if keep(work)]
        self._hold(kept)
        self._first = first
        self.count += len(first)

    def _turns(self, recipient: Leased) -> _Turns:
        side = self._deferred if recipient.deferred else self._new
        return side[int(recipient.priority)]

    @staticmethod
    def _filled(side: tuple[_Turns, ...]) -> list[_Turns]:
        return [turns for turns in side if turns.count]
