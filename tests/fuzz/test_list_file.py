"""Files for receiver lists: whatever the octets, each row is a receiver or has its fault."""

from hypothesis import given
from hypothesis import strategies as st

from tayori.catalog.file_rows import Bad, read_row
from tayori.catalog.list_file import Encoding, Recogniser, look, records
from tayori.catalog.receiver_model import Row
from tayori.mail.address import Mailbox, parse_mailbox

CELLS = st.lists(st.lists(st.text(max_size=30), max_size=5).map(",".join), max_size=12)
OCTETS = st.one_of(
    st.binary(max_size=400),
    st.tuples(CELLS.map("\n".join), st.sampled_from(["utf-8", "utf-16", "gb18030", "cp932"])).map(
        lambda given: given[0].encode(given[1], "replace")
    ),
)


@given(OCTETS, st.none() | st.sampled_from(Encoding))
def test_any_octets(octets, chosen):
    recogniser = Recogniser()
    recogniser.feed(octets)
    preview = look(octets, chosen or recogniser.encoding)
    assert all(len(row) == preview.columns for row in preview.rows)
    assert 0 <= preview.mapping.address < preview.columns
    before = 0
    for line, done, cells in records(octets, preview.mapping):
        assert before < line
        assert 0 <= done <= len(octets)
        before = line
        found = read_row(line, cells, preview.mapping)
        if isinstance(found, Row):
            assert isinstance(parse_mailbox(found.address), Mailbox)
        else:
            assert isinstance(found, Bad)
