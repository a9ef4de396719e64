"""All SQL for templates and their versions.

A version is never changed or removed, so a mail that waits is composed from what it was accepted
with, even when its template was edited or deleted since. What customers ask is scoped by account.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import bindparam, func, insert, select, tuple_, update
from sqlalchemy import null as sql_null

from tayori.catalog.model import (
    FirstReview,
    StoredTemplate,
    Template,
    TemplateContent,
    TemplateStatus,
)
from tayori.db.database import Database, Row, Transaction
from tayori.db.statement import Statement
from tayori.db.tables.catalog import template, template_version
from tayori.db.tables.tenants import account
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse

_LIVE = template.c.deleted_at.is_(None)
_MINE = template.c.account_id == bindparam("owner_id")
_THIS = template.c.id == bindparam("template_id")
_LOCK_ACCOUNT = Statement(
    select(account.c.id).where(account.c.id == bindparam("owner_id")).with_for_update()
)
_COUNT = Statement(select(func.count().label("n")).select_from(template).where(_MINE, _LIVE))
_ADD = Statement(
    insert(template)
    .values(
        account_id=bindparam("account_id"),
        name=bindparam("name"),
        status=bindparam("status"),
        review_reason=bindparam("review_reason"),
        version=bindparam("version"),
        created_at=bindparam("created_at"),
        updated_at=bindparam("updated_at"),
        business=bindparam("business"),
        findings=bindparam("findings"),
        due_at=bindparam("due_at"),
    )
    .returning(template.c.id)
)
_ADD_VERSION = Statement(
    insert(template_version).values(
        template_id=bindparam("template_id"),
        version=bindparam("version"),
        html=bindparam("html"),
        text=bindparam("text"),
        blocks=bindparam("blocks"),
        created_at=bindparam("created_at"),
    )
)
_ONE = Statement(select(template).where(_MINE, _THIS, _LIVE))
_ONE_LOCKED = Statement(select(template).where(_MINE, _THIS, _LIVE).with_for_update())
_ANY = Statement(select(template).where(_THIS, _LIVE))
_CONTENT = Statement(
    select(template_version).where(
        template_version.c.template_id == bindparam("template_id"),
        template_version.c.version == bindparam("version"),
    )
)
_PAGE = Statement(
    select(template)
    .where(_MINE, _LIVE)
    .order_by(template.c.id.desc())
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
_OF_STATUS = Statement(
    select(template)
    .where(_LIVE, template.c.status == bindparam("wanted_status"))
    .order_by(template.c.updated_at, template.c.id)
)
_EDIT = Statement(
    update(template)
    .where(_THIS)
    .values(
        name=bindparam("name"),
        status=bindparam("status"),
        review_reason=bindparam("review_reason"),
        version=bindparam("version"),
        updated_at=bindparam("updated_at"),
        business=bindparam("business"),
        findings=bindparam("findings"),
        due_at=bindparam("due_at"),
    )
)
_USUAL = Statement(
    select(template.c.business)
    .where(_MINE, _LIVE, template.c.status == bindparam("wanted_status"), template.c.business != "")
    .group_by(template.c.business)
    .order_by(func.count().desc(), template.c.business)
    .limit(1)
)
_REVIEW = Statement(
    update(template)
    .where(_THIS, _LIVE, template.c.version == bindparam("seen_version"))
    .values(status=bindparam("status"), review_reason=bindparam("review_reason"), due_at=sql_null())
)
_DELETE = Statement(update(template).where(_MINE, _THIS, _LIVE).values(deleted_at=bindparam("now")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Which templates an operator wants to see.

    `behind` is the place (updated_at, id) of the last one that was shown.
    """

    status: TemplateStatus = TemplateStatus.IN_REVIEW
    account_id: int | None = None
    newest_first: bool = False
    behind: tuple[int, int] | None = None


Decided = Callable[[Transaction, Template, int], Awaitable[None]]
"""Hears of each template whose status was set, and when, inside the transaction that sets it."""


