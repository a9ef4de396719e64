"""Running the sandbox until it is told to stop, and what it prints for developers."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from tayori.cli.trial import PERSON, SENDER, Ports, Trial, TrialError, trial
from tayori.runtime.service import stop_on_signals
from tayori.sandbox.server_process import ServerFailedError

EXAMPLE = """\
# pip install tencentcloud-sdk-python-ses
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ses.v20201002 import models
from tencentcloud.ses.v20201002.ses_client import SesClient

profile = ClientProfile(httpProfile=HttpProfile(protocol="http", endpoint="{endpoint}"))
client = SesClient(Credential("{secret_id}", "{secret_key}"), "ap-guangzhou", profile)

template = models.Template()
template.TemplateID = {template_id}
template.TemplateData = '{{"name": "Aiko", "order": "10382"}}'
request = models.SendEmailRequest()
request.FromEmailAddress = "{sender}"
request.Destination = ["aiko@example.com"]
request.Subject = "Your order is on its way"
request.Template = template
print(client.SendEmail(request).MessageId)
"""


def run_to_end(work: Coroutine[Any, Any, int]) -> int:
    """Run a command to its end; known trouble is a sentence on stderr and status 1."""
    console = Console(stderr=True)
    try:
        return asyncio.run(work)
    except (TrialError, ServerFailedError) as error:
        console.print(str(error), style="red", markup=False, highlight=False)
    except OSError as error:
        sentence = f"The sandbox cannot start: {error.strerror or error}."
        console.print(sentence, style="red", markup=False, highlight=False)
    return 1


async def run_sandbox(data_dir: Path | None, ports: Ports, public_url: str = "") -> int:
    """Run the sandbox until a signal; return the status of the command."""
    console = Console()
    stopping = asyncio.Event()
    stop_on_signals(stopping)
    starting = console.status("Starting the sandbox …")
    starting.start()
    try:
        async with trial(data_dir, ports, public_url) as found:
            starting.stop()
            show(console, found)
            await until_stopped(found, stopping)
            console.print("Stopping …")
    finally:
        starting.stop()
    return 0


async def until_stopped(found: Trial, stopping: asyncio.Event) -> None:
    """Return at a signal; ServerFailedError when the server ends by itself."""
    signalled = asyncio.create_task(stopping.wait())
    ended = asyncio.create_task(found.server.ended())
    await asyncio.wait({signalled, ended}, return_when=asyncio.FIRST_COMPLETED)
    for task in (signalled, ended):
        task.cancel()
    if not stopping.is_set():
        raise ServerFailedError(found.server.failure())


def show(console: Console, found: Trial) -> None:
    """Print what to paste into an SDK."""
    table = addresses(found)
    console.print(Panel(table, title="Tayori sandbox", title_align="left", border_style="blue"))
    values = {
        "endpoint": found.endpoint,
        "secret_id": found.secret_id,
        "secret_key": found.secret_key,
        "template_id": found.template_id,
        "sender": found.sender,
    }
    console.print("A complete example in Python; paste it into a file and run it:\n")
    if console.is_terminal:
        program = Syntax(EXAMPLE.format(**values), "python", background_color="default")
        console.print(program)
    else:
        # Not through a renderer: what is piped into a file must be the program, octet for octet.
        console.file.write(EXAMPLE.format(**values))
    console.print("\nNo mail leaves this machine. End with Ctrl-C.", style="dim")


def addresses(found: Trial) -> Table:
    """Return what a developer needs, a line each."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    rows = [
        ("Inbox", found.world.inbox_url),
        ("Console", found.console_url),
        ("Console user", PERSON),
        ("Console password", found.console_password),
        ("Endpoint", f"{found.endpoint}  (protocol http)"),
        ("SecretId", found.secret_id),
        ("SecretKey", found.secret_key),
        ("Sender", found.sender),
        ("TemplateID", f"{found.template_id}  (variables: name, order)"),
    ]
    if found.addresses.submission:
        rows.append(("SMTP", f"{found.addresses.submission}  (STARTTLS, self-signed)"))
        rows.append(("SMTP user", SENDER))
        rows.append(("SMTP password", found.smtp_password))
    if found.addresses.mx:
        rows.append(("Score", "CreateScoreAddress returns an address; a mail to it is scored"))
    rows.append(("Server log", str(found.server.log_file)))
    for name, value in rows:
        table.add_row(name, Text(value))
    return table
