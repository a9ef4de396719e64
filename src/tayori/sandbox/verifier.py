"""Whether the DKIM signatures of a mail hold, by a verifier that is not the one that signed.

The keys come through our resolver, so from the sandbox's own name server; the arithmetic is
dkimpy's and runs in a thread. Whatever a mail contains, the answer is a list of results.
"""

import asyncio
import re
from dataclasses import dataclass

import dkim

from tayori.dns.answers import Answer, Lookups, TemporaryFailure
from tayori.mail.dkim_record import RecordError, parse_dkim_record
from tayori.mail.message import split_message

MAX_SIGNATURES = 10
"""Signatures of one mail that are looked at; each costs a look-up and a verification."""
_CONCURRENT = 2
_WHITE_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureResult:
    """One DKIM-Signature field: who signed, whether it holds, and if not, why."""

    domain: str
    selector: str
    algorithm: str
    passed: bool
    reason: str
    """A sentence; for one that passed, how strong the key is."""
    temporary: bool = False
    """True when the key could not be looked up just now."""


class DkimVerifier:
    """Verifies with the keys that `lookups` finds."""

    def __init__(self, lookups: Lookups) -> None:
        self._lookups = lookups
        self._slots = asyncio.Semaphore(_CONCURRENT)

    async def verify(self, raw: bytes) -> tuple[SignatureResult, ...]:
        """Return a result for each signature, in the order of the fields; () for none."""
        values = split_message(raw).values(b"dkim-signature")[:MAX_SIGNATURES]
        if not values:
            return ()
        tags = [read_tags(value) for value in values]
        keys = await asyncio.gather(*(self._key(found) for found in tags))
        async with self._slots:
            return await asyncio.to_thread(_verify_all, raw, tags, keys)

    async def _key(self, tags: dict[str, str]) -> "_Key":
        domain, selector = tags.get("d", ""), tags.get("s", "")
        if not domain or not selector:
            return _Key(fault="The signature names no domain or no selector.")
        name = f"{selector}._domainkey.{domain}"
        found = await self._lookups.lookup(name, "TXT")
        if isinstance(found, TemporaryFailure):
            return _Key(fault=f"The key at {name} cannot be looked up now.", temporary=True)
        if not isinstance(found, Answer) or not found.texts:
            return _Key(fault=f"There is no key at {name}.")
        text = found.texts[0]
        record = parse_dkim_record(text.decode("utf-8", "replace"))
        if isinstance(record, RecordError):
            return _Key(fault=f"The record at {name} is no usable key ({record.value}).")
        return _Key(text=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    text: bytes = b""
    fault: str = ""
    temporary: bool = False


def read_tags(value: bytes) -> dict[str, str]:
    """Return the tags of a signature, leniently; the first of two with one name counts."""
    tags: dict[str, str] = {}
    for piece in value.decode("utf-8", "replace").split(";"):
        name, equals, text = piece.partition("=")
        if equals:
            tags.setdefault(name.strip(), _WHITE_SPACE.sub("", text))
    return tags


def _verify_all(
    raw: bytes, tags: list[dict[str, str]], keys: list[_Key]
) -> tuple[SignatureResult, ...]:
    return tuple(
        _verify(raw, index, found, key)
        for index, (found, key) in enumerate(zip(tags, keys, strict=True))
    )


def _verify(raw: bytes, index: int, tags: dict[str, str], key: _Key) -> SignatureResult:
    passed, reason = False, key.fault
    if not key.fault:
        passed, reason = _check(raw, index, key.text)
    return SignatureResult(
        domain=tags.get("d", ""),
        selector=tags.get("s", ""),
        algorithm=tags.get("a", ""),
        passed=passed,
        reason=reason,
        temporary=key.temporary,
    )


def _check(raw: bytes, index: int, text: bytes) -> tuple[bool, str]:
    """Verify one signature with its key; return whether it holds, and a sentence."""

    def text_of(name: bytes, timeout: int = 5) -> bytes:
        _ = name, timeout
        return text

    try:
        message = dkim.DKIM(raw, minkey=1024)
        if message.verify(idx=index, dnsfunc=text_of):
            return True, f"Verified with a key of {message.keysize} bits."
    except dkim.ValidationError as error:
        changed = str(error).startswith("body hash mismatch")
        return False, "The body was changed after it was signed." if changed else f"{error}."
    except dkim.DKIMException as error:
        return False, f"{error}."
    except Exception as error:
        return False, f"The signature cannot be read ({type(error).__name__})."
    return False, "The signature does not match the header fields."
