"""The local addresses that mail leaves from, each with the name that it says in EHLO."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """One sender in the eyes of the receivers.

    `ipv4` and `ipv6` are local addresses to bind, "" for none; with neither the system chooses the
    address. An empty `ehlo_name` stands for the name of the installation.
    """

    name: str
    ehlo_name: str = ""
    ipv4: str = ""
    ipv6: str = ""

    @property
    def bound(self) -> bool:
        """Tell whether connections are bound to an address of ours."""
        return bool(self.ipv4 or self.ipv6)

    def local_for(self, address: str) -> str | None:
        """Return the local address for a connection to `address`; None leaves it to the system."""
        return (self.ipv6 if ":" in address else self.ipv4) or None

    def reaches(self, address: str) -> bool:
        """Tell whether the source has an address of the same family as `address`."""
        return not self.bound or self.local_for(address) is not None


UNBOUND = Source("")
"""The source of an installation without any configured ones."""
