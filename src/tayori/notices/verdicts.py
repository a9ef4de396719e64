"""An operator's verdicts on templates, however given: the owner hears, the log keeps who."""

from dataclasses import dataclass

from tayori.catalog.model import Template
from tayori.catalog.templates import Templates
from tayori.notices.owners import OwnerNotices
from tayori.refusal.refusal import Refusal
from tayori.tenants.users.audit import AuditLog
from tayori.tenants.users.audit_model import AuditAction, AuditEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Who decides: a user of the console, a credential of the API, or the command ("").

    `name` is the user's address or the SecretId, `address` is the client's.
    """

    user_id: int | None = None
    name: str = ""
    address: str = ""


class Verdicts:
    """Approves and refuses templates of any account; `version` is the one that was looked at."""

    def __init__(self, templates: Templates, owners: OwnerNotices, audit: AuditLog) -> None:
        self._templates = templates
        self._owners = owners
        self._audit = audit

    async def approve(
        self, judge: Judge, template_id: int, *, version: int | None = None
    ) -> Template | Refusal:
        """Approve a version; see `catalog.templates.Templates.reject` for `version`."""
        decided = await self._templates.approve(template_id, version=version)
        return await self._told(judge, AuditAction.TEMPLATE_APPROVED, decided, "")

    async def reject(
        self, judge: Judge, template_id: int, reason: str, *, version: int | None = None
    ) -> Template | Refusal:
        """Refuse a version with the reason that its owner is told."""
        decided = await self._templates.reject(template_id, reason, version=version)
        return await self._told(judge, AuditAction.TEMPLATE_REJECTED, decided, reason.strip())

    async def _told(
        self, judge: Judge, action: AuditAction, decided: Template | Refusal, reason: str
    ) -> Template | Refusal:
        if isinstance(decided, Refusal):
            return decided
        await self._audit.record(
            AuditEntry(
                action=action,
                user_id=judge.user_id,
                email=judge.name,
                account_id=decided.account_id,
                target=decided.name,
                after=reason,
                address=judge.address,
            )
        )
        await self._owners.template_decided(decided)
        return decided
