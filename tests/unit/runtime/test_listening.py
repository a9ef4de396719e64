"""Listening sockets: alone, and several at one address that share its connections."""

import contextlib
import select
import socket

import pytest

from tayori.runtime.listening import ListenError, address_of, bind, parse_listen


def taken_by_each(bound: list[socket.socket], connections: int) -> list[int]:
    """Return how many of so many connections came to each socket."""
    counts = [0] * len(bound)
    with contextlib.ExitStack() as stack:
        for _ in range(connections):
            host, port = bound[0].getsockname()[:2]
            stack.enter_context(socket.create_connection((host, port)))
            readable, _, _ = select.select(bound, [], [], 10)
            accepted, _ = readable[0].accept()
            stack.enter_context(accepted)
            counts[bound.index(readable[0])] += 1
    return counts


def test_several_sockets_share_the_connections_of_one_address() -> None:
    bound = bind("127.0.0.1:0", "http.listen", copies=3)
    with contextlib.ExitStack() as stack:
        for each in bound:
            stack.enter_context(each)
        assert len({address_of(each) for each in bound}) == 1
        counts = taken_by_each(bound, 120)
        assert sum(counts) == 120
        assert min(counts) > 0


@pytest.mark.parametrize("copies", [1, 3])
def test_an_address_that_somebody_else_holds_is_refused(copies: int) -> None:
    first = bind("127.0.0.1:0", "http.listen", copies=copies)
    with contextlib.ExitStack() as stack:
        for each in first:
            stack.enter_context(each)
        for again in (1, 3):
            with pytest.raises(ListenError, match=r"http\.listen = 127\.0\.0\.1:\d+ cannot be"):
                bind(address_of(first[0]), "http.listen", copies=again)


@pytest.mark.parametrize("text", ["", "8025", "host:", ":8025", "host:70000", "host:²"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ListenError, match="is not host:port"):
        parse_listen(text)
