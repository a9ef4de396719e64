"""Topics that no template may be about (spec 5), by the word lists of three languages."""

from collections.abc import Iterable

from tayori.screen.looked import Looked
from tayori.screen.model import Finding, Reason, found

_SHOWN = 5


def check_topics(looked: Looked) -> Iterable[Finding]:
    """Refuse each forbidden topic, with the words that show it."""
    for hit in looked.topics:
        words = ", ".join(hit.phrases[:_SHOWN])
        yield found(Reason.FORBIDDEN_TOPIC, topic=hit.topic, words=words)
