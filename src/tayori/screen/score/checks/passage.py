"""How the mail was handed over: encrypted, by a server with a name, from a clean address."""

from collections.abc import Iterable

from tayori.screen.score.evidence import Evidence, Result
from tayori.screen.score.model import Check, Loss, loss


def check_passage(evidence: Evidence) -> Iterable[Loss]:
    """Take points for what a receiver saw of the sending server; nothing where nobody saw it."""
    seen = evidence.passage
    if seen is None:
        return
    if not seen.tls:
        yield loss(Check.NO_TLS)
    if seen.reverse is Result.NONE:
        yield loss(Check.NO_REVERSE_NAME, client=seen.client)
    elif seen.reverse is Result.FAIL:
        yield loss(Check.REVERSE_NAME_OTHER, client=seen.client, names=", ".join(seen.names))
    if seen.greeting is Result.NONE:
        yield loss(Check.GREETING_NO_NAME, helo=seen.helo)
    elif seen.greeting is Result.FAIL:
        yield loss(Check.GREETING_OTHER, helo=seen.helo, client=seen.client)
    for zone, words in seen.listed:
        yield loss(Check.BLOCK_LISTED, client=seen.client, zone=zone, words=words)
