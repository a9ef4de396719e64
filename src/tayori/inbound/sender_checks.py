"""SPF and DKIM of a mail that came in, by kept libraries that ask our resolver.

The libraries wait for their look-ups, so they run in a thread and ask the event loop. Nothing here
raises for what a mail or a name server says: what cannot be told is "temperror" or "permerror".
"""

import asyncio
import logging
import time
from dataclasses import dataclass, replace
from typing import Any, Final

import dkim
import spf

from tayori.dns.answers import Answer, Lookup, Lookups, Mx, TemporaryFailure

MOST_SIGNATURES: Final = 5
_QUIET: Final = logging.getLogger("tayori.dkim")
"""The library logs what it also tells; strangers' mistakes are no errors of ours."""
_QUIET.addHandler(logging.NullHandler())
_QUIET.propagate = False
LIMIT_S: Final = 20.0
"""For all look-ups of a mail together, as RFC 7208 4.6.4 has it: then nobody can tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpfResult:
    """A result of RFC 7208 2.6, the identity that was checked, and its domain."""

    result: str
    identity: str
    """mailfrom, or helo for the null sender."""
    domain: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DkimResult:
    """A result of RFC 8601 2.7.1 with the signature's domain and selector."""

    result: str
    domain: str = ""
    selector: str = ""
    reason: str = ""


class Asker:
    """Look-ups for code that runs in a thread, within one limit for all of them."""

    def __init__(self, lookups: Lookups, limit_s: float = LIMIT_S) -> None:
        self._lookups = lookups
        self._loop = asyncio.get_running_loop()
        self._until = time.monotonic() + limit_s

    def ask(self, name: str, record_type: str) -> Lookup:
        """Return what the resolver says; blocks the thread."""
        late = TemporaryFailure(detail=f"{record_type} of {name}: no answer in time")
        left = self._until - time.monotonic()
        if left <= 0:
            return late
        asked = self._lookups.lookup(name, record_type)
        future = asyncio.run_coroutine_threadsafe(asked, self._loop)
        try:
            return future.result(left)
        except TimeoutError:
            future.cancel()
            return late


def check_spf(asker: Asker, client: str, mail_from: str, helo: str, host_name: str) -> SpfResult:
    """Check the sender of the envelope, or the name in the greeting without one; blocks."""
    identity = "mailfrom" if mail_from else "helo"
    domain = (mail_from.rpartition("@")[2] if mail_from else helo).lower().rstrip(".")
    if not domain.isascii() or "." not in domain:
        return SpfResult(result="none", identity=identity, domain=domain)
    try:
        query = _Query(asker, client, mail_from, helo, host_name)
        result, _, explanation = query.check()
    except Exception as error:
        # A library that stumbles over a stranger's record says as much as one that cannot read it.
        return SpfResult(
            result="permerror", identity=identity, domain=domain, reason=_plain(str(error))
        )
    reason = "" if result == "pass" else _plain(explanation)
    return SpfResult(result=result, identity=identity, domain=domain, reason=reason)


class _Query(spf.query):  # type: ignore[misc]  # the library has no types
    """The library's evaluation with our look-ups."""

    def __init__(
        self, asker: Asker, client: str, mail_from: str, helo: str, host_name: str
    ) -> None:
        super().__init__(i=client, s=mail_from, h=helo, receiver=host_name, querytime=LIMIT_S)
        self._asker = asker

    def dns(
        self, name: Any, qtype: str, cnames: Any = None, *, ignore_void: bool = False
    ) -> list[Any]:
        """Return records as the library has them; no records are [] and count (RFC 7208 4.6.4)."""
        _ = cnames
        text = str(name).rstrip(".").lower()
        if not all(0 < len(label) < 64 for label in text.split(".")):  # noqa: PLR2004 - RFC 1035
            return []
        found = self._asker.ask(text, qtype)
        if isinstance(found, TemporaryFailure):
            raise spf.TempError(f"DNS {found.detail}")
        records = [_record(each) for each in found.records] if isinstance(found, Answer) else []
        if not records and not ignore_void:
            self.void_lookups += 1
            if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                raise spf.PermError(f"Void lookup limit of {spf.MAX_VOID_LOOKUPS} exceeded")
        return records


def _record(record: object) -> object:
    if isinstance(record, Mx):
        return (record.preference, record.exchange)
    return (record,) if isinstance(record, bytes) else record


def check_dkim(asker: Asker, content: bytes) -> list[DkimResult]:
    """Verify the first signatures of a mail; [] without any. Blocks."""
    unsure: list[str] = []

    def key_of(name: bytes, timeout: float = LIMIT_S) -> bytes | None:
        _ = timeout
        found = asker.ask(name.decode("ascii", "replace").rstrip("."), "TXT")
        if isinstance(found, TemporaryFailure):
            # The library takes it for a signature that does not match, so it is noted here.
            unsure.append(found.detail)
            raise dkim.DnsTimeoutError(found.detail)
        return found.texts[0] if isinstance(found, Answer) and found.texts else None

    try:
        mail = dkim.DKIM(content, logger=_QUIET)
        count = sum(name.lower() == b"dkim-signature" for name, _ in mail.headers)
    except Exception as error:
        return [DkimResult(result="permerror", reason=_plain(str(error)))]
    results = []
    for number in range(min(count, MOST_SIGNATURES)):
        unsure.clear()
        result = _verify(content, number, key_of)
        if unsure:
            result = replace(result, result="temperror", reason=_plain(unsure[0]))
        results.append(result)
    return results


def _verify(content: bytes, number: int, key_of: Any) -> DkimResult:
    mail = dkim.DKIM(content, logger=_QUIET)
    result, reason = "permerror", ""
    try:
        result = "pass" if mail.verify(number, dnsfunc=key_of) else "fail"
        reason = "" if result == "pass" else "the signature does not match"
    except dkim.ValidationError as error:
        result, reason = "fail", str(error)
    except Exception as error:
        # A malformed signature or key, which the library tells by many kinds of exception.
        reason = str(error)
    return DkimResult(
        result=result,
        domain=_text(mail.domain).lower(),
        selector=_text(mail.selector),
        reason=_plain(reason),
    )


def _text(found: bytes | str | None) -> str:
    return _plain(found.decode("ascii", "replace") if isinstance(found, bytes) else found or "")


def _plain(text: str) -> str:
    return "".join(char if " " <= char <= "~" else "?" for char in text)[:200]
