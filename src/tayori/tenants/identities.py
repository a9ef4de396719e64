"""Sender domains: create, list, change, delete, and what their DNS checks lead to.

Each verb of a customer takes the account's id and sees nothing of other accounts. Domains are given
as people write them and are normalised to lower-case A-labels (IDNA 2008).
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tayori.config.tree import Domains, Policy
from tayori.mail.address import AddressError, parse_domain
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.refusal.saying import say
from tayori.runtime.clock import SECOND, Clock
from tayori.tenants.checks import FIRST_RETRY_S, Change, after_check, signers
from tayori.tenants.identity_store import CREATED_BY_OTHER, REPEAT_CREATION, IdentityStore
from tayori.tenants.keys import make_key
from tayori.tenants.limits import PolicyOf, SameForAll
from tayori.tenants.memory import Memory
from tayori.tenants.model import DkimKey, DkimOption, DnsRecord, Identity, Tag

_CLAIM_S = 300
_MAX_TAGS = 50
_MAX_TAG_KEY = 127
_MAX_TAG_VALUE = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of a list, and how long the whole list is."""

    identities: tuple[Identity, ...]
    total: int


class Identities:
    """The verbs of sender domains; `make` makes a key and is called in a thread."""

    def __init__(
        self,
        *,
        store: IdentityStore,
        clock: Clock,
        domains: Domains,
        policy: Policy,
        limits: PolicyOf | None = None,
        make: Callable[[int, str], DkimKey] = make_key,
    ) -> None:
        self._store = store
        self._clock = clock
        self._domains = domains
        self._limits = limits or SameForAll(policy)
        self._make = make
        self._signers: Memory[int, tuple[DkimKey, ...]] = Memory(clock, size=1_024)
        self._found: Memory[tuple[int, str], Identity] = Memory(clock)

    async def create(
        self,
        account_id: int,
        domain: str,
        option: int = DkimOption.RSA_1024,
        tags: Sequence[Tag] = (),
    ) -> Identity | Refusal:
        """Make a pending identity and its DKIM keys."""
        wish = _wish(domain, option, tags)
        if isinstance(wish, Refusal):
            return wish
        name, chosen = wish
        # Asked before the keys are made, since keys cost much; the store asks again for good.
        refused = await self._refused(account_id, name)
        if refused is not None:
            return refused
        now = self._clock.now()
        new = Identity(
            id=0,
            account_id=account_id,
            domain=name,
            dkim_option=chosen,
            verified=False,
            records=(),
            tags=tuple(tags),
            level=1,
            created_at=now,
            verified_at=None,
            checked_at=None,
            check_due_at=now + FIRST_RETRY_S * SECOND,
            checks_failed=0,
        )
        keys = await self._keys(chosen.bits)
        return await self._store.add(
            new, keys, most=(await self._limits.of(account_id)).max_domains
        )

    async def get(self, account_id: int, domain: str) -> Identity | Refusal:
        """Return the account's identity of this domain, else `NotExistDomain`."""
        name = _normal(domain)
        if isinstance(name, Refusal):
            return _absent(domain)
        return await self._store.get(account_id, name) or _absent(domain)

    async def find(self, account_id: int, domain: str) -> Identity | None:
        """Return the identity of a normalised domain, at most five seconds old, for sending."""
        key = (account_id, domain)
        known = self._found.recall(key)
        if known is None:
            question = self._found.ask()
            known = await self._store.get(account_id, domain)
            if known is not None:
                self._found.keep(key, known, question)
        return known

    async def list(
        self,
        account_id: int,
        tags: Sequence[Tag] = (),
        *,
        offset: int = 0,
        limit: int | None = None,
    ) -> Page:
        """Return the account's identities that carry all `tags`, newest first."""
        wanted = set(tags)
        # Filtered here since an account has few domains, and tags are one JSON text in the row.
        matching = [i for i in await self._store.all(account_id) if wanted <= set(i.tags)]
        end = None if limit is None else offset + limit
        return Page(identities=tuple(matching[offset:end]), total=len(matching))

    async def change_dkim_option(
        self, account_id: int, domain: str, option: int
    ) -> Identity | Refusal:
        """Choose other key lengths; keys that are missing are made, no key is thrown away.

        The identity keeps its standing until the next check looks for the records of the new keys.
        """
        found = await self.get(account_id, domain)
        if isinstance(found, Refusal):
            return found
        chosen = _option(option)
        if isinstance(chosen, Refusal):
            return chosen
        if chosen is found.dkim_option:
            return found
        held = {key.bits for key in await self._all_keys(found.id) if key.active}
        keys = await self._keys(tuple(bits for bits in chosen.bits if bits not in held))
        now = self._clock.now()
        changed = await self._store.set_option(account_id, found.domain, chosen, keys, now)
        self.forget()
        return changed or _absent(domain)

    async def change_tags(
        self, account_id: int, domain: str, tags: Sequence[Tag]
    ) -> Identity | Refusal:
        """Set the labels of a domain in place of those it had."""
        bad = _bad_tags(tags)
        if bad is not None:
            return bad
        name = _normal(domain)
        if isinstance(name, Refusal):
            return _absent(domain)
        changed = await self._store.set_tags(account_id, name, tags)
        self.forget()
        return changed or _absent(domain)

    async def published_keys(self, identity: Identity) -> tuple[DkimKey, ...]:
        """Return the keys of the identity's option, whose records the customer publishes."""
        keys = await self._all_keys(identity.id)
        return tuple(k for k in keys if k.active and k.bits in identity.dkim_option.bits)

    async def keys(self, identity: Identity) -> tuple[DkimKey, ...]:
        """Return all keys of the identity, shortest first: active, pending and retired ones."""
        return await self._all_keys(identity.id)

    async def signing_keys(self, identity_id: int) -> tuple[DkimKey, ...]:
        """Return the keys that sign this identity's mail (at most five seconds old).

        Empty when there is no such identity.
        """
        known = self._signers.recall(identity_id)
        if known is not None:
            return known
        question = self._signers.ask()
        found = await self._store.with_keys(identity_id)
        if found is None:
            return ()
        keys = signers(*found)
        self._signers.keep(identity_id, keys, question)
        return keys

    async def record_check(
        self, seen: Identity, found: Sequence[DnsRecord], *, within_s: int | None = None
    ) -> tuple[Identity, Change]:
        """Store what a check of `seen` found and return the identity with what changed.

        When the identity changed while the check ran, its result is dropped: the identity is
        returned as it is now, and the next check starts from there. With `within_s` the next check
        is at most so many seconds away.
        """
        recheck_s = min(self._domains.recheck_s, within_s or self._domains.recheck_s)
        after, change = after_check(seen, found, self._clock.now(), recheck_s=recheck_s)
        if await self._store.set_check(seen, after):
            self.forget()
            return after, change
        return await self._store.get(seen.account_id, seen.domain) or seen, Change.NONE

    async def claim_due(self, limit: int) -> Sequence[Identity]:
        """Return identities to check now; unless a result is recorded, due again in 5 minutes."""
        now = self._clock.now()
        return await self._store.claim_due(now, now + _CLAIM_S * SECOND, limit)

    async def delete(self, account_id: int, domain: str) -> Refusal | None:
        """Delete a domain that has no senders and no mail on its way; None when done."""
        name = _normal(domain)
        if isinstance(name, Refusal):
            return _absent(domain)
        refused = await self._store.delete(account_id, name)
        self.forget()
        return refused

    def forget(self) -> None:
        """Read keys and identities anew when they are asked for next."""
        self._signers.forget()
        self._found.forget()

    async def _refused(self, account_id: int, domain: str) -> Refusal | None:
        owner = await self._store.owner(domain)
        if owner is not None:
            return REPEAT_CREATION if owner == account_id else CREATED_BY_OTHER
        most = (await self._limits.of(account_id)).max_domains
        if most and await self._store.count(account_id) >= most:
            return refuse(Code.OPERATION_DENIED__EXCEED_DOMAIN_LIMIT, limit=most)
        return None

    async def _keys(self, lengths: Sequence[int]) -> tuple[DkimKey, ...]:
        selector = self._domains.dkim_selector
        making = (asyncio.to_thread(self._make, bits, selector) for bits in lengths)
        return tuple(await asyncio.gather(*making))

    async def _all_keys(self, identity_id: int) -> tuple[DkimKey, ...]:
        found = await self._store.with_keys(identity_id)
        return () if found is None else found[1]


