import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

TIMEOUT_S = 60


@contextmanager
def sandbox(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `tayori sandbox` for the block; yield it and what it printed until it was ready."""
    command = [sys.executable, "-m", "tayori", "sandbox", "--port", "0", "--inbox-port", "0"]
    environment = {**os.environ, "COLUMNS": "200"}
    with subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        try:
            printed = ""
            for line in process.stdout:
                printed += line
                if "End with Ctrl-C" in line:
                    break
            yield process, printed
        finally:
            process.kill()


def example_of(printed: str) -> str:
    return printed[printed.index("# pip install") : printed.index("\n\nNo mail leaves")]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_printed_program_runs_and_the_sandbox_ends_cleanly(
    tmp_path: Path, number: signal.Signals
) -> None:
    data_dir = tmp_path / "data"
    with sandbox("--data-dir", str(data_dir)) as (process, printed):
        program = tmp_path / "example.py"
        program.write_text(example_of(printed))
        done = subprocess.run(
            [sys.executable, str(program)],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        assert re.match(r"qcloudses-30-\d+-date-\d{14}-\w{13}\n", done.stdout), done.stderr
        assert _log_in(printed) == "/console"
        process.send_signal(number)
        assert process.wait(TIMEOUT_S) == 0
        assert not (data_dir / "ready.json").exists()


def _log_in(printed: str) -> str:
    """Log in to the console as the sandbox says, and return where that leads."""
    said = dict(re.findall(r"(Console(?: \w+)?)  +(\S+)", printed))
    with httpx.Client() as client:
        page = client.get(f"{said['Console']}/log-in")
        form = {
            "csrf": re.findall(r'name="csrf" value="([^"]+)"', page.text)[0],
            "email": said["Console user"],
            "password": said["Console password"],
        }
        done = client.post(f"{said['Console']}/log-in", data=form)
        assert done.status_code == 303, done.text
        return done.headers["location"]


def test_a_data_directory_is_used_again(tmp_path: Path) -> None:
    programs = []
    for _ in range(2):
        with sandbox("--data-dir", str(tmp_path)) as (process, printed):
            programs.append(re.sub(r"127\.0\.0\.1:\d+", "", example_of(printed)))
            process.send_signal(signal.SIGTERM)
            assert process.wait(TIMEOUT_S) == 0
    assert programs[0] == programs[1]


NEW_DOMAIN = """
request = models.CreateEmailIdentityRequest()
request.EmailIdentity = "mine.example"
client.CreateEmailIdentity(request)
request = models.UpdateEmailIdentityRequest()
request.EmailIdentity = "mine.example"
assert client.UpdateEmailIdentity(request).VerifiedForSendingStatus
request = models.CreateEmailAddressRequest()
request.EmailAddress = "me@mine.example"
client.CreateEmailAddress(request)
print("ready")
"""


def test_the_records_of_new_domains_are_entered() -> None:
    with sandbox() as (process, printed):
        client = example_of(printed).partition("template = ")[0]
        done = subprocess.run(
            [sys.executable, "-c", client + NEW_DOMAIN],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        assert done.stdout == "ready\n", done.stderr
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0
