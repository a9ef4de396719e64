"""The role that tells customers of events, put together."""

import os
import socket

from tayori.app.notices import build_owner_notices
from tayori.app.parts import Parts
from tayori.callbacks.model import Endpoint
from tayori.callbacks.posting import Poster
from tayori.callbacks.service import Dispatcher, Selection
from tayori.callbacks.store import CallbackStore
from tayori.events.feed_store import Horizon
from tayori.refusal.saying import Saying
from tayori.runtime.clock import DAY
from tayori.runtime.service import Periodic, Service

SELECT_S = 0.5
SWEEP_S = 300.0


class _OpenPoster:
    """The poster's connections, as a service that starts before whoever posts."""

    def __init__(self, poster: Poster) -> None:
        self._poster = poster

    async def start(self) -> None:
        """Open."""
        await self._poster.__aenter__()

    async def stop(self) -> None:
        """Close all connections."""
        await self._poster.__aexit__()


def calling(parts: Parts) -> list[Service]:
    """Return the services of the role."""
    settings = parts.settings.callbacks
    store = CallbackStore(parts.database, parts.box)
    poster = Poster(parts.resolver, settings, parts.clock)
    selection = Selection(store, Horizon(parts.database), parts.clock)
    owners = build_owner_notices(parts)

    async def switched_off(endpoint: Endpoint, reason: Saying) -> None:
        await owners.callback_off(endpoint.account_id, endpoint.url, reason)

    dispatcher = Dispatcher(
        owner=f"{socket.gethostname()}/{os.getpid()}/{parts.ids.alphanumeric(6)}",
        store=store,
        poster=poster,
        clock=parts.clock,
        at_once=settings.at_once,
        switched_off=switched_off,
    )

    async def forget() -> None:
        await store.sweep(parts.clock.now() - settings.keep_days * DAY)

    return [
        _OpenPoster(poster),
        Periodic("select callbacks", SELECT_S, selection.run),
        dispatcher,
        Periodic("forget callbacks", SWEEP_S, forget),
    ]
