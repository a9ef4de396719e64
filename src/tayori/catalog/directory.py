"""What the door asks about an account: its senders, sender domains and templates.

Answers are at most five seconds old; a change made in this process is seen at once.
"""

from tayori.catalog.model import Sender, StoredTemplate
from tayori.catalog.senders import Senders
from tayori.catalog.templates import Templates
from tayori.tenants.identities import Identities
from tayori.tenants.model import Identity


class CatalogDirectory:
    """Looks up what accounts keep; every answer belongs to the account that is named."""

    def __init__(self, *, senders: Senders, identities: Identities, templates: Templates) -> None:
        self._senders = senders
        self._identities = identities
        self._templates = templates

    async def sender(self, account_id: int, address: str) -> Sender | None:
        """Return the account's sender with this address."""
        return await self._senders.find(account_id, address)

    async def identity(self, account_id: int, domain: str) -> Identity | None:
        """Return the account's identity for this domain (A-labels)."""
        return await self._identities.find(account_id, domain)

    async def template(self, account_id: int, template_id: int) -> StoredTemplate | None:
        """Return the account's template with its newest content."""
        return await self._templates.find(account_id, template_id)
