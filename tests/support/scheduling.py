"""Which tests go to one worker together: those that share something that is slow to start."""

from typing import Final

from xdist.scheduler import LoadScopeScheduling

TOGETHER: Final = ("tests/console/",)
"""Folders whose tests share one server and one browser."""
ALONE: Final = ("tests/scenario/",)
"""Folders whose tests take seconds each and share nothing, but for modules that share a server."""
SHARING: Final = frozenset(
    f"tests/scenario/test_{name}.py"
    for name in ("score", "smtp_clients", "quick_start", "send_with_the_sdk")
)


def scope_of(nodeid: str) -> str:
    """Return what a test belongs to: a folder, its module, or only itself."""
    module = nodeid.partition("::")[0]
    for folder in TOGETHER:
        if module.startswith(folder):
            return folder
    if module.startswith(ALONE) and module not in SHARING:
        return nodeid
    return module


class Scheduling(LoadScopeScheduling):
    """Hands tests to workers by `scope_of`, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)
