"""The daily TLS reports, put together; a chore of the sweeping role."""

from tayori.app.door import build_door
from tayori.app.parts import Parts
from tayori.delivery.security.report_store import ReportStore
from tayori.delivery.security.reporter import Reporter
from tayori.delivery.security.results import Wanted
from tayori.delivery.security.service import web_of
from tayori.delivery.security.store import SecurityStore
from tayori.runtime.clock import DAY
from tayori.runtime.service import Periodic, Service

REPORT_S = 60.0
FORGET_S = 3_600.0


def tls_chores(parts: Parts) -> list[Service]:
    """Return what sweeps policies and sends reports; without a sender for them nothing is sent."""

    async def forget() -> None:
        await SecurityStore(parts.database).sweep(parts.clock.now() - DAY)

    services: list[Service] = [Periodic("forget tls", FORGET_S, forget)]
    if parts.settings.delivery.tls_report_from:
        services.append(Periodic("tls reports", REPORT_S, reporter(parts).run))
    return services


def reporter(parts: Parts) -> Reporter:
    """Return who sends reports."""
    delivery = parts.settings.delivery

    return Reporter(
        store=ReportStore(parts.database),
        wanted=Wanted(parts.resolver),
        web=web_of(delivery, parts.resolver),
        accept=build_door(parts).accept,
        account_of=parts.account_of_sender,
        sender=delivery.tls_report_from,
        submitter=parts.settings.service.hostname,
        clock=parts.clock,
    )
