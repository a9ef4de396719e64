"""Which recipients a command of `tayori queue` is about."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from tayori.app.parts import Parts
from tayori.classify.model import BounceClass
from tayori.cli.opened import CommandError, account_named
from tayori.delivery.reactions.rules import span_of
from tayori.dns.names import to_ascii
from tayori.queue.operator_store import Filter
from tayori.queue.states import State


class StateName(StrEnum):
    """The states of a recipient by name."""

    QUEUED = "queued"
    SENDING = "sending"
    DEFERRED = "deferred"
    HELD = "held"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DROPPED = "dropped"
    EXPIRED = "expired"


OfState = Annotated[StateName | None, typer.Option("--state", help="Only those in this state.")]
OfAccount = Annotated[str, typer.Option("--account", help="Only those of this account.")]
OfDomain = Annotated[str, typer.Option("--domain", help="Only those at this receiving domain.")]
OfProvider = Annotated[
    str, typer.Option("--provider", help="Only those whose last attempt went to this provider.")
]
OfClass = Annotated[
    BounceClass | None, typer.Option("--class", help="Only those that were refused last like this.")
]
OfTask = Annotated[int | None, typer.Option("--task", min=1, help="Only those of this bulk task.")]
OlderThan = Annotated[
    str, typer.Option("--older-than", help='Only those accepted so long ago: "30 min", "4 h".')
]
Limit = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The options as they were given."""

    state: StateName | None = None
    account: str = ""
    domain: str = ""
    provider: str = ""
    bounce_class: BounceClass | None = None
    task: int | None = None
    older_than: str = ""
    limit: int | None = None

    async def filter(self, parts: Parts) -> Filter:
        """Return the filter that they mean; CommandError."""
        return Filter(
            state=None if self.state is None else State[self.state.name],
            account_id=(await account_named(parts, self.account)).id if self.account else None,
            domain=(to_ascii(self.domain) or self.domain.lower()) if self.domain else None,
            provider=self.provider or None,
            bounce_class=None if self.bounce_class is None else self.bounce_class.value,
            task_id=self.task,
            accepted_before=self._accepted_before(parts),
            limit=self.limit,
        )

    def _accepted_before(self, parts: Parts) -> int | None:
        if not self.older_than:
            return None
        try:
            return parts.clock.now() - span_of(self.older_than)
        except ValueError as error:
            raise CommandError(f"--older-than: {error}") from None