async def _unheard(_transaction: Transaction, _template: Template, _at: int) -> None:
    """Hear nothing."""


class TemplateStore:
    """Reads and changes templates; each call is one transaction."""

    def __init__(self, database: Database, decided: Decided = _unheard) -> None:
        self._database = database
        self._decided = decided

    async def add(
        self, new: Template, content: TemplateContent, *, most: int
    ) -> Template | Refusal:
        """Store a template (its id is drawn), unless the account has `most` (0 = any number)."""
        owner = {"owner_id": new.account_id}
        async with self._database.write() as transaction:
            # The lock makes requests of one account count each other's templates.
            await transaction.fetch_one(_LOCK_ACCOUNT, owner)
            counted = await transaction.fetch_one(_COUNT, owner)
            if most and counted is not None and counted["n"] >= most:
                return refuse(Code.FAILED_OPERATION__EXCEED_TEMPLATE_LIMIT, limit=most)
            row = await transaction.fetch_one(_ADD, _values(new))
            template_id = 0 if row is None else int(row["id"])
            await _add_version(transaction, template_id, new, content)
            stored = template_of(
                await transaction.fetch_one(_ONE, owner | {"template_id": template_id})
            )
            await self._decided(transaction, stored, stored.updated_at)
        return stored

    async def edit(
        self,
        account_id: int,
        template_id: int,
        name: str,
        content: TemplateContent,
        *,
        first: FirstReview,
        now: int,
    ) -> Template | None:
        """Store a further version; None when the account has no such template."""
        this = {"owner_id": account_id, "template_id": template_id}
        async with self._database.write() as transaction:
            row = await transaction.fetch_one(_ONE_LOCKED, this)
            if row is None:
                return None
            after = Template(
                id=template_id,
                account_id=account_id,
                name=name,
                status=first.status,
                review_reason="",
                version=row["version"] + 1,
                created_at=row["created_at"],
                updated_at=now,
                business=first.business,
                findings=first.findings,
                due_at=first.due_at,
            )
            await transaction.execute(_EDIT, _values(after) | this)
            await _add_version(transaction, template_id, after, content)
            await self._decided(transaction, after, now)
        return after

    async def get(self, account_id: int, template_id: int) -> StoredTemplate | None:
        """Return the account's template with its newest content."""
        this = {"owner_id": account_id, "template_id": template_id}
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_ONE, this)
            if row is None:
                return None
            newest = {"template_id": template_id, "version": row["version"]}
            content = await transaction.fetch_one(_CONTENT, newest)
        return StoredTemplate(template=template_of(row), content=content_of(content))

    async def any(self, template_id: int) -> StoredTemplate | None:
        """Return a template of any account: for operators only."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_ANY, {"template_id": template_id})
            if row is None:
                return None
            newest = {"template_id": template_id, "version": row["version"]}
            content = await transaction.fetch_one(_CONTENT, newest)
        return StoredTemplate(template=template_of(row), content=content_of(content))

    async def version(self, template_id: int, version: int) -> TemplateContent | None:
        """Return the content of one version, whether or not the template is still there."""
        this = {"template_id": template_id, "version": version}
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_CONTENT, this)
        return None if row is None else content_of(row)

    async def page(self, account_id: int, skip: int, most: int) -> tuple[list[Template], int]:
        """Return a part of the account's templates, newest first, and how many it has."""
        values = {"owner_id": account_id, "skip": skip, "most": most}
        async with self._database.read() as transaction:
            counted = await transaction.fetch_one(_COUNT, values)
            rows = await transaction.fetch(_PAGE, values)
        return [template_of(row) for row in rows], 0 if counted is None else int(counted["n"])

    async def of_status(self, status: TemplateStatus) -> list[Template]:
        """Return the templates of all accounts in this status: for operators only."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_OF_STATUS, {"wanted_status": int(status)})
        return [template_of(row) for row in rows]

    async def queue(self, wanted: Waiting, most: int) -> list[Template]:
        """Return templates of all accounts in a status, those last changed first or last."""
        place = tuple_(template.c.updated_at, template.c.id)
        behind = tuple_(bindparam("behind_at"), bindparam("behind_id"))
        conditions = [_LIVE, template.c.status == bindparam("wanted_status")]
        if wanted.account_id is not None:
            conditions.append(template.c.account_id == bindparam("of_account"))
        if wanted.behind is not None:
            conditions.append(place < behind if wanted.newest_first else place > behind)
        columns = (template.c.updated_at, template.c.id)
        order = [each.desc() for each in columns] if wanted.newest_first else columns
        # Made for each question: only people ask, and each set of filters has its own plan.
        statement = Statement(
            select(template).where(*conditions).order_by(*order).limit(bindparam("most"))
        )
        behind_at, behind_id = wanted.behind or (0, 0)
        values = {
            "wanted_status": int(wanted.status),
            "of_account": wanted.account_id,
            "behind_at": behind_at,
            "behind_id": behind_id,
            "most": most,
        }
        async with self._database.read() as transaction:
            return [template_of(row) for row in await transaction.fetch(statement, values)]

    async def usual_business(self, account_id: int) -> str:
        """Return what most of the account's approved templates are for, "" without any."""
        wanted = {"owner_id": account_id, "wanted_status": int(TemplateStatus.APPROVED)}
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_USUAL, wanted)
        return "" if row is None else str(row["business"])

    async def review(
        self, template_id: int, version: int, status: TemplateStatus, reason: str, now: int
    ) -> bool:
        """Store an operator's verdict on a version; False when it is not the newest any more."""
        values = {
            "template_id": template_id,
            "seen_version": version,
            "status": int(status),
            "review_reason": reason,
        }
        async with self._database.write() as transaction:
            if await transaction.execute(_REVIEW, values) != 1:
                return False
            row = await transaction.fetch_one(_ANY, {"template_id": template_id})
            await self._decided(transaction, template_of(row), now)
        return True

    async def delete(self, account_id: int, template_id: int, now: int) -> bool:
        """Take the template away from its account; False when it has no such one."""
        values = {"owner_id": account_id, "template_id": template_id, "now": now}
        async with self._database.write() as transaction:
            return await transaction.execute(_DELETE, values) == 1


