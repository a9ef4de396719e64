"""Files become receivers: in steps, once, with a report of what was wrong, on both databases."""

import pytest
from tests.support.api_world import api_world

from tayori.catalog.file_rows import Fault
from tayori.catalog.list_file import Encoding, Mapping
from tayori.catalog.list_file_model import FileStatus
from tayori.catalog.list_file_store import LEASE_MS, ListFileStore
from tayori.catalog.list_files import AT_ONCE, ListFiles
from tayori.catalog.receiver_model import ListStatus, Search
from tayori.config.tree import Policy
from tayori.db.database import DatabaseBusyError
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal
from tayori.runtime.clock import DAY
from tayori.tenants.limits import SameForAll


@pytest.fixture
async def world(database):
    async with api_world(database) as made:
        yield made


def files_of(world, *, most=50_000, store=None):
    return ListFiles(
        store=store or ListFileStore(world.database),
        clock=world.clock,
        limits=SameForAll(Policy(max_receivers_per_list=most)),
    )


async def pieces(octets, size=1_000):
    for start in range(0, len(octets), size):
        yield octets[start : start + size]


async def new_list(world, name="customers"):
    return await world.services.receivers.create(world.one.account.id, name)


async def given(files, world, number, octets, *, name="people.csv"):
    return await files.receive(world.one.account.id, number, name, pieces(octets))


def mapped(**changes):
    values = {"encoding": Encoding.UTF_8, "delimiter": ",", "heading": True, "address": 0}
    return Mapping(**{**values, "variables": ((1, "name"),), **changes})


async def addresses(world, number, **search):
    found, key = await world.services.receivers.look(number, Search(**search))
    assert key is None
    return [one.address for one in found]


FILE = """email,name
a@x.test,Ann
B@x.test,Bo
,Nobody
not an address,Cy
a@x.test,Ann again
c@x.test,<b>C</b>
old@x.test,Old
"""


async def test_a_file_with_everything(world):
    files, number = files_of(world), await new_list(world)
    account = world.one.account.id
    before = await given(files, world, number, b"old@x.test,Before\n")
    assert await files.begin(before, mapped(heading=False)) is None
    assert await files.read()
    file = await given(files, world, number, FILE.encode("utf-16"), name="../peo\nple.csv")
    assert (file.name, file.encoding, file.size) == (
        "../people.csv",
        Encoding.UTF_16_LE,
        len(FILE.encode("utf-16")),
    )
    preview = await files.preview(file)
    assert preview.headings == ("email", "name")
    assert await files.begin(file, preview.mapping) is None
    held = await world.services.receivers.get(account, number)
    assert held.status is ListStatus.UPLOADING
    # Nothing else fills the list meanwhile.
    refused = await world.services.receivers.add(account, number, ["z@x.test"])
    assert refused.code is Code.OPERATION_DENIED__RECEIVER_IS_OPERATING
    assert await files.read()
    assert not await files.read()
    file = await files.get(account, file.id)
    assert (file.status, file.added, file.faults, file.done) == (FileStatus.DONE, 2, 5, file.size)
    assert [(one.line, one.value, one.fault) async for one in files.faults(file)] == [
        (4, "", Fault.EMPTY),
        (5, "not an address", Fault.INVALID),
        (6, "a@x.test", Fault.REPEATED),
        (7, "c@x.test", Fault.MARKUP),
        (8, "old@x.test", Fault.LISTED),
    ]
    held = await world.services.receivers.get(account, number)
    assert (held.status, held.total, held.invalid, held.variables) == (
        ListStatus.UPLOADED,
        3,
        0,
        ("name",),
    )
    assert await addresses(world, number) == ["old@x.test", "a@x.test", "B@x.test"]
    assert [one.id for one in await files.of_list(account, number)] == [file.id, before.id]
    assert await files.of_list(world.two.account.id, number) == []
    assert isinstance(await files.get(world.two.account.id, file.id), Refusal)


async def test_many_rows_are_read_in_steps_and_a_full_list_says_so(world):
    files, number = files_of(world, most=1_200), await new_list(world)
    lines = "".join(f"u{n}@x.test,U{n}\n" for n in range(1_300)) + "u7@x.test,again\n"
    file = await given(files, world, number, f"email,name\n{lines}".encode())
    assert await files.begin(file, (await files.preview(file)).mapping) is None
    assert await files.read()
    file = await files.get(world.one.account.id, file.id)
    assert (file.added, file.faults, file.line) == (1_200, 101, 1_302)
    faults = [one.fault async for one in files.faults(file)]
    assert faults == [Fault.FULL] * 100 + [Fault.REPEATED]
    assert (await world.services.receivers.get(world.one.account.id, number)).total == 1_200


class Breaking(ListFileStore):
    """The store, of a process that dies after a number of steps."""

    steps = 2

    async def advance(self, *arguments):
        if not self.steps:
            raise DatabaseBusyError
        self.steps -= 1
        return await super().advance(*arguments)


