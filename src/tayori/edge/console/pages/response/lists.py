"""Who is not written to: unsubscribed, on the own blacklist, on the shared one by own mail."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.responses import Response

from tayori.db.window import Key
from tayori.edge.console.lists import ListQuery, key_of, page_by_key, read_list
from tayori.edge.console.pages.response.period import whole, written
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.suppress.listed_store import FIRST_CUSTOM, FIRST_GONE, FIRST_SHARED, Life, Narrowed
from tayori.tenants.users.audit_model import AuditAction

_AT_ONCE = 1_000
Look = Callable[[Key, int], Awaitable[tuple[list[Any], Key | None]]]


async def unsubscribes(visit: Visit) -> Response:
    """Show who wants no more mail from a sender domain."""
    asked = await _asked_gone(visit)
    look, domains = _gone(visit, asked), await own_domains(visit)
    rows, key = await look(key_of(asked, FIRST_GONE), asked.rows)
    return visit.page(
        "response/unsubscribes.html.j2",
        page=page_by_key(asked, rows, key),
        domains=domains,
        csv=_csv(asked),
    )


async def export_unsubscribes(visit: Visit) -> Response:
    """Return them as a CSV file."""
    asked = await _asked_gone(visit)

    async def rows() -> AsyncIterator[list[object]]:
        async for one in _each(_gone(visit, asked), FIRST_GONE):
            way = "complaint" if one.complained else "unsubscribed"
            yield [one.address, one.domain, written(visit, one.at), way]

    await visit.record(AuditAction.ADDRESSES_EXPORTED, "unsubscribes")
    return visit.csv_stream("unsubscribes", ("email", "sender_domain", "time", "way"), rows())


async def blacklist(visit: Visit) -> Response:
    """Show the account's own blacklist."""
    asked = _asked(visit, "/response/blacklist", life=tuple(one.value for one in Life if one))
    rows, key = await _own(visit, asked)(key_of(asked, FIRST_CUSTOM), asked.rows)
    now = visit.services.clock.now()
    return visit.page(
        "response/blacklist.html.j2",
        page=page_by_key(asked, [(row, row.active(now)) for row in rows], key),
        csv=_csv(asked),
    )


async def export_blacklist(visit: Visit) -> Response:
    """Return it as a CSV file."""
    asked = _asked(visit, "/response/blacklist", life=tuple(one.value for one in Life if one))

    async def rows() -> AsyncIterator[list[object]]:
        async for one in _each(_own(visit, asked), FIRST_CUSTOM):
            yield [one.address, written(visit, one.created_at), written(visit, one.expires_at)]

    await visit.record(AuditAction.ADDRESSES_EXPORTED, "blacklist")
    return visit.csv_stream("blacklist", ("email", "added", "expires"), rows())


async def shared(visit: Visit) -> Response:
    """Show what the account's own mail put on the shared blacklist."""
    asked = _asked(visit, "/response/shared")
    rows, key = await _shared(visit, asked)(key_of(asked, FIRST_SHARED), asked.rows)
    return visit.page(
        "response/shared.html.j2", page=page_by_key(asked, rows, key), csv=_csv(asked)
    )


async def export_shared(visit: Visit) -> Response:
    """Return it as a CSV file."""
    asked = _asked(visit, "/response/shared")

    async def rows() -> AsyncIterator[list[object]]:
        async for one in _each(_shared(visit, asked), FIRST_SHARED):
            times = (written(visit, one.at), written(visit, one.expires_at))
            yield [one.address, *times, one.reason, one.mail]

    await visit.record(AuditAction.ADDRESSES_EXPORTED, "shared")
    heading = ("email", "blocked", "expires", "reply", "message_id")
    return visit.csv_stream("shared-blacklist", heading, rows())


async def own_domains(visit: Visit) -> list[str]:
    """Return the account's sender domains."""
    found = await visit.services.identities.list(visit.account.id)
    return [identity.domain for identity in found.identities]


def _gone(visit: Visit, asked: ListQuery) -> Look:
    wanted, account = _narrowed(visit, asked), visit.account.id

    async def look(key: Key, most: int) -> tuple[list[Any], Key | None]:
        return await visit.services.listed.gone(account, wanted, asked["sender"], key, most)

    return look


def _own(visit: Visit, asked: ListQuery) -> Look:
    wanted, account = _narrowed(visit, asked), visit.account.id
    now = visit.services.clock.now()

    async def look(key: Key, most: int) -> tuple[list[Any], Key | None]:
        return await visit.services.listed.custom(account, wanted, now, key, most)

    return look


def _shared(visit: Visit, asked: ListQuery) -> Look:
    wanted, account = _narrowed(visit, asked), visit.account.id
    now = visit.services.clock.now()

    async def look(key: Key, most: int) -> tuple[list[Any], Key | None]:
        return await visit.services.listed.shared(account, wanted, now, key, most)

    return look


async def _each(look: Look, first: Key) -> AsyncIterator[Any]:
    key: Key | None = first
    while key is not None:
        found, key = await look(key, _AT_ONCE)
        for one in found:
            yield one


async def _asked_gone(visit: Visit) -> ListQuery:
    return _asked(visit, "/response/unsubscribes", sender=tuple(await own_domains(visit)))


def _asked(visit: Visit, path: str, **more: tuple[str, ...]) -> ListQuery:
    filters: dict[str, tuple[str, ...] | None] = dict.fromkeys(("q", "domain", "from", "to"))
    return read_list(
        url(path), visit.query, sorts=("at",), usual="-at", filters={**filters, **more}
    )


def _narrowed(visit: Visit, asked: ListQuery) -> Narrowed:
    first, end = whole(visit, asked)
    return Narrowed(
        text=asked["q"],
        domain=asked["domain"].removeprefix("@"),
        first=first,
        end=end,
        life=Life(asked.filters.get("life", "")),
    )


def _csv(asked: ListQuery) -> str:
    """Return the address of the same list as a file."""
    return asked.url().replace(asked.path, f"{asked.path}.csv", 1)
