"""Clients that people send with, unmodified, against the running service.

What arrives is what was sent: one mail each with a file, an inline image, names that are not ASCII
and a hidden recipient, compared part by part.
"""

import asyncio
import datetime as dt
import re
import smtplib
import ssl
from collections.abc import AsyncIterator
from email import policy
from pathlib import Path

import aiosmtplib
import pytest
import pytest_asyncio
from tests.support import client_programs as programs
from tests.support.client_mail import (
    ALL,
    FILE_LEAF,
    SUBJECT,
    TEXT_LEAF,
    Leaf,
    composed,
    expect,
    leaves,
    read,
)
from tests.support.debian_tools import debian_tools
from tests.support.relay import relaying_postfix
from tests.support.smtp_account import SmtpAccount

from tayori.app.parts import opened
from tayori.catalog.tracking_model import Switches, TrackingSetting
from tayori.cli.trial import SENDER, Ports, Trial, trial
from tayori.smtp.tls import write_self_signed

# All tests of this file share one service.
pytestmark = pytest.mark.asyncio(loop_scope="module")
MESSAGE_ID = re.compile(r"250 2\.0\.0 Ok qcloudses-30-\d+-date-\d{14}-\w{13}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def found(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Trial]:
    """Run the service with a certificate for `localhost`, which clients can verify."""
    data_dir = tmp_path_factory.mktemp("clients") / "data"
    write_self_signed(
        "localhost",
        cert_file=data_dir / "tls" / "submission.pem",
        key_file=data_dir / "tls" / "submission.key",
        now=dt.datetime.now(dt.UTC),
    )
    async with asyncio.timeout(600), trial(data_dir, Ports()) as running:
        # Links and pixels are another test's matter: here every part arrives as it was sent.
        off = TrackingSetting(switches=Switches(opens=False, clicks=False))
        async with opened(running.settings) as parts:
            await parts.tracking.put(running.account_id, off)
        yield running


@pytest.fixture
def account(found: Trial, tmp_path: Path) -> SmtpAccount:
    return SmtpAccount(
        port=int(found.addresses.submission.rpartition(":")[2]),
        tls_port=int(found.addresses.submission_tls.rpartition(":")[2]),
        user=SENDER,
        password=found.smtp_password,
        ca_file=Path(found.settings.data_dir) / "tls" / "submission.pem",
        folder=tmp_path,
    )


def trusting(account: SmtpAccount) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(account.ca_file))


async def check_arrived(
    found: Trial, name: str, parts: list[Leaf] = ALL, subject: str = SUBJECT
) -> None:
    async with asyncio.timeout(60):
        await expect(found, f"{name}@outlook.com", parts, f"{name}-bcc@gmail.com", subject)


async def test_smtplib(found: Trial, account: SmtpAccount) -> None:
    mail = composed(found, "smtplib@outlook.com", "smtplib-bcc@gmail.com")

    def send() -> None:
        with smtplib.SMTP("localhost", account.port, timeout=30) as client:
            client.starttls(context=trusting(account))
            client.login(account.user, account.password)
            assert client.send_message(mail) == {}

    await asyncio.to_thread(send)
    await check_arrived(found, "smtplib")


async def test_aiosmtplib(found: Trial, account: SmtpAccount) -> None:
    refused, answer = await aiosmtplib.send(
        composed(found, "aiosmtplib@outlook.com", "aiosmtplib-bcc@gmail.com"),
        hostname="localhost",
        port=account.tls_port,
        use_tls=True,
        tls_context=trusting(account),
        username=account.user,
        password=account.password,
    )
    assert refused == {}
    assert MESSAGE_ID.match(f"250 {answer}")
    await check_arrived(found, "aiosmtplib")


async def test_nodemailer(found: Trial, account: SmtpAccount) -> None:
    names = ("nodemailer@outlook.com", "nodemailer-bcc@gmail.com")
    send = programs.send_by_nodemailer
    answer = await asyncio.to_thread(send, account, found.sender, *names)
    assert MESSAGE_ID.match(answer)
    await check_arrived(found, "nodemailer")


async def test_django(found: Trial, account: SmtpAccount) -> None:
    names = ("django@outlook.com", "django-bcc@gmail.com")
    await asyncio.to_thread(programs.send_by_django, account, found.sender, *names)
    await check_arrived(found, "django")


async def test_flask(found: Trial, account: SmtpAccount) -> None:
    names = ("flask@outlook.com", "flask-bcc@gmail.com")
    await asyncio.to_thread(programs.send_by_flask, account, found.sender, *names)
    await check_arrived(found, "flask")


async def test_swaks(found: Trial, account: SmtpAccount) -> None:
    names = ("swaks@outlook.com", "swaks-bcc@gmail.com")
    await asyncio.to_thread(programs.send_by_swaks, account, *names)
    await check_arrived(found, "swaks", [TEXT_LEAF, FILE_LEAF])


async def test_msmtp(found: Trial, account: SmtpAccount) -> None:
    mail = composed(found, "msmtp@outlook.com", "msmtp-bcc@gmail.com")
    await asyncio.to_thread(programs.send_by_msmtp, account, mail.as_bytes())
    await check_arrived(found, "msmtp")


async def test_curl(found: Trial, account: SmtpAccount) -> None:
    names = ("curl@outlook.com", "curl-bcc@gmail.com")
    # Nothing takes the hidden recipient out before the service does.
    content = composed(found, *names).as_bytes(policy=policy.SMTP)
    await asyncio.to_thread(programs.send_by_curl, account, content, *names)
    await check_arrived(found, "curl")


async def test_git_send_email(found: Trial, account: SmtpAccount) -> None:
    patch = await asyncio.to_thread(programs.patch_of, account, "Ünïcode: 挨拶を加える")
    names = ("git@outlook.com", "git-bcc@gmail.com")
    await asyncio.to_thread(programs.send_by_git, account, patch, *names)
    sent = patch.read_bytes()
    await check_arrived(found, "git", leaves(sent), read(sent)["Subject"])


async def test_postfix_relays(found: Trial, account: SmtpAccount) -> None:
    def send(port: int) -> None:
        with smtplib.SMTP("localhost", port, timeout=30) as client:
            mail = composed(found, "postfix@outlook.com", "postfix-bcc@gmail.com")
            assert client.send_message(mail) == {}

    tools = await asyncio.to_thread(debian_tools)
    with relaying_postfix(
        tools,
        port=account.port,
        ca_file=account.ca_file,
        user=account.user,
        password=account.password,
    ) as port:
        await asyncio.to_thread(send, port)
        await check_arrived(found, "postfix")
