"""The shape of the code: sizes, names, and who may touch what."""

import ast

from tests.repo.tree import imported, name_of, parsed, python_files

MOST_LINES = 400
MOST_FUNCTION_LINES = 50
NAMELESS = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
LONG_FILES = {
    # A migration is a list of tables; it is read once and never changed.
    "src/tayori/db/migrations/versions/0001_the_first_schema.py",
}
LONG_FUNCTIONS = {
    # The statements of one migration belong together.
    "src/tayori/db/migrations/versions/",
    # One line for each verb that pages ask; in parts it would only be harder to look through.
    "src/tayori/app/console.py",
}
OPENERS = ("src/tayori/app/", "src/tayori/cli/", "src/tayori/db/")
"""Rooms that open the database; in all others only stores touch it."""


def test_files_are_small() -> None:
    long = {
        name_of(file): lines
        for file in python_files("src")
        if (lines := len(file.read_text().splitlines())) > MOST_LINES
    }
    assert not {name: lines for name, lines in long.items() if name not in LONG_FILES}


def test_functions_are_short() -> None:
    long = [
        f"{name_of(file)}:{node.lineno} {node.name} has {length} lines"
        for file in python_files("src")
        if not name_of(file).startswith(tuple(LONG_FUNCTIONS))
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or 0) - node.lineno + 1) > MOST_FUNCTION_LINES
    ]
    assert not long


def test_modules_are_named_for_what_they_do() -> None:
    files = python_files("src") + python_files("tests")
    nameless = [name_of(file) for file in files if file.stem in NAMELESS]
    assert not nameless


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name_of(file)
        for file in python_files("src")
        if not ast.get_docstring(parsed(file)) and file.name != "__main__.py"
    ]
    assert not silent


def _is_store(stem: str) -> bool:
    return stem in {"store", "statements", "intake"} or stem.endswith(("_store", "_statements"))


def test_only_stores_touch_tables() -> None:
    touching = [
        f"{name_of(file)} imports {module}"
        for file in python_files("src")
        if not name_of(file).startswith(OPENERS) and not _is_store(file.stem)
        for module in sorted(imported(file))
        if module.startswith(("tayori.db.tables", "tayori.db.statement", "sqlalchemy"))
    ]
    assert not touching
