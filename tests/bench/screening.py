"""What the rules at the door cost per mail, in CPU time: own content, values, and what comes again.

Run: python -m tests.bench.screening
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tayori.catalog.variables import VariableFault
from tayori.compose.content import compile_template
from tayori.config.screening import ScreeningSettings
from tayori.runtime.clock import SystemClock
from tayori.screen.mail import MailScreen
from tayori.screen.review import Reviewer

PARAGRAPH = (
    '<p style="margin:0 0 12px;color:#333">Hello Ann, your order {n} has shipped and will arrive on '
    "Thursday. Thank you for buying from our small shop near the harbour; write to us when "
    "something is missing.</p>"
)
ROW = (
    '<tr><td style="padding:4px"><a href="https://shop.example.org/item/{n}?ref=mail">Lamp {n}</a>'
    '</td><td style="text-align:right">12.00 EUR</td></tr>'
)
TEXT = "Hello Ann, your order has shipped and will arrive on Thursday. Thank you for it.\n" * 62


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Seconds of CPU per mail: 5 kB of HTML with 12 links, 5 kB of text, values of a template."""

    html: float
    text: float
    again: float
    values: float


def costs(rounds: int) -> Costs:
    """Measure; each mail of the first two is another one, so nothing is remembered."""
    screen = MailScreen(Reviewer(), ScreeningSettings(), SystemClock())
    return Costs(
        html=_each(rounds, lambda n: screen.content("Your order", _html(n), "")),
        text=_each(rounds, lambda n: screen.content(f"Order {n}", "", TEXT)),
        again=_each(rounds, lambda _: screen.content("Order", "", TEXT)),
        values=_values_s(screen, rounds),
    )


def _html(number: int) -> str:
    paragraphs = "".join(PARAGRAPH.format(n=number + n) for n in range(13))
    rows = "".join(ROW.format(n=number + n) for n in range(12))
    return (
        "<html><body><div style='display:none'>Your order is on its way</div>"
        f"{paragraphs}<table>{rows}</table></body></html>"
    )


def _values_s(screen: MailScreen, rounds: int) -> float:
    content = compile_template(
        '<p>Dear {{name}}, <a href="{{link}}">your order</a> {{number}} is on its way.</p>', ""
    )
    if isinstance(content, VariableFault):
        raise TypeError(content.sentence)
    parts = (content.html, content.text)

    async def look(number: int) -> object:
        link = f"https://www.shop.example/order/{number}?from=mail"
        values = {"name": "Ms Mori", "link": link, "number": str(number)}
        return screen.values((1, 1), parts, values, subject="Your order", domain="shop.example")

    return _each(rounds, look)


def _each(rounds: int, look: Callable[[int], Awaitable[object]]) -> float:
    """Return the seconds of one call; AssertionError when something is found."""

    async def run() -> float:
        await look(0)
        began = time.process_time()
        for number in range(1, rounds + 1):
            if await look(number):
                raise AssertionError("An honest mail was refused.")
        return (time.process_time() - began) / rounds

    return asyncio.run(run())


def main() -> None:
    """Measure and print."""
    found = costs(1_000)
    for name in ("html", "text", "again", "values"):
        sys.stdout.write(f"{name}: {getattr(found, name) * 1e6:.1f} µs\n")


if __name__ == "__main__":
    main()
