"""Whatever octets come to an address for a score, they get one that can be kept and explained."""

import asyncio

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.review import reviewer

from tayori.dns.answers import Lookup, NoSuchName
from tayori.inbound.authentication import authenticate
from tayori.inbound.scoring import Scorer
from tayori.inbound.spool import NewMail
from tayori.screen.score.address import TOKEN_LENGTH, decode_losses, encode_losses, token_of
from tayori.screen.score.grade import explain


class Silent:
    """Nothing exists."""

    async def lookup(self, name: str, record_type: str, *, bypass_cache: bool = False) -> Lookup:
        _ = name, record_type, bypass_cache
        return NoSuchName()


HEADS = st.sampled_from(
    [
        b"",
        b"From: a@b.test\r\n",
        b"From: a@b.test\r\nContent-Type: text/html\r\n\r\n<a href=",
        b"DKIM-Signature: v=1; a=rsa-sha256; d=b.test; s=x; h=from; bh=",
        b"List-Unsubscribe: <https://b.test/u>\r\nList-Unsubscribe-Post: ",
        b"Subject: =?utf-8?b?",
    ]
)
WORDS = st.text(max_size=30)


@given(head=HEADS, rest=st.binary(max_size=300), helo=WORDS, client=WORDS | st.ip_addresses())
@settings(max_examples=150, deadline=None)
def test_any_mail_is_scored(head, rest, helo, client):
    mail = NewMail(
        received_at=0,
        client=str(client),
        helo=helo,
        tls="",
        mail_from="a@b.test",
        recipients=("score-x@c.test",),
        content=head + rest,
    )

    async def scored():
        lookups = Silent()
        results = await authenticate(mail, lookups, "c.test", 5.0)
        scorer = Scorer(reviewer=reviewer(), lookups=lookups, zones=("list.test",))
        return await scorer.received(mail, results)

    found = asyncio.run(scored())
    assert 0 <= found.score.points <= 10
    kept = decode_losses(encode_losses(found.score.losses))
    assert [one.check for one in kept] == [one.check for one in found.score.losses]
    assert all(explain(one).finding.isprintable() for one in kept)
    assert msgspec.json.encode(found.facts)


@given(text=st.text() | st.from_regex(r"(?i)score-[a-z0-9]{20,28}", fullmatch=True))
def test_any_local_part_has_a_token_or_none(text):
    token = token_of(text)
    assert token is None or (len(token), token) == (TOKEN_LENGTH, text.lower()[6:])
