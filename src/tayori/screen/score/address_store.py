"""All SQL of score addresses: made, found by their token, scored once, forgotten."""

from collections.abc import Mapping
from typing import Final

import msgspec
from sqlalchemy import bindparam, delete, func, insert, select, update

from tayori.db.database import Database, Row, Transaction
from tayori.db.statement import Statement
from tayori.db.tables.screen import score_address
from tayori.db.tables.tenants import account
from tayori.screen.model import Business
from tayori.screen.score.address import (
    MailScore,
    ScoreAddress,
    decode_losses,
    encode_losses,
    storable,
)
from tayori.screen.score.model import Score

_address = score_address.c
_TENTHS: Final = 10
_SWEPT_AT_ONCE: Final = 500
_LOCK_ACCOUNT = Statement(
    select(account.c.id).where(account.c.id == bindparam("owner_id")).with_for_update()
)
_COUNT = Statement(
    select(func.count().label("n"))
    .select_from(score_address)
    .where(_address.account_id == bindparam("owner_id"), _address.created_at > bindparam("since"))
)
_ADD = Statement(
    insert(score_address)
    .values(
        {
            "account_id": bindparam("account_id"),
            "token": bindparam("token"),
            "address": bindparam("address"),
            "created_at": bindparam("created_at"),
            "expires_at": bindparam("expires_at"),
            "scored_at": None,
            "tenths": 0,
            "business": "",
            "header_from": "",
            "subject": "",
            "losses": "",
            "facts": "",
        }
    )
    .returning(_address.id)
)
_BY_TOKEN = Statement(select(score_address).where(_address.token == bindparam("of_token")))
_BY_ID = Statement(select(score_address).where(_address.id == bindparam("of_id")))
_LIST = (
    select(score_address)
    .order_by(_address.created_at.desc(), _address.id.desc())
    .limit(bindparam("most"))
)
_OF_ACCOUNT = Statement(_LIST.where(_address.account_id == bindparam("owner_id")))
_OF_OPERATORS = Statement(_LIST.where(_address.account_id.is_(None)))
_SCORE = Statement(
    update(score_address)
    .where(_address.id == bindparam("of_id"))
    .where(_address.scored_at.is_(None))
    .values(
        scored_at=bindparam("to_scored_at"),
        tenths=bindparam("to_tenths"),
        business=bindparam("to_business"),
        header_from=bindparam("to_from"),
        subject=bindparam("to_subject"),
        losses=bindparam("to_losses"),
        facts=bindparam("to_facts"),
    )
)
_SWEEP = Statement(
    delete(score_address).where(
        _address.id.in_(
            select(_address.id)
            .where(_address.expires_at < bindparam("before"))
            .limit(bindparam("most"))
        )
    )
)


class ScoreAddressStore:
    """Reads and changes score addresses; each call is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, new: ScoreAddress, *, most: int, since: int) -> ScoreAddress | None:
        """Store an address (its id is drawn); None when the account made `most` after `since`.

        0 is any number, and operators may make any.
        """
        async with self._database.write() as transaction:
            if new.account_id is not None and most:
                owner: dict[str, int] = {"owner_id": new.account_id, "since": since}
                # The lock makes requests of one account count each other's addresses.
                await transaction.fetch_one(_LOCK_ACCOUNT, owner)
                counted = await transaction.fetch_one(_COUNT, owner)
                if counted is not None and counted["n"] >= most:
                    return None
            await transaction.fetch_one(_ADD, _new(new))
            row = await transaction.fetch_one(_BY_TOKEN, {"of_token": new.token})
        return None if row is None else _of(row)

    async def by_token(self, token: str) -> ScoreAddress | None:
        """Return the address with this token, whoever owns it."""
        return await self._one(_BY_TOKEN, {"of_token": token})

    async def by_id(self, number: int) -> ScoreAddress | None:
        """Return the address with this number, whoever owns it."""
        return await self._one(_BY_ID, {"of_id": number})

    async def newest(self, account_id: int | None, most: int) -> list[ScoreAddress]:
        """Return addresses of an account, or those of operators (None), newest first."""
        statement = _OF_OPERATORS if account_id is None else _OF_ACCOUNT
        values = {"owner_id": account_id, "most": most}
        async with self._database.read() as transaction:
            return [_of(row) for row in await transaction.fetch(statement, values)]

    async def sweep(self, before: int) -> None:
        """Forget addresses that expired before a time, with their scores."""
        swept = _SWEPT_AT_ONCE
        while swept == _SWEPT_AT_ONCE:
            async with self._database.write() as transaction:
                values = {"before": before, "most": _SWEPT_AT_ONCE}
                swept = await transaction.execute(_SWEEP, values)

    async def _one(
        self, statement: Statement, values: Mapping[str, str | int]
    ) -> ScoreAddress | None:
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(statement, values)
        return None if row is None else _of(row)


async def keep_score(transaction: Transaction, number: int, mail: MailScore) -> bool:
    """Store the score of the mail that came to an address; False when one came before."""
    facts = {name: storable(value) for name, value in mail.facts.items()}
    values = {
        "of_id": number,
        "to_scored_at": mail.scored_at,
        "to_tenths": round(mail.score.points * _TENTHS),
        "to_business": mail.business.value,
        "to_from": storable(mail.header_from),
        "to_subject": storable(mail.subject),
        "to_losses": encode_losses(mail.score.losses),
        "to_facts": msgspec.json.encode(facts).decode(),
    }
    return await transaction.execute(_SCORE, values) == 1


def _new(new: ScoreAddress) -> dict[str, int | str | None]:
    return {
        "account_id": new.account_id,
        "token": new.token,
        "address": new.address,
        "created_at": new.created_at,
        "expires_at": new.expires_at,
    }


def _of(row: Row) -> ScoreAddress:
    return ScoreAddress(
        id=row["id"],
        account_id=row["account_id"],
        token=row["token"],
        address=row["address"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        mail=None if row["scored_at"] is None else _score(row),
    )


def _score(row: Row) -> MailScore:
    return MailScore(
        scored_at=row["scored_at"],
        score=Score(row["tenths"] / _TENTHS, decode_losses(row["losses"])),
        business=Business(row["business"]),
        header_from=row["header_from"],
        subject=row["subject"],
        facts=msgspec.json.decode(row["facts"], type=dict[str, str]),
    )
