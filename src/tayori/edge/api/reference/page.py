"""Writes docs/api.md from the actions as they are registered.

Run: python -m tayori.edge.api.reference.page > docs/api.md
"""

import json
import sys
from collections.abc import Iterator

import msgspec

from tayori.edge.api.actions.registry import ROWS, Row
from tayori.edge.api.call import Kind
from tayori.edge.api.reference.model import FieldOf, examples, fields_of, resource, response_of

DAY = "2026-11-24"
"""What "{today}" is on the page."""
_SCOPES = {Kind.READ: "read", Kind.WRITE: "full", Kind.SEND: "send"}


def page() -> str:
    """Return the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield resource("opening.txt").decode()
    yield from _contents()
    for row in ROWS:
        yield from _action(row)


def _contents() -> Iterator[str]:
    yield "| action | what it is about |"
    yield "|---|---|"
    for row in ROWS:
        yield f"| [{row.name}](#{row.name.lower()}) | {_about(row)} |"
    yield ""


def _about(row: Row) -> str:
    return (row.request.__doc__ or "").strip().splitlines()[0].replace("|", "\\|")


def _action(row: Row) -> Iterator[str]:
    yield f"## {row.name}"
    yield ""
    yield f"{_about(row)} {_needed(row)}"
    yield ""
    if fields_of(row.request):
        yield "| parameter | type | needed | meaning |"
        yield "|---|---|---|---|"
        yield from _requested(row.request, "")
        yield ""
    answered = list(_answered(response_of(row), ""))
    if answered:
        yield "| answer | type | meaning |"
        yield "|---|---|---|"
        yield from answered
        yield ""
    for example in examples():
        if example.action == row.name:
            yield from _json(example.body)
            yield from _json({"Response": example.answer})


def _needed(row: Row) -> str:
    if row.kind is Kind.REVIEW:
        return "Only a credential of scope `review` may, which operators make."
    return f"A credential of scope `{_SCOPES[row.kind]}` is enough."


def _requested(structure: type[msgspec.Struct], prefix: str) -> Iterator[str]:
    for field in fields_of(structure):
        needed = "yes" if field.required else ""
        yield f"| `{prefix}{field.name}` | {field.kind} | {needed} | {field.sentence} |"
        if field.inner is not None:
            yield from _requested(field.inner, f"{_path(prefix, field)}.")


def _answered(structure: type[msgspec.Struct], prefix: str) -> Iterator[str]:
    for field in fields_of(structure):
        yield f"| `{prefix}{field.name}` | {field.kind} | {field.sentence} |"
        if field.inner is not None:
            yield from _answered(field.inner, f"{_path(prefix, field)}.")


def _path(prefix: str, field: FieldOf) -> str:
    return f"{prefix}{field.name}" + ("[]" if field.kind.startswith("list") else "")


def _json(shown: object) -> Iterator[str]:
    yield "```json"
    yield json.dumps(shown, ensure_ascii=False, indent=2).replace("{today}", DAY)
    yield "```"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(page())
