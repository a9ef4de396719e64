"""The door with what it needs, for every process in which mail comes in."""

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.linking import Linking, LinkPolicy
from tayori.accept.metering import Meter
from tayori.accept.screening import DoorScreening
from tayori.accept.store import AcceptStore
from tayori.app.finds import finds
from tayori.app.parts import Parts
from tayori.config.tree import Settings
from tayori.runtime.clock import SECOND
from tayori.screen.finds import FindKind
from tayori.screen.mail import MailScreen
from tayori.screen.review import Reviewer
from tayori.tenants.billing.pricing import prices_of


def build_door(parts: Parts) -> Door:
    """Return the door of this process; deliverers are woken by what it takes."""
    settings = parts.settings
    return Door(
        directory=parts.directory,
        limits=Limits(settings.policy, parts.zone, hour_share=settings.reputation.hour_share),
        store=AcceptStore(
            parts.database,
            parts.clock,
            on_commit=parts.queue_signal.announce,
            meter=Meter(prices_of(settings), parts.zone),
        ),
        clock=parts.clock,
        ids=parts.ids,
        zone=parts.zone,
        lifetime_ms=settings.delivery.lifetime_s * SECOND,
        simulator=simulator_domain(settings),
        linking=Linking(parts.tracking, link_policy(settings)),
        screening=door_screening(parts),
    )


def door_screening(parts: Parts) -> DoorScreening | None:
    """Return what looks at each mail, with lists of its own; None when the settings say so."""
    settings = parts.settings
    if settings.screening.door == "off":
        return None
    reviewer = Reviewer(parts.data_dir, web_links=settings.review.web_links)
    noted = finds(parts)

    async def on_deceit(account_id: int, key: str, name: str) -> None:
        await noted.note(account_id, FindKind.DECEIT, key, name)

    return DoorScreening(
        MailScreen(reviewer, settings.screening, parts.clock),
        refuses=settings.screening.door == "refuse",
        on_deceit=on_deceit,
    )


def simulator_domain(settings: Settings) -> str:
    """Return the simulator's domain as recipients have it, "" where there is none."""
    return settings.simulator.domain.strip().lower().rstrip(".")


def link_policy(settings: Settings) -> LinkPolicy:
    """Return what the settings say about links in mails.

    Where nobody said under which URL the outside reaches us, links of others stay as they are: an
    address of this machine would break them for every reader elsewhere.
    """
    public = settings.http.public_url.rstrip("/")
    return LinkPolicy(
        tracking_url=settings.tracking.url.rstrip("/") or public,
        public_url=public or f"http://{settings.http.listen}",
        mx_host=settings.domains.mx_host,
        opens=settings.tracking.opens,
        clicks=settings.tracking.clicks,
    )
