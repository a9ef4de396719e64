"""What the types alone cannot tell about sources and pools."""

import ipaddress
import re
from collections.abc import Iterable
from datetime import date

from tayori.config.delivery import DeliverySettings, PoolSettings, SourceSettings

_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9-]+)*\Z")


def trouble_with_sources(delivery: DeliverySettings) -> str:
    """Return a sentence for the operator on the first mistake, "" when there is none."""
    names = [source.name for source in delivery.sources]
    troubles = [
        _twice("source", names),
        *(_source(source) for source in delivery.sources),
        _twice("address", [a for s in delivery.sources for a in (s.ipv4, s.ipv6) if a]),
        _twice("pool", [pool.name for pool in delivery.pools]),
        *(_pool(pool, names) for pool in delivery.pools),
        _default(delivery),
    ]
    return next(filter(None, troubles), "")


def _twice(what: str, names: Iterable[str]) -> str:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return f"In delivery.sources and delivery.pools, the {what} {name} stands twice."
        seen.add(name)
    return ""


def _source(source: SourceSettings) -> str:
    where = f"The source {source.name} in delivery.sources"
    if not (source.ipv4 or source.ipv6):
        return f"{where} needs an address: ipv4, ipv6 or both."
    for key, text, version in (("ipv4", source.ipv4, 4), ("ipv6", source.ipv6, 6)):
        if text and not _usable(text, version):
            return f"{where} has {key} = {text!r}, which is no single IPv{version} address."
    if source.ehlo_name and not _HOST_NAME.match(source.ehlo_name):
        return f"{where} has ehlo_name = {source.ehlo_name!r}, which is no host name."
    if source.warmup_start:
        try:
            date.fromisoformat(source.warmup_start)
        except ValueError:
            return f"{where} has warmup_start = {source.warmup_start!r}; a day is like 2026-11-24."
    return ""


def _usable(text: str, version: int) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    return address.version == version and not (address.is_unspecified or address.is_multicast)


def _pool(pool: PoolSettings, names: list[str]) -> str:
    if pool.name == "none":
        return "A pool in delivery.pools cannot be named none; that word takes a pool away."
    unknown = next((member for member in pool.members if member not in names), None)
    if unknown is None:
        return ""
    known = f"Known are: {', '.join(names)}." if names else "There are none in delivery.sources."
    return (
        f"The pool {pool.name} in delivery.pools names a source {unknown} that is unknown. {known}"
    )


def _default(delivery: DeliverySettings) -> str:
    pools = [pool.name for pool in delivery.pools]
    if not delivery.default_pool or delivery.default_pool in pools:
        return ""
    return f"delivery.default_pool is {delivery.default_pool}, and no pool in delivery.pools is."
