"""The settings of reputation: by which figures domains rise, fall and are stopped."""

from typing import Annotated

from msgspec import Meta

from tayori.config.section import Section

Share = Annotated[float, Meta(ge=0, le=1)]


class ReputationSettings(Section, frozen=True):
    """How domains rise, fall and are stopped; shares are parts of 1, see docs/reputation.md."""

    hour_share: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description="Part of a domain's daily quota that its bulk tasks may use within one "
            "clock hour; 1 = all at once.",
        ),
    ] = 0.15
    provider_share: Annotated[
        float,
        Meta(
            gt=0,
            le=1,
            description="Part of an hour's bulk mails of a domain that one receiving provider may "
            "get; 1 = all of them.",
        ),
    ] = 0.5
    levels_per_day: Annotated[
        int, Meta(ge=0, description="Levels that a domain may rise in a day; 0 = all it earns.")
    ] = 1
    least_sample: Annotated[
        int, Meta(ge=1, description="Recipients of a day below which its shares decide nothing.")
    ] = 300
    idle_days: Annotated[
        int,
        Meta(
            ge=0,
            description="A domain that sent nothing for more days than this begins again at "
            "level 1; 0 = never.",
        ),
    ] = 30
    unblocks: Annotated[
        int, Meta(ge=0, description="Times that an account's domains may be let go from level 0.")
    ] = 3
    raise_at: Annotated[
        float, Meta(gt=0, le=1, description="Part of the day's quota to be used for a rise.")
    ] = 0.7
    raise_invalid: Annotated[
        Share, Meta(description="Rise: share of invalid addresses, below this.")
    ] = 0.05
    raise_delivery: Annotated[Share, Meta(description="Rise: delivered share, above this.")] = 0.92
    raise_spam: Annotated[Share, Meta(description="Rise: share refused as spam, below this.")] = (
        0.025
    )
    raise_complaint: Annotated[
        Share, Meta(description="Rise: share of complaints, below this.")
    ] = 0.001
    raise_open: Annotated[
        Share, Meta(description="Rise of a read domain: share of opened mails, above this.")
    ] = 0.5
    raise_open_delivery: Annotated[
        Share, Meta(description="Rise of a read domain: delivered share, above this.")
    ] = 0.9
    lower_invalid: Annotated[
        Share, Meta(description="Fall: share of invalid addresses, above this.")
    ] = 0.09
    lower_delivery: Annotated[Share, Meta(description="Fall: delivered share, below this.")] = 0.65
    lower_spam: Annotated[Share, Meta(description="Fall: share refused as spam, above this.")] = (
        0.05
    )
    lower_complaint: Annotated[
        Share, Meta(description="Fall: share of complaints, above this.")
    ] = 0.005
    stop_invalid: Annotated[
        Share, Meta(description="Stop for the day: share of invalid addresses, above this.")
    ] = 0.11
    stop_spam: Annotated[
        Share, Meta(description="Stop for the day: share refused as spam, above this.")
    ] = 0.15
    stop_rejected: Annotated[
        Share, Meta(description="Stop for the day: rejected share that is reached.")
    ] = 0.08
    suspend_complaint: Annotated[
        Share,
        Meta(
            description="The account is suspended: share of complaints in a day of a domain, "
            "above this; 0 = never."
        ),
    ] = 0.02
    suspend_spam: Annotated[
        Share,
        Meta(
            description="The account is suspended: share refused as spam in a day of a domain, "
            "above this; 0 = never."
        ),
    ] = 0.3
    suspend_stops: Annotated[
        int,
        Meta(
            ge=0,
            description="The account is suspended: days within 30 on which domains of it were "
            "stopped, from this number on; 0 = never.",
        ),
    ] = 5
    warn_bounce: Annotated[Share, Meta(description="Warning: rejected share, above this.")] = 0.05
    warn_open: Annotated[Share, Meta(description="Warning: share of opened mails, below this.")] = (
        0.5
    )
