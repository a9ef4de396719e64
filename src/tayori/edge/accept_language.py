"""What languages a client asks for, as its Accept-Language header says (RFC 9110 12.5.4)."""

from typing import Final

_MOST_TAGS: Final = 20
"""Tags that are looked at; the header is a stranger's."""


def tags_by_weight(header: str) -> list[str]:
    """Return the language tags in lower case, those wanted most first; unwanted ones left out."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")[:_MOST_TAGS]):
        tag, _, parameter = part.strip().lower().partition(";")
        weight = _weight(parameter)
        if tag.strip() and weight > 0:
            wanted.append((-weight, place, tag.strip()))
    return [tag for _, _, tag in sorted(wanted)]


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
