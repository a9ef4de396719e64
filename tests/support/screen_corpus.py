"""The made-up mails of tests/data/screen, with what review must find, and how well rules do."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.review import reviewer

from tayori.screen.model import OF_MAILS, Reason, Review

DATA = Path(__file__).parents[1] / "data/screen"
LANGUAGES = ("en", "zh", "ja")
TOPIC = Reason.FORBIDDEN_TOPIC.value


def read(name: str) -> dict[str, Any]:
    """Return a file of the corpus."""
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))


def look(text: str) -> Review:
    """Review a mail of the lists, HTML or text."""
    html = text if text.startswith("<") else ""
    return reviewer().review(html, "" if html else text)


def look_at_shape(mail: dict[str, Any]) -> Review:
    """Review a mail of `shapes.toml`, whose HTML may have a part that is repeated."""
    repeated = "".join(
        mail.get("repeat", "").replace("{n}", str(n)) for n in range(mail.get("times", 0))
    )
    html = mail.get("html", "") + repeated + mail.get("tail", "")
    return reviewer().review(html, mail.get("text", ""))


def named(review: Review) -> frozenset[str]:
    """Return what was found by name, a forbidden topic with which one."""
    return frozenset(
        f"{TOPIC}: {one.fields['topic']}" if one.reason is Reason.FORBIDDEN_TOPIC else one.reason
        for one in review.findings
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """A mail: what must be found, what was, and of which names that is known."""

    expected: frozenset[str]
    found: frozenset[str]
    topics: bool = True
    form: bool = True
    """Whether the corpus says which topics, and which other rules, must find the mail."""

    def judges(self, name: str) -> bool:
        """Tell whether the mail says something about a rule."""
        return self.topics if name.startswith(TOPIC) else self.form


@dataclass(slots=True)
class Tally:
    """How often a rule was right."""

    hits: int = 0
    missed: int = 0
    wrong: int = 0

    @property
    def precision(self) -> float:
        """Return the share of its finds that are right, 1 without any."""
        found = self.hits + self.wrong
        return self.hits / found if found else 1.0

    @property
    def recall(self) -> float:
        """Return the share of what it must find that it found, 1 without any."""
        wanted = self.hits + self.missed
        return self.hits / wanted if wanted else 1.0


def judged() -> Iterator[Judged]:
    """Return every mail of the corpus with what review says of it."""
    for language in LANGUAGES:
        for texts in read(f"good_{language}.toml").values():
            for text in texts:
                yield Judged(frozenset(), named(look(text)))
        for topic, texts in read(f"topics_{language}.toml").items():
            for text in texts:
                expected = frozenset({f"{TOPIC}: {topic}"})
                yield Judged(expected, named(look(text)), form=False)
    for mail in read("shapes.toml")["mail"]:
        reasons = frozenset(mail["reasons"])
        # Where a mail about form is about a forbidden topic, too, the file does not say which.
        found = named(look_at_shape(mail))
        yield Judged(reasons - {TOPIC}, found, topics=TOPIC not in reasons)


def tallies() -> dict[str, Tally]:
    """Return how each rule did on the whole corpus, rules in the order of the vocabulary."""
    topics = [f"{TOPIC}: {name}" for name in read("topics_en.toml")]
    names = [one.value for one in Reason if one not in OF_MAILS | {Reason.FORBIDDEN_TOPIC}] + topics
    counted = {name: Tally() for name in names}
    for mail in judged():
        for name, tally in counted.items():
            if mail.judges(name):
                tally.hits += name in mail.expected and name in mail.found
                tally.missed += name in mail.expected and name not in mail.found
                tally.wrong += name not in mail.expected and name in mail.found
    return counted
