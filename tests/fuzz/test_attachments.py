"""Files of strangers never end in anything but findings, however they are damaged or built."""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import files

from tayori.screen.files.kinds import Kind, kind_of
from tayori.screen.files.look import look_at_file
from tayori.screen.files.tar import tar_members
from tayori.screen.files.unpacking import MOST_MEMBERS, MOST_UNPACKED

SEEDS = [
    files.PE,
    files.RTF_OBJECT,
    files.RAR,
    files.compound("WordDocument", "_VBA_PROJECT"),
    files.macro_document(),
    files.zipped({"a.zip": files.zipped({"b.exe": files.PE}), "c.txt": b"x" * 3_000}),
    files.locked({"a.txt": b"x", "b.txt": b"y"}),
    files.tarred({"a.txt": b"x" * 700, "b" * 200: files.macro_document()}),
    files.tarred({"a.tar": files.tarred({"b.exe": b"x"})}, packed="gz"),
    files.tarred({"a.txt": b"x" * 700}, packed="xz"),
    files.tarred({"a.txt": b"x" * 700}, packed="bz2"),
    files.gzipped(files.gzipped(files.gzipped(files.PE))),
]
NAMES = st.sampled_from(
    ["a.zip", "a.tar", "a.doc", "a.docx", "a.txt", "a.pdf", "", ".", "a.exe", "\u202ea", "a.gz"]
)


@st.composite
def damaged(draw):
    """Draw a file that was cut, changed in places, or put together with another one."""
    content = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(0, len(content) - 1)))
        content[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    if draw(st.booleans()):
        content = content[: draw(st.integers(0, len(content)))]
    if draw(st.booleans()):
        content += draw(st.sampled_from(SEEDS))
    return bytes(content)


@settings(max_examples=600, deadline=None)
@given(NAMES | st.text(max_size=20), damaged() | st.binary(max_size=2_000))
def test_whatever_the_file_is_there_is_an_answer(name, content):
    assert kind_of(content) in set(Kind)
    assert len(look_at_file(name, content)) <= 5


@given(st.sampled_from(SEEDS), st.integers(0, 300))
def test_files_that_end_early(content, cut):
    assert len(look_at_file("a.zip", content[: max(0, len(content) - cut)])) <= 5


@given(st.binary(max_size=3_000))
def test_a_tar_archive_always_goes_forward(content):
    steps = []
    list(tar_members(files.tarred({"a": b"x"})[:1536] + content, lambda: steps.append(1)))
    assert len(steps) <= 2 + len(content) // 512


BOMBS = {
    "levels": files.bomb(5),
    "gzip": files.growing(400_000_000),
    "gzip in zip": files.zipped({"a.gz": files.growing(200_000_000)}, store=True),
    "quines": files.bomb(40, 1),
    "many gzips": files.zipped(
        {f"{number}.gz": files.growing(20_000_000) for number in range(40)}, store=True
    ),
    "empty files": files.tarred({str(number): b"" for number in range(MOST_MEMBERS + 1)}),
    "lists": files.zipped({"x" * 200 + str(number): b"" for number in range(MOST_MEMBERS + 1)}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_told_and_use_little_memory(name):
    tracemalloc.start()
    try:
        found = look_at_file(f"a.{kind_of(BOMBS[name]).value}", BOMBS[name])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [finding.reason for finding in found] == ["archive_bomb"]
    assert peak < 3 * MOST_UNPACKED
