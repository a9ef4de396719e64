"""Files with receivers: encodings, columns and rows, also of files that nobody meant well."""

import json

import pytest

from tayori.catalog.file_rows import Bad, Fault, read_row
from tayori.catalog.list_file import Encoding, Mapping, Recogniser, is_name, look, records
from tayori.catalog.receiver_model import Row

CHINESE = "邮箱,姓名,城市\nzhang@example.cn,张伟,北京\nli@example.cn,李娜,上海市浦东新区\n"
JAPANESE = (
    "メール,氏名,都市\nsato@example.jp,佐藤一郎さま,東京都\nsuzuki@example.jp,鈴木花子,大阪\n"
)
KANJI = "mail,name\na@example.jp,田中太郎\nb@example.jp,高橋由美\n"


def recognised(octets, size=7):
    found = Recogniser()
    for start in range(0, len(octets), size):
        found.feed(octets[start : start + size])
    assert found.size == len(octets)
    return found.encoding


@pytest.mark.parametrize(
    ("text", "codec", "expected"),
    [
        (CHINESE, "utf-8", Encoding.UTF_8),
        (CHINESE, "utf-8-sig", Encoding.UTF_8),
        (CHINESE, "gbk", Encoding.GBK),
        (CHINESE, "gb18030", Encoding.GBK),
        (CHINESE, "utf-16", Encoding.UTF_16_LE),
        (JAPANESE, "utf-8", Encoding.UTF_8),
        (JAPANESE, "cp932", Encoding.SHIFT_JIS),
        ("\ufeff" + JAPANESE, "utf-16-be", Encoding.UTF_16_BE),
        (KANJI, "cp932", Encoding.SHIFT_JIS),
        ("email,name\na@b.test,Ann\n", "utf-16-le", Encoding.UTF_16_LE),
        ("email,name\na@b.test,Ann\n", "utf-16-be", Encoding.UTF_16_BE),
        ("email,name\na@b.test,Ann\n", "ascii", Encoding.UTF_8),
        ("", "ascii", Encoding.UTF_8),
    ],
)
def test_encodings(text, codec, expected):
    octets = text.encode(codec)
    for size in (1, 7, 100_000):
        assert recognised(octets, size) is expected
    preview = look(octets, expected)
    text = text.removeprefix("\ufeff")
    if text:
        assert next(records(octets, preview.mapping))[2] == text.splitlines()[1].split(",")
    assert preview.rows == tuple(tuple(line.split(",")) for line in text.splitlines()[1:])
    assert not text or preview.headings == tuple(text.splitlines()[0].split(","))


def test_octets_that_are_no_text_are_read_all_the_same():
    octets = bytes(range(256)) * 3
    encoding = recognised(octets)
    assert look(octets, encoding).columns >= 1


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_columns(delimiter):
    lines = [
        ("Name", "E-Mail", "first name", "code"),
        ("Ann", "a@b.test", "x", "7"),
        ("Bo", "b@b.test"),
    ]
    octets = "\r\n".join(delimiter.join(line) for line in lines).encode()
    found = look(octets, Encoding.UTF_8)
    assert found.mapping == Mapping(
        encoding=Encoding.UTF_8,
        delimiter=delimiter,
        heading=True,
        address=1,
        # A name with a space is no variable; its owner may give it one.
        variables=((0, "Name"), (3, "code")),
    )
    assert found.rows[1] == ("Bo", "b@b.test", "", "")


def test_a_file_of_addresses_alone_has_no_heading():
    found = look(b"a@b.test\nc@d.test\n", Encoding.UTF_8)
    assert (found.mapping.heading, found.mapping.address, found.mapping.variables) == (False, 0, ())
    assert found.rows == (("a@b.test",), ("c@d.test",))


def test_rows_with_their_lines():
    content = b'email,note\n\na@b.test,"two\nlines"\n,\nb@b.test,x\n'
    mapping = Mapping(encoding=Encoding.UTF_8, delimiter=",", heading=True, address=0)
    found = [(line, cells) for line, _, cells in records(content, mapping)]
    assert found == [(3, ["a@b.test", "two\nlines"]), (6, ["b@b.test", "x"])]
    done = [done for _, done, _ in records(content, mapping)]
    assert done[-1] == len(content)


def test_a_cell_of_a_megabyte_spoils_its_row_alone():
    content = b'a@b.test\n"' + b"x" * 1_000_000 + b'"\nb@b.test\n'
    mapping = Mapping(encoding=Encoding.UTF_8, delimiter=",", heading=False, address=0)
    first, *middle, last = [cells for _, _, cells in records(content, mapping)]
    assert (first, last) == (["a@b.test"], ["b@b.test"])
    assert None in middle


MAPPED = Mapping(
    encoding=Encoding.UTF_8,
    delimiter=",",
    heading=True,
    address=1,
    variables=((2, "name"), (0, "code")),
)


def test_a_good_row():
    found = read_row(5, ["7", "Ann <ann@B.test>", 'O"Neil'], MAPPED)
    assert isinstance(found, Row)
    assert found.address == "ann@b.test"
    assert json.loads(found.data) == {"code": "7", "name": 'O"Neil'}
    assert MAPPED.names == ("code", "name")
    # Cells that a short row lacks are empty.
    assert json.loads(read_row(5, ["7", "ann@b.test"], MAPPED).data) == {"code": "7", "name": ""}


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (None, Fault.UNREADABLE),
        (["7"], Fault.EMPTY),
        (["7", "x" * 250 + "@b.test", ""], Fault.TOO_LONG),
        (["7", "ann", ""], Fault.INVALID),
        (["7", "ann@b.test, bo@b.test", ""], Fault.INVALID),
        (["7", "=cmd()@", ""], Fault.INVALID),
        (["<b>7", "ann@b.test", ""], Fault.MARKUP),
        (["7", "ann@b.test", "\x07"], Fault.CONTROL),
        (["7", "ann@b.test", "é" * 400], Fault.DATA_TOO_LONG),
    ],
)
def test_a_bad_row_says_why(cells, fault):
    found = read_row(5, cells, MAPPED)
    assert isinstance(found, Bad)
    assert (found.line, found.fault) == (5, fault)
    assert len(found.value) <= 300


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("name", True),
        ("姓名", True),
        ("a-b.c_1", True),
        ("1a", False),
        ("a b", False),
        ("", False),
        ("a" * 200, False),
    ],
)
def test_names_of_variables(name, good):
    assert is_name(name) is good
