"""Opens connections along a route, and keeps the idle ones of each site for its next mails."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass

from tayori.delivery.hosts import HostHealth
from tayori.delivery.pacing.pool import Slot
from tayori.delivery.plan import Route, RouteKey, Target, Wait
from tayori.delivery.security.opening import Opener, Peer
from tayori.delivery.shaping import Shape
from tayori.mail.outcome import Outcome
from tayori.runtime.clock import Clock
from tayori.smtp.session import Session

GOODBYE_S = 2.0
"""Time for the answers to QUIT when the process stops."""
HANG_UP_S = 0.05
"""Time for a receiver to notice that a connection was closed without QUIT."""


@dataclass(slots=True)
class _Held:
    """What belongs to a session: where it goes, the right to it, and its limits."""

    key: RouteKey
    slot: Slot
    most_mails: int
    kept: int
    """How many of them are for mail that a person waits for."""
    idle_ms: int


class Connections:
    """Sessions by route. `most_idle` bounds the number of those that rest, over all routes."""

    def __init__(
        self,
        *,
        ehlo_name: str,
        port: int,
        clock: Clock,
        opener: Opener,
        hosts: HostHealth,
        most_idle: int = 200,
    ) -> None:
        self._ehlo_name = ehlo_name
        self._port = port
        self._clock = clock
        self._opener = opener
        self._hosts = hosts
        self._most_idle = most_idle
        self._leaving: set[asyncio.Task[None]] = set()
        self._held: dict[Session, _Held] = {}
        self._idle: defaultdict[RouteKey, list[Session]] = defaultdict(list)

    def take_idle(self, route: Route, *, urgent: bool) -> Session | None:
        """Return a kept session to the site, or None; see `has_room` for `urgent`."""
        kept = self._idle.get(route.key, [])
        for session in reversed(kept.copy()):
            if not self._fresh(session):
                kept.remove(session)
                self._part(session, usable=False)
            elif self.has_room(session, urgent=urgent):
                kept.remove(session)
                self._held[session].slot.resume()
                return session
        return None

    async def open(self, route: Route, slot: Slot, shape: Shape) -> Session | Outcome | Wait:
        """Return a new session to the first host that answers; it holds the slot until its end.

        The outcome of the last host tried is the answer when none of them takes us, and the slot
        is released. Hosts that are known to be down are not tried; when all are, that is a wait.
        """
        failure: Outcome | None = None
        try:
            for target in route.targets:
                opened = await self._try(target, route, shape)
                if isinstance(opened, Session):
                    self._held[opened] = _Held(
                        route.key,
                        slot,
                        shape.mails_per_connection,
                        shape.kept_mails,
                        shape.idle_ms,
                    )
                    return opened
                failure = opened or failure
        except BaseException:
            slot.release()
            raise
        slot.release()
        return failure or self._hosts.down(route)

    def has_room(self, session: Session, *, urgent: bool) -> bool:
        """Tell whether the session may carry another mail.

        Its last places are for mail that a person waits for where connections may not be opened as
        fast as bulk uses them up.
        """
        held = self._held[session]
        most = held.most_mails if urgent else held.most_mails - held.kept
        return not session.closed and session.mail_count < most

    def give_back(self, session: Session, *, usable: bool, keep: bool = True) -> None:
        """Keep a session for the site's next mail, or close it."""
        if not (usable and keep and self.has_room(session, urgent=True)):
            self._part(session, usable=usable)
            return
        held = self._held[session]
        self._idle[held.key].append(session)
        held.slot.rest(lambda: self._recall(session))

    def prune(self) -> None:
        """Close what has rested for too long or is too much, and forget sites without any."""
        idle = [session for kept in self._idle.values() for session in kept]
        idle.sort(key=lambda session: session.last_used_at, reverse=True)
        kept = {session for session in idle[: self._most_idle] if self._fresh(session)}
        for key, sessions in list(self._idle.items()):
            for session in sessions:
                if session not in kept:
                    self._part(session, usable=True)
            self._idle[key] = [session for session in sessions if session in kept]
            if not self._idle[key]:
                del self._idle[key]

    async def close(self) -> None:
        """Say goodbye on every idle connection, within a bound."""
        for sessions in self._idle.values():
            for session in sessions:
                self._part(session, usable=True)
        self._idle.clear()
        if self._leaving:
            _, late = await asyncio.wait(self._leaving, timeout=GOODBYE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _recall(self, session: Session) -> None:
        """Close a resting session because somebody else is to have its slot."""
        kept = self._idle[self._held[session].key]
        kept.remove(session)
        self._part(session, usable=True)

    def _part(self, session: Session, *, usable: bool) -> None:
        """End a session; its slot is free when the receiver has seen the end as well."""
        slot = self._held.pop(session).slot
        if session.closed:
            slot.release()
            return
        slot.leave()
        goodbye = session.quit() if usable else _hang_up(session)
        task = asyncio.create_task(goodbye, name="goodbye")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        task.add_done_callback(lambda _: slot.release())

    def _fresh(self, session: Session) -> bool:
        rested = self._clock.now() - session.last_used_at
        return not session.closed and rested <= self._held[session].idle_ms

    async def _try(self, target: Target, route: Route, shape: Shape) -> Session | Outcome | None:
        """Connect to one host unless it is down, and report how it went."""
        source = route.source
        if not self._hosts.may_try(target.address, source.name):
            return None
        began_at = self._clock.now()
        peer = Peer(
            address=target.address,
            port=self._port,
            host_name=target.host_name,
            ehlo_name=source.ehlo_name or self._ehlo_name,
            source_address=source.local_for(target.address),
        )
        opened = await self._opener.open(peer, route, target, shape.tls)
        if isinstance(opened, Session):
            self._hosts.succeeded(target.address, source.name)
            return opened
        if opened.outcome.reply is None:
            self._hosts.failed(target.address, source.name, began_at)
        else:
            # It answers, if only to say no.
            self._hosts.succeeded(target.address, source.name)
        return opened.outcome


async def _hang_up(session: Session) -> None:
    session.close()
    await asyncio.sleep(HANG_UP_S)
