"""Which roles run in which process."""

from enum import StrEnum

from tayori.runtime.trouble import Trouble


class Role(StrEnum):
    """What `--roles` names; each is one job of the server."""

    API = "api"
    SUBMISSION = "submission"
    MX = "mx"
    CONSOLE = "console"
    DELIVERY = "delivery"
    BULK = "bulk"
    INBOUND = "inbound"
    CALLBACKS = "callbacks"
    STATS = "stats"
    SWEEP = "sweep"


class Kind(StrEnum):
    """A kind of process; doors answer strangers, so nothing slow shares their process."""

    DOORS = "doors"
    DELIVERY = "delivery"
    CHORES = "chores"


ROLES: dict[Kind, frozenset[Role]] = {
    Kind.DOORS: frozenset({Role.API, Role.SUBMISSION, Role.MX, Role.CONSOLE}),
    Kind.DELIVERY: frozenset({Role.DELIVERY}),
    Kind.CHORES: frozenset({Role.BULK, Role.INBOUND, Role.CALLBACKS, Role.STATS, Role.SWEEP}),
}
EVERY_ROLE = frozenset(Role)


class AlreadyRunningError(Trouble):
    """Another server uses the data directory."""


class RoleError(Trouble):
    """A role does not exist; the message lists those that do."""


def read_roles(text: str) -> frozenset[Role]:
    """Return the roles of a comma-separated list, all of them for ""; RoleError."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = {role.value for role in Role}
    for name in names:
        if name not in known:
            raise RoleError(f"There is no role {name!r}; known are {', '.join(sorted(known))}.")
    return frozenset(map(Role, names)) or EVERY_ROLE


def kinds_of(roles: frozenset[Role]) -> list[Kind]:
    """Return the kinds of process that have something to do."""
    return [kind for kind in Kind if ROLES[kind] & roles]
