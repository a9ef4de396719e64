"""Sender addresses: create, list, find, delete, and their SMTP passwords.

The case of the part before the @ does not matter: the owner of a domain decides that its addresses
differ by more than case, so they are kept in lower case and found however they are written.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from tayori.catalog.model import Sender
from tayori.catalog.sender_store import SenderStore
from tayori.catalog.smtp_password import password_fault
from tayori.config.tree import Policy
from tayori.mail.address import MAX_DISPLAY_NAME, Address, AddressError, parse_address
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import Clock
from tayori.runtime.password_hash import PasswordHashes
from tayori.tenants.limits import PolicyOf, SameForAll
from tayori.tenants.memory import Memory

_FORBIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Overrides of the writing direction can make one name look like another.
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

_SHORT = 254
"""Characters of an address that is worth remembering."""


class Senders:
    """The verbs of sender addresses; each sees one account only."""

    def __init__(
        self,
        *,
        store: SenderStore,
        clock: Clock,
        policy: Policy,
        limits: PolicyOf | None = None,
        passwords: PasswordHashes | None = None,
    ) -> None:
        self._store = store
        self._passwords = passwords or PasswordHashes()
        self._clock = clock
        self._limits = limits or SameForAll(policy)
        self._found: Memory[tuple[int, Address], Sender] = Memory(clock)

    async def create(
        self, account_id: int, address: str, display_name: str = ""
    ) -> Sender | Refusal:
        """Make a sender on a verified domain of the account."""
        parsed = _sender_address(address)
        if isinstance(parsed, Refusal):
            return parsed
        name = _sender_name(display_name)
        if isinstance(name, Refusal):
            return name
        most = (await self._limits.of(account_id)).max_senders_per_domain
        return await self._store.add(account_id, parsed, name, self._clock.now(), most=most)

    async def list(self, account_id: int) -> list[Sender]:
        """Return the account's senders, newest first."""
        return await self._store.all(account_id)

    async def page(
        self, account_id: int, text: str, order: str, page: tuple[int, int]
    ) -> tuple[Sequence[Sender], int]:
        """Return a page (offset, limit) of senders with `text` in address or name, and how many.

        `order` is "address", "-address", "created" or "-created" (newest first).
        """
        return await self._store.page(account_id, text, order, page)

    async def rename(self, account_id: int, address: str, display_name: str) -> Refusal | None:
        """Change the name that readers see beside the address; None when done."""
        name = _sender_name(display_name)
        if isinstance(name, Refusal):
            return name
        parsed = _sender_address(address)
        done = isinstance(parsed, Address) and await self._store.set_display_name(
            account_id, parsed, name
        )
        self._found.forget()
        return None if done else _no_sender()

    async def find(self, account_id: int, address: str) -> Sender | None:
        """Return the account's sender with this bare address (at most five seconds old)."""
        parsed = _sender_address(address)
        if isinstance(parsed, Refusal):
            return None
        key = (account_id, parsed)
        known = self._found.recall(key)
        if known is None:
            question = self._found.ask()
            known = await self._store.get(account_id, parsed)
            if known is not None:
                self._found.keep(key, known, question)
        return known

    async def delete(self, account_id: int, address: str) -> Refusal | None:
        """Delete a sender, else `NoSuchSender`; None when done. Accepted mail still goes out."""
        parsed = _sender_address(address)
        done = isinstance(parsed, Address) and await self._store.delete(account_id, parsed)
        self._found.forget()
        if done:
            return None
        return _no_sender()

    async def set_smtp_password(
        self, account_id: int, address: str, password: str
    ) -> Refusal | None:
        """Set the password with which the sender logs in by SMTP; None when done.

        It has 10 to 20 characters with two different digits, lower-case and upper-case letters
        each, and is not the one that is set already.
        """
        fault = password_fault(password)
        if fault:
            return refuse(Code.INVALID_PARAMETER_VALUE__INVALID_SMTP_PASS_WORD, fault)
        parsed = _sender_address(address)
        if isinstance(parsed, Refusal):
            return _no_sender()
        sender = await self._store.get(account_id, parsed)
        if sender is None:
            return _no_sender()
        if await self._passwords.verify(sender.smtp_password_hash, password):
            return refuse(Code.OPERATION_DENIED__REPEAT_PASS_WORD)
        hashed = await self._passwords.hash(password)
        done = await self._store.set_password(account_id, parsed, hashed)
        self._found.forget()
        return None if done else _no_sender()

    async def for_login(self, user: str) -> Sender | None:
        """Return the sender that a client means by its user name, whoever owns it; never old."""
        parsed = _sender_address(user)
        return None if isinstance(parsed, Refusal) else await self._store.by_address(parsed)


def _no_sender() -> Refusal:
    return refuse(
        Code.INVALID_PARAMETER_VALUE__NO_SUCH_SENDER, say("This account has no such sender.")
    )


def _sender_name(text: str) -> str | Refusal:
    name = text.strip(" \t")
    if len(name) > MAX_DISPLAY_NAME or not all(_allowed(char) for char in name):
        return refuse(
            Code.INVALID_PARAMETER_VALUE__ILLEGAL_SENDER_NAME,
            say(
                "A sender name has up to {most} characters and no line breaks or control "
                "characters.",
                most=MAX_DISPLAY_NAME,
            ),
        )
    return name


def _sender_address(text: str) -> Address | Refusal:
    return _known_address(text) if len(text) <= _SHORT else _read_address(text)


@lru_cache(maxsize=4096)
def _known_address(text: str) -> Address | Refusal:
    """Remember what was read: the sender of a mail is looked up for each mail again."""
    return _read_address(text)


def _read_address(text: str) -> Address | Refusal:
    parsed = parse_address(text.strip(" \t"))
    if isinstance(parsed, AddressError):
        return refuse(Code.INVALID_PARAMETER_VALUE__ILLEGAL_EMAIL_ADDRESS, parsed.saying)
    if parsed.needs_smtputf8:
        return refuse(
            Code.INVALID_PARAMETER_VALUE__ILLEGAL_EMAIL_ADDRESS,
            say("A sender needs plain ASCII before the @, since not every server takes more."),
        )
    return replace(parsed, local=parsed.local.lower())


def _allowed(char: str) -> bool:
    return unicodedata.category(char) not in _FORBIDDEN and char not in _DIRECTIONS
