"""The addresses that mail leaves from: pools, warm-up, and whether receivers will believe them."""

from collections.abc import Sequence

from starlette.responses import Response

from tayori.delivery.source_check import Finding, State, Surroundings, check_source
from tayori.delivery.source_standing import standings
from tayori.delivery.sources import Source
from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.languages import N_
from tayori.edge.console.visit import Visit

CHECKS = {
    "local": N_("Address of this machine"),
    "ptr": N_("Reverse name (PTR)"),
    "forward": N_("Reverse name leads back"),
    "ehlo": N_("EHLO name"),
    "spf": N_("SPF"),
}
"""What each check looks at; the others are block lists."""
MEANINGS = {
    ("local", State.OK): N_("This machine has the address."),
    ("local", State.WRONG): N_("This machine does not have the address, so nothing can leave."),
    ("ptr", State.OK): N_("The address has a reverse name."),
    ("ptr", State.WRONG): N_("The address has no reverse name; ask its provider to set one."),
    ("ptr", State.UNKNOWN): N_("The reverse name could not be looked up."),
    ("forward", State.OK): N_("The reverse name leads back to the address."),
    ("forward", State.WRONG): N_("The reverse name does not lead back to the address."),
    ("ehlo", State.OK): N_("The EHLO name leads to the address."),
    ("ehlo", State.WRONG): N_(
        "The EHLO name does not lead to the address; set its A or AAAA record."
    ),
    ("ehlo", State.UNKNOWN): N_("The EHLO name could not be looked up."),
    ("spf", State.OK): N_("The SPF record that customers include permits the address."),
    ("spf", State.WRONG): N_("The SPF record that customers include does not permit the address."),
    ("spf", State.UNKNOWN): N_("The SPF record could not be looked up."),
    ("dnsbl", State.OK): N_("The list does not have the address."),
    ("dnsbl", State.WRONG): N_("The list has the address; ask it to be taken off."),
    ("dnsbl", State.UNKNOWN): N_("The list gave no answer, or refused the question."),
}
"""What a check says in the reader's language; what was found in detail stands beside it."""
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
    return visit.not_found()


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
        meaning=lambda one: MEANINGS[one.check.partition(" ")[0], one.state],
        zones=settings.delivery.dnsbl_zones,
    )
