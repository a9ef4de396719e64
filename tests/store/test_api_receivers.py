import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.api_world import api_world

from tayori.catalog.receivers import sort_upload
from tayori.catalog.upload_store import UploadStore
from tayori.runtime.clock import DAY, day_of

PAGE = {"Offset": 0, "Limit": 100}


@pytest.fixture
async def world(database):
    async with api_world(database, max_receiver_lists=3) as made:
        yield made


async def made(world, name="friends"):
    answer = await world.one.call("CreateReceiver", ReceiversName=name, Desc="our friends")
    return answer["ReceiverId"]


def data(email, **values):
    return {"Email": email, "TemplateData": json.dumps(values)}


async def test_a_list_is_made_filled_looked_into_and_deleted(world):
    number = await made(world)
    (row,) = (await world.one.call("ListReceivers", **PAGE))["Data"]
    assert (row["ReceiverId"], row["ReceiversStatus"], row["Count"]) == (number, 1, 0)
    uploaded = await world.one.call(
        "CreateReceiverDetail",
        ReceiverId=number,
        Emails=["a@x.test", "A@x.test", "", "no address", f"{'l' * 260}@x.test", "b@y.test"],
    )
    assert uploaded == {
        "TotalCount": 6,
        "ValidCount": 2,
        "TooLongCount": 1,
        "EmptyEmailCount": 1,
        "RepeatCount": 1,
    }
    (row,) = (await world.one.call("ListReceivers", **PAGE))["Data"]
    assert (row["ReceiversStatus"], row["Count"], row["InvalidCount"]) == (3, 3, 1)
    found = await world.one.call("ListReceiverDetails", ReceiverId=number, **PAGE)
    assert (found["TotalCount"], found["ValidCount"], found["InvalidCount"]) == (3, 2, 1)
    assert [(d["Email"], d["Status"]) for d in found["Data"]] == [
        ("a@x.test", 1),
        ("no address", 2),
        ("b@y.test", 1),
    ]
    assert found["Data"][1]["Reason"]
    assert await world.one.call("DeleteReceiver", ReceiverId=number) == {}
    assert (await world.one.call("ListReceivers", **PAGE))["TotalCount"] == 0
    code = await world.one.refused("ListReceiverDetails", ReceiverId=number, **PAGE)
    assert code == "OperationDenied.ReceiverNotExist"


async def test_lists_and_receivers_are_filtered_and_paged(world):
    first, second = await made(world, "50% of_all"), await made(world, "plain")
    await world.one.call("CreateReceiverDetail", ReceiverId=first, Emails=["a@x.test", "bad"])
    for filters, numbers in (
        ({"KeyWord": "%"}, [first]),
        ({"KeyWord": "PLAIN"}, [second]),
        ({"Status": 3}, [first]),
        ({"Status": 2}, []),
        ({}, [second, first]),
    ):
        found = await world.one.call("ListReceivers", **PAGE, **filters)
        assert [row["ReceiverId"] for row in found["Data"]] == numbers
        assert found["TotalCount"] == len(numbers)
    today = day_of(world.clock.now(), world.services.zone)
    tomorrow = day_of(world.clock.now() + DAY, world.services.zone)
    for filters, emails in (
        ({"Email": "X.TEST"}, ["a@x.test"]),
        ({"Status": 2}, ["bad"]),
        ({"CreateTimeBegin": today, "CreateTimeEnd": today}, ["a@x.test", "bad"]),
        ({"CreateTimeBegin": f"{tomorrow} 00:00:00"}, []),
        ({"Limit": 1, "Offset": 1}, ["bad"]),
    ):
        found = await world.one.call("ListReceiverDetails", ReceiverId=first, **PAGE | filters)
        assert [row["Email"] for row in found["Data"]] == emails


