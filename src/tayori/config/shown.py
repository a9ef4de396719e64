"""Every setting with the value in force, as operators may see it: passwords are masked."""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from tayori.config.tree import Settings


def shown(tree: Settings) -> list[tuple[str, Any]]:
    """Return keys such as "http.listen" with their values, in the order of the settings."""
    values = msgspec.to_builtins(tree)
    values["database"]["url"] = _masked(values["database"]["url"])
    rows: list[tuple[str, Any]] = [("data_dir", values.pop("data_dir"))]
    for section, keys in values.items():
        rows += [(f"{section}.{key}", value) for key, value in keys.items()]
    return rows


def _masked(url: str) -> str:
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@") if password else url
