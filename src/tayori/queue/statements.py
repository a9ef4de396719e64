"""The queue's SQL, each statement by name. Hot ones carry a batch each."""

from sqlalchemy import (
    ScalarSelect,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    update,
)

from tayori.db.statement import Statement, among
from tayori.db.tables.queue import attempt, message, message_content, recipient
from tayori.queue.states import HELD_UNTIL

INSERT_MESSAGE = Statement(insert(message))
INSERT_CONTENT = Statement(insert(message_content))
_AFTER_AN_ATTEMPT = {"source", "avoids", "wait_cause", "wait_since", "delay_told"}
INSERT_RECIPIENT = Statement(
    insert(recipient).values(
        {c.name: bindparam(c.name) for c in recipient.c if c.name not in _AFTER_AN_ATTEMPT}
    )
)
INSERT_ATTEMPT = Statement(
    insert(attempt).values({c.name: bindparam(c.name) for c in attempt.c if c.name != "id"})
)

LEASED_COLUMNS = (
    recipient.c.id,
    recipient.c.message_id,
    recipient.c.account_id,
    recipient.c.address,
    recipient.c.domain,
    recipient.c.role,
    recipient.c.priority,
    recipient.c.attempts,
    recipient.c.accepted_at,
    recipient.c.expires_at,
    recipient.c.source,
    recipient.c.avoids,
    recipient.c.flow,
    recipient.c.wait_cause,
    recipient.c.wait_since,
    recipient.c.delay_told,
)
SELECT_DUE = Statement(
    select(*LEASED_COLUMNS)
    .where(recipient.c.rank == bindparam("of_rank"))
    .where(recipient.c.due_at <= bindparam("now"))
    .order_by(recipient.c.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)


def _due_of(rank: int) -> ScalarSelect[int]:
    due = (
        select(literal(1).label("one"))
        .select_from(recipient)
        .where(recipient.c.rank == literal_column(str(rank)))
        .where(recipient.c.due_at <= bindparam("now"))
        .order_by(recipient.c.due_at)
        .limit(bindparam("most"))
        .subquery()
    )
    return select(func.count()).select_from(due).scalar_subquery()


COUNT_DUE = Statement(select(*(_due_of(rank).label(f"rank_{rank}") for rank in range(6))))
"""How much is due in each rank, counted up to `most`."""
LEASE = Statement(
    update(recipient)
    .where(among(recipient.c.id, "ids"))
    .values(state=bindparam("sending"), lease_owner=bindparam("owner"), due_at=bindparam("until"))
)
STILL_OPEN = Statement(
    select(*LEASED_COLUMNS)
    .where(among(recipient.c.id, "ids"))
    .where(recipient.c.due_at.is_not(None))
)
EXTEND = Statement(
    update(recipient)
    .where(among(recipient.c.id, "ids"))
    .where(recipient.c.lease_owner == bindparam("owner"))
    .values(due_at=bindparam("until"))
)
EXPIRE_UNHELD = Statement(
    update(recipient)
    # A lease ends between now and its full length; rank and time find it without an own index.
    .where(recipient.c.rank.in_([literal_column(str(rank)) for rank in range(6)]))
    .where(recipient.c.due_at > bindparam("now"))
    .where(recipient.c.due_at <= bindparam("latest"))
    .where(recipient.c.lease_owner == bindparam("owner"))
    .where(~among(recipient.c.id, "held"))
    .values(due_at=bindparam("now"))
)
NEXT_DUE = Statement(
    select(recipient.c.due_at)
    .where(recipient.c.rank == bindparam("of_rank"))
    .where(recipient.c.due_at < HELD_UNTIL)
    .order_by(recipient.c.due_at)
    .limit(1)
)

LOCK_CONTENT = Statement(
    select(message_content.c.message_id)
    .where(among(message_content.c.message_id, "messages"))
    .order_by(message_content.c.message_id)
    .with_for_update()
)
LOCK_OPEN = Statement(
    select(recipient.c.id, recipient.c.state, recipient.c.lease_owner)
    .where(among(recipient.c.id, "ids"))
    .where(recipient.c.due_at.is_not(None))
    .order_by(recipient.c.id)
    .with_for_update()
)
SETTLE = Statement(
    update(recipient)
    .where(recipient.c.id == bindparam("of_id"))
    .values(
        state=bindparam("to_state"),
        due_at=bindparam("to_due_at"),
        lease_owner=None,
        attempts=bindparam("to_attempts"),
        ended_at=bindparam("to_ended_at"),
        send_status=bindparam("to_send_status"),
        reply=bindparam("to_reply"),
        source=bindparam("to_source"),
        avoids=bindparam("to_avoids"),
        rank=bindparam("to_rank"),
        wait_cause=bindparam("to_wait_cause"),
        wait_since=bindparam("to_wait_since"),
        delay_told=bindparam("to_delay_told"),
    )
)
ERASE_CONTENT = Statement(
    delete(message_content)
    .where(among(message_content.c.message_id, "messages"))
    .where(
        ~exists()
        .where(recipient.c.message_id == message_content.c.message_id)
        .where(recipient.c.due_at.is_not(None))
    )
)

SELECT_RECIPES = Statement(
    select(message_content.c.message_id, message_content.c.recipe).where(
        among(message_content.c.message_id, "messages")
    )
)
SELECT_SMALL_RECIPES = Statement(
    select(message_content.c.message_id, message_content.c.recipe)
    .where(among(message_content.c.message_id, "messages"))
    .where(func.length(message_content.c.recipe) <= bindparam("largest"))
)
_STATUS = (
    select(
        recipient.c.id,
        message.c.public_id,
        recipient.c.address,
        message.c.from_address,
        recipient.c.state,
        recipient.c.send_status,
        recipient.c.reply,
        recipient.c.accepted_at,
        recipient.c.ended_at,
    )
    .select_from(recipient.join(message, message.c.id == recipient.c.message_id))
    .where(recipient.c.account_id == bindparam("account"))
    .where(recipient.c.accepted_at >= bindparam("first"))
    .where(recipient.c.accepted_at < bindparam("end"))
    .order_by(recipient.c.accepted_at, recipient.c.id)
    .limit(bindparam("most"))
    .offset(bindparam("skip"))
)
STATUS_OF_DAY = Statement(_STATUS)
STATUS_OF_MESSAGE = Statement(_STATUS.where(message.c.public_id == bindparam("public_id")))
STATUS_OF_ADDRESS = Statement(_STATUS.where(recipient.c.address == bindparam("to_address")))
STATUS_OF_BOTH = Statement(
    _STATUS.where(message.c.public_id == bindparam("public_id")).where(
        recipient.c.address == bindparam("to_address")
    )
)
