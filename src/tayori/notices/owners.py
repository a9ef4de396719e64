"""What the owners of an account are told without having asked; telling them stops nobody's work."""

from collections.abc import Mapping

from tayori.catalog.model import Template, TemplateStatus
from tayori.db.database import DatabaseBusyError
from tayori.notices.sender import Notices
from tayori.notices.texts import NoticeKind
from tayori.refusal.refusal import Refusal
from tayori.refusal.saying import Saying
from tayori.runtime import log
from tayori.tenants.accounts import Accounts
from tayori.tenants.model import Identity


class OwnerNotices:
    """Writes to the owners of accounts."""

    def __init__(self, notices: Notices, accounts: Accounts) -> None:
        self._notices = notices
        self._accounts = accounts

    async def domain_broken(self, identity: Identity) -> None:
        """Tell that the records of a domain, which were right, are wrong."""
        data = {"domain": identity.domain}
        await self._tell(identity.account_id, NoticeKind.DOMAIN_BROKEN, data)

    async def callback_off(self, account_id: int, url: str, reason: Saying) -> None:
        """Tell that an endpoint is called no more."""
        data: dict[str, str | Saying] = {"url": url, "reason": reason}
        await self._tell(account_id, NoticeKind.CALLBACK_OFF, data)

    async def template_decided(self, template: Template) -> None:
        """Tell what an operator decided on a template."""
        approved = template.status is TemplateStatus.APPROVED
        kind = NoticeKind.TEMPLATE_APPROVED if approved else NoticeKind.TEMPLATE_REJECTED
        data = {"template": template.name, "reason": template.review_reason}
        await self._tell(template.account_id, kind, data)

    async def account_suspended(self, account_id: int, reason: Saying | str) -> None:
        """Tell that an operator stopped the account."""
        await self._tell(account_id, NoticeKind.ACCOUNT_SUSPENDED, {"reason": reason})

    async def _tell(
        self, account_id: int, kind: NoticeKind, data: Mapping[str, str | Saying]
    ) -> None:
        try:
            account = await self._accounts.get(account_id)
            if not isinstance(account, Refusal):
                told = {"account": account.name, **data}
                await self._notices.tell_owners(account_id, kind, told)
        except DatabaseBusyError as error:
            log.get("notices").warning("notice_not_sent", kind=kind.value, trouble=str(error))
