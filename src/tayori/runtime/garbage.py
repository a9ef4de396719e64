"""How often Python looks for reference cycles in a process that serves for a long time."""

import gc

YOUNG = 20_000
"""New containers between two looks; a busy process makes that many in some ten milliseconds."""
MIDDLE = 20
OLD = 20


def spare_the_lasting() -> None:
    """Leave out of every later look what lives as long as the process, and look more rarely.

    Called once all parts have started. Mails make next to no cycles, so with Python's own numbers
    a tenth of a door's time went into looking at the same modules, statements and rules again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
