"""`make bench`: every budget that can be measured so far, in one run, as one table.

Machines differ and are shared, so the table shows ratios, and what the two operations that no code
of ours can change cost here: an RSA-2048 signature and a durable write. Run: make bench
[ARGS="--scale 0.5"].
"""

import argparse
import asyncio
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table
from tests.bench import accept, latency, screening, submission
from tests.bench.drain import Way, drain, rsa_s
from tests.bench.tracking import tracking_s

from tayori.compose.build import Capabilities, build
from tayori.compose.content import compile_template
from tayori.compose.model import Recipe, RecipeMailbox
from tayori.mail.dkim import RsaSigner, generate_rsa

RSA_S_OF_BUDGETS = 0.000_25
"""Seconds of an RSA-2048 signature on the machine that the budgets were set on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One figure. `more_is_better` tells which way the budget looks."""

    what: str
    measured: float
    unit: str
    budget: float = 0.0
    more_is_better: bool = True

    @property
    def ratio(self) -> str:
        """Return how far the figure is from its budget; 1.0 and above keeps it."""
        if not self.budget or not self.measured:
            return ""
        good = self.measured / self.budget
        return f"{good if self.more_is_better else 1 / good:.2f}"


def compose_s(rounds: int) -> float:
    """Return the seconds of composing and signing one mail of 5 kB from a template."""
    content = compile_template("<p>Dear {{name}}</p>" + "<p>Some words of a mail.</p>" * 170, "")
    recipe = Recipe(
        public_id="bench-1",
        app_id=1,
        identity_id=1,
        domain="shop.test",
        date_at=1_790_000_000_000,
        rfc_message_id="<bench-1@shop.test>",
        header_from=RecipeMailbox("news@shop.test", "Shop"),
        subject="Your order",
        to=(RecipeMailbox("a@x.test"),),
        template=(1, 1),
        values={"name": "Ms Mori"},
    )
    signer = RsaSigner(pem=generate_rsa(2048).pem, domain="shop.test", selector="s")
    began = time.process_time()
    for number in range(rounds):
        build(
            recipe,
            content,  # type: ignore[arg-type]
            recipient_id=number,
            signers=[signer],
            token_key=b"k" * 32,
            capabilities=Capabilities(),
        )
    return (time.process_time() - began) / rounds


def flush_s(folder: Path, rounds: int = 300) -> float:
    """Return the seconds of one durable write of 8 kB."""
    with (folder / "flush").open("wb", buffering=0) as file:
        began = time.perf_counter()
        for _ in range(rounds):
            file.write(b"x" * 8_192)
            os.fdatasync(file.fileno())
        return (time.perf_counter() - began) / rounds


async def _api(calls: int, doors: int) -> list[Line]:
    nobody, everything = accept.processes(doors), accept.processes(doors, delivery=2)
    with tempfile.TemporaryDirectory() as folder:
        full = await accept.measure("accept", Path(folder), nobody, calls)
    with tempfile.TemporaryDirectory() as folder:
        half = await accept.measure(
            "half", Path(folder), nobody, calls // 2, pace=full.accepted_per_s / 2
        )
    with tempfile.TemporaryDirectory() as folder:
        through = await accept.measure("through", Path(folder), everything, calls, delivering=True)
    return [
        Line(what="API calls accepted", measured=full.accepted_per_s, unit="/s", budget=4_000),
        Line(what="  CPU per 1,000 calls", measured=full.cpu_s_per_1000, unit="s"),
        Line(
            what="  p99 at half that load",
            measured=half.p99_ms,
            unit="ms",
            budget=50,
            more_is_better=False,
        ),
        Line(
            what="API in, delivered (RSA-2048)",
            measured=through.delivered_per_s,
            unit="/s",
            budget=1_600,
        ),
        Line(
            what="  CPU per 1,000 mails",
            measured=through.cpu_s_per_1000,
            unit="s",
            budget=1.0,
            more_is_better=False,
        ),
        Line(
            what="  largest process",
            measured=max(full.peak_mib, through.peak_mib),
            unit="MiB",
            budget=200,
            more_is_better=False,
        ),
    ]


