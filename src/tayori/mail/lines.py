"""Lines of text as octets, each ending in CRLF."""


def has_long_line(content: bytes, limit: int) -> bool:
    """Tell whether a line is longer than `limit` octets, its CRLF not counted."""
    start = 0
    last = len(content) - (2 if content.endswith(b"\r\n") else 0)
    while last - start > limit:
        end = content.rfind(b"\r\n", start, start + limit + 2)
        if end < 0:
            return True
        start = end + 2
    return False
