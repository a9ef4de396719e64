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


def page() -> str:
    """Return the whole page."""
    return "\n".join([_HEAD, *_table()])


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
