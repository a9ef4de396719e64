"""Rules for the tests themselves: they can fail, they never wait for time to pass, none is left out."""

import ast

from tests.repo.tree import name_of, parsed, python_files

SKIPS = {"skip", "skipif", "xfail", "importorskip"}


def _tests() -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef, set[str]]]:
    """Return every test with its file's name and the names of the file's checking functions."""
    found = []
    for file in python_files("tests"):
        if not file.name.startswith("test_"):
            continue
        functions = [
            node
            for node in ast.walk(parsed(file))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        ]
        checking = {node.name for node in functions if _asserts(node)}
        found += [
            (name_of(file), node, checking) for node in functions if node.name.startswith("test_")
        ]
    return found


def _asserts(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Assert) for part in ast.walk(node))


def _calls(node: ast.AST) -> set[str]:
    return {
        ast.unparse(part.func).rpartition(".")[2]
        for part in ast.walk(node)
        if isinstance(part, ast.Call)
    }


def _can_fail(node: ast.AST, checking: set[str]) -> bool:
    calls = _calls(node)
    if _asserts(node) or calls & checking or calls & {"raises", "fail", "warns"}:
        return True
    # Checks that several files share carry their assertions or bounds, and their names say so.
    return any(
        call.startswith(("assert_", "check_", "expect", "until", "within")) for call in calls
    )


def test_every_test_can_fail() -> None:
    idle = [
        f"{name} {node.name}" for name, node, checking in _tests() if not _can_fail(node, checking)
    ]
    assert not idle


def test_no_test_sleeps() -> None:
    sleeping = []
    for file in python_files("tests"):
        for node in ast.walk(parsed(file)):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("sleep"):
                continue
            given = node.args[0] if node.args else None
            if not (isinstance(given, ast.Constant) and given.value == 0):
                sleeping.append(f"{name_of(file)}:{node.lineno}")
    assert not sleeping


def test_no_test_is_left_out() -> None:
    skipped = [
        f"{name_of(file)}:{node.lineno}"
        for file in python_files("tests")
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.Attribute) and node.attr in SKIPS
        if ast.unparse(node).startswith("pytest")
    ]
    assert not skipped


def test_no_mocks() -> None:
    mocking = [
        name_of(file)
        for file in python_files("tests")
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unittest.mock")
    ]
    assert not mocking