def _wish(domain: str, option: int, tags: Sequence[Tag]) -> tuple[str, DkimOption] | Refusal:
    name = _normal(domain)
    if isinstance(name, Refusal):
        return name
    chosen = _option(option)
    if isinstance(chosen, Refusal):
        return chosen
    return _bad_tags(tags) or (name, chosen)


def _bad_tags(tags: Sequence[Tag]) -> Refusal | None:
    fine = len(tags) <= _MAX_TAGS and len({tag.key for tag in tags}) == len(tags)
    if fine and all(_tag_fits(tag) for tag in tags):
        return None
    return refuse(
        Code.INVALID_PARAMETER_VALUE,
        say(
            "At most {most} tags with different keys of 1 to {key} characters and values of up "
            "to {value}.",
            most=_MAX_TAGS,
            key=_MAX_TAG_KEY,
            value=_MAX_TAG_VALUE,
        ),
        parameter="TagList",
    )


def _tag_fits(tag: Tag) -> bool:
    # The databases differ in what they do with a NUL, so no control character gets that far.
    printable = (tag.key + tag.value).isprintable()
    return printable and 0 < len(tag.key) <= _MAX_TAG_KEY and len(tag.value) <= _MAX_TAG_VALUE


def _normal(domain: str) -> str | Refusal:
    name = parse_domain(domain)
    if isinstance(name, AddressError):
        return refuse(Code.INVALID_PARAMETER_VALUE__INVALID_EMAIL_IDENTITY, name.saying)
    return name


def _option(option: int) -> DkimOption | Refusal:
    return DkimOption(option) if option in (0, 1, 2) else _bad_option(option)


def _bad_option(option: int) -> Refusal:
    return refuse(
        Code.INVALID_PARAMETER_VALUE,
        say(
            "0 means 1024 bits, 1 means 2048 bits, 2 means both; {option} means nothing.",
            option=option,
        ),
        parameter="DKIMOption",
    )


def _absent(domain: str) -> Refusal:
    return refuse(Code.INVALID_PARAMETER_VALUE__NOT_EXIST_DOMAIN, domain=domain)
