"""Receivers as they are met in the world, each as a script for `scripted`."""

import asyncio

from tests.support.peers.scripted import Peer, Script

EXTENSIONS = b"250-mx.example\r\n250-PIPELINING\r\n250-SIZE 1000000\r\n250 8BITMIME\r\n"
PLAIN = b"250 mx.example\r\n"


async def hello(peer: Peer, extensions: bytes = EXTENSIONS) -> None:
    """Greet and answer EHLO."""
    await peer.say(b"220 mx.example ESMTP\r\n")
    await peer.expect(b"EHLO ")
    await peer.say(extensions)


async def envelope(peer: Peer, replies: bytes = b"250 OK\r\n250 OK\r\n354 Go ahead\r\n") -> None:
    """Read an envelope of as many commands as there are replies, then answer them in one go."""
    for _ in range(replies.count(b"\n")):
        await peer.line()
    await peer.say(replies)


async def takes_all(peer: Peer) -> None:
    """Deliver mail after mail, one command at a time, whatever is asked."""
    await hello(peer)
    while line := await peer.line():
        verb = line[:4].upper()
        if verb == b"DATA":
            await peer.say(b"354 Go ahead\r\n")
            await peer.content()
            await peer.say(b"250 2.0.0 queued\r\n")
        elif verb == b"QUIT":
            await peer.say(b"221 Bye\r\n")
            return
        else:
            await peer.say(b"250 OK\r\n")


async def greylists(peer: Peer) -> None:
    """Ask everybody to come back later."""
    await hello(peer)
    await envelope(
        peer,
        b"250 OK\r\n450 4.2.0 Greylisted, come back in 300 seconds\r\n554 5.5.1 No recipients\r\n",
    )
    await peer.ended()


def refuses_connection(reply: bytes) -> Script:
    """Greet with a refusal."""

    async def script(peer: Peer) -> None:
        await peer.say(reply)
        await peer.ended()

    return script


async def closes_at_greeting(peer: Peer) -> None:
    """Accept and hang up."""
    _ = peer


async def closes_in_data(peer: Peer) -> None:
    """Say 421 instead of 354 and hang up."""
    await hello(peer)
    await envelope(peer, b"250 OK\r\n250 OK\r\n421 4.3.2 Shutting down\r\n")


async def closes_after_dot(peer: Peer) -> None:
    """Say 421 after the content and hang up."""
    await hello(peer)
    await envelope(peer)
    await peer.content()
    await peer.say(b"421 4.3.2 Shutting down\r\n")


async def drops_after_dot(peer: Peer) -> None:
    """Take the content and hang up without a word."""
    await hello(peer)
    await envelope(peer)
    await peer.content()


async def drops_before_data(peer: Peer) -> None:
    """Hang up after the recipients."""
    await hello(peer)
    await envelope(peer, b"250 OK\r\n250 OK\r\n")


async def drops_within_content(peer: Peer) -> None:
    """Hang up after a few octets of content."""
    await hello(peer)
    await envelope(peer)
    await peer.octets(10)
    peer.reset()


async def accepts_some(peer: Peer) -> None:
    """Accept the first and third of three recipients."""
    await hello(peer)
    await envelope(
        peer,
        b"250 OK\r\n250 OK\r\n550 5.1.1 No such user\r\n250 OK\r\n354 Go ahead\r\n",
    )
    await peer.content()
    await peer.say(b"250 2.0.0 queued\r\n")
    await peer.ended()


async def never_greets(peer: Peer) -> None:
    """Accept the connection and say nothing."""
    await peer.ended()


async def never_answers(peer: Peer) -> None:
    """Say hello and nothing more."""
    await hello(peer)
    await peer.ended()


async def never_answers_content(peer: Peer) -> None:
    """Take the content and never say what became of it."""
    await hello(peer)
    await envelope(peer)
    await peer.content()
    await peer.ended()


async def speaks_bare_lf(peer: Peer) -> None:
    """End all reply lines with LF only."""
    await peer.say(b"220 mx.example ESMTP\n")
    await peer.expect(b"EHLO ")
    await peer.say(b"250-mx.example\n250 PIPELINING\n")
    await envelope(peer, b"250 OK\n250 OK\n354 Go ahead\n")
    await peer.content()
    await peer.say(b"250 2.0.0 queued\n")
    await peer.ended()


async def long_replies(peer: Peer) -> None:
    """Answer with lines of 10,000 characters."""
    long = b"x" * 10_000
    await peer.say(b"220 " + long + b"\r\n")
    await peer.expect(b"EHLO ")
    await peer.say(b"250-mx.example\r\n250-PIPELINING\r\n250 " + long + b"\r\n")
    await envelope(peer, b"250 " + long + b"\r\n550-" + long + b"\r\n550 " + long + b"\r\n")
    await peer.say(b"503 " + long + b"\r\n")
    await peer.ended()


async def endless_reply(peer: Peer) -> None:
    """Answer with a reply that has no end."""
    await hello(peer)
    await peer.line()
    while True:
        await peer.say(b"250-more and more\r\n" * 1000)


async def tarpits(peer: Peer) -> None:
    """Answer octet by octet, but answer."""
    for reply in (b"220 mx.example ESMTP\r\n", PLAIN, b"250 OK\r\n", b"250 OK\r\n", b"354 Go\r\n"):
        for index in range(len(reply)):
            await peer.say(reply[index : index + 1])
            await asyncio.sleep(0)
        if not reply.startswith(b"354"):
            await peer.line()
    await peer.content()
    await peer.say(b"250 2.0.0 queued\r\n")
    await peer.ended()


_STARTTLS = b"250-mx.example\r\n250-PIPELINING\r\n250 STARTTLS\r\n"


def breaks_starttls(instead: bytes) -> Script:
    """Offer STARTTLS, say 220, then send something that is no TLS."""

    async def script(peer: Peer) -> None:
        await hello(peer, _STARTTLS)
        await peer.expect(b"STARTTLS")
        await peer.say(b"220 Go ahead\r\n")
        await peer.octets(5)
        await peer.say(instead)
        await peer.ended()

    return script


async def hangs_up_at_starttls(peer: Peer) -> None:
    """Offer STARTTLS and hang up when it is used."""
    await hello(peer, _STARTTLS)
    await peer.expect(b"STARTTLS")


async def stalls_in_handshake(peer: Peer) -> None:
    """Offer STARTTLS and never finish the handshake."""
    await hello(peer, _STARTTLS)
    await peer.expect(b"STARTTLS")
    await peer.say(b"220 Go ahead\r\n")
    await peer.ended()


def refuses_starttls(reply: bytes) -> Script:
    """Offer STARTTLS and refuse it; mails in clear are taken."""

    async def script(peer: Peer) -> None:
        await hello(peer, _STARTTLS)
        await peer.expect(b"STARTTLS")
        await peer.say(reply)
        await envelope(peer)
        await peer.content()
        await peer.say(b"250 2.0.0 queued\r\n")
        await peer.ended()

    return script
