"""The sender of the service's own mails, put together."""

from tayori.accept.door import Door
from tayori.app.door import build_door
from tayori.app.parts import Parts
from tayori.notices.owners import OwnerNotices
from tayori.notices.sender import Notices
from tayori.notices.verdicts import Verdicts


def build_notices(parts: Parts, door: Door) -> Notices:
    """Return who sends notices; without `notices.sender` it sends nothing."""
    return Notices(
        accept=door.accept,
        account_of=parts.account_of_sender,
        users=parts.people.users,
        sender=parts.settings.notices.sender,
        service=parts.settings.service.hostname,
    )


def build_verdicts(parts: Parts, owners: OwnerNotices) -> Verdicts:
    """Return who decides on templates and tells their owners."""
    return Verdicts(parts.templates, owners, parts.people.audit)


def build_owner_notices(parts: Parts) -> OwnerNotices:
    """Return who writes to the owners of accounts."""
    return OwnerNotices(build_notices(parts, build_door(parts)), parts.accounts)
