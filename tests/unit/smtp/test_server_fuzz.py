import asyncio
import base64
import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st

from tayori.mail.reply import Reply
from tayori.smtp.handler import ACCEPTED, Handler, ServerSettings
from tayori.smtp.replies import NO_AUTHENTICATION
from tayori.smtp.server import Server

PLAIN = base64.b64encode(b"\0me\0right")
WORDS = st.sampled_from(
    [
        *(b"EHLO x\r\n", b"HELO x\r\n", b"RSET\r\n", b"NOOP\r\n", b"DATA\r\n", b"STARTTLS\r\n"),
        *(b"MAIL FROM:<a@x.test>\r\n", b"MAIL FROM:<>\r\n", b"RCPT TO:<b@x.test>\r\n"),
        *(b"AUTH PLAIN " + PLAIN + b"\r\n", b"AUTH LOGIN\r\n", b"*\r\n", b"=\r\n", PLAIN + b"\r\n"),
        *(b"BDAT 3\r\nabc", b"BDAT 2 LAST\r\nab", b"BDAT 9999999999999999999\r\n", b"BDAT x\r\n"),
        *(b"x\r\n.\r\n", b".\r\n", b"\r\n", b"\n.\n", b"\r", b"\0", b"\xff\xfe", b"x" * 3000),
        *(
            b"MAIL FROM:<a@[1.2.3.4]> SIZE=9\r\n",
            b'RCPT TO:<"a b"@x.test>\r\n',
            b"GET / HTTP/1.1\r\n",
        ),
    ]
)


class Recorder(Handler):
    """Takes mails, and notes for whom."""

    def __init__(self, connection, owners):
        self.connection, self.owners = connection, owners

    def auth(self, credentials):
        right = credentials.password == "right"
        return Reply(235, "2.7.0", ("fine",)) if right else NO_AUTHENTICATION

    def data(self, received, content):
        self.owners.append((self.connection.user, received.recipients, content))
        return ACCEPTED


async def said(octets, cuts):
    """Return what the server answers, the mails it took, and faults it reported."""
    owners, faults = [], []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))
    server = Server(
        lambda connection: Recorder(connection, owners),
        ServerSettings(
            host_name="h", auth=True, auth_required=True, auth_in_clear=True, max_message_size=500
        ),
    )
    _, port = await server.start("127.0.0.1", 0)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    # The server may hang up while the client is still talking; it may not fall silent.
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        place = 0
        for cut in cuts:
            writer.write(octets[place : place + cut])
            await asyncio.sleep(0)
            place += cut
        writer.write(octets[place:])
        with contextlib.suppress(OSError):
            writer.write_eof()
        answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    await server.stop(grace_s=5)
    return answer, owners, faults


@settings(max_examples=60, deadline=None)
@given(
    st.lists(WORDS | st.binary(max_size=20), max_size=14).map(b"".join),
    st.lists(st.integers(1, 40), max_size=4),
)
def test_any_octets_are_answered_and_only_who_logged_in_hands_in(octets, cuts):
    answer, owners, faults = asyncio.run(said(octets, cuts))
    assert not faults
    for line in answer.split(b"\r\n")[:-1]:
        assert line[:1] in b"2345"
        assert line[:3].isdigit()
    for user, recipients, content in owners:
        assert user == "me"
        assert recipients
        assert b"\n" not in content.replace(b"\r\n", b"")
