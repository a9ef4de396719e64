import asyncio
import socket
import struct

import dns.asyncquery
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tayori.sandbox.dns_server import DnsServer, Failure, read_query
from tayori.sandbox.dns_zone import make_records


async def ask(server: DnsServer, name: str, kind: str, *, tcp: bool = False) -> dns.message.Message:
    """Ask with a client that is not ours."""
    query = dns.message.make_query(name, kind, use_edns=0)
    way = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    reply: dns.message.Message = await way(query, server.host, port=server.port, timeout=5)
    return reply


def values(reply: dns.message.Message) -> list[str]:
    return sorted(rdata.to_text() for rrset in reply.answer for rdata in rrset)


async def test_records_over_udp_and_tcp() -> None:
    records = {
        ("h.test", "A"): ["192.0.2.1", "192.0.2.2"],
        ("h.test", "MX"): "10 mx.h.test.",
        ("h.test", "TXT"): '"a b" "c"',
        ("_25._tcp.h.test", "TLSA"): "3 1 1 " + "ab" * 32,
    }
    async with DnsServer(records) as server:
        for tcp in (False, True):
            reply = await ask(server, "H.TEST", "A", tcp=tcp)
            assert values(reply) == ["192.0.2.1", "192.0.2.2"]
            assert reply.flags & dns.flags.AA
        assert values(await ask(server, "h.test", "MX")) == ["10 mx.h.test."]
        assert values(await ask(server, "h.test", "TXT")) == ['"a b" "c"']
        assert len(values(await ask(server, "_25._tcp.h.test", "TLSA"))) == 1
        assert len(values(await ask(server, "h.test", "ANY"))) == 4
        assert server.count("h.test", "A") == 2
        assert server.transports["tcp"] == 1


async def test_records_change_while_it_runs() -> None:
    async with DnsServer() as server:
        server.add("h.test", "A", "192.0.2.1")
        server.add("h.test", "A", "192.0.2.2")
        assert len(values(await ask(server, "h.test", "A"))) == 2
        server.set("h.test", "A", "192.0.2.3")
        assert values(await ask(server, "h.test", "A")) == ["192.0.2.3"]
        server.add("h.test", "TXT", "x")
        server.remove("h.test", "A")
        assert (await ask(server, "h.test", "A")).rcode() == dns.rcode.NOERROR
        server.remove("h.test")
        server.remove("h.test")
        assert (await ask(server, "h.test", "A")).rcode() == dns.rcode.NXDOMAIN


async def test_a_no_brings_the_soa_of_its_zone() -> None:
    async with DnsServer(zones=["a.test", "sub.a.test"]) as server:
        server.set("x.y.a.test", "A", "192.0.2.1")
        missing = await ask(server, "z.a.test", "A")
        assert missing.rcode() == dns.rcode.NXDOMAIN
        assert missing.authority[0].name.to_text() == "a.test."
        between = await ask(server, "y.a.test", "A")
        assert (between.rcode(), between.answer) == (dns.rcode.NOERROR, [])
        below = await ask(server, "q.sub.a.test", "A")
        assert below.authority[0].name.to_text() == "sub.a.test."
        assert (await ask(server, "b.test", "A")).rcode() == dns.rcode.REFUSED
        soa = await ask(server, "a.test", "SOA")
        assert soa.answer[0].rdtype == dns.rdatatype.SOA
        with pytest.raises(ValueError, match="none of this server's zones"):
            server.set("b.test", "A", "192.0.2.1")


async def test_wild_cards_stand_in_only_where_nothing_is() -> None:
    async with DnsServer(zones=["a.test"]) as server:
        server.set("*.a.test", "A", "192.0.2.1")
        server.set("host.a.test", "TXT", "here")
        assert values(await ask(server, "any.thing.a.test", "A")) == ["192.0.2.1"]
        assert (await ask(server, "host.a.test", "A")).answer == []
        assert (await ask(server, "x.host.a.test", "A")).rcode() == dns.rcode.NXDOMAIN


async def test_aliases_are_followed() -> None:
    async with DnsServer(zones=["a.test"]) as server:
        server.set("w.a.test", "CNAME", "h.a.test.")
        server.set("h.a.test", "A", "192.0.2.1")
        server.set("out.a.test", "CNAME", "h.b.test.")
        server.set("gone.a.test", "CNAME", "none.a.test.")
        assert values(await ask(server, "w.a.test", "A")) == ["192.0.2.1", "h.a.test."]
        assert values(await ask(server, "w.a.test", "CNAME")) == ["h.a.test."]
        assert values(await ask(server, "out.a.test", "A")) == ["h.b.test."]
        assert (await ask(server, "gone.a.test", "A")).rcode() == dns.rcode.NXDOMAIN


