"""Whatever strangers send, reading it ends in a value, and nobody is named without a signature."""

import gzip
import io
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.returned_mails import complaint, dsn, letter

from tayori.compose.model import Recipe, RecipeMailbox
from tayori.compose.raw import transmitted
from tayori.inbound.authentication import author_domain
from tayori.inbound.forwarding import loop_fault, rewritten
from tayori.inbound.reading import read
from tayori.inbound.routing import Destination, Purpose, TokenKeys
from tayori.inbound.spool import NewMail, SpooledMail
from tayori.inbound.trace import traced
from tayori.mail.address import Address
from tayori.mail.dmarc_report import (
    MOST_OCTETS,
    AggregateReport,
    ReportFault,
    read_report,
    read_reports,
)
from tayori.mail.entity import Malformed, read_mail
from tayori.mail.message import split_message

KEYS = TokenKeys(return_path=b"r" * 32, tracking=b"t" * 32)
NOW = 1_795_478_400_000
SEEDS = [
    dsn("ann@receiver.test"),
    complaint("X-Report-Ref: r-" + "a" * 40),
    letter("Re: hello", fields=("Auto-Submitted: auto-replied",)),
    letter(fields=("Content-Type: multipart/mixed; boundary=b", "Received: x"), body="--b\n\nx"),
]
PURPOSES = [
    Destination(purpose=purpose, address="x@mail.shop.test", recipient_id=7) for purpose in Purpose
]


@st.composite
def mangled(draw):
    """A mail that somebody damaged: octets cut out, doubled, or put in."""
    octets = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 5))):
        at = draw(st.integers(0, len(octets)))
        length = draw(st.integers(0, 40))
        put = draw(st.one_of(st.binary(max_size=20), st.just(octets[at : at + length])))
        octets = octets[:at] + put + octets[at + length * draw(st.integers(0, 1)) :]
    return octets


def new(octets):
    return NewMail(
        received_at=NOW,
        client="192.0.2.1",
        helo="x.test",
        tls="",
        mail_from="",
        recipients=("x@mail.shop.test",),
        content=octets,
    )


@settings(max_examples=60, deadline=None)
@given(st.one_of(mangled(), st.binary(max_size=300)), st.sampled_from(PURPOSES))
def test_any_mail_is_read_to_a_value(octets, destination):
    reading = read(new(octets), [destination], KEYS, None)
    named = {number for number, _ in reading.findings}
    signed = destination.purpose in {Purpose.RETURN_PATH, Purpose.UNSUBSCRIBE}
    assert named <= ({7} if signed else set())
    assert reading.kind
    assert bool(reading.unresolved) is not bool(reading.findings or reading.reports)


@settings(max_examples=60, deadline=None)
@given(st.one_of(mangled(), st.binary(max_size=300)))
def test_any_mail_gets_its_trace_and_what_can_be_forwarded_can_be_sent(octets):
    parts = split_message(octets)
    author_domain(octets)
    assert isinstance(loop_fault(parts, "x@mail.shop.test"), str)
    kept = SpooledMail(id=1, attempts=1, **{n: getattr(new(octets), n) for n in NewMail.__slots__})
    marked = split_message(traced(kept, octets, "mx.test; none", "mx.test"))
    assert marked.values(b"authentication-results")[0] == b"mx.test; none"
    sender = Address(local="news", domain="mail.shop.test")
    going = rewritten(parts, sender, "x@mail.shop.test")
    if isinstance(read_mail(going), Malformed):
        return
    recipe = Recipe(
        public_id="m",
        app_id=1,
        identity_id=1,
        domain=sender.domain,
        date_at=NOW,
        rfc_message_id="<m@mail.shop.test>",
        header_from=RecipeMailbox(sender.addr),
        subject="x",
        raw=going,
    )
    for eight_bit in (True, False):
        copy = transmitted(recipe, b"x", eight_bit=eight_bit)
        assert not isinstance(copy, Malformed)
        header = split_message(b"".join([*copy.fields, b"\r\n", copy.body]))
        assert len(header.values(b"from")) == 1
        assert b"news@mail.shop.test" in header.values(b"from")[0]


def report_xml(draw):
    return draw(
        st.one_of(
            st.binary(max_size=200),
            st.text(max_size=200).map(lambda text: f"<feedback>{text}</feedback>".encode()),
            st.recursive(
                st.text("<>&;!\"'abc[]", max_size=5),
                lambda inner: st.tuples(
                    st.sampled_from(["feedback", "record", "row", "count", "policy_published"]),
                    st.lists(inner, max_size=4),
                ).map(lambda pair: f"<{pair[0]}>{''.join(pair[1])}</{pair[0]}>"),
                max_leaves=10,
            ).map(str.encode),
        )
    )


@settings(max_examples=80, deadline=None)
@given(st.data(), st.sampled_from(["plain", "gzip", "zip", "broken"]))
def test_any_archive_is_a_report_or_a_fault(data, packing):
    octets = report_xml(data.draw)
    if packing == "gzip":
        octets = gzip.compress(octets)
    elif packing == "zip":
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("r.xml", octets)
        octets = made.getvalue()
    elif packing == "broken":
        cut = data.draw(st.integers(0, 40))
        octets = gzip.compress(octets)[:cut] + data.draw(st.binary(max_size=20))
    assert isinstance(read_report(octets), AggregateReport | ReportFault)


@pytest.mark.parametrize("size", [MOST_OCTETS + 1, 8 * MOST_OCTETS])
def test_a_bomb_is_not_unpacked(size):
    packer = zlib.compressobj(9, wbits=31)
    block = b"\0" * 1_048_576
    pieces = [packer.compress(block) for _ in range(size // len(block) + 1)]
    bomb = b"".join([*pieces, packer.flush()])
    assert len(bomb) < size // 500
    found = read_report(bomb)
    assert isinstance(found, ReportFault)
    assert "more than" in found.sentence
    made = io.BytesIO()
    with (
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("r.xml", "w") as file,
    ):
        for _ in range(size // len(block) + 1):
            file.write(block)
    assert "more than" in read_report(made.getvalue()).sentence


@settings(max_examples=40, deadline=None)
@given(mangled())
def test_any_mail_is_searched_for_reports(octets):
    assert all(isinstance(one, ReportFault | AggregateReport) for one in read_reports(octets))
