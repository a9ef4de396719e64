"""One leased recipient on its way, with what is needed to attempt it."""

from dataclasses import dataclass, field

from tayori.compose.model import Recipe
from tayori.queue.model import Leased


@dataclass(frozen=True, slots=True)
class Work:
    """A recipient and its recipe; None stands for a large one, which is read when it is needed."""

    recipient: Leased
    recipe: Recipe | None = field(repr=False)
