"""The SQL of receiver lists, each statement by name."""

from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, update

from tayori.db.statement import LIKE_ESCAPE, Statement, among
from tayori.db.tables.lists import receiver, receiver_list, receiver_upload
from tayori.db.window import window

_list, _one, _upload = receiver_list.c, receiver.c, receiver_upload.c

INSERT_LIST = Statement(
    insert(receiver_list)
    .values({c.name: bindparam(c.name) for c in receiver_list.c if c.name != "id"})
    .returning(_list.id)
)
COUNT_LISTS = Statement(
    select(func.count().label("total")).where(_list.account_id == bindparam("account"))
)
GET_LIST = Statement(
    select(receiver_list)
    .where(_list.id == bindparam("of_id"))
    .where(_list.account_id == bindparam("account"))
)
LOCK_LIST = Statement(
    select(receiver_list)
    .where(_list.id == bindparam("of_id"))
    .where(_list.account_id == bindparam("account"))
    .with_for_update()
)
_FILTERED = (
    (_list.account_id == bindparam("account"))
    & _list.status.between(bindparam("least"), bindparam("largest"))
    & func.lower(_list.name).like(bindparam("pattern"), escape=LIKE_ESCAPE)
)
_ORDERS: dict[str, tuple[ColumnElement[Any], ...]] = {
    "created": (_list.id,),
    "name": (func.lower(_list.name), _list.id),
    "size": (_list.total, _list.id),
}
PAGE_OF_LISTS = {
    f"{sign}{name}": Statement(
        select(receiver_list)
        .where(_FILTERED)
        .order_by(*(one.desc() if sign else one.asc() for one in columns))
        .limit(bindparam("most"))
        .offset(bindparam("skip"))
    )
    for name, columns in _ORDERS.items()
    for sign in ("", "-")
}
"""By the order; an account has a few hundred lists, which its index finds."""
COUNT_FILTERED_LISTS = Statement(select(func.count().label("total")).where(_FILTERED))
DELETE_LIST = Statement(
    delete(receiver_list)
    .where(_list.id == bindparam("of_id"))
    .where(_list.account_id == bindparam("account"))
)
DELETE_RECEIVERS = Statement(delete(receiver).where(_one.list_id == bindparam("of_id")))
DELETE_UPLOADS = Statement(delete(receiver_upload).where(_upload.list_id == bindparam("of_id")))
INSERT_UPLOAD = Statement(
    insert(receiver_upload).values(
        {c.name: bindparam(c.name) for c in receiver_upload.c if c.name != "id"}
    )
)
OLDEST_UPLOAD = Statement(select(_upload.id, _upload.list_id).order_by(_upload.id).limit(1))
NEXT_OF_LIST = Statement(
    select(receiver_upload)
    .where(_upload.list_id == bindparam("of_id"))
    .order_by(_upload.id)
    .limit(1)
)
COUNT_UPLOADS = Statement(
    select(func.count().label("total")).where(_upload.list_id == bindparam("of_id"))
)
DELETE_UPLOAD = Statement(delete(receiver_upload).where(_upload.id == bindparam("upload")))
LOCK_ANY_LIST = Statement(
    select(receiver_list).where(_list.id == bindparam("of_id")).with_for_update()
)
SET_STATUS = Statement(
    update(receiver_list)
    .where(_list.id == bindparam("of_id"))
    .values(status=bindparam("to_status"))
)
ADD_TO_LIST = Statement(
    update(receiver_list)
    .where(_list.id == bindparam("of_id"))
    .values(
        status=bindparam("to_status"),
        total=_list.total + bindparam("more"),
        invalid=_list.invalid + bindparam("more_invalid"),
        variables=bindparam("names"),
    )
)
TAKE_FROM_LIST = Statement(
    update(receiver_list)
    .where(_list.id == bindparam("of_id"))
    .values(
        total=_list.total - bindparam("fewer"),
        invalid=_list.invalid - bindparam("fewer_invalid"),
    )
)
INSERT_RECEIVER = Statement(
    insert(receiver).values({c.name: bindparam(c.name) for c in receiver.c if c.name != "id"})
)
_MATCHING = (
    (_one.list_id == bindparam("of_list"))
    & (_one.created_at >= bindparam("first"))
    & (_one.created_at < bindparam("end"))
    & func.lower(_one.address).like(bindparam("pattern"), escape=LIKE_ESCAPE)
)
_BY_VALIDITY = {
    None: _MATCHING,
    True: _MATCHING & _one.valid,
    False: _MATCHING & ~_one.valid,
}
PAGE_OF_RECEIVERS = {
    valid: Statement(
        select(receiver)
        .where(condition)
        .order_by(_one.id)
        .limit(bindparam("most"))
        .offset(bindparam("skip"))
    )
    for valid, condition in _BY_VALIDITY.items()
}
COUNT_RECEIVERS = Statement(
    select(_one.valid, func.count().label("total")).where(_MATCHING).group_by(_one.valid)
)
LOOK = window(
    list(_one),
    source=receiver,
    key=[_one.id],
    among=_one.list_id == bindparam("of_list"),
    hit=func.lower(_one.address).like(bindparam("pattern"), escape=LIKE_ESCAPE)
    & among(_one.valid, "kinds"),
)
AT_ADDRESS = Statement(
    select(receiver)
    .where(_one.list_id == bindparam("of_list"))
    .where(among(_one.address, "addresses"))
)
REMOVE = Statement(
    delete(receiver)
    .where(_one.list_id == bindparam("of_list"))
    .where(_one.id == bindparam("of_receiver"))
    .returning(_one.address, _one.valid)
)
AFTER = Statement(
    select(receiver)
    .where(_one.list_id == bindparam("of_list"))
    .where(_one.id > bindparam("cursor"))
    .where(_one.id <= bindparam("last"))
    .where(_one.valid)
    .order_by(_one.id)
    .limit(bindparam("most"))
)
BOUNDS = Statement(
    select(func.count().label("total"), func.coalesce(func.max(_one.id), 0).label("last"))
    .where(_one.list_id == bindparam("of_list"))
    .where(_one.valid)
)
BY_ADDRESS = Statement(
    select(_one.id, _one.address, _one.data)
    .where(_one.list_id == bindparam("of_list"))
    .where(among(_one.address, "addresses"))
    .where(_one.valid)
)
"""In no order: asked for one, SQLite reads the list from its beginning to its end instead."""
