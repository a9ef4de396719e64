"""A mixed load for the zoo: several accounts, kinds of mail and providers, through the real door.

The door stands in the test's own process, over the database of the server that delivers. Who sent
what can be read off each address: `u.<kind>.<account>.<number>@domain`; where the first part is the
beginning of a refusal, the receiver refuses it.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum

from tests.support.tayori_process import TayoriProcess
from tests.support.zoo.species import Refusal, Species

from tayori.accept.door import Door
from tayori.accept.submission import Accepted, Source, Submission
from tayori.app.door import build_door
from tayori.app.parts import Parts, opened
from tayori.catalog.model import TemplateContent
from tayori.mail.address import Mailbox, parse_mailbox
from tayori.refusal.refusal import Refusal as DoorRefusal
from tayori.tenants.model import DkimOption, DnsRecord, RecordGroup, RecordState

AT_ONCE = 200
HTML = "<p>Dear {{name}}, your order is on its way.</p>" + "<p>Some words of a mail.</p>" * 40


class Kind(StrEnum):
    """How urgent a mail is."""

    TRIGGER = "trigger"
    NORMAL = "normal"
    BULK = "bulk"


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail that the door took; `at_ms` since the epoch, when the door said yes."""

    address: str
    kind: Kind
    account: str
    at_ms: int


@dataclass(slots=True)
class MixedLoad:
    """Sends mails of accounts; `sent` holds what was taken by address."""

    door: Door
    drafts: dict[str, Submission]
    domains: Sequence[str]
    """Receiving domains, each as often as its share asks."""
    chance: random.Random
    sent: dict[str, Sent] = field(default_factory=dict)

    async def send(self, count: int, kind: Kind, account: str) -> None:
        """Send so many mails to domains drawn by their shares."""
        for first in range(0, count, AT_ONCE):
            wanted = min(AT_ONCE, count - first)
            domains = self.chance.choices(self.domains, k=wanted)
            await asyncio.gather(*(self.one(domain, kind, account) for domain in domains))

    async def one(self, domain: str, kind: Kind, account: str, local: str = "u") -> Sent:
        """Send one mail; AssertionError when the door refuses."""
        address = f"{local}.{kind}.{account}.{len(self.sent)}@{domain}"
        # The place is taken before the door answers, so that numbers are never given twice.
        self.sent[address] = Sent(address, kind, account, 0)
        mail = replace(
            self.drafts[account],
            to=(_box(address),),
            trigger=kind is Kind.TRIGGER,
            source=Source.BULK if kind is Kind.BULK else Source.API,
        )
        answer = await self.door.accept(mail)
        assert isinstance(answer, Accepted), answer
        sent = Sent(address, kind, account, time.time_ns() // 1_000_000)
        self.sent[address] = sent
        return sent

    async def refused(self, species: Sequence[Species], account: str) -> dict[str, Refusal]:
        """Send one mail for each refusal of the species; return the refusals by address."""
        wanted = {}
        for one in species:
            domain = one.sites[0].domains[0]
            for local, refusal in one.refusals.items():
                sent = await self.one(domain, Kind.NORMAL, account, local)
                wanted[sent.address] = refusal
        return wanted


@asynccontextmanager
async def mixed_load(
    server: TayoriProcess, accounts: Sequence[str], shares: Sequence[tuple[Species, int]]
) -> AsyncIterator[MixedLoad]:
    """Make the accounts ready to send, and yield the load for them; `shares` are relative."""
    domains = [domain for species, share in shares for domain in _in_turn(species, share)]
    async with opened(server.settings) as parts:
        drafts = {name: await _draft(parts, name) for name in accounts}
        yield MixedLoad(build_door(parts), drafts, domains, random.Random(7))


def _in_turn(species: Species, share: int) -> list[str]:
    domains = [domain for site in species.sites for domain in site.domains]
    return [domains[number % len(domains)] for number in range(share)]


async def _draft(parts: Parts, name: str) -> Submission:
    access = await parts.accounts.create(name)
    assert not isinstance(access, DoorRefusal), access
    domain = f"mail.{name}.test"
    identity = await parts.identities.create(access.account.id, domain, DkimOption.RSA_1024)
    assert not isinstance(identity, DoorRefusal), identity
    found = [
        DnsRecord(group=group, type="TXT", name=domain, expected="", state=RecordState.OK)
        for group in RecordGroup
    ]
    await parts.identities.record_check(identity, found)
    await parts.senders.create(access.account.id, f"news@{domain}", name)
    template = await parts.templates.create(
        access.account.id, "order", TemplateContent(html=HTML, text="")
    )
    assert not isinstance(template, DoorRefusal), template
    return Submission(
        account=access.account,
        source=Source.API,
        sender=_box(f"news@{domain}"),
        subject="Your order",
        template_id=template.id,
        values={"name": "Ms Mori"},
    )


def _box(text: str) -> Mailbox:
    mailbox = parse_mailbox(text)
    assert isinstance(mailbox, Mailbox), mailbox
    return mailbox
