"""What all tables of the settings file have in common."""

from typing import Annotated

import msgspec
from msgspec import Meta

Listen = Annotated[str, Meta(pattern=r"^(\S+:\d{1,5})?$")]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the settings file; unknown keys are refused."""
