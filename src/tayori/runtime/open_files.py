"""How many connections a process may have open."""

import resource


def permit_open_files() -> int:
    """Raise the soft limit of open files to the hard one and return it; children inherit it.

    Systems start programs with 1,024 for the sake of old ones that cannot count further.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
