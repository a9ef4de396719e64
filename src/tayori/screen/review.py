"""Review of content by all rules at once (spec 5)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tayori.config.rules import RuleFile, RuleFileError
from tayori.runtime import log
from tayori.screen.business import BusinessWords, business_words
from tayori.screen.hosts import Hosts, read_hosts
from tayori.screen.looked import Looked
from tayori.screen.model import Business, Finding, Reason, Review
from tayori.screen.page import read_page
from tayori.screen.rules import RULES
from tayori.screen.words import LANGUAGES, WordList, word_list

BUSINESS_FILE = "words/business.toml"
HOSTS_FILE = "words/hosts.toml"
MOST_OF_A_REASON = 10
"""Findings with the same reason; who has a thousand bad links reads the first ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """All word lists of one reading."""

    words: WordList
    business: BusinessWords
    hosts: Hosts


class Reviewer:
    """Reviews content by the lists in force; `data_dir` may hold the operator's. RuleFileError."""

    def __init__(self, data_dir: Path | None = None, *, web_links: bool = True) -> None:
        self._topics = [RuleFile(f"words/{language}.toml", data_dir) for language in LANGUAGES]
        self._business = RuleFile(BUSINESS_FILE, data_dir)
        self._hosts = RuleFile(HOSTS_FILE, data_dir)
        self.web_links = web_links
        self._changed()
        self.lists = self._read()

    def refresh(self) -> bool:
        """Take up changed files; a mistake in them is logged and changes nothing."""
        if not self._changed():
            return False
        try:
            self.lists = self._read()
        except RuleFileError as error:
            log.get("screen").error("words_refused", error=str(error))
            return False
        log.get("screen").info("words_read")
        return True

    def review(
        self, html: str, text: str, *, name: str = "", usual: Business | None = None
    ) -> Review:
        """Return what all rules find; `name` is a template's name or a mail's subject."""
        page = read_page(html, text)
        looked = Looked(
            page=page,
            name=name,
            business=self.lists.business.business_of(page, name),
            words=self.lists.words,
            hosts=self.lists.hosts,
            web_links=self.web_links,
            usual=usual,
        )
        return Review(business=looked.business, findings=tuple(_distinct(looked)))

    def _changed(self) -> bool:
        # Every file is asked, because what changed is remembered by asking.
        answers = [file.changed() for file in (*self._topics, self._business, self._hosts)]
        return any(answers)

    def _read(self) -> Lists:
        return Lists(
            words=word_list(file.read() for file in self._topics),
            business=business_words(self._business.read()),
            hosts=read_hosts(self._hosts.read()),
        )


def _distinct(looked: Looked) -> Iterable[Finding]:
    told: set[tuple[object, ...]] = set()
    often: Counter[Reason] = Counter()
    for rule in RULES:
        for finding in rule(looked):
            # A page may have thousands of links, so what was told is looked up and not searched.
            key = (finding.reason, finding.severity, *sorted(finding.fields.items()))
            if key not in told and often[finding.reason] < MOST_OF_A_REASON:
                told.add(key)
                often[finding.reason] += 1
                yield finding
