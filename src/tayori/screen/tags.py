"""Whether the tags of HTML fit together, as far as mail programs need them to (pure)."""

import re
from typing import Final

_TAG: Final = re.compile(
    r"<!--.*?-->|<(/?)([a-z][a-z0-9]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>",
    re.IGNORECASE | re.DOTALL,
)
_MATTERS: Final = frozenset({"a", "div", "table", "tr", "td", "th", "style", "b", "strong", "span"})
"""Elements that break what follows when they are not closed; `p` and `li` close themselves."""
_OPEN_ANGLE: Final = re.compile(r"<(?:/?[a-z][a-z0-9]*)(?:\s[^<>]*)?(?=<|$)", re.IGNORECASE)


def tag_fault(html: str) -> str:
    """Return the first tag that does not fit, such as `</td>` or `<a>`, or "" when all do.

    A mail program repairs a stray `</p>`; a table that never ends swallows the footer, and a tag
    whose quotes or brackets do not close swallows text.
    """
    opened: list[str] = []
    for match in _TAG.finditer(html):
        name = (match[2] or "").lower()
        if name not in _MATTERS or (match[3] or "").rstrip().endswith("/"):
            continue
        if not match[1]:
            opened.append(name)
        elif name in opened:
            while opened and opened[-1] != name:
                stray = opened.pop()
                if stray not in {"tr", "td", "th"}:
                    return f"<{stray}>"
            opened.pop()
        else:
            return f"</{name}>"
    left = [name for name in opened if name not in {"tr", "td", "th"}]
    if left:
        return f"<{left[0]}>"
    broken = _OPEN_ANGLE.search(_TAG.sub(" ", html))
    return broken[0][:40] if broken else ""
