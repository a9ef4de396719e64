"""Rules for the tests themselves: they can fail, they never wait for time to pass, none is left out."""

import ast

from tests.repo.tree import name_of, parsed, python_files

SKIPS = {"skip", "skipif", "xfail", "importorskip"}


def _tests() -> list[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    return [
        (name_of(file), node)
        for file in python_files("tests")
        if file.name.startswith("test_")
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]


def _calls(node: ast.AST) -> list[str]:
    return [
        ast.unparse(part.func).rpartition(".")[2]
        for part in ast.walk(node)
        if isinstance(part, ast.Call)
    ]


def _can_fail(node: ast.AST) -> bool:
    if any(isinstance(part, ast.Assert) for part in ast.walk(node)):
        return True
    # Checks that several tests share carry their assertions, and their names say so.
    return any(
        call in {"raises", "fail", "warns"}
        or call.lstrip("_").startswith(("assert_", "check_", "expect"))
        for call in _calls(node)
    )


def test_every_test_can_fail() -> None:
    idle = [f"{name} {node.name}" for name, node in _tests() if not _can_fail(node)]
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
