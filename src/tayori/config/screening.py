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
    suspend_after: Annotated[
        int,
        Meta(
            ge=0,
            description="Mails with malware within a day after which an account is suspended; "
            "0 = never.",
        ),
    ] = 3
