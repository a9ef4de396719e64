"""The SQL of files for receiver lists, each statement by name."""

from sqlalchemy import bindparam, delete, func, insert, select, text, update

from tayori.db.statement import Statement, among
from tayori.db.tables.lists import (
    IS_READING,
    receiver,
    receiver_file,
    receiver_file_fault,
    receiver_file_part,
    receiver_list,
)

_file, _part, _fault = receiver_file.c, receiver_file_part.c, receiver_file_fault.c

INSERT = Statement(
    insert(receiver_file)
    .values({c.name: bindparam(c.name) for c in receiver_file.c if c.name != "id"})
    .returning(_file.id)
)
INSERT_PART = Statement(
    insert(receiver_file_part).values({c.name: bindparam(c.name) for c in receiver_file_part.c})
)
INSERT_FAULT = Statement(
    insert(receiver_file_fault).values({c.name: bindparam(c.name) for c in receiver_file_fault.c})
)
GET = Statement(
    select(receiver_file)
    .where(_file.id == bindparam("of_id"))
    .where(_file.account_id == bindparam("account"))
)
OF_LIST = Statement(
    select(receiver_file)
    .where(_file.list_id == bindparam("of_list"))
    .where(_file.account_id == bindparam("account"))
    .order_by(_file.id.desc())
    .limit(bindparam("most"))
)
PARTS = Statement(
    select(_part.content)
    .where(_part.file_id == bindparam("of_id"))
    .where(_part.number < bindparam("most"))
    .order_by(_part.number)
)
ARRIVED = Statement(
    update(receiver_file)
    .where(_file.id == bindparam("of_id"))
    .values(
        status=bindparam("to_status"),
        encoding=bindparam("to_encoding"),
        size=bindparam("to_size"),
    )
)
BEGIN = Statement(
    update(receiver_file)
    .where(_file.id == bindparam("of_id"))
    .where(_file.status == bindparam("was"))
    .values(
        status=bindparam("to_status"),
        mapping=bindparam("to_mapping"),
        first_id=bindparam("to_first_id"),
    )
)
SET_LIST = Statement(
    update(receiver_list)
    .where(receiver_list.c.id == bindparam("of_id"))
    .values(status=bindparam("to_status"), variables=bindparam("names"))
)
LAST_RECEIVER = Statement(
    select(func.coalesce(func.max(receiver.c.id), 0).label("total")).where(
        receiver.c.list_id == bindparam("of_list")
    )
)
CLAIM = Statement(
    update(receiver_file)
    .where(
        _file.id
        == select(_file.id)
        .where(text(IS_READING))
        .where(_file.lease_ends_at <= bindparam("now"))
        .order_by(_file.id)
        .limit(1)
        .scalar_subquery()
    )
    .where(_file.lease_ends_at <= bindparam("now"))
    .values(lease_ends_at=bindparam("lease_ends_at"))
    .returning(receiver_file)
)
ADVANCE = Statement(
    update(receiver_file)
    .where(_file.id == bindparam("of_id"))
    .where(_file.line == bindparam("was_line"))
    .where(_file.status == bindparam("was"))
    .values(
        line=bindparam("to_line"),
        done=bindparam("to_done"),
        added=_file.added + bindparam("more"),
        faults=_file.faults + bindparam("more_faults"),
        lease_ends_at=bindparam("to_lease_ends_at"),
    )
)
FINISH = Statement(
    update(receiver_file)
    .where(_file.id == bindparam("of_id"))
    .where(_file.status == bindparam("was"))
    .values(status=bindparam("to_status"), done=_file.size, ended_at=bindparam("now"))
)
DELETE_PARTS = Statement(delete(receiver_file_part).where(among(_part.file_id, "files")))
DELETE_FAULTS = Statement(delete(receiver_file_fault).where(among(_fault.file_id, "files")))
DELETE = Statement(delete(receiver_file).where(among(_file.id, "files")))
FAULTS = Statement(
    select(receiver_file_fault)
    .where(_fault.file_id == bindparam("of_id"))
    .where(_fault.line > bindparam("after"))
    .order_by(_fault.line)
    .limit(bindparam("most"))
)
KNOWN = Statement(
    select(receiver.c.id, receiver.c.address)
    .where(receiver.c.list_id == bindparam("of_list"))
    .where(among(receiver.c.address, "addresses"))
)
FILES_OF_LIST = Statement(select(_file.id).where(_file.list_id == bindparam("of_id")))
OLD = Statement(
    select(_file.id)
    .where(_file.created_at < bindparam("before"))
    .where(_file.status.between(bindparam("least"), bindparam("largest")))
    .limit(bindparam("most"))
)
