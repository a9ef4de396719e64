"""What the door must know about a submission before it judges, gathered in one place."""

from dataclasses import dataclass
from typing import Protocol

from tayori.catalog.model import Sender, StoredTemplate
from tayori.compose.content import Content
from tayori.tenants.model import Identity


class Directory(Protocol):
    """Looks up what accounts keep; every answer belongs to the account that is named."""

    async def sender(self, account_id: int, address: str) -> Sender | None:
        """Return the account's sender with this address."""
        ...

    async def identity(self, account_id: int, domain: str) -> Identity | None:
        """Return the account's identity for this domain (A-labels)."""
        ...

    async def template(self, account_id: int, template_id: int) -> StoredTemplate | None:
        """Return the account's template with its newest content."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was found; None where there is no such thing. `content` is what will be composed."""

    sender: Sender | None
    identity: Identity | None
    template: StoredTemplate | None
    content: Content | None
