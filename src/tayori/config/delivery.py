"""The settings of delivery: how mail goes to the receivers, and from which addresses."""

from typing import Annotated, Literal

from msgspec import Meta

from tayori.config.section import Section

SourceName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]


class SourceSettings(Section, frozen=True):
    """An address of this machine that mail leaves from; see docs/operations/sources.md."""

    name: Annotated[SourceName, Meta(description="Its name in pools, commands and logs.")]
    ipv4: Annotated[str, Meta(description="Local IPv4 address; empty = none.")] = ""
    ipv6: Annotated[str, Meta(description="Local IPv6 address; empty = none.")] = ""
    ehlo_name: Annotated[
        str, Meta(description="Name that it says in EHLO; empty = `service.hostname`.")
    ] = ""
    warmup_start: Annotated[
        str,
        Meta(
            description="Day on which its warm-up begins or began, such as 2026-11-24; "
            "empty = receivers know it already."
        ),
    ] = ""


class PoolSettings(Section, frozen=True):
    """Sources that share the mail of some accounts."""

    name: Annotated[SourceName, Meta(description="Its name.")]
    members: Annotated[
        dict[str, Annotated[int, Meta(ge=1, le=1_000)]],
        Meta(
            min_length=1,
            description="Sources and their weights, such as `{ out1 = 3, out2 = 1 }`.",
        ),
    ]


class DeliverySettings(Section, frozen=True):
    """Delivery to the receivers' mail servers."""

    port: Annotated[int, Meta(ge=1, le=65535, description="Port of receiving servers.")] = 25
    processes: Annotated[
        int,
        Meta(
            ge=0,
            le=256,
            description="Delivery processes; 0 = delivery runs in the process of the doors.",
        ),
    ] = 2
    smarthost: Annotated[
        str, Meta(description="host:port that takes all mail instead of the MX; empty = direct.")
    ] = ""
    allow_private_networks: Annotated[
        bool,
        Meta(description="Whether a receiver may be at a loopback, private or link-local address."),
    ] = False
    tls: Annotated[
        Literal["opportunistic", "required"],
        Meta(
            description="Opportunistic falls back to clear; required is verified and never clear."
        ),
    ] = "opportunistic"
    tls_ca_file: Annotated[
        str,
        Meta(
            description="PEM trust roots for required TLS and MTA-STS policies; "
            "empty = the system's."
        ),
    ] = ""
    minimum_tls: Annotated[
        Literal["1.0", "1.1", "1.2", "1.3"],
        Meta(
            description="Oldest TLS version spoken to receivers. 1.0 and 1.1 are the last resort "
            "before clear text, and never where encryption is demanded."
        ),
    ] = "1.0"
    mta_sts: Annotated[
        bool, Meta(description="Whether receivers' MTA-STS policies are kept (RFC 8461).")
    ] = True
    dane: Annotated[
        bool,
        Meta(
            description="Whether receivers' TLSA records are kept (RFC 7672); needs a validating "
            "resolver, see dns.trust_ad."
        ),
    ] = True
    tls_report_from: Annotated[
        str,
        Meta(
            description="Sender address of daily TLS reports to receivers that ask for them "
            "(RFC 8460), a sender of one of the accounts; empty = no reports."
        ),
    ] = ""
    POLICY_PORT_FOR_TESTS_ONLY: Annotated[
        int, Meta(ge=1, le=65535, description="Port of MTA-STS policies. Leave it at 443.")
    ] = 443
    sources: Annotated[
        tuple[SourceSettings, ...],
        Meta(description="Addresses that mail leaves from; empty = the system chooses one."),
    ] = ()
    pools: Annotated[
        tuple[PoolSettings, ...],
        Meta(description="Groups of sources; empty = one of all sources, with equal weights."),
    ] = ()
    default_pool: Annotated[
        str,
        Meta(description="Pool of accounts without one of their own; empty = the first pool."),
    ] = ""
    dnsbl_zones: Annotated[
        tuple[str, ...],
        Meta(description="DNS block lists that `tayori source check` asks about the sources."),
    ] = ()
    connections_per_site: Annotated[
        int,
        Meta(
            ge=0,
            le=1000,
            description="Connections to one receiving site, of all processes together, where "
            "rules/shaping.toml names no provider; 0 = its default.",
        ),
    ] = 0
    mails_per_connection: Annotated[
        int,
        Meta(
            ge=0,
            description="Mails on one connection before a new one is opened, where "
            "rules/shaping.toml names no provider; 0 = its default.",
        ),
    ] = 0
    idle_s: Annotated[
        float,
        Meta(
            ge=-1,
            description="Seconds an idle connection is kept for the next mail; "
            "-1 = as rules/shaping.toml says.",
        ),
    ] = -1.0
    lease_s: Annotated[
        float, Meta(ge=1, description="Seconds after which work of a dead process is taken over.")
    ] = 120.0
    finish_s: Annotated[
        float, Meta(ge=0, description="Seconds that attempts under way have at a stop.")
    ] = 30.0
    lifetime_s: Annotated[
        int, Meta(ge=60, description="Seconds until an undeliverable mail expires.")
    ] = 72 * 3600
    connect_timeout_s: Annotated[
        float, Meta(gt=0, description="Seconds until a connection attempt is given up.")
    ] = 60.0
    reply_timeout_s: Annotated[
        float,
        Meta(
            ge=0,
            description="One limit in seconds for every reply of a receiver; "
            "0 = the separate limits of RFC 5321 4.5.3.2.",
        ),
    ] = 0.0