async def test_each_way_to_misbehave() -> None:
    async with DnsServer({("h.test", "A"): "192.0.2.1", ("h.test", "TXT"): "x"}) as server:
        server.fail("h.test", Failure.SERVFAIL, "A")
        assert (await ask(server, "h.test", "A")).rcode() == dns.rcode.SERVFAIL
        assert (await ask(server, "h.test", "TXT")).rcode() == dns.rcode.NOERROR
        server.fail("h.test", Failure.REFUSED)
        assert (await ask(server, "h.test", "TXT")).rcode() == dns.rcode.REFUSED
        server.heal("h.test")
        server.fail("h.test", Failure.TRUNCATE)
        assert (await ask(server, "h.test", "A")).flags & dns.flags.TC
        assert values(await ask(server, "h.test", "A", tcp=True)) == ["192.0.2.1"]
        server.heal()
        server.fail("h.test", Failure.NO_EDNS)
        assert (await ask(server, "h.test", "A")).rcode() == dns.rcode.FORMERR
        server.heal()
        gate = server.hold("h.test")
        waiting = asyncio.create_task(ask(server, "h.test", "A"))
        await server.wait_for_queries("h.test", "A", 5)
        assert not waiting.done()
        gate.set()
        assert values(await waiting) == ["192.0.2.1"]
        server.hold("h.test")
        server.heal()
        assert values(await ask(server, "h.test", "A")) == ["192.0.2.1"]


async def test_records_can_be_entered_when_they_are_asked_for() -> None:
    async with DnsServer() as server:

        async def enter() -> None:
            server.set("h.test", "A", "192.0.2.1")

        server.before = enter
        assert values(await ask(server, "h.test", "A")) == ["192.0.2.1"]


async def test_what_does_not_fit_is_cut() -> None:
    async with DnsServer() as server:
        server.set("h.test", "TXT", *(f"{number} " + "x" * 250 for number in range(8)))
        assert (await ask(server, "h.test", "TXT")).flags & dns.flags.TC
        assert len(values(await ask(server, "h.test", "TXT", tcp=True))) == 8


async def test_several_questions_on_one_tcp_connection() -> None:
    async with DnsServer({("h.test", "A"): "192.0.2.1"}) as server:
        reader, writer = await asyncio.open_connection(*server.address)
        for _ in range(3):
            wire = dns.message.make_query("h.test", "A").to_wire()
            writer.write(struct.pack("!H", len(wire)) + wire)
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            assert values(dns.message.from_wire(await reader.readexactly(length))) == ["192.0.2.1"]
        writer.write(b"\x00\x05short")
        writer.close()
        await writer.wait_closed()


async def test_a_taken_port_is_an_error() -> None:
    async with DnsServer() as server:
        with pytest.raises(OSError, match=r".+"):
            await DnsServer(port=server.port).start()


async def test_scraps_do_not_stop_it() -> None:
    async with DnsServer({("h.test", "A"): "192.0.2.1"}) as server:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.connect(server.address)
            for scrap in (b"", b"\x00", b"\xff" * 40, b"\x00" * 40):
                one.send(scrap)
        assert values(await ask(server, "h.test", "A")) == ["192.0.2.1"]


def test_bad_records_are_errors_with_a_sentence() -> None:
    with pytest.raises(ValueError, match="is no A record"):
        make_records(dns.rdatatype.A, ["999.1.1.1"], 60)
    with pytest.raises(ValueError, match="is no MX record"):
        make_records(dns.rdatatype.MX, ["mx.test."], 60)


@given(st.binary(max_size=400))
def test_any_text_survives_a_txt_record(data: bytes) -> None:
    text = data.decode("latin-1")
    records = make_records(dns.rdatatype.TXT, [text if not text.startswith('"') else "x"], 60)
    joined = b"".join(records[0].strings).decode()
    assert joined == (text if not text.startswith('"') else "x")


@given(st.binary(max_size=200))
def test_any_packet_is_a_question_an_error_or_nothing(wire: bytes) -> None:
    result = read_query(wire)
    if isinstance(result, bytes):
        assert result[:2] == wire[:2]
        assert len(result) == 12
        assert result[2] & 0x80


def test_packets_that_are_no_questions() -> None:
    query = dns.message.make_query("h.test", "A")
    assert read_query(dns.message.make_response(query).to_wire()) is None
    notify = dns.message.make_query("h.test", "SOA")
    notify.set_opcode(dns.opcode.NOTIFY)
    error = read_query(notify.to_wire())
    assert isinstance(error, bytes)
    assert error[3] & 0xF == dns.rcode.NOTIMP
    chaos = read_query(dns.message.make_query("version.bind", "TXT", "CH").to_wire())
    assert isinstance(chaos, bytes)
    assert chaos[3] & 0xF == dns.rcode.REFUSED
