"""The settings tree. `docs/configuration.md` is generated from these types and sentences."""

from typing import Annotated, Literal

from msgspec import Meta

from tayori.config.console import ConsoleSettings, NoticeSettings
from tayori.config.delivery import DeliverySettings
from tayori.config.mx import MxSettings
from tayori.config.reputation import ReputationSettings
from tayori.config.retention import RetentionSettings
from tayori.config.score import ScoreSettings
from tayori.config.screening import Review, ScanSettings, ScreeningSettings
from tayori.config.section import Listen, Section
from tayori.config.tracking import SimulatorSettings, TrackingSettings

LEVELS = (
    *(500, 1_000, 2_000, 5_000, 10_000, 20_000, 40_000, 60_000, 80_000, 100_000),
    *(150_000, 200_000, 300_000, 400_000, 500_000, 600_000, 700_000, 800_000, 900_000),
    1_000_000,
)
"""Mails a day at reputation levels 1 to 20 (spec 4)."""


class Service(Section, frozen=True):
    """The installation as a whole."""

    hostname: Annotated[str, Meta(description="Name of this machine in EHLO and banners.")] = (
        "localhost"
    )
    timezone: Annotated[
        str, Meta(description="IANA time zone in which a day of limits and reports begins.")
    ] = "Asia/Shanghai"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="Least level that is logged."),
    ] = "info"


class DatabaseSettings(Section, frozen=True):
    """Where everything is kept."""

    url: Annotated[
        str,
        Meta(
            description="`postgresql://user:password@host/name`, or empty for the embedded "
            "database in the data directory. May contain a password: prefer the environment."
        ),
    ] = ""
    pool_size: Annotated[
        int, Meta(ge=1, le=100, description="Connections per process to PostgreSQL.")
    ] = 8


class DoorSettings(Section, frozen=True):
    """The processes that clients talk to, by HTTP and SMTP."""

    processes: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="Processes that share the listeners; more than one where a single core is "
            "too slow to take all mail. Limits hold over all of them.",
        ),
    ] = 1


class Http(Section, frozen=True):
    """The API, the console and the links in mails."""

    listen: Annotated[
        Listen, Meta(description="Address of the HTTP listener; port 0 takes a free one.")
    ] = "127.0.0.1:8025"
    public_url: Annotated[
        str,
        Meta(description="URL under which the outside reaches the listener; empty = the listener."),
    ] = ""
    signing_hosts: Annotated[
        tuple[str, ...],
        Meta(description="Further host names that a client may have signed its request for."),
    ] = ("ses.tencentcloudapi.com", "ses.intl.tencentcloudapi.com")
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="Addresses of reverse proxies whose X-Forwarded-For is believed."),
    ] = ()
    access_log_days: Annotated[
        int, Meta(ge=1, le=3_650, description="Days that the log of API calls is kept.")
    ] = 30


class SubmissionSettings(Section, frozen=True):
    """SMTP submission by customers."""

    listen: Annotated[Listen, Meta(description="STARTTLS listener; empty = off.")] = ""
    tls_listen: Annotated[Listen, Meta(description="Implicit TLS listener; empty = off.")] = ""
    cert_file: Annotated[
        str, Meta(description="PEM certificate chain; empty = self-signed, made at first start.")
    ] = ""
    key_file: Annotated[str, Meta(description="PEM private key of the certificate.")] = ""
    minimum_tls: Annotated[
        Literal["1.0", "1.1", "1.2", "1.3"],
        Meta(description="Oldest TLS version that is spoken; below 1.2 is for old devices only."),
    ] = "1.2"
    allow_plain_auth: Annotated[
        bool,
        Meta(description="Whether clients on this machine (loopback) may log in without TLS."),
    ] = False
    connections_per_address: Annotated[
        int, Meta(ge=1, description="Connections from one client address at a time.")
    ] = 50
    idle_s: Annotated[
        float, Meta(gt=0, description="Seconds without a word after which a client is hung up.")
    ] = 300.0


class DnsSettings(Section, frozen=True):
    """Name resolution."""

    servers: Annotated[
        tuple[str, ...], Meta(description="Resolvers as host:port; empty = the system's.")
    ] = ()
    timeout_s: Annotated[
        float, Meta(gt=0, le=60, description="Seconds until one question counts as unanswered.")
    ] = 5.0
    trust_ad: Annotated[
        Literal["loopback", "always", "never"],
        Meta(
            description="Whose word for DNSSEC counts: resolvers on this machine's loopback "
            "addresses, all resolvers, or none."
        ),
    ] = "loopback"


class CallbackSettings(Section, frozen=True):
    """Calls that tell customers of events."""

    allow_private_networks: Annotated[
        bool,
        Meta(description="Whether calls may go to loopback, private or link-local addresses."),
    ] = False
    timeout_s: Annotated[
        float, Meta(gt=0, le=60, description="Seconds until an endpoint's answer is given up.")
    ] = 10.0
    at_once: Annotated[int, Meta(ge=1, le=100, description="Calls to one endpoint at a time.")] = 8
    keep_days: Annotated[
        int, Meta(ge=1, le=365, description="Days that calls and their log are kept for replays.")
    ] = 7
    tls_ca_file: Annotated[
        str, Meta(description="PEM trust roots for https endpoints; empty = the system's.")
    ] = ""


