"""The SQL of inbound mail, each statement by name."""

from sqlalchemy import bindparam, delete, func, insert, select, text, update

from tayori.db.statement import Statement, among
from tayori.db.tables.events import event
from tayori.db.tables.inbound import inbound_mail
from tayori.db.tables.queue import message, recipient

_mail = inbound_mail.c

ADD = Statement(
    insert(inbound_mail).values(
        {
            "received_at": bindparam("received_at"),
            "client": bindparam("client"),
            "helo": bindparam("helo"),
            "tls": bindparam("tls"),
            "mail_from": bindparam("mail_from"),
            "recipients": bindparam("recipients"),
            "size": bindparam("size"),
            "content": bindparam("content"),
            "due_at": bindparam("received_at"),
            "state": 0,
            "attempts": 0,
            "lease_owner": None,
            "kind": "",
            "note": "",
            "header_from": "",
            "subject": "",
            "authentication": "",
        }
    )
)
DUE = Statement(
    select(_mail.id, _mail.size)
    .where(_mail.due_at <= bindparam("now"))
    .order_by(_mail.due_at)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
LEASE = Statement(
    update(inbound_mail)
    .where(among(_mail.id, "ids"))
    .values(lease_owner=bindparam("owner"), due_at=bindparam("until"), attempts=_mail.attempts + 1)
)
LEASED = Statement(select(inbound_mail).where(among(_mail.id, "ids")).order_by(_mail.id))
HELD = Statement(
    select(_mail.id)
    .where(among(_mail.id, "ids"))
    .where(_mail.lease_owner == bindparam("owner"))
    .where(_mail.due_at.is_not(None))
    .order_by(_mail.id)
    .with_for_update()
)
FINISH = Statement(
    update(inbound_mail)
    .where(_mail.id == bindparam("of_id"))
    .values(
        state=bindparam("to_state"),
        due_at=None,
        lease_owner=None,
        kind=bindparam("to_kind"),
        note=bindparam("to_note"),
        header_from=bindparam("to_from"),
        subject=bindparam("to_subject"),
        authentication=bindparam("to_authentication"),
    )
)
ERASE = Statement(update(inbound_mail).where(among(_mail.id, "ids")).values(content=None))
RETRY = Statement(
    update(inbound_mail)
    .where(_mail.id == bindparam("of_id"))
    .where(_mail.lease_owner == bindparam("owner"))
    .values(due_at=bindparam("to_due_at"), lease_owner=None)
)
_LISTED = [column for column in _mail if column.name != "content"]
_LIST = select(*_LISTED).order_by(_mail.id.desc()).limit(bindparam("most"))
LIST = Statement(_LIST)
LIST_STATE = Statement(_LIST.where(_mail.state == bindparam("of_state")))
SHOW = Statement(select(inbound_mail).where(_mail.id == bindparam("of_id")))
COUNT = Statement(
    select(_mail.state, _mail.kind, func.count().label("total")).group_by(_mail.state, _mail.kind)
)
SWEEP = Statement(
    delete(inbound_mail).where(
        _mail.id.in_(
            select(_mail.id)
            .where(_mail.received_at < bindparam("before"))
            .where(_mail.due_at.is_(None))
            .limit(bindparam("most"))
        )
    )
)

_KNOWN = (
    select(
        recipient.c.id,
        recipient.c.message_id,
        recipient.c.account_id,
        recipient.c.address,
        recipient.c.domain,
        recipient.c.state,
        message.c.from_address,
    )
    .select_from(recipient.join(message, message.c.id == recipient.c.message_id))
    .where(among(recipient.c.id, "recipients"))
    .order_by(recipient.c.id)
)
FIND_KNOWN = Statement(_KNOWN)
LOCK_KNOWN = Statement(_KNOWN.with_for_update(of=recipient))
_HEARD = "kind IN ('deferred', 'spamreport', 'reported', 'auto_reply')"
HEARD = Statement(
    select(event.c.recipient_id, event.c.kind, event.c.data)
    .where(among(event.c.message_id, "messages"))
    .where(text(_HEARD))
)
CHANGE = Statement(
    update(recipient)
    .where(recipient.c.id == bindparam("of_id"))
    .values(
        state=bindparam("to_state"),
        reply=bindparam("to_reply"),
        ended_at=bindparam("to_ended_at"),
        due_at=None,
        lease_owner=None,
        wait_cause=None,
        wait_since=None,
    )
)