async def test_reading_goes_on_where_a_process_died(world):
    number = await new_list(world)
    dying = files_of(world, store=Breaking(world.database))
    lines = "".join(f"u{n}@x.test\n" for n in range(4 * AT_ONCE - 7))
    file = await given(dying, world, number, lines.encode())
    assert await dying.begin(file, mapped(heading=False, variables=())) is None
    with pytest.raises(DatabaseBusyError):
        await dying.read()
    files = files_of(world)
    # The lease of whoever died holds for a time.
    assert not await files.read()
    world.clock.advance(LEASE_MS)
    assert await files.read()
    file = await files.get(world.one.account.id, file.id)
    assert (file.status, file.added, file.faults) == (FileStatus.DONE, 4 * AT_ONCE - 7, 0)
    held = await world.services.receivers.get(world.one.account.id, number)
    assert held.total == 4 * AT_ONCE - 7


async def test_what_is_refused(world):
    files, number = files_of(world), await new_list(world)
    empty = await given(files, world, number, b"")
    assert empty.code is Code.MISSING_PARAMETER__EMAILS_NECESSARY
    huge = await files.receive(
        world.one.account.id, number, "x.csv", pieces(b"x" * 20_000_001, 1_000_000)
    )
    assert huge.code is Code.REQUEST_SIZE_LIMIT_EXCEEDED
    assert await files.of_list(world.one.account.id, number) == []
    first = await given(files, world, number, b"a@x.test,Ann\n")
    assert await files.begin(first, mapped(heading=False)) is None
    assert (await files.begin(first, mapped(heading=False))).code is (
        Code.OPERATION_DENIED__RECEIVER_IS_OPERATING
    )
    assert not await files.forget(await files.get(world.one.account.id, first.id))
    await files.read()
    other = await given(files, world, number, b"b@x.test,Bo\n")
    for variables in ((), ((1, "first"),), ((1, "no name"),), ((0, "name"), (1, "name"))):
        refused = await files.begin(other, mapped(heading=False, variables=variables))
        assert isinstance(refused, Refusal), variables
    assert await files.forget(other)
    assert isinstance(await files.get(world.one.account.id, other.id), Refusal)


async def test_files_go_with_their_list_and_with_time(world):
    files, number = files_of(world), await new_list(world)
    account, store = world.one.account.id, ListFileStore(world.database)
    file = await given(files, world, number, b"a@x.test,Ann\n")
    assert await files.begin(file, mapped(heading=False)) is None
    assert await world.services.receivers.delete(account, number) is None
    assert await store.content(file.id) == b""
    assert not await files.read()
    kept = await new_list(world, "kept")
    asked = await given(files, world, kept, b"a@x.test,Ann\n")
    done = await given(files, world, kept, b"b@x.test,Bo\n")
    await files.begin(done, mapped(heading=False))
    await files.read()
    world.clock.advance(DAY + 1)
    await files.sweep()
    assert [one.id for one in await files.of_list(account, kept)] == [done.id]
    assert await store.content(asked.id) == b""
    world.clock.advance(90 * DAY)
    await files.sweep()
    assert await files.of_list(account, kept) == []


async def test_a_list_is_searched_and_a_receiver_removed(world):
    files, number = files_of(world), await new_list(world)
    lines = "".join(f"{name}@x.test,U\n" for name in ("Ann", "bo", "c_d", "cxd"))
    file = await given(files, world, number, lines.encode())
    await files.begin(file, mapped(heading=False))
    await files.read()
    receivers, account = world.services.receivers, world.one.account.id
    assert await addresses(world, number, text="AN") == ["Ann@x.test"]
    assert await addresses(world, number, text="ann@X.test") == ["Ann@x.test"]
    assert await addresses(world, number, text="c_") == ["c_d@x.test"]
    assert await addresses(world, number, text="ann", valid=False) == []
    page, key = await receivers.look(number, Search(), most=3)
    more, end = await receivers.look(number, Search(), key, 3)
    assert [one.address for one in page + more][3:] == ["cxd@x.test"]
    assert end is None
    victim = page[1].id
    assert isinstance(await receivers.remove(world.two.account.id, number, victim), Refusal)
    assert await receivers.remove(account, number, victim) == "bo@x.test"
    assert isinstance(await receivers.remove(account, number, victim), Refusal)
    assert (await receivers.get(account, number)).total == 3


async def test_lists_in_every_order(world):
    files = files_of(world)
    for name, count in (("b", 2), ("A", 1), ("c", 3)):
        number = await new_list(world, name)
        octets = "".join(f"u{n}@x.test,U\n" for n in range(count)).encode()
        await files.begin(await given(files, world, number, octets), mapped(heading=False))
        await files.read()
    receivers, account = world.services.receivers, world.one.account.id
    for order, expected in (
        ("-created", "cAb"),
        ("created", "bAc"),
        ("name", "Abc"),
        ("-name", "cbA"),
        ("size", "Abc"),
        ("-size", "cbA"),
    ):
        found, total = await receivers.page(account, (0, 10), order=order)
        assert ("".join(one.name for one in found), total) == (expected, 3), order
