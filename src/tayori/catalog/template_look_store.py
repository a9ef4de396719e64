"""Templates as people look through them: one account's, found by name and status, and versions.

An account has a bounded number of templates, which an index finds; they are sorted in memory.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, or_, select

from tayori.catalog.model import Template, TemplateContent, TemplateStatus
from tayori.catalog.template_store import content_of, template_of
from tayori.db import numbers
from tayori.db.database import Database
from tayori.db.statement import LIKE_ESCAPE, Statement, like_text
from tayori.db.tables.catalog import template, template_version

_ANY: Final = -1
_FOUND = (
    (template.c.account_id == bindparam("of_account"))
    & template.c.deleted_at.is_(None)
    & func.lower(template.c.name).like(bindparam("pattern"), escape=LIKE_ESCAPE)
    & or_(bindparam("of_status") == _ANY, template.c.status == bindparam("of_status"))
)
_ORDERS: Final = {
    "name": (func.lower(template.c.name), template.c.id),
    "-name": (func.lower(template.c.name).desc(), template.c.id.desc()),
    "changed": (template.c.updated_at, template.c.id),
    "-changed": (template.c.updated_at.desc(), template.c.id.desc()),
}
_PAGES: Final = {
    order: Statement(
        select(template)
        .where(_FOUND)
        .order_by(*columns)
        .limit(bindparam("most"))
        .offset(bindparam("skip"))
    )
    for order, columns in _ORDERS.items()
}
_COUNT = Statement(select(func.count().label("total")).select_from(template).where(_FOUND))
_OWNED = template_version.join(template, template.c.id == template_version.c.template_id)
_THIS = (
    (template.c.id == bindparam("of_template"))
    & (template.c.account_id == bindparam("of_account"))
    & template.c.deleted_at.is_(None)
)
_VERSIONS = Statement(
    select(
        template_version.c.version,
        template_version.c.created_at,
        (template_version.c.blocks != "").label("has_blocks"),
        (func.length(template_version.c.html) + func.length(template_version.c.text)).label("size"),
    )
    .select_from(_OWNED)
    .where(_THIS, template_version.c.version < bindparam("before"))
    .order_by(template_version.c.version.desc())
    .limit(bindparam("most"))
)
_VERSION = Statement(
    select(template_version)
    .select_from(_OWNED)
    .where(_THIS, template_version.c.version == bindparam("of_version"))
)
STATEMENTS: Final[Mapping[str, Statement]] = {
    **{f"page {order}": statement for order, statement in _PAGES.items()},
    "count": _COUNT,
    "versions": _VERSIONS,
    "version": _VERSION,
}
"""For the test that reads their plans."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version in a list; `size` is HTML and text in octets."""

    number: int
    created_at: int
    has_blocks: bool
    size: int


class TemplateLookStore:
    """Reads the templates of one account at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        account_id: int,
        order: str,
        page: tuple[int, int],
        *,
        text: str = "",
        status: TemplateStatus | None = None,
    ) -> tuple[list[Template], int]:
        """Return a page (offset, limit) of the templates with `text` in their name, and how many.

        `order` is "name" or "changed", with "-" before it for descending.
        """
        values = {
            "of_account": account_id,
            "pattern": f"%{like_text(text.lower())}%",
            "of_status": _ANY if status is None else int(status),
        }
        asked = values | {"skip": page[0], "most": page[1]}
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_PAGES[order], asked)
            total = await numbers.total(transaction, _COUNT, values)
        return [template_of(row) for row in rows], total

    async def versions(
        self, account_id: int, template_id: int, most: int, *, before: int = 2**31 - 1
    ) -> list[Version]:
        """Return the newest versions of a template of the account below a number."""
        values = {
            "of_account": account_id,
            "of_template": template_id,
            "before": before,
            "most": most,
        }
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_VERSIONS, values)
        return [
            Version(
                number=row["version"],
                created_at=row["created_at"],
                has_blocks=bool(row["has_blocks"]),
                size=row["size"],
            )
            for row in rows
        ]

    async def version(
        self, account_id: int, template_id: int, number: int
    ) -> TemplateContent | None:
        """Return the content of one version of a template of the account."""
        values = {
            "of_account": account_id,
            "of_template": template_id,
            "of_version": number,
        }
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_VERSION, values)
        return None if row is None else content_of(row)
