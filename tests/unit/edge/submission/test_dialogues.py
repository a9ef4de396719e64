"""Every reply of docs/smtp-replies.md is said in a dialogue, and every dialogue is kept."""

import asyncio
import datetime as dt
import re
import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.support.dialogues import Dialogue, Replay, read_dialogues, speak
from tests.support.node import ROOT

from tayori.edge.submission.answers import refusal_reply
from tayori.edge.submission.handler import AUTHENTICATED
from tayori.mail.reply import Reply
from tayori.refusal.codes import Code
from tayori.refusal.refusal import refuse
from tayori.smtp.handler import ACCEPTED, NO_AUTHENTICATION, Handler, Received, ServerSettings
from tayori.smtp.sasl import Credentials
from tayori.smtp.server import Server
from tayori.smtp.tls import server_context, write_self_signed

DIALOGUES = read_dialogues()
ROW = re.compile(r"^\| (\d{3}(?: \d\.\d+\.\d+)?) \| (.+?) \|", re.MULTILINE)


class Door(Handler):
    """Knows the password "right", and answers every mail as the dialogue says."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    def auth(self, credentials: Credentials) -> Reply:
        return AUTHENTICATED if credentials.password == "right" else NO_AUTHENTICATION

    def data(self, received: Received, content: bytes) -> Reply:
        if self._answer == "fault":
            raise OSError(self._answer)
        return refusal_reply(refuse(Code(self._answer))) if self._answer else ACCEPTED


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("certificate")
    files = (folder / "cert.pem", folder / "key.pem")
    now = dt.datetime.now(dt.UTC)
    write_self_signed("localhost", cert_file=files[0], key_file=files[1], now=now)
    return files


async def replay(dialogue: Dialogue, certificate: tuple[Path, Path]) -> None:
    asked: dict[str, Any] = dict(dialogue.settings)
    door = str(asked.pop("door", ""))
    usual: dict[str, Any] = {
        "max_message_size": 1000,
        "auth": True,
        "auth_required": True,
        "auth_in_clear": True,
        "dsn": True,
        "tls": server_context(*certificate, minimum=ssl.TLSVersion.TLSv1_2),
    }
    server = Server(lambda _: Door(door), ServerSettings(host_name="mx.test", **(usual | asked)))
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    _, port = await server.start("127.0.0.1", 0)
    stop = asyncio.Event()

    async def end() -> None:
        await stop.wait()
        await server.stop(grace_s=5)

    ending = asyncio.create_task(end())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        trust = ssl.create_default_context(cafile=str(certificate[0]))
        await speak(reader, writer, dialogue, trust=trust, stop=stop)
    finally:
        writer.close()
        stop.set()
        await ending


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue.title)
async def test_the_server_keeps_to_the_dialogue(
    dialogue: Dialogue, certificate: tuple[Path, Path]
) -> None:
    assert dialogue.lines
    await replay(dialogue, certificate)


async def test_a_dialogue_that_is_not_kept_is_told(certificate: tuple[Path, Path]) -> None:
    wrong = Dialogue(title="wrong", settings={}, lines=(("S", "220 another"),))
    with pytest.raises(Replay, match="another"):
        await replay(wrong, certificate)


def test_every_reply_of_the_page_has_a_dialogue() -> None:
    page = (ROOT / "docs" / "smtp-replies.md").read_text()
    rows = [(reply, text.strip("`")) for reply, text in ROW.findall(page)]
    assert len(rows) > len(Code)
    said = [text for one in DIALOGUES for who, text in one.lines if who == "S"]
    missing = [
        f"{reply} {text}"
        for reply, text in rows
        if f"{reply} {text}" not in said and f"{reply} {text}: *" not in said
    ]
    assert not missing
