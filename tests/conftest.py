"""What holds for all tests."""

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.support.scheduling import Scheduling

LONGEST_ID = 8
"""Octets that are short enough to be the name of a case."""


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name cases of long octets by their argument.

    Archives hold the time of their making, and workers that collect at different seconds have to
    agree on the names of tests.
    """
    del config
    return argname if isinstance(val, bytes) and len(val) > LONGEST_ID else None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "Scheduling":
    """Hand tests to workers in groups of our own."""
    # Imported here, where the workers exist, since nothing else needs it.
    from tests.support.scheduling import Scheduling

    config.option.loadscopereorder = False
    return Scheduling(config, log)
