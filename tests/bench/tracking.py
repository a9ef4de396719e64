"""What tracking costs per recipient: a mail of 20 kB HTML with 20 links, prepared per template."""

import time

from tayori.catalog.variables import VariableFault
from tayori.compose.content import compile_template
from tayori.compose.links import Linker, linked, marks
from tayori.compose.model import RecipeLinks

LINKS = 20
WORDS = "lorem ipsum " * 70


def tracking_s(rounds: int) -> float:
    """Return the seconds that links, pixel and footer add to filling one recipient's content."""
    rows = "".join(
        f"<p>Dear {{{{name}}}}, {WORDS}"
        f'<a class="b" href="https://shop.example/p/{n}?utm_source=mail&amp;id={n}">Buy</a></p>'
        for n in range(LINKS)
    )
    content = compile_template(f"<html><body>{rows}</body></html>", "")
    if isinstance(content, VariableFault):
        raise TypeError(content.sentence)
    links = RecipeLinks("https://t.example.org", True, True, 2, "mx.example.org")
    linker = Linker(links, 1_300_000_001, b"l" * 32)
    prepared = linked(content, linker)
    values = {"name": "Ms Mori"}
    began = time.process_time()
    for _ in range(rounds):
        content.fill(values)
    between = time.process_time()
    for number in range(rounds):
        prepared.fill(marks(prepared, linker, number, values))
    return (time.process_time() - between - (between - began)) / rounds
