"""The page `docs/events.md`, made from the vocabulary of events.

`python -m tayori.events.reference` prints it; a test tells when the file is old.
"""

import ast
import inspect
import itertools
import sys
from collections.abc import Iterator

from tayori.events import model
from tayori.events.model import PUBLIC, EventKind

_HEAD = """\
# Events

This page is generated: `python -m tayori.events.reference > docs/events.md`.

Whatever happens to a message or to one of its recipients is one event, written in the transaction
that makes it true: the event exists exactly when the change does. Public events are those that
customers hear of; the others explain a mail's fate to operators (`tayori explain`).
"""
_TAIL = """\
## Reading them

Events have numbers. A reader (statistics, callbacks) keeps the number that it is done with, in the
transaction of what it did, and reads on from there: it sees each event once, and none is skipped,
also when several transactions write at the same time. An event of a recipient comes behind the
events that were written before it.

## How long they stay

A mail, its recipients, attempts and events are deleted `retention.days` (90) after it was accepted,
once it has ended; its content is erased when it ends. Events that belong to no mail go by their own
age, and no event goes before every reader has seen it. That is done a few hundred rows at a time.
Statistics are counted apart and stay.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *_table(), _TAIL])


def _table() -> Iterator[str]:
    sentences = _sentences()
    yield "| event | who hears of it | what happened |"
    yield "|---|---|---|"
    for kind in EventKind:
        audience = "customers" if kind in PUBLIC else "operators"
        yield f"| `{kind.value}` | {audience} | {sentences[kind.name]} |"
    yield ""


def _sentences() -> dict[str, str]:
    """Return the sentence below each member of the vocabulary, by the member's name."""
    tree = ast.parse(inspect.getsource(model))
    (body,) = (
        node.body
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == EventKind.__name__
    )
    found = {}
    for member, sentence in itertools.pairwise(body):
        if isinstance(member, ast.Assign) and isinstance(sentence, ast.Expr):
            (target,) = member.targets
            text = ast.literal_eval(sentence.value)
            found[ast.unparse(target)] = " ".join(str(text).split())
    return found


if __name__ == "__main__":
    sys.stdout.write(page())