class Domains(Section, frozen=True):
    """What customers enter in their DNS."""

    mx_host: Annotated[str, Meta(description="Host that customers' MX records name.")] = (
        "mx.tayori.invalid"
    )
    spf_include: Annotated[str, Meta(description="Domain that customers' SPF records include.")] = (
        "spf.tayori.invalid"
    )
    dkim_selector: Annotated[
        str, Meta(description="Selector of 1024-bit keys; 2048-bit keys add `2048` to it.")
    ] = "tayori"
    recheck_s: Annotated[
        int, Meta(ge=1, description="Seconds between two checks of a verified domain's records.")
    ] = 86_400
    propagation_servers: Annotated[
        tuple[str, ...],
        Meta(
            description="Resolvers (host:port) asked beside a domain's own servers when a customer"
            " wants to see how far a record has spread; empty = those of `dns.servers`."
        ),
    ] = ()


class Policy(Section, frozen=True):
    """Limits; 0 or an empty list means no limit."""

    requests_per_second: Annotated[
        int, Meta(ge=0, description="Requests per second, account and action.")
    ] = 20
    account_per_day: Annotated[int, Meta(ge=0, description="Mails per account and day.")] = 300_000
    level_per_day: Annotated[
        tuple[int, ...], Meta(description="Mails per domain and day at levels 1 to 20.")
    ] = LEVELS
    mailbox_per_hour: Annotated[
        int, Meta(ge=0, description="Mails from one sender to one mailbox per hour.")
    ] = 10
    max_domains: Annotated[int, Meta(ge=0, description="Domains per account.")] = 10
    max_senders_per_domain: Annotated[int, Meta(ge=0, description="Senders per domain.")] = 10
    max_templates: Annotated[int, Meta(ge=0, description="Templates per account.")] = 500
    max_receiver_lists: Annotated[int, Meta(ge=0, description="Receiver lists per account.")] = 500
    max_receivers_per_list: Annotated[
        int, Meta(ge=0, description="Addresses in one receiver list.")
    ] = 50_000
    free_mails: Annotated[
        int,
        Meta(
            ge=-1,
            description="Free mails per account, once; 0 = all mails are free, -1 = none.",
        ),
    ] = 1_000
    api_simple: Annotated[
        bool, Meta(description="Whether a new account may send own content by the API.")
    ] = False
    smtp_content: Annotated[
        bool, Meta(description="Whether a new account may send own content by SMTP.")
    ] = True


class BulkSettings(Section, frozen=True):
    """How bulk tasks run; shares are parts of 1, 0 = no limit. See docs/bulk.md."""

    minimum_sample: Annotated[
        int, Meta(ge=1, description="Mails from which on a task's failures are judged.")
    ] = 300
    most_bounced: Annotated[
        float, Meta(ge=0, le=1, description="Share of bounces above which a task is paused.")
    ] = 0.05
    most_deferred: Annotated[
        float,
        Meta(ge=0, le=1, description="Share of deferred mails above which a task is paused."),
    ] = 0.5
    most_complained: Annotated[
        float, Meta(ge=0, le=1, description="Share of complaints above which a task is paused.")
    ] = 0.005
    most_waiting: Annotated[
        int,
        Meta(
            ge=0,
            description="Mails of one task that wait in the queue before it takes no more for a "
            "while.",
        ),
    ] = 50_000
    engaged_days: Annotated[
        int,
        Meta(
            ge=0,
            le=365,
            description="Receivers who opened or clicked a mail of the account within so many "
            "days are written to before all others; 0 = in the order of the list.",
        ),
    ] = 90
    ad_mark: Annotated[
        str, Meta(min_length=1, max_length=40, description="Mark of advertisements (ADLocation).")
    ] = "(AD)"


class PriceTier(Section, frozen=True):
    """The price of mails beyond a number of paid mails in a month."""

    above: Annotated[int, Meta(ge=0, description="Paid mails of the month that come before it.")]
    price: Annotated[
        str,
        Meta(description="Price of 1,000 mails, up to three decimals, such as `1.90`."),
    ]


class Billing(Section, frozen=True):
    """What mail costs; see docs/billing.md."""

    currency: Annotated[
        str, Meta(pattern="^[A-Z]{3}$", description="Currency of prices and balances (ISO 4217).")
    ] = "CNY"
    tiers: Annotated[
        tuple[PriceTier, ...],
        Meta(description="Prices by volume of a month; empty = mail is counted and costs nothing."),
    ] = ()
    prepaid: Annotated[
        bool,
        Meta(description="Whether an account needs a balance that pays for a mail to send it."),
    ] = False


class Settings(Section, frozen=True):
    """The whole tree."""

    data_dir: Annotated[
        str, Meta(description="Directory of the embedded database, keys and ready.json.")
    ] = "./tayori-data"
    service: Service = Service()
    database: DatabaseSettings = DatabaseSettings()
    doors: DoorSettings = DoorSettings()
    http: Http = Http()
    console: ConsoleSettings = ConsoleSettings()
    notices: NoticeSettings = NoticeSettings()
    submission: SubmissionSettings = SubmissionSettings()
    mx: MxSettings = MxSettings()
    dns: DnsSettings = DnsSettings()
    delivery: DeliverySettings = DeliverySettings()
    callbacks: CallbackSettings = CallbackSettings()
    retention: RetentionSettings = RetentionSettings()
    tracking: TrackingSettings = TrackingSettings()
    simulator: SimulatorSettings = SimulatorSettings()
    domains: Domains = Domains()
    review: Review = Review()
    screening: ScreeningSettings = ScreeningSettings()
    scan: ScanSettings = ScanSettings()
    score: ScoreSettings = ScoreSettings()
    policy: Policy = Policy()
    reputation: ReputationSettings = ReputationSettings()
    bulk: BulkSettings = BulkSettings()
    billing: Billing = Billing()
