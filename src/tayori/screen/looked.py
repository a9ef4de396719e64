"""What a rule looks at: the content, what it is for, and what is known beside it."""

from dataclasses import dataclass
from functools import cached_property

from tayori.screen.hosts import Hosts
from tayori.screen.model import Business
from tayori.screen.page import Page
from tayori.screen.words import Hit, WordList


@dataclass(frozen=True, kw_only=True)
class Looked:
    """Content under review. `usual` is the business of the account's other templates, if known."""

    page: Page
    name: str
    business: Business
    words: WordList
    hosts: Hosts
    web_links: bool = True
    usual: Business | None = None

    @cached_property
    def topics(self) -> list[Hit]:
        """Return the forbidden topics that it is about; hidden words count as well."""
        page = self.page
        texts = [self.name, page.text, page.plain, page.hidden]
        texts += [link.text for link in page.links]
        return self.words.find("\n".join(texts))
