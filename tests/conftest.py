"""What holds for all tests."""

import pytest

LONGEST_ID = 8
"""Octets that are short enough to be the name of a case."""


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name cases of long octets by their argument.

    Archives hold the time of their making, and workers that collect at different seconds have to
    agree on the names of tests.
    """
    del config
    return argname if isinstance(val, bytes) and len(val) > LONGEST_ID else None