async def _screening(rounds: int) -> list[Line]:
    # In a thread, because it runs a loop of its own.
    found = await asyncio.to_thread(screening.costs, rounds)
    return [
        Line(
            what="Rules at the door, 5 kB of HTML of its own",
            measured=found.html * 1e6,
            unit="µs",
            budget=250,
            more_is_better=False,
        ),
        Line(what="  5 kB of text", measured=found.text * 1e6, unit="µs"),
        Line(what="  the same content again", measured=found.again * 1e6, unit="µs"),
        Line(
            what="  values of a template",
            measured=found.values * 1e6,
            unit="µs",
            budget=25,
            more_is_better=False,
        ),
    ]


async def _smtp(mails: int, doors: int) -> list[Line]:
    lines = []
    for result in await submission.measure(mails, doors=doors):
        kept = "connection per" not in result.name
        budget = (4_500 if kept else 2_500) if result.name.startswith("20 ") else 0
        lines += [
            Line(
                what=f"SMTP, {result.name}",
                measured=result.accepted_per_s,
                unit="/s",
                budget=budget,
            ),
            Line(
                what="  Postfix in the same run (budget: twice it)",
                measured=result.postfix_per_s,
                unit="/s",
            ),
            Line(what="  CPU per 1,000 mails", measured=result.cpu_s_per_1000, unit="s"),
        ]
    return lines


async def _drains(mails: int) -> list[Line]:
    lines = []
    for name, way, budget in (
        ("Drain, two processes", Way(mails=mails), 2_800),
        ("Drain, two processes, STARTTLS", Way(mails=mails, tls=True), 2_400),
        ("Drain, two processes, unsigned", Way(mails=mails, signed=False), 0),
        ("Drain, one process", Way(mails=mails, processes=1), 0),
        ("Drain, short, for 40 sites", Way(mails=mails // 2, receivers=40), 0),
    ):
        with tempfile.TemporaryDirectory() as folder:
            drained = await drain(way, Path(folder))
        lines += [
            Line(what=name, measured=drained.mails_per_s, unit="/s", budget=budget),
            Line(what="  CPU per 1,000 mails", measured=drained.cpu_s_per_1000, unit="s"),
        ]
    return lines


async def _trigger(mails: int) -> list[Line]:
    with tempfile.TemporaryDirectory() as folder:
        times = await latency.measure(mails, Path(folder), "")
    idle, loaded = times["idle"], times["loaded"]
    return [
        Line(
            what="Trigger mail to the receiver, p50 at rest",
            measured=idle[len(idle) // 2],
            unit="ms",
            budget=15,
            more_is_better=False,
        ),
        Line(
            what="  p99 beside other mail",
            measured=loaded[len(loaded) * 99 // 100],
            unit="ms",
            budget=1_000,
            more_is_better=False,
        ),
    ]


async def measure_all(scale: float, doors: int) -> list[Line]:
    """Return all figures; `scale` says how much is sent, 1.0 is usual."""
    with tempfile.TemporaryDirectory() as folder:
        flush = flush_s(Path(folder))
    signature, composing = rsa_s(), compose_s(max(50, int(500 * scale)))
    slower = signature / RSA_S_OF_BUDGETS
    return [
        Line(what="RSA-2048 signature here", measured=signature * 1e6, unit="µs"),
        Line(what="  times the machine of the budgets", measured=slower, unit="×"),
        Line(what="Durable write of 8 kB here", measured=flush * 1e6, unit="µs"),
        Line(
            what="Tracking, 20 kB HTML with 20 links",
            measured=tracking_s(max(50, int(1_000 * scale))) * 1e6,
            unit="µs",
            budget=150,
            more_is_better=False,
        ),
        Line(
            what="Compose and sign one mail",
            measured=composing * 1e6,
            unit="µs",
            budget=350,
            more_is_better=False,
        ),
        Line(what="  without the signature", measured=(composing - signature) * 1e6, unit="µs"),
        *await _screening(max(50, int(1_000 * scale))),
        *await _api(int(6_000 * scale), doors),
        *await _smtp(int(4_000 * scale), doors),
        *await _drains(int(3_000 * scale)),
        *await _trigger(max(20, int(100 * scale))),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="how much to send, 1.0 = usual")
    parser.add_argument("--doors", type=int, default=1, help="processes that take calls and mails")
    given = parser.parse_args()
    lines = asyncio.run(measure_all(given.scale, given.doors))
    table = Table("what", "measured", "unit", "budget", "kept (1 = all)", box=None)
    for line in lines:
        budget = f"{line.budget:,.0f}" if line.budget else ""
        table.add_row(line.what, f"{line.measured:,.1f}", line.unit, budget, line.ratio)
    Console(highlight=False, width=100).print(table)


if __name__ == "__main__":
    main()
