"""Sends the service's own mails, through the door like all others.

They leave from the address in `notices.sender`, a sender of some account of this installation,
which pays for them. What cannot be sent is logged and never stops who wanted it sent.
"""

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum

from tayori.accept.submission import Accepted, Source, Submission
from tayori.catalog.tracking_model import Switches
from tayori.mail.address import AddressError, Mailbox, parse_address
from tayori.notices.texts import NoticeKind, written
from tayori.refusal.refusal import Refusal
from tayori.refusal.saying import Saying
from tayori.refusal.table import Language
from tayori.runtime import log
from tayori.tenants.model import Account
from tayori.tenants.users.model import Role, User
from tayori.tenants.users.users import Users

_HEADERS = (("Auto-Submitted", "auto-generated"),)
"""So that nobody's holiday note answers (RFC 3834 5)."""


class Told(StrEnum):
    """What became of a notice."""

    ACCEPTED = "accepted"
    """It is in the queue."""
    NO_SENDER = "no_sender"
    """No sender is set, so nothing is ever sent."""
    REFUSED = "refused"
    """The door, or a setting, is against it; the log says why."""


class Notices:
    """Who sends notices. `service` is how the mails name the service (a host name)."""

    def __init__(
        self,
        *,
        accept: Callable[[Submission], Awaitable[Accepted | Refusal]],
        account_of: Callable[[str], Awaitable[Account | None]],
        users: Users,
        sender: str,
        service: str,
    ) -> None:
        self._accept = accept
        self._account_of = account_of
        self._users = users
        self._sender = sender
        self._service = service
        self._log = log.get("notices")

    @property
    def can_send(self) -> bool:
        """Tell whether a sender is set."""
        return bool(self._sender)

    async def send(
        self,
        to: User | str,
        kind: NoticeKind,
        data: Mapping[str, str | Saying],
        language: Language = Language.EN,
    ) -> Told:
        """Send a notice to a user, in the user's language, or to an address in `language`."""
        if not self._sender:
            return Told.NO_SENDER
        if isinstance(to, User):
            address, name, language = to.email, to.name, Language(to.language)
        else:
            address = name = to
        values = {"name": name, "service": self._service, **data}
        subject, text = written(kind, language, values)
        trouble = await self._hand_over(address, subject, text)
        if trouble:
            self._log.warning("notice_not_sent", kind=kind.value, trouble=trouble)
            return Told.REFUSED
        return Told.ACCEPTED

    async def tell_owners(
        self, account_id: int, kind: NoticeKind, data: Mapping[str, str | Saying]
    ) -> None:
        """Send a notice to each owner of an account who may log in."""
        if not self._sender:
            return
        for member in await self._users.members(account_id):
            if member.role is Role.OWNER and member.user.suspended_at is None:
                await self.send(member.user, kind, data)

    async def _hand_over(self, address: str, subject: str, text: str) -> str:
        """Give the mail to the door; return what is wrong, "" for nothing."""
        to, sender = parse_address(address), parse_address(self._sender)
        if isinstance(to, AddressError) or isinstance(sender, AddressError):
            return "The address, or that of notices.sender, is none."
        account = await self._account_of(sender.addr)
        if account is None:
            return f"{self._sender} (notices.sender) is no sender of this installation."
        answer = await self._accept(
            Submission(
                account=account,
                source=Source.NOTICE,
                sender=Mailbox(address=sender),
                subject=subject,
                to=(Mailbox(address=to),),
                text=text,
                headers=_HEADERS,
                trigger=True,
                unsubscribe="0",
                tracking=Switches(opens=False, clicks=False),
            )
        )
        return answer.detail or answer.code.value if isinstance(answer, Refusal) else ""
