"""Settings of what is heard from readers, and of the mailbox simulator."""

from typing import Annotated

from msgspec import Meta

from tayori.config.section import Section


class TrackingSettings(Section, frozen=True):
    """Opens and clicks; see docs/tracking.md."""

    url: Annotated[
        str,
        Meta(
            description="URL of the tracking host; empty = `http.public_url`, and where that is "
            "empty, too, nothing is tracked."
        ),
    ] = ""
    opens: Annotated[
        bool, Meta(description="Whether opens are tracked where nobody chose otherwise.")
    ] = True
    clicks: Annotated[
        bool, Meta(description="Whether clicks are tracked where nobody chose otherwise.")
    ] = True
    counted_machines: Annotated[
        tuple[str, ...],
        Meta(
            description="Names of rules/machines.toml whose opens count all the same, such as "
            "`google_image_proxy`."
        ),
    ] = ()


class SimulatorSettings(Section, frozen=True):
    """Addresses that answer as asked; see docs/simulator.md."""

    domain: Annotated[
        str, Meta(description="Domain of the simulated mailboxes; empty = there are none.")
    ] = "simulator.tayori.invalid"
