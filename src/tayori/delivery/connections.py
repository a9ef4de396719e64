"""Opens connections along a route, and keeps the idle ones of each site for its next mails."""

import asyncio
from collections import defaultdict
from typing import Literal

from tayori.delivery.plan import Route, RouteKey, Target
from tayori.delivery.sources import Source
from tayori.mail.outcome import Outcome
from tayori.runtime.clock import Clock
from tayori.smtp.client import connect, connect_opportunistic
from tayori.smtp.envelope import ConnectFailure, Timeouts
from tayori.smtp.session import Session
from tayori.smtp.tls import ClientTls, TlsPolicy

GOODBYE_S = 2.0
"""Time for the answers to QUIT when the process stops."""


class Connections:
    """Sessions by site and source.

    `most_mails` bounds the mails on one connection, `idle_ms` its rest, and `most_idle` the number
    of those that rest.
    """

    def __init__(
        self,
        *,
        ehlo_name: str,
        port: int,
        clock: Clock,
        client_tls: ClientTls,
        tls: Literal["opportunistic", "required"],
        timeouts: Timeouts,
        most_mails: int,
        idle_ms: int,
        most_idle: int = 200,
    ) -> None:
        self._ehlo_name = ehlo_name
        self._port = port
        self._clock = clock
        self._client_tls = client_tls
        self._tls = tls
        self._timeouts = timeouts
        self._most_mails = most_mails
        self._idle_ms = idle_ms
        self._most_idle = most_idle
        self._leaving: set[asyncio.Task[None]] = set()
        self._idle: defaultdict[RouteKey, list[Session]] = defaultdict(list)

    async def take(self, route: Route) -> Session | Outcome:
        """Return a session to the site: an idle one, or a new one to the first host that answers.

        The outcome of the last host tried is the answer when none of them takes us.
        """
        kept = self._idle[route.key]
        while kept:
            session = kept.pop()
            if self._fresh(session):
                return session
            session.abort()
        failure: Outcome | None = None
        for target in route.targets:
            opened = await self._open(target, route.source)
            if isinstance(opened, Session):
                return opened
            failure = opened.outcome
        if failure is None:
            raise ValueError("A route has at least one target.")
        return failure

    def has_room(self, session: Session) -> bool:
        """Tell whether the session may carry another mail."""
        return not session.closed and session.mail_count < self._most_mails

    def give_back(self, route: Route, session: Session, *, usable: bool) -> None:
        """Keep a session for the site's next mail, or close it."""
        if usable and self.has_room(session):
            self._idle[route.key].append(session)
        elif usable:
            self._say_goodbye(session)
        else:
            session.close()

    def prune(self) -> None:
        """Close what has rested for too long or is too much, and forget sites without any."""
        idle = [session for kept in self._idle.values() for session in kept]
        idle.sort(key=lambda session: session.last_used_at, reverse=True)
        kept = {id(session) for session in idle[: self._most_idle] if self._fresh(session)}
        for key, sessions in list(self._idle.items()):
            for session in sessions:
                if id(session) not in kept:
                    self._say_goodbye(session)
            self._idle[key] = [session for session in sessions if id(session) in kept]
            if not self._idle[key]:
                del self._idle[key]

    async def close(self) -> None:
        """Say goodbye on every idle connection, within a bound."""
        for sessions in self._idle.values():
            for session in sessions:
                self._say_goodbye(session)
        self._idle.clear()
        if self._leaving:
            _, late = await asyncio.wait(self._leaving, timeout=GOODBYE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _say_goodbye(self, session: Session) -> None:
        task = asyncio.create_task(session.quit(), name="goodbye")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    def _fresh(self, session: Session) -> bool:
        rested = self._clock.now() - session.last_used_at
        return not session.closed and rested <= self._idle_ms

    async def _open(self, target: Target, source: Source) -> Session | ConnectFailure:
        if self._tls == "required":
            return await connect(
                target.address,
                self._port,
                host_name=target.host_name,
                ehlo_name=source.ehlo_name or self._ehlo_name,
                source_address=source.local_for(target.address),
                clock=self._clock,
                tls=TlsPolicy.REQUIRED,
                client_tls=self._client_tls,
                timeouts=self._timeouts,
            )
        return await connect_opportunistic(
            target.address,
            self._port,
            host_name=target.host_name,
            ehlo_name=source.ehlo_name or self._ehlo_name,
            source_address=source.local_for(target.address),
            clock=self._clock,
            client_tls=self._client_tls,
            timeouts=self._timeouts,
        )
