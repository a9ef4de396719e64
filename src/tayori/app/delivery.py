"""A process that delivers; it listens on no port."""

import os
import random
import socket

from tayori.app.parts import Parts
from tayori.delivery.composer import CatalogComposer
from tayori.delivery.service import DeliveryNeeds, build_delivery
from tayori.runtime.service import Service

RETURN_PATH_PURPOSE = "return path"


def delivery(parts: Parts) -> list[Service]:
    """Return the services of this process."""
    needs = DeliveryNeeds(
        owner=f"{socket.gethostname()}/{os.getpid()}/{parts.ids.alphanumeric(6)}",
        settings=parts.settings,
        queue=parts.queue,
        suppressions=parts.suppressions,
        composer=CatalogComposer(
            templates=parts.templates,
            identities=parts.identities,
            token_key=parts.box.derive(RETURN_PATH_PURPOSE),
        ),
        resolver=parts.resolver,
        signal=parts.queue_signal,
        clock=parts.clock,
        chance=random.Random(),  # noqa: S311 - spreads retries and load, guards no secret
    )
    return [build_delivery(needs)]
