"""`tayori explain-bounce`: what a mail that came back means."""

from pathlib import Path
from typing import Annotated

import typer

from tayori.classify.current import BounceRules
from tayori.cli.files import read_file
from tayori.cli.options import AsJson, ConfigFile, settings
from tayori.cli.output import show
from tayori.inbound.autoreply_rules import AutoReplyRules
from tayori.inbound.model import Finding
from tayori.inbound.understand import understand

LARGEST = 50 * 1024 * 1024


def explain_bounce(
    file: Annotated[
        Path, typer.Argument(help="The mail as it came (.eml); - reads it from stdin.")
    ],
    *,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show whom a bounce, complaint or automatic answer is about, and what follows from it."""
    raw = read_file(file, LARGEST)
    data_dir = Path(settings(config).data_dir)
    found = understand(raw, BounceRules(data_dir).current, AutoReplyRules(data_dir).current)
    show([_row(finding) for finding in found], as_json=as_json)


def _row(finding: Finding) -> dict[str, object]:
    return {
        "recipient": finding.recipient,
        "kind": finding.kind.value,
        "class": finding.bounce_class.value if finding.bounce_class else "",
        "action": finding.action.value if finding.action else "",
        "status": finding.status,
        "reply": finding.reply,
    }
