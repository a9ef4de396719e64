"""Screening of each mail at the door: content of its own, values, and files.

The rules are those of review that hold for a mail of any kind and length; what is only untidy is
left to the quality score. Content that comes again, as in a row of equal notices, is remembered.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final

from tayori.catalog.variables import VariableText
from tayori.config.screening import ScreeningSettings
from tayori.runtime.clock import SECOND, Clock
from tayori.screen.files.look import look_at_file
from tayori.screen.looked import Looked
from tayori.screen.model import Business, Finding, Severity
from tayori.screen.page import read_page
from tayori.screen.review import Reviewer
from tayori.screen.rules.active import check_active
from tayori.screen.rules.data import check_data
from tayori.screen.rules.disguise import check_disguise
from tayori.screen.rules.forms import check_forms
from tayori.screen.rules.hidden import check_hidden
from tayori.screen.rules.links import check_links
from tayori.screen.rules.scripts import check_scripts
from tayori.screen.rules.topics import check_topics
from tayori.screen.rules.web_links import check_web_links
from tayori.screen.values import Frame, check_values

DOOR_RULES: Final = (
    check_topics,
    check_links,
    check_disguise,
    check_web_links,
    check_hidden,
    check_scripts,
    check_forms,
    check_active,
    check_data,
)
MOST_TOLD: Final = 20
"""Findings of one mail; a mail of a thousand bad links is refused as well by the first ones."""
_REMEMBERED: Final = 4_096
_REFRESH_MS: Final = 10 * SECOND
_AT_ONCE: Final = 64 * 1024
"""Octets of a file, or characters, that are looked at in between; a thread takes larger ones."""
_LARGE_AT_ONCE: Final = 2

Findings = tuple[Finding, ...]


class MailScreen:
    """Looks at mails by the lists in force and the settings of `[screening]`."""

    def __init__(self, reviewer: Reviewer, settings: ScreeningSettings, clock: Clock) -> None:
        self._reviewer = reviewer
        self._allowed = frozenset(settings.allow)
        self._hosts = frozenset(host.lower() for host in settings.link_hosts)
        self._clock = clock
        self._refresh_at = 0
        self._known: OrderedDict[Hashable, Findings] = OrderedDict()
        self._frames: OrderedDict[Hashable, Frame] = OrderedDict()
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)

    async def content(self, subject: str, html: str, text: str) -> Findings:
        """Return what speaks against content that a mail brings itself."""
        self._refresh()
        key = _digest(subject, html, text)
        known = self._recall(key)
        if known is not None:
            return known
        if len(html) + len(text) <= _AT_ONCE:
            return self._remember(key, self._read(subject, html, text))
        async with self._large:
            found = await asyncio.to_thread(self._read, subject, html, text)
        return self._remember(key, found)

    def values(
        self,
        template: Hashable,
        parts: Iterable[VariableText],
        values: Mapping[str, str],
        *,
        subject: str,
        domain: str,
    ) -> Findings:
        """Return what speaks against the values; `template` names a version of `parts`."""
        self._refresh()
        lists = self._reviewer.lists
        frame = self._frames.get(template)
        if frame is None:
            frame = self._frames[template] = Frame.of(parts, lists.hosts)
            if len(self._frames) > _REMEMBERED:
                self._frames.popitem(last=False)
        return self._kept(
            check_values(
                frame,
                values,
                subject=subject,
                domain=domain,
                words=lists.words,
                hosts=lists.hosts,
                also=self._hosts,
                web_links=self._reviewer.web_links,
            )
        )

    async def files(self, files: Sequence[tuple[str, bytes]]) -> Findings:
        """Return what speaks against files, given as names and contents."""
        findings: list[Finding] = []
        for name, content in files:
            findings += await self._file(name, content)
        return self._kept(findings)

    async def _file(self, name: str, content: bytes) -> Findings:
        key = (name, hashlib.sha256(content).digest())
        known = self._recall(key)
        if known is not None:
            return known
        if len(content) <= _AT_ONCE:
            return self._remember(key, look_at_file(name, content))
        async with self._large:
            found = await asyncio.to_thread(look_at_file, name, content)
        return self._remember(key, found)

    def _read(self, subject: str, html: str, text: str) -> Findings:
        lists = self._reviewer.lists
        looked = Looked(
            page=read_page(html, text),
            name=subject,
            business=Business.NOTICE,
            words=lists.words,
            hosts=lists.hosts,
            web_links=self._reviewer.web_links,
        )
        return self._kept(finding for rule in DOOR_RULES for finding in rule(looked))

    def _kept(self, findings: Iterable[Finding]) -> Findings:
        kept: list[Finding] = []
        for finding in findings:
            counts = (
                finding.severity is Severity.REFUSE and finding.reason.value not in self._allowed
            )
            if counts and finding not in kept:
                kept.append(finding)
                if len(kept) == MOST_TOLD:
                    break
        return tuple(kept)

    def _refresh(self) -> None:
        """Take up changed word lists now and then, with what was decided by the old ones."""
        now = self._clock.now()
        if now < self._refresh_at:
            return
        self._refresh_at = now + _REFRESH_MS
        if self._reviewer.refresh():
            self._known.clear()
            self._frames.clear()

    def _recall(self, key: Hashable) -> Findings | None:
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
        return known

    def _remember(self, key: Hashable, findings: Findings) -> Findings:
        self._known[key] = findings
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return findings


def _digest(*texts: str) -> bytes:
    octets = [text.encode("utf-8", "surrogatepass") for text in texts]
    sizes = b"".join([len(one).to_bytes(8, "big") for one in octets])
    return hashlib.sha256(b"".join([sizes, *octets])).digest()
