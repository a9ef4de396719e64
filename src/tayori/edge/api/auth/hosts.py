"""The host names for which a client may have signed a request.

SDKs sign the endpoint they were configured with, with or without its port, or a fixed name of the
original service; the Host header need not be the same (wire facts 1.6).
"""

from functools import lru_cache


@lru_cache(maxsize=256)
def signing_hosts(host: bytes, aliases: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """Return the hosts to try, the likeliest first: as received, without port, then `aliases`."""
    bare = _without_port(host)
    tried = [host, bare, host.lower(), bare.lower(), *aliases]
    return tuple(dict.fromkeys(name for name in tried if name))


def _without_port(host: bytes) -> bytes:
    name, colon, port = host.rpartition(b":")
    # An IPv6 address without a port ends with its bracket, so what follows its last colon does too.
    return name if colon and port.isdigit() else host
