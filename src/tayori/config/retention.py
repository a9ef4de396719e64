"""The settings of what is forgotten, and when."""

from typing import Annotated

from msgspec import Meta

from tayori.config.section import Section


class RetentionSettings(Section, frozen=True):
    """How long what is known of mails is kept."""

    days: Annotated[
        int,
        Meta(
            ge=4,
            le=36_500,
            description="Days that mails are kept without their content: recipients, attempts and "
            "events, counted from acceptance. Statistics stay for ever.",
        ),
    ] = 90
    audit_days: Annotated[
        int,
        Meta(ge=30, le=36_500, description="Days that the log of what users did is kept."),
    ] = 730