async def _add_version(
    transaction: Transaction, template_id: int, of: Template, content: TemplateContent
) -> None:
    await transaction.execute(
        _ADD_VERSION,
        {
            "template_id": template_id,
            "version": of.version,
            "html": content.html.encode(),
            "text": content.text.encode(),
            "blocks": content.blocks,
            "created_at": of.updated_at,
        },
    )


def _values(of: Template) -> dict[str, int | str | None]:
    return {
        "account_id": of.account_id,
        "name": of.name,
        "status": int(of.status),
        "review_reason": of.review_reason,
        "version": of.version,
        "created_at": of.created_at,
        "updated_at": of.updated_at,
        "business": of.business,
        "findings": of.findings,
        "due_at": of.due_at,
    }


def template_of(row: Row | None) -> Template:
    """Return a template as a row holds it; LookupError without one."""
    if row is None:
        raise LookupError("A template that was just written cannot be found.")
    return Template(
        id=row["id"],
        account_id=row["account_id"],
        name=row["name"],
        status=TemplateStatus(row["status"]),
        review_reason=row["review_reason"],
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        business=row["business"],
        findings=row["findings"],
        due_at=row["due_at"],
    )


def content_of(row: Row | None) -> TemplateContent:
    """Return the content that a row of a version holds; LookupError without one."""
    if row is None:
        raise LookupError("A template has no content for its newest version.")
    return TemplateContent(
        html=bytes(row["html"]).decode(), text=bytes(row["text"]).decode(), blocks=row["blocks"]
    )
