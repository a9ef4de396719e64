"""All SQL for sender domains and their DKIM keys.

Private keys are sealed under the context "dkim:<domain>:<selector>". Whatever a customer may ask
for is scoped by the account; only the background checks and the signer look up by identity alone.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import bindparam, delete, exists, func, insert, select, update

from tayori.db.database import Database, IntegrityError, Row, Transaction
from tayori.db.statement import Statement
from tayori.db.tables.catalog import sender
from tayori.db.tables.queue import message, recipient
from tayori.db.tables.tenants import account, dkim_key, identity
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import recall, say
from tayori.runtime.secrets import SecretBox
from tayori.tenants.model import DkimKey, DkimOption, DnsRecord, Identity, Tag

_LOCK_ACCOUNT = Statement(
    select(account.c.id).where(account.c.id == bindparam("account_id")).with_for_update()
)
_OWNER = Statement(select(identity.c.account_id).where(identity.c.domain == bindparam("domain")))
_COUNT = Statement(
    select(func.count().label("n"))
    .select_from(identity)
    .where(identity.c.account_id == bindparam("account_id"))
)
_ADD = Statement(
    insert(identity)
    .values(
        account_id=bindparam("account_id"),
        domain=bindparam("domain"),
        dkim_option=bindparam("dkim_option"),
        verified=bindparam("verified"),
        records="[]",
        tags=bindparam("tags"),
        level=1,
        created_at=bindparam("created_at"),
        check_due_at=bindparam("check_due_at"),
        checks_failed=0,
    )
    .returning(identity.c.id)
)
ADD_KEY = Statement(
    insert(dkim_key).values(
        identity_id=bindparam("identity_id"),
        selector=bindparam("selector"),
        bits=bindparam("bits"),
        public_key=bindparam("public_key"),
        private_sealed=bindparam("private_sealed"),
        created_at=bindparam("created_at"),
        pending=bindparam("pending"),
    )
)
_MINE = Statement(
    select(identity).where(
        identity.c.account_id == bindparam("account_id"), identity.c.domain == bindparam("domain")
    )
)
MINE_LOCKED = Statement(
    select(identity)
    .where(
        identity.c.account_id == bindparam("account_id"), identity.c.domain == bindparam("domain")
    )
    .with_for_update()
)
_ALL_MINE = Statement(
    select(identity)
    .where(identity.c.account_id == bindparam("account_id"))
    .order_by(identity.c.id.desc())
)
_BY_ID = Statement(select(identity).where(identity.c.id == bindparam("identity_id")))
KEYS = Statement(
    select(dkim_key)
    .where(dkim_key.c.identity_id == bindparam("identity_id"))
    .order_by(dkim_key.c.bits, dkim_key.c.id)
)
_SET_OPTION = Statement(
    update(identity)
    .where(identity.c.id == bindparam("identity_id"))
    .values(dkim_option=bindparam("new_option"))
)
_SET_TAGS = Statement(
    update(identity)
    .where(
        identity.c.account_id == bindparam("account_id"), identity.c.domain == bindparam("domain")
    )
    .values(tags=bindparam("new_tags"))
)
_SET_CHECK = Statement(
    update(identity)
    .where(
        identity.c.id == bindparam("identity_id"),
        identity.c.dkim_option == bindparam("seen_option"),
        # A check that began before another one ended must not undo it.
        func.coalesce(identity.c.checked_at, 0) == bindparam("seen_checked_at"),
    )
    .values(
        verified=bindparam("new_verified"),
        records=bindparam("new_records"),
        verified_at=bindparam("new_verified_at"),
        checked_at=bindparam("new_checked_at"),
        check_due_at=bindparam("new_due_at"),
        checks_failed=bindparam("new_failed"),
    )
)
_DUE = Statement(
    select(identity)
    .where(identity.c.check_due_at <= bindparam("now"))
    .order_by(identity.c.check_due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_CLAIM = Statement(
    update(identity)
    .where(identity.c.id == bindparam("identity_id"))
    .values(check_due_at=bindparam("until"))
)
_SENDERS = Statement(
    select(func.count().label("n"))
    .select_from(sender)
    .where(sender.c.identity_id == bindparam("identity_id"))
)
_MAIL_WAITS = Statement(
    select(recipient.c.id)
    .where(
        recipient.c.due_at.is_not(None),
        exists().where(
            message.c.id == recipient.c.message_id,
            message.c.identity_id == bindparam("identity_id"),
        ),
    )
    .limit(1)
)
_DELETE_KEYS = Statement(delete(dkim_key).where(dkim_key.c.identity_id == bindparam("identity_id")))
_DELETE = Statement(delete(identity).where(identity.c.id == bindparam("identity_id")))

CREATED_BY_OTHER = refuse(
    Code.INVALID_PARAMETER_VALUE__CREATED_BY_OTHER,
    say("The domain belongs to another account of this installation."),
)
REPEAT_CREATION = refuse(
    Code.INVALID_PARAMETER_VALUE__REPEAT_CREATION, say("The account has this domain already.")
)


class IdentityStore:
    """Reads and changes identities and keys; each call is one transaction."""

    def __init__(self, database: Database, box: SecretBox) -> None:
        self._database = database
        self._box = box

    async def owner(self, domain: str) -> int | None:
        """Return the id of the account that has the domain."""
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_OWNER, {"domain": domain})
        return None if row is None else int(row["account_id"])

    async def count(self, account_id: int) -> int:
        """Return how many domains the account has."""
        async with self._database.read() as transaction:
            return await _number(transaction, _COUNT, account_id=account_id)

    async def add(self, new: Identity, keys: Sequence[DkimKey], *, most: int) -> Identity | Refusal:
        """Store an identity (its id is drawn) with its keys, unless the account has `most`.

        `most` 0 means no limit. Of two that add one domain at a time, one is refused.
        """
        try:
            async with self._database.write() as transaction:
                # The lock makes requests of one account count each other's domains.
                await transaction.fetch_one(_LOCK_ACCOUNT, {"account_id": new.account_id})
                owned = await _number(transaction, _COUNT, account_id=new.account_id)
                if most and owned >= most:
                    return refuse(Code.OPERATION_DENIED__EXCEED_DOMAIN_LIMIT, limit=most)
                return await self._insert(transaction, new, keys)
        except IntegrityError:
            mine = await self.owner(new.domain) == new.account_id
            return REPEAT_CREATION if mine else CREATED_BY_OTHER

    async def get(self, account_id: int, domain: str) -> Identity | None:
        """Return the account's identity of this domain."""
        values = {"account_id": account_id, "domain": domain}
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_MINE, values)
        return None if row is None else identity_of(row)

    async def all(self, account_id: int) -> list[Identity]:
        """Return the account's identities, newest first."""
        async with self._database.read() as transaction:
            rows = await transaction.fetch(_ALL_MINE, {"account_id": account_id})
        return [identity_of(row) for row in rows]

    async def with_keys(self, identity_id: int) -> tuple[Identity, tuple[DkimKey, ...]] | None:
        """Return an identity and all keys ever made for it, shortest first; SecretError."""
        values = {"identity_id": identity_id}
        async with self._database.read() as transaction:
            row = await transaction.fetch_one(_BY_ID, values)
            rows = await transaction.fetch(KEYS, values)
        if row is None:
            return None
        return identity_of(row), tuple(key_of(self._box, row["domain"], key) for key in rows)

    async def set_option(
        self, account_id: int, domain: str, option: DkimOption, keys: Sequence[DkimKey], now: int
    ) -> Identity | None:
        """Set the option and add those keys whose selector is new; None without the identity."""
        values = {"account_id": account_id, "domain": domain}
        async with self._database.write() as transaction:
            row = await transaction.fetch_one(MINE_LOCKED, values)
            if row is None:
                return None
            held = await transaction.fetch(KEYS, {"identity_id": row["id"]})
            selectors = {key["selector"] for key in held}
            await self._insert_keys(
                transaction, identity_of(row), [k for k in keys if k.selector not in selectors], now
            )
            changed = {"identity_id": row["id"], "new_option": int(option)}
            await transaction.execute(_SET_OPTION, changed)
            after = await transaction.fetch_one(_MINE, values)
        return None if after is None else identity_of(after)

    async def set_tags(self, account_id: int, domain: str, tags: Sequence[Tag]) -> Identity | None:
        """Set the labels; None without the identity."""
        values = {"account_id": account_id, "domain": domain}
        new = {**values, "new_tags": msgspec.json.encode(tuple(tags)).decode()}
        async with self._database.write() as transaction:
            await transaction.execute(_SET_TAGS, new)
            row = await transaction.fetch_one(_MINE, values)
        return None if row is None else identity_of(row)

    async def set_check(self, seen: Identity, after: Identity) -> bool:
        """Store what a check led to; False when the identity changed since it was `seen`."""
        values = {
            "identity_id": seen.id,
            "seen_option": int(seen.dkim_option),
            "seen_checked_at": seen.checked_at or 0,
            "new_verified": after.verified,
            "new_records": msgspec.json.encode(after.records).decode(),
            "new_verified_at": after.verified_at,
            "new_checked_at": after.checked_at,
            "new_due_at": after.check_due_at,
            "new_failed": after.checks_failed,
        }
        async with self._database.write() as transaction:
            return await transaction.execute(_SET_CHECK, values) == 1

    async def claim_due(self, now: int, until: int, most: int) -> list[Identity]:
        """Return up to `most` identities whose check is due; nobody else gets them before `until`.

        When the process that claimed them dies, they are simply due again at `until`.
        """
        async with self._database.write() as transaction:
            rows = await transaction.fetch(_DUE, {"now": now, "most": most})
            claims = [{"identity_id": row["id"], "until": until} for row in rows]
            await transaction.execute_many(_CLAIM, claims)
        return [identity_of(row) for row in rows]

    async def delete(self, account_id: int, domain: str) -> Refusal | None:
        """Delete an identity and its keys; None when done."""
        values = {"account_id": account_id, "domain": domain}
        async with self._database.write() as transaction:
            row = await transaction.fetch_one(MINE_LOCKED, values)
            if row is None:
                return refuse(Code.INVALID_PARAMETER_VALUE__NOT_EXIST_DOMAIN, domain=domain)
            mine = {"identity_id": row["id"]}
            if await _number(transaction, _SENDERS, identity_id=row["id"]):
                return refuse(Code.OPERATION_DENIED__SENDER_WITH_DOMAIN_IS_NOT_EMPTY)
            if await transaction.fetch_one(_MAIL_WAITS, mine) is not None:
                return refuse(
                    Code.OPERATION_DENIED__NOT_ALLOW_DELETE,
                    say("Mail from this domain is still on its way and needs the domain's keys."),
                )
            await transaction.execute(_DELETE_KEYS, mine)
            await transaction.execute(_DELETE, mine)
        return None

    async def _insert(
        self, transaction: Transaction, new: Identity, keys: Sequence[DkimKey]
    ) -> Identity:
        values = {
            "account_id": new.account_id,
            "domain": new.domain,
            "dkim_option": int(new.dkim_option),
            "verified": False,
            "tags": msgspec.json.encode(new.tags).decode(),
            "created_at": new.created_at,
            "check_due_at": new.check_due_at,
        }
        await transaction.fetch_one(_ADD, values)
        row = await transaction.fetch_one(_MINE, values)
        if row is None:
            raise LookupError("An identity that was just written cannot be found.")
        stored = identity_of(row)
        await self._insert_keys(transaction, stored, keys, new.created_at)
        return stored

    async def _insert_keys(
        self, transaction: Transaction, of: Identity, keys: Sequence[DkimKey], now: int
    ) -> None:
        rows = [key_row(self._box, of, key, now) for key in keys]
        await transaction.execute_many(ADD_KEY, rows)


