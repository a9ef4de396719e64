"""The settings of inbound SMTP."""

from typing import Annotated

from msgspec import Meta

from tayori.config.section import Listen, Section


class MxSettings(Section, frozen=True):
    """Mail that comes back; see docs/operations/inbound.md."""

    listen: Annotated[
        Listen,
        Meta(
            description="Inbound SMTP listener; empty = off. Its certificate is that of submission."
        ),
    ] = ""
    domains: Annotated[
        tuple[str, ...],
        Meta(
            description="Further domains whose service addresses (fbl-reports, dmarc-reports, "
            "tls-reports, postmaster, abuse) are ours, beside `service.hostname` and "
            "`domains.mx_host`."
        ),
    ] = ()
    largest: Annotated[
        int, Meta(ge=65_536, le=1 << 30, description="Octets of the largest mail that is taken.")
    ] = 12 * 1024 * 1024
    most_recipients: Annotated[int, Meta(ge=1, le=1_000, description="Recipients of one mail.")] = (
        100
    )
    connections_per_address: Annotated[
        int, Meta(ge=1, description="Connections from one client address at a time.")
    ] = 20
    mails_per_second: Annotated[
        int,
        Meta(
            ge=0,
            description="Mails a second from one client address, over all processes; 0 = no limit.",
        ),
    ] = 50
    idle_s: Annotated[
        float, Meta(gt=0, description="Seconds without a word after which a client is hung up.")
    ] = 300.0
    keep_days: Annotated[
        int,
        Meta(ge=1, le=365, description="Days that mails kept aside, and the list of all, stay."),
    ] = 30
