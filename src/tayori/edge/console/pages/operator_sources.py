"""The addresses that mail leaves from: pools, warm-up, and whether receivers will believe them."""

from collections.abc import Sequence

from starlette.responses import Response

from tayori.delivery.source_check import Finding, State, Surroundings, check_source
from tayori.delivery.source_standing import standings
from tayori.delivery.sources import Source
from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.languages import N_
from tayori.edge.console.visit import Visit

_NOT_FOUND = 404
CHECKS = {
    "local": N_("Address of this machine"),
    "ptr": N_("Reverse name (PTR)"),
    "forward": N_("Reverse name leads back"),
    "ehlo": N_("EHLO name"),
    "spf": N_("SPF"),
}
"""What each check looks at; the others are block lists."""
STATES = {
    State.OK: (N_("Good"), "success"),
    State.WRONG: (N_("Wrong"), "danger"),
    State.UNKNOWN: (N_("No answer"), "warning"),
}
"""What a check came to, and its tone."""


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/operator/sources", Right.OPERATE, listing),
        action("/operator/sources/check", Right.OPERATE, check),
    ]


async def listing(visit: Visit) -> Response:
    """Show all sources with their pools, and how far those that warm up have come."""
    return await _page(visit)


async def check(visit: Visit) -> Response:
    """Look up names, SPF and block lists of a source now, and show what was found."""
    settings, name = visit.services.settings, visit.posted.get("source")
    ours = Surroundings(
        hostname=settings.service.hostname,
        spf_include=settings.domains.spf_include,
        dnsbl_zones=settings.delivery.dnsbl_zones,
    )
    for each in settings.delivery.sources:
        if each.name == name:
            source = Source(each.name, each.ehlo_name, each.ipv4, each.ipv6)
            found = await check_source(source, ours, visit.services.resolver)
            return await _page(visit, name, found)
    return visit.error(_NOT_FOUND)


async def _page(visit: Visit, checked: str = "", findings: Sequence[Finding] = ()) -> Response:
    settings, store = visit.services.settings, visit.services.operating.warmup()
    now = visit.services.clock.now()
    progress = await store.all() if settings.delivery.sources else {}
    found = standings(settings.delivery, visit.services.zone, now, store.table, progress)
    return visit.page(
        "operator_sources/list.html.j2",
        sources=found,
        hostname=settings.service.hostname,
        checked=checked,
        findings=findings,
        checks=CHECKS,
        states=STATES,
        zones=settings.delivery.dnsbl_zones,
    )