def key_row(box: SecretBox, of: Identity, key: DkimKey, now: int) -> dict[str, object]:
    """Return the values of a key's row; the private key is sealed."""
    return {
        "identity_id": of.id,
        "selector": key.selector,
        "bits": key.bits,
        "public_key": key.public_key,
        "private_sealed": box.seal(key.private_pem, _context(of.domain, key.selector)),
        "created_at": now,
        "pending": key.pending,
    }


def key_of(box: SecretBox, domain: str, row: Row) -> DkimKey:
    """Return the key of a row; SecretError when it was sealed by another installation."""
    return DkimKey(
        selector=row["selector"],
        bits=row["bits"],
        public_key=row["public_key"],
        private_pem=box.open(row["private_sealed"], _context(domain, row["selector"])),
        pending=bool(row["pending"]),
        retired_at=row["retired_at"],
    )


def _context(domain: str, selector: str) -> str:
    return f"dkim:{domain}:{selector}"


async def _number(transaction: Transaction, statement: Statement, **values: int) -> int:
    row = await transaction.fetch_one(statement, values)
    return int(row["n"]) if row is not None else 0


def identity_of(row: Row) -> Identity:
    """Return the identity of a row."""
    return Identity(
        id=row["id"],
        account_id=row["account_id"],
        domain=row["domain"],
        dkim_option=DkimOption(row["dkim_option"]),
        verified=bool(row["verified"]),
        records=msgspec.json.decode(row["records"], type=tuple[DnsRecord, ...]),
        tags=msgspec.json.decode(row["tags"], type=tuple[Tag, ...]),
        level=row["level"],
        created_at=row["created_at"],
        verified_at=row["verified_at"],
        checked_at=row["checked_at"],
        check_due_at=row["check_due_at"],
        checks_failed=row["checks_failed"],
        next_level=row["next_level"],
        next_level_at=row["next_level_at"],
        blocked_until=row["blocked_until"],
        blocked_reason=recall(row["blocked_reason"]),
    )
