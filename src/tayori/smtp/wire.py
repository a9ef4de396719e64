"""The octets of SMTP: replies and content, as incremental byte machines.

Nothing here does input or output. A reader takes octets in any cut and gives the same values; it
never grows beyond its bound and never raises on a stranger's octets: it says `error` and stops.
"""

import re
from functools import lru_cache

from tayori.mail.reply import Reply, reply_from_lines

MAX_REPLY = 128 * 1024
"""Octets of one reply, all its lines together, that a client reads before it gives up."""

_CACHED_REPLIES = 64
_CACHED_LENGTH = 128
_CODE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_BARE = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class ReplyReader:
    """Reads a server's replies (RFC 5321 4.2.1), tolerating bare LF and very long lines.

    After a line that is no reply, or a reply beyond MAX_REPLY, `error` is set and `feed` returns
    nothing more; the replies before it are still returned.
    """

    __slots__ = ("_known", "_lines", "_rest", "_size", "error")

    def __init__(self) -> None:
        self.error = ""
        self._rest = b""
        self._lines: list[str] = []
        self._size = 0
        self._known: dict[bytes, Reply] = {}

    @property
    def partial(self) -> bool:
        """Tell whether the beginning of a reply is waiting for its end."""
        return bool(self._rest or self._lines)

    def clear(self) -> None:
        """Forget what was read of an unfinished reply (before a TLS handshake)."""
        self._rest = b""
        self._lines = []
        self._size = 0

    def feed(self, data: bytes) -> list[Reply]:
        """Take octets; return the replies that they complete, in order."""
        if self.error:
            return []
        lines = (self._rest + data if self._rest else data).split(b"\n")
        self._rest = lines.pop()
        replies: list[Reply] = []
        for line in lines:
            reply = None if self._lines else self._known.get(line)
            if reply is None:
                reply = self._take(line)
            if reply is not None:
                replies.append(reply)
            elif not self._lines:  # Nothing to go on with: `_take` set `error`.
                self.clear()
                return replies
        if self._size + len(self._rest) > MAX_REPLY:
            self.error = f"reply longer than {MAX_REPLY} octets"
            self.clear()
        return replies

    def _take(self, line: bytes) -> Reply | None:
        """Add one line; return the reply that it ends, if it does."""
        match = _CODE.fullmatch(line[:-1] if line.endswith(b"\r") else line)
        self._size += len(line) + 1
        if match is None:
            self._lines = []
            self.error = f"not an SMTP reply: {_printable(line[:80])!r}"
            return None
        if self._size > MAX_REPLY:
            self._lines = []
            self.error = f"reply longer than {MAX_REPLY} octets"
            return None
        code, separator, text = match.groups()
        self._lines.append(_printable(text or b""))
        if separator == b"-":
            return None
        reply = reply_from_lines(int(code), self._lines)
        if len(self._lines) == 1 and len(line) <= _CACHED_LENGTH:
            if len(self._known) >= _CACHED_REPLIES:
                self._known.clear()
            self._known[line] = reply
        self._lines = []
        self._size = 0
        return reply


def _printable(text: bytes) -> str:
    """Decode a reply's text; no control character survives into logs and pages."""
    decoded = text.decode("utf-8", "replace")
    if decoded.isprintable():
        return decoded
    return "".join(char if char.isprintable() else " " if char == "\t" else "�" for char in decoded)


@lru_cache(maxsize=512)
def encode_reply(reply: Reply) -> bytes:
    """Write a server's reply, each line with code and enhanced code (RFC 2034 4).

    The text cannot inject a line: controls become "?". Enhanced codes are left out of 3yz replies
    and wherever `enhanced` is empty.
    """
    prefix = f"{reply.enhanced} " if reply.enhanced else ""
    lines = [_one_line(prefix + line) for line in reply.lines] or [prefix.rstrip()]
    head = "".join(f"{reply.code}-{line}\r\n" for line in lines[:-1])
    return f"{head}{reply.code} {lines[-1]}\r\n".encode("utf-8", "replace")


def _one_line(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "?" for char in text)


def has_bare_line_end(content: bytes) -> bool:
    """Tell whether a CR or LF stands alone, which RFC 5321 2.3.8 forbids."""
    # Blanking out the pairs costs half as much as counting CR, LF and CRLF.
    rest = content.replace(b"\r\n", b"  ")
    return b"\n" in rest or b"\r" in rest


def stuff(content: bytes) -> bytes:
    """Return content as it travels after DATA, without the final dot (RFC 5321 4.5.2).

    It ends with CRLF unless empty. A bare CR or LF becomes CRLF, so that no receiver can read an
    end of data into the content that we did not put there.
    """
    if has_bare_line_end(content):
        content = _BARE.sub(b"\r\n", content)
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    if content.startswith(b"."):
        content = b"." + content
    return content.replace(b"\r\n.", b"\r\n..")


def unstuff(content: bytes) -> bytes:
    """Undo `stuff` on content that has only CRLF line ends."""
    if content.startswith(b"."):
        content = content[1:]
    return content.replace(b"\r\n.", b"\r\n")


class DotReader:
    """Reads content after DATA up to <CRLF>.<CRLF>, strictly (RFC 5321 4.1.1.4).

    Only the five octets CR LF "." CR LF end the content, so that <LF>.<CRLF>, <LF>.<LF> and the
    like are content. Beyond `limit` octets nothing is kept any more, but the end is still found.
    """

    __slots__ = ("_buffer", "_limit", "_searched", "size")

    def __init__(self, limit: int) -> None:
        self.size = 0
        """Octets taken so far, as they travelled."""
        self._limit = limit
        # The line end of the DATA command counts as the beginning of the first line.
        self._buffer = bytearray(b"\r\n")
        self._searched = 0

    @property
    def too_large(self) -> bool:
        """Tell whether the content grew beyond the limit and is no longer kept."""
        return self.size > self._limit

    def feed(self, data: bytes) -> tuple[bytes, bytes] | None:
        """Take octets; return (content still stuffed, octets behind the end) once it ends.

        The content is b"" when it was too large.
        """
        buffer = self._buffer
        if not self.size and len(data) <= self._limit and not data.startswith(b"."):
            end = data.find(b"\r\n.\r\n")
            if end >= 0:  # A small mail, whole in one piece, need not be copied together.
                self.size = end + 2
                return data[: end + 2], data[end + 5 :]
        buffer += data
        self.size += len(data)
        end = buffer.find(b"\r\n.\r\n", self._searched)
        if end >= 0:
            behind = bytes(memoryview(buffer)[end + 5 :])
            self.size -= len(behind) + 3
            content = b"" if self.too_large else bytes(memoryview(buffer)[2 : end + 2])
            return content, behind
        if self.size > self._limit + 8:
            del buffer[:-4]
        self._searched = max(0, len(buffer) - 4)
        return None
