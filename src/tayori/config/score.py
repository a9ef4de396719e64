"""Settings of the quality score and of its test addresses."""

from typing import Annotated

from msgspec import Meta

from tayori.config.section import Section


class ScoreSettings(Section, frozen=True):
    """Mails that are scored as they arrive; see docs/screening.md."""

    domain: Annotated[
        str,
        Meta(
            description="Domain of test addresses, whose mail comes to `mx.listen`; empty = "
            "`domains.mx_host`, or `service.hostname` where that is empty."
        ),
    ] = ""
    hours: Annotated[
        int, Meta(ge=1, le=720, description="Hours in which a test address takes its mail.")
    ] = 24
    addresses_per_day: Annotated[
        int,
        Meta(ge=0, description="Test addresses that an account may make in 24 hours; 0 = any."),
    ] = 100
    keep_days: Annotated[
        int,
        Meta(ge=1, le=3_650, description="Days that a score stays after its address expired."),
    ] = 30
    dnsbl_zones: Annotated[
        tuple[str, ...],
        Meta(description="DNS block lists that are asked about the server that hands a mail over."),
    ] = ()
    at_once: Annotated[
        int, Meta(ge=1, le=64, description="Mails and templates that a process scores at a time.")
    ] = 4
