"""Templates: create, edit, list, delete, and what an operator decides about them.

Every edit makes a new version and goes back to review. The rules decide at once: a template that
breaks one is refused, what keeps them is approved or waits for an operator, as the service has it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from tayori.catalog.content import check_content, name_fault
from tayori.catalog.model import (
    FirstReview,
    StoredTemplate,
    Template,
    TemplateContent,
    TemplateStatus,
)
from tayori.catalog.template_store import TemplateStore, Waiting
from tayori.config.tree import Policy
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import Clock
from tayori.tenants.limits import PolicyOf, SameForAll
from tayori.tenants.memory import Memory

_LARGEST = 2**63 - 1
_MAX_REASON = 1_000
_REMEMBERED = 64  # each may be a megabyte


FirstReviewer = Callable[[str, TemplateContent, str], Awaitable[FirstReview]]
"""Reviews a template by its name, its content, and the usual business of its account or ""."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatePage:
    """A part of a list, and how long the whole list is."""

    templates: tuple[Template, ...]
    total: int


class Templates:
    """The verbs of templates; those that take an account's id see that account only."""

    def __init__(
        self,
        *,
        store: TemplateStore,
        clock: Clock,
        review: FirstReviewer,
        policy: Policy,
        limits: PolicyOf | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._review = review
        self._limits = limits or SameForAll(policy)
        self._found: Memory[tuple[int, int], StoredTemplate] = Memory(clock, size=_REMEMBERED)

    async def create(
        self, account_id: int, name: str, content: TemplateContent
    ) -> Template | Refusal:
        """Make a template; its first version is 1."""
        fault = name_fault(name.strip())
        if fault:
            return refuse(Code.INVALID_PARAMETER_VALUE__TEMPLATE_NAME_ILLEGAL, fault)
        refused = check_content(content)
        if refused is not None:
            return refused
        first = await self._first_review(account_id, name.strip(), content)
        now = self._clock.now()
        new = Template(
            id=0,
            account_id=account_id,
            name=name.strip(),
            status=first.status,
            review_reason="",
            version=1,
            created_at=now,
            updated_at=now,
            business=first.business,
            findings=first.findings,
            due_at=first.due_at,
        )
        return await self._store.add(
            new, content, most=(await self._limits.of(account_id)).max_templates
        )

    async def update(
        self, account_id: int, template_id: int, name: str, content: TemplateContent
    ) -> Template | Refusal:
        """Replace name and content."""
        if not name.strip():
            return refuse(Code.INVALID_PARAMETER_VALUE__TEMPLATE_NAME_IS_NULL)
        fault = name_fault(name.strip())
        if fault:
            return refuse(Code.INVALID_PARAMETER_VALUE__TEMPLATE_NAME_ILLEGAL, fault)
        refused = check_content(content)
        if refused is not None:
            return refused
        if not _possible(template_id):
            return _absent(template_id)
        edited = await self._store.edit(
            account_id,
            template_id,
            name.strip(),
            content,
            first=await self._first_review(account_id, name.strip(), content),
            now=self._clock.now(),
        )
        self._found.forget()
        return edited or _absent(template_id)

    async def get(self, account_id: int, template_id: int) -> StoredTemplate | Refusal:
        """Return a template of the account with its newest content, else `TemplateNotExist`."""
        if not _possible(template_id):
            return _absent(template_id)
        return await self._store.get(account_id, template_id) or _absent(template_id)

    async def find(self, account_id: int, template_id: int) -> StoredTemplate | None:
        """Return a template of the account, at most five seconds old, for sending."""
        key = (account_id, template_id)
        known = self._found.recall(key)
        if known is None and _possible(template_id):
            question = self._found.ask()
            known = await self._store.get(account_id, template_id)
            if known is not None:
                self._found.keep(key, known, question)
        return known

    async def list(self, account_id: int, *, offset: int, limit: int) -> TemplatePage:
        """Return a part of the account's templates, newest first."""
        skip, most = min(offset, _LARGEST), min(limit, _LARGEST)
        found, total = await self._store.page(account_id, skip, most)
        return TemplatePage(templates=tuple(found), total=total)

    async def delete(self, account_id: int, template_id: int) -> Refusal | None:
        """Delete a template; None when done. Mail that was accepted with it still goes out."""
        done = _possible(template_id) and await self._store.delete(
            account_id, template_id, self._clock.now()
        )
        self._found.forget()
        return None if done else _absent(template_id)

    async def version(self, template_id: int, version: int) -> TemplateContent | None:
        """Return the content that a stored recipe names; it never changes."""
        return await self._store.version(template_id, version)

    async def of_status(self, status: TemplateStatus) -> Sequence[Template]:
        """Return the templates of all accounts in a status, longest waiting first (operators)."""
        return await self._store.of_status(status)

    async def queue(self, wanted: Waiting, most: int) -> Sequence[Template]:
        """Return templates of all accounts in a status, a part at a time (operators)."""
        return await self._store.queue(wanted, most)

    async def any(self, template_id: int) -> StoredTemplate | Refusal:
        """Return a template of any account with its newest content (operators)."""
        found = await self._store.any(template_id) if _possible(template_id) else None
        return found or _absent(template_id)

    async def approve(self, template_id: int, *, version: int | None = None) -> Template | Refusal:
        """Approve a template of any account (operators); see `reject` for `version`."""
        return await self._decide(template_id, version, TemplateStatus.APPROVED, "")

    async def reject(
        self, template_id: int, reason: str, *, version: int | None = None
    ) -> Template | Refusal:
        """Refuse a template of any account with the reason that its owner is told (operators).

        With `version`, the verdict holds only if that is still the newest version, so that nobody
        approves what was swapped in meanwhile; else `TemplateStatusError`.
        """
        told = reason.strip()
        if not told or len(told) > _MAX_REASON:
            return refuse(
                Code.INVALID_PARAMETER_VALUE,
                say("A refusal needs a reason of up to {most} characters.", most=_MAX_REASON),
                parameter="Reason",
            )
        return await self._decide(template_id, version, TemplateStatus.REFUSED, told)

    async def _decide(
        self, template_id: int, version: int | None, status: TemplateStatus, reason: str
    ) -> Template | Refusal:
        found = await self._store.any(template_id) if _possible(template_id) else None
        if found is None:
            return _absent(template_id)
        seen = found.template.version if version is None else version
        if not await self._store.review(template_id, seen, status, reason, self._clock.now()):
            return refuse(
                Code.OPERATION_DENIED__TEMPLATE_STATUS_ERROR,
                say("The template was edited or deleted meanwhile; look at it again."),
            )
        self._found.forget()
        after = await self._store.any(template_id)
        return _absent(template_id) if after is None else after.template

    async def _first_review(
        self, account_id: int, name: str, content: TemplateContent
    ) -> FirstReview:
        usual = await self._store.usual_business(account_id)
        return await self._review(name, content, usual)


def _possible(template_id: int) -> bool:
    return 0 < template_id <= _LARGEST


def _absent(template_id: int) -> Refusal:
    return refuse(
        Code.INVALID_PARAMETER_VALUE__TEMPLATE_NOT_EXIST,
        say("This account has no template {number}.", number=template_id),
    )