async def test_data_has_the_same_variables_throughout(world):
    number = await made(world)
    datas = [data("a@x.test", name="A", age=7), data("b@x.test", age=8, name="B")]
    uploaded = await world.one.call("CreateReceiverDetailWithData", ReceiverId=number, Datas=datas)
    assert uploaded["ValidCount"] == 2
    found = await world.one.call("ListReceiverDetails", ReceiverId=number, **PAGE)
    assert json.loads(found["Data"][0]["TemplateData"]) == {"name": "A", "age": 7}
    for datas, code in (
        ([data("c@x.test", name="C")], "InvalidParameterValue.TemplateDataInconsistent"),
        (
            [data("c@x.test", name="C", age=1), data("d@x.test", name="D")],
            "InvalidParameterValue.TemplateDataInconsistent",
        ),
        ([data("c@x.test", name="<b>C</b>", age=1)], "InvalidParameterValue.TemplateDataError"),
        ([data("c@x.test", name="x" * 800, age=1)], "InvalidParameterValue.TemplateDataLenLimit"),
        ([data("nobody", name="C", age=1)], "InvalidParameterValue.ReceiverEmailInvalid"),
        (
            [{"Email": "c@x.test", "TemplateData": "{"}],
            "InvalidParameterValue.InValidTemplateData",
        ),
        (
            [{"Email": "c@x.test", "TemplateData": "[1]"}],
            "InvalidParameterValue.InValidTemplateData",
        ),
    ):
        refused = await world.one.refused(
            "CreateReceiverDetailWithData", ReceiverId=number, Datas=datas
        )
        assert refused == code
    (row,) = (await world.one.call("ListReceivers", **PAGE))["Data"]
    assert row["Count"] == 2


async def test_what_is_refused(world):
    number = await made(world)
    for parameters, code in (
        ({"ReceiversName": ""}, "InvalidParameterValue.ReceiverNameIllegal"),
        ({"ReceiversName": "a\nb"}, "InvalidParameterValue.ReceiverNameIllegal"),
        ({"ReceiversName": "x" * 101}, "InvalidParameterValue.ReceiverNameIllegal"),
        ({"ReceiversName": "y", "Desc": "d" * 301}, "InvalidParameterValue.ReceiverDescIllegal"),
        ({"ReceiversName": "friends"}, "InvalidParameterValue.RepeatReceiverName"),
    ):
        assert await world.one.refused("CreateReceiver", **parameters) == code
    await made(world, "two")
    await made(world, "three")
    code = await world.one.refused("CreateReceiver", ReceiversName="four")
    assert code == "LimitExceeded.ExceedReceiverLimit"
    for parameters, code in (
        ({"ReceiverId": 0, "Emails": ["a@x.test"]}, "MissingParameter.ReceiverIdNecessary"),
        ({"ReceiverId": number, "Emails": []}, "MissingParameter.EmailsNecessary"),
        ({"ReceiverId": 99_999, "Emails": ["a@x.test"]}, "OperationDenied.ReceiverNotExist"),
        (
            {"ReceiverId": number, "Emails": ["a@x.test"] * 20_001},
            "LimitExceeded.ReceiverDetailRequestLimit",
        ),
    ):
        assert await world.one.refused("CreateReceiverDetail", **parameters) == code
    for page in (PAGE | {"Limit": 101},):
        assert await world.one.refused("ListReceivers", **page) == "FailedOperation.InvalidLimit"
        code = await world.one.refused("ListReceiverDetails", ReceiverId=number, **page)
        assert code == "FailedOperation.InvalidLimit"
    code = await world.one.refused(
        "ListReceiverDetails", ReceiverId=number, **PAGE, CreateTimeBegin="soon"
    )
    assert code == "InvalidParameterValue.WrongDate"


async def test_a_list_holds_fifty_thousand_and_no_more(world):
    number = await made(world)
    for part, size in enumerate((20_000, 20_000, 10_000)):
        emails = [f"u{part}-{index}@x.test" for index in range(size)]
        uploaded = await world.one.call("CreateReceiverDetail", ReceiverId=number, Emails=emails)
        assert uploaded["ValidCount"] == size
        await world.store_uploads()
    code = await world.one.refused("CreateReceiverDetail", ReceiverId=number, Emails=["z@x.test"])
    assert code == "LimitExceeded.ReceiverDetailCountLimit"
    cursor, seen = 0, 0
    while page := await world.services.receivers.after(number, cursor, 2**62, 7_000):
        cursor, seen = page[-1].id, seen + len(page)
    assert seen == 50_000


