"""Content of a message: compiled once per template version, filled once per recipient."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tayori.catalog.variables import MissingVariable, VariableFault, VariableText, split_variables
from tayori.compose.prepared import PreparedText
from tayori.mail.html_text import text_from_html


@dataclass(frozen=True, slots=True)
class Rendered:
    """Filled content; one of the two may be ""."""

    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Dynamic:
    """A link whose address has variables: the hole that it fills, and the address."""

    name: str
    value: VariableText


@dataclass(frozen=True)
class Content:
    """HTML and text, split at their variables. Own content has none and is never split."""

    html: VariableText
    text: VariableText
    dynamic: tuple[Dynamic, ...] = ()
    """Links of ours that each recipient has different (`compose.links`)."""

    @property
    def names(self) -> frozenset[str]:
        """Return the variables that need a value."""
        return self.html.distinct | self.text.distinct

    def prepared(self, *, eight_bit: bool) -> tuple[PreparedText, PreparedText]:
        """Return the text part and the HTML part, whose constants are encoded when first used."""
        known = self._prepared.get(eight_bit)
        if known is None:
            known = self._prepared[eight_bit] = (
                PreparedText(self.text, b"plain", eight_bit=eight_bit),
                PreparedText(self.html, b"html", eight_bit=eight_bit),
            )
        return known

    @cached_property
    def _prepared(self) -> dict[bool, tuple[PreparedText, PreparedText]]:
        return {}

    def fill(self, values: Mapping[str, str]) -> Rendered | MissingVariable:
        """Return the content with values, which are escaped in HTML."""
        html = self.html.fill(values, escape=True)
        if isinstance(html, MissingVariable):
            return html
        text = self.text.fill(values)
        if isinstance(text, MissingVariable):
            return text
        return Rendered(html, text)


def compile_template(html: str, text: str) -> Content | VariableFault:
    """Return a template's content; where there is only HTML, its text is made once, here."""
    if html and not text:
        text = text_from_html(html)
    first = split_variables(html)
    if isinstance(first, VariableFault):
        return first
    second = split_variables(text)
    if isinstance(second, VariableFault):
        return second
    return Content(first, second)


def own_content(html: str, text: str) -> Content:
    """Return content that goes out as it is, braces included."""
    if html and not text:
        text = text_from_html(html)
    return Content(VariableText((html,), ()), VariableText((text,), ()))


def read_content(html: str, text: str) -> Content:
    """Return what was read in a mail that goes out as it came; nothing is made of it."""
    return Content(VariableText((html,), ()), VariableText((text,), ()))
