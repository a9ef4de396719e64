"""Every reply of docs/smtp-replies.md is said in a dialogue, and every dialogue is kept."""

import ast
import asyncio
import datetime as dt
import re
import ssl
from pathlib import Path
from typing import Any

import pytest
from tests.support.dialogues import Dialogue, Replay, read_dialogues, speak
from tests.support.node import ROOT

from tayori.accept.submission import Accepted
from tayori.edge.submission.answers import accepted_reply, refusal_reply
from tayori.edge.submission.handler import AUTHENTICATED, NO_AUTHENTICATION_NOW
from tayori.edge.submission.logins import TOO_MANY_LOGINS
from tayori.edge.submission.reference import CHANGING, MODULES
from tayori.mail.reply import Reply
from tayori.refusal.codes import Code
from tayori.refusal.refusal import refuse
from tayori.smtp.handler import ACCEPTED, Handler, Received, ServerSettings
from tayori.smtp.replies import NO_AUTHENTICATION
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
        if credentials.password == "right":
            return AUTHENTICATED
        late = {"often": TOO_MANY_LOGINS.of(2), "fault": NO_AUTHENTICATION_NOW}
        return late.get(credentials.password, NO_AUTHENTICATION)

    def data(self, received: Received, content: bytes) -> Reply:
        if self._answer == "fault":
            raise OSError(self._answer)
        if self._answer == "yes":
            return accepted_reply(Accepted(message_id="qcloudses-30-1-date-20260921101010-abc"))
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
    wanted = [f"{reply} {text}" for reply, text in rows]
    missing = [one for one in wanted if not any(map(_pattern(one).fullmatch, said))]
    assert not missing


def _pattern(row: str) -> re.Pattern[str]:
    """Return what fits a line that says the row; a refusal's sentence stands behind its code."""
    if row == f"250 {CHANGING}":
        return re.compile(r"250 mx\.test")
    return re.compile(re.escape(row).replace(CHANGING, r"[^*]+") + r"(?:: \*)?")


CLIENT = {"channel", "client", "dialogue", "envelope", "session", "tls", "transaction", "wire"}
"""Modules that read replies, or send what the server does not say."""


def test_the_page_knows_every_reply_that_the_server_can_say() -> None:
    """Replies are made where the page's generator finds them, and nowhere else."""
    files = [
        file
        for folder in ("smtp", "edge/submission")
        for file in sorted((ROOT / "src" / "tayori" / folder).glob("*.py"))
        if file.stem not in CLIENT or folder != "smtp"
    ]
    made = [
        f"{file.stem}.{place}"
        for file in files
        for place in _makers(ast.parse(file.read_text()))
        if place or f"tayori.{file.parent.name}.{file.stem}" not in _PAGE_MODULES
    ]
    assert sorted(made) == ["answers.refusal_reply", "replies.of"]
    octets = [file.stem for file in files if re.search(r"self\.write\(", file.read_text())]
    assert octets == ["server_stream"]


_PAGE_MODULES = {".".join(("tayori", *module.__name__.split(".")[-2:])) for module in MODULES}


def _makers(tree: ast.Module) -> list[str]:
    """Return the functions that make replies, "" for what a module makes when it is imported."""
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    functions += [node for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
    inside = {
        id(call): function.name
        for function in functions
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
    }
    return [
        inside.get(id(node), "")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"Reply", "Wording"}
    ]