async def test_the_other_account_sees_and_changes_nothing(world):
    number = await made(world)
    await world.one.call("CreateReceiverDetail", ReceiverId=number, Emails=["a@x.test"])
    assert (await world.two.call("ListReceivers", **PAGE))["TotalCount"] == 0
    for action, more in (
        ("ListReceiverDetails", PAGE),
        ("DeleteReceiver", {}),
        ("CreateReceiverDetail", {"Emails": ["b@x.test"]}),
        ("CreateReceiverDetailWithData", {"Datas": [data("b@x.test")]}),
    ):
        code = await world.two.refused(action, ReceiverId=number, **more)
        assert code == "OperationDenied.ReceiverNotExist"
    found = await world.one.call("ListReceiverDetails", ReceiverId=number, **PAGE)
    assert [row["Email"] for row in found["Data"]] == ["a@x.test"]


@given(st.lists(st.sampled_from(["a@x.test", "A@X.test", "b@x.test", "", " ", "x" * 300, "bad"])))
def test_every_line_of_an_upload_is_counted_once(emails):
    rows, upload = sort_upload([(email, "") for email in emails])
    invalid = sum(1 for row in rows if not row.valid)
    counted = upload.valid + upload.too_long + upload.empty + upload.repeated + invalid
    assert upload.total == len(emails) == counted
    assert len({row.address.lower() for row in rows}) == len(rows)


async def status_of(world):
    (found,) = (await world.one.call("ListReceivers", **PAGE))["Data"]
    return found["ReceiversStatus"], found["Count"], found["InvalidCount"]


async def stored(world, number):
    found = await world.one.call("ListReceiverDetails", ReceiverId=number, Offset=0, Limit=1)
    return found["ValidCount"], found["InvalidCount"]


async def test_a_large_upload_is_stored_in_parts_after_its_answer(world):
    number = await made(world)
    assert await status_of(world) == (1, 0, 0)
    emails = [f"u{index}@x.test" for index in range(2_500)] + ["bad"]
    uploaded = await world.one.call("CreateReceiverDetail", ReceiverId=number, Emails=emails)
    assert (uploaded["TotalCount"], uploaded["ValidCount"]) == (2_501, 2_500)
    assert await status_of(world) == (2, 2_501, 1)
    assert await stored(world, number) == (0, 0)
    for action, more in (
        ("CreateReceiverDetail", {"Emails": ["b@x.test"]}),
        ("CreateReceiverDetailWithData", {"Datas": [data("b@x.test")]}),
    ):
        code = await world.one.refused(action, ReceiverId=number, **more)
        assert code == "OperationDenied.ReceiverIsOperating"
    uploads = UploadStore(world.database)
    assert await uploads.store_part()
    assert (await status_of(world))[0] == 2
    assert await stored(world, number) == (1_000, 0)
    assert await world.store_uploads() == 2
    assert await status_of(world) == (3, 2_501, 1)
    page = await world.services.receivers.after(number, 0, 2**62, 3_000)
    assert [one.address for one in page] == emails[:-1]
    await world.one.call("CreateReceiverDetail", ReceiverId=number, Emails=["b@x.test"])


async def test_two_workers_store_each_part_once_and_in_order(world):
    lists = []
    for name in ("one", "two"):
        given = await world.one.call("CreateReceiver", ReceiversName=name)
        lists.append(given["ReceiverId"])
        emails = [f"{name}{index}@x.test" for index in range(3_500)]
        await world.one.call("CreateReceiverDetail", ReceiverId=lists[-1], Emails=emails)
    await asyncio.gather(world.store_uploads(), world.store_uploads())
    for number, name in zip(lists, ("one", "two"), strict=True):
        page = await world.services.receivers.after(number, 0, 2**62, 5_000)
        assert [one.address for one in page] == [f"{name}{n}@x.test" for n in range(3_500)]
        listed = await world.services.receivers.get(world.one.account.id, number)
        assert listed.status == 3


async def test_a_list_that_is_deleted_takes_its_upload_along(world):
    number = await made(world)
    emails = [f"u{index}@x.test" for index in range(1_001)]
    await world.one.call("CreateReceiverDetail", ReceiverId=number, Emails=emails)
    await world.one.call("DeleteReceiver", ReceiverId=number)
    assert await world.store_uploads() == 0
    assert await world.services.receivers.after(number, 0, 2**62, 10) == []
