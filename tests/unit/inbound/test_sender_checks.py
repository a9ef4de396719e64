"""SPF, DKIM and DMARC never raise for what a mail or a name server says."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.returned_mails import letter

from tayori.dns.answers import Answer, NoSuchName, TemporaryFailure
from tayori.inbound.authentication import authenticate
from tayori.inbound.spool import NewMail

RECORDS = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(
        [
            b"v=spf1 include:people.test -all",
            b"v=spf1 exists:%{i}.%{d} ~all",
            b"v=spf1 redirect=people.test",
            b"v=spf1 a mx ptr ip4:127.0.0.1/33 -all",
            b"v=DMARC1; p=reject; psd=y",
            b"v=DMARC1",
            b"v=DKIM1; p=AAAA",
            b"v=DKIM1; k=ed25519; p=AAAA",
        ]
    ),
)
SIGNATURE = (
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=people.test; s=s1; h=from; "
    "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; b=AAAA"
)
OUTCOMES = {"pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"}


class Answers:
    """Says to every question what a test wants."""

    def __init__(self, texts, failing):
        self._texts = texts
        self._failing = failing

    async def lookup(self, name, record_type, *, bypass_cache=False):
        if self._failing:
            return TemporaryFailure(detail="nobody knows")
        if record_type != "TXT":
            return NoSuchName()
        return Answer(records=tuple(self._texts), ttl=60, name=name)


@settings(max_examples=40, deadline=None)
@given(
    texts=st.lists(RECORDS, min_size=1, max_size=2),
    failing=st.booleans(),
    signature=st.one_of(
        st.just(SIGNATURE),
        st.text("DKIM-Signature: v=1;abdhs\"'", max_size=60).map(
            lambda text: "DKIM-Signature: " + "".join(c for c in text if c.isprintable())
        ),
    ),
    mail_from=st.sampled_from(["", "ann@people.test", "x@[127.0.0.1]", "ü@people.test"]),
    client=st.sampled_from(["127.0.0.1", "2001:db8::1", "fe80::1%eth0", ""]),
)
def test_every_mail_gets_results(texts, failing, signature, mail_from, client):
    mail = NewMail(
        received_at=0,
        client=client,
        helo="people.test",
        tls="",
        mail_from=mail_from,
        recipients=(),
        content=letter(fields=(signature,)),
    )
    found = asyncio.run(authenticate(mail, Answers(texts, failing), "mx.test"))
    assert {found.spf.result, found.dmarc, *(each.result for each in found.dkim)} <= OUTCOMES
    header = found.header_value("mx.test")
    assert header.startswith("mx.test; spf=")
    assert header.isascii()
    assert header.isprintable()
    if failing:
        assert found.dmarc == "temperror"


class Silent:
    """Never answers."""

    async def lookup(self, name, record_type, *, bypass_cache=False):
        await asyncio.Event().wait()


async def test_a_name_server_that_never_answers_holds_nobody_up():
    mail = NewMail(
        received_at=0,
        client="127.0.0.1",
        helo="people.test",
        tls="",
        mail_from="ann@people.test",
        recipients=(),
        content=letter(fields=(SIGNATURE,)),
    )
    found = await authenticate(mail, Silent(), "mx.test", limit_s=0.05)
    assert (found.spf.result, found.dmarc) == ("temperror", "temperror")
    assert [each.result for each in found.dkim] == ["temperror"]
    assert not found.rejects
