"""Settings of the console."""

from typing import Annotated

from msgspec import Meta

from tayori.config.section import Section


class ConsoleSettings(Section, frozen=True):
    """Log-in to the console; see docs/console-access.md."""

    session_idle_minutes: Annotated[
        int,
        Meta(
            ge=5, le=43_200, description="Minutes without a request after which a session is over."
        ),
    ] = 120
    session_hours: Annotated[
        int, Meta(ge=1, le=8_760, description="Hours after the log-in when a session is over.")
    ] = 24
    invitation_hours: Annotated[
        int, Meta(ge=1, le=720, description="Hours that the link of an invitation works.")
    ] = 72
    reset_minutes: Annotated[
        int,
        Meta(ge=5, le=1_440, description="Minutes that a link to set a new password works."),
    ] = 60


class NoticeSettings(Section, frozen=True):
    """Mails of the service itself; see docs/console-access.md."""

    sender: Annotated[
        str,
        Meta(
            description="Sender address from which the service writes to its users; it belongs to "
            "an account here, which pays for the mails. Empty = nothing is sent."
        ),
    ] = ""
