from dataclasses import replace

from tests.support.peers.scripted import Peer, scripted
from tests.support.peers.sending import MAIL, envelope, opened

from tayori.mail.outcome import Kind, Stage
from tayori.runtime.clock import SettableClock


async def takes_seven_bits(peer: Peer) -> None:
    await peer.say(b"220 mx\r\n")
    await peer.expect(b"EHLO")
    await peer.say(b"250 mx\r\n")
    await peer.ended()


async def test_a_mail_that_may_not_be_encoded_bounces_where_eight_bits_are_not_taken(
    clock: SettableClock,
) -> None:
    async with scripted(takes_seven_bits) as server:
        session = await opened(server.port, clock)
        result = await session.send(replace(envelope(), body="8BITMIME"), MAIL)
        await session.quit()
    outcome = result.outcomes[0]
    assert (outcome.kind, outcome.stage) == (Kind.PERMANENT, Stage.ENGINE)
    assert outcome.reply is not None
    assert (outcome.reply.code, outcome.reply.enhanced) == (554, "5.6.3")
