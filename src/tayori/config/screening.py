"""Settings of review and of the engines that look into mails."""

from typing import Annotated, Literal

from msgspec import Meta

from tayori.config.section import Section

Day = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]
ENGINE = r"^(\S+:\d{1,5}|/\S+)?$"
"""host:port, or the path of a Unix socket."""


class Review(Section, frozen=True):
    """Review of templates by rules, and by persons; see docs/screening.md."""

    mode: Annotated[
        Literal["auto", "manual", "mixed"],
        Meta(
            description="What follows when no rule refuses a template. auto: it is approved; "
            "manual: an operator decides; mixed: an operator decides where something is doubtful."
        ),
    ] = "auto"
    web_links: Annotated[
        bool, Meta(description="Whether templates may link to the web at all.")
    ] = True
    due_business_days: Annotated[
        int, Meta(ge=1, le=60, description="Business days in which an operator is to decide.")
    ] = 1
    holidays: Annotated[
        tuple[Day, ...],
        Meta(description="Days beside Saturdays and Sundays on which nobody decides."),
    ] = ()
    extra_workdays: Annotated[
        tuple[Day, ...],
        Meta(description="Saturdays and Sundays on which somebody works."),
    ] = ()


class ScanSettings(Section, frozen=True):
    """Engines that look into mails before they are sent; see docs/screening.md."""

    clamd: Annotated[
        str,
        Meta(
            pattern=ENGINE,
            description="host:port or socket path of ClamAV's daemon; empty = no scan for malware.",
        ),
    ] = ""
    spamd: Annotated[
        str,
        Meta(pattern=ENGINE, description="host:port or socket path of SpamAssassin's daemon."),
    ] = ""
    rspamd: Annotated[
        str,
        Meta(
            pattern=r"^(https?://\S+)?$",
            description="URL of Rspamd's worker, such as http://127.0.0.1:11333.",
        ),
    ] = ""
    timeout_s: Annotated[
        float, Meta(gt=0, le=600, description="Seconds until an engine's answer is given up.")
    ] = 30.0
    at_once: Annotated[
        int, Meta(ge=1, le=100, description="Mails that a process gives to an engine at a time.")
    ] = 4
    spam_suspend_after: Annotated[
        int,
        Meta(
            ge=0,
            description="Different mails taken for spam within a day after which an account is "
            "suspended; 0 = never.",
        ),
    ] = 10
    suspend_after: Annotated[
        int,
        Meta(
            ge=0,
            description="Mails with malware within a day after which an account is suspended; "
            "0 = never.",
        ),
    ] = 3


DoorFinding = Literal[
    "forbidden_topic",
    "shortened_link",
    "redirecting_link",
    "disguised_link",
    "web_link",
    "hidden_text",
    "script",
    "form",
    "active_content",
    "embedded_data",
    "value_markup",
    "value_link",
    "program",
    "macros",
    "disguised_file",
    "locked_archive",
    "archive_bomb",
]


class ScreeningSettings(Section, frozen=True):
    """Screening of each mail by rules before it is accepted; see docs/screening.md."""

    door: Annotated[
        Literal["refuse", "log", "off"],
        Meta(
            description="What follows from a finding. refuse: the mail is refused with all "
            "reasons; log: it is accepted and the log names the reasons; off: nobody looks."
        ),
    ] = "refuse"
    allow: Annotated[
        tuple[DoorFinding, ...],
        Meta(
            description="Findings that are let pass, such as macros, program, locked_archive or "
            "embedded_data."
        ),
    ] = ()
    link_hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Hosts to which values of any template may link, beside those of the "
            "template and of the sender's domain; * = every host."
        ),
    ] = ()
    suspend_after: Annotated[
        int,
        Meta(
            ge=0,
            description="Different mails within a day that are refused for deceit, forbidden "
            "topics or dangerous files after which an account is suspended; 0 = never.",
        ),
    ] = 50
