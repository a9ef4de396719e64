"""The processes around a measured drain: the sink, the deliverers, and the queue they empty."""

import asyncio
import datetime as dt
import os
import random
import resource
from collections.abc import Sequence
from dataclasses import replace
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import msgspec
import uvloop
from tests.bench.usage import peak_mib

from tayori.accept.door import Door
from tayori.accept.limits import Limits
from tayori.accept.store import AcceptStore
from tayori.accept.submission import Accepted, Source, Submission
from tayori.app.parts import Parts, opened
from tayori.catalog.model import TemplateContent
from tayori.config.tree import Settings
from tayori.delivery.composer import CatalogComposer
from tayori.delivery.pacing.store import PacingStore
from tayori.delivery.reactions.service import Reactions
from tayori.delivery.reactions.store import ReactionStore
from tayori.delivery.security.service import build_security
from tayori.delivery.security.store import SecurityStore
from tayori.delivery.service import DeliveryNeeds, build_delivery
from tayori.mail.address import Mailbox, parse_mailbox
from tayori.mail.dkim import RsaSigner
from tayori.refusal.refusal import Refusal
from tayori.runtime import log
from tayori.runtime.clock import HOUR
from tayori.runtime.garbage import spare_the_lasting
from tayori.smtp.handler import ACCEPTED, Answer, Handler, Received, ServerSettings
from tayori.smtp.server import Server
from tayori.smtp.tls import server_context, write_self_signed
from tayori.tenants.model import DkimKey, DkimOption, DnsRecord, RecordGroup, RecordState

DOMAIN = "mail.shop.test"
RECEIVER = "receiver.test"
_AT_ONCE = 500


class _Count(Handler):
    """Takes everything, throws it away, and says when all have come."""

    def __init__(self, seen: list[int], mails: int, done: asyncio.Event) -> None:
        self._seen = seen
        self._mails = mails
        self._done = done

    def data(self, received: Received, content: bytes) -> Answer:
        self._seen[0] += 1
        self._seen[1] += len(content)
        if self._seen[0] >= self._mails:
            self._done.set()
        return ACCEPTED


async def _sink(pipe: Pipe, folder: Path, mails: int, *, tls: bool) -> None:
    context = None
    if tls:
        files = {"cert_file": folder / "sink.pem", "key_file": folder / "sink.key"}
        write_self_signed("mx.receiver.test", now=dt.datetime.now(dt.UTC), **files)
        context = server_context(files["cert_file"], files["key_file"])
    seen, done = [0, 0], asyncio.Event()
    server = Server(
        lambda _: _Count(seen, mails, done),
        ServerSettings(host_name="mx.receiver.test", tls=context, max_commands=1 << 30),
    )
    pipe.send((await server.start("127.0.0.1", 0))[1])
    await done.wait()
    pipe.send(tuple(seen))
    await asyncio.to_thread(pipe.recv)
    await server.stop(grace_s=1)
    pipe.send(seen[0])


def run_sink(pipe: Pipe, folder: str, mails: int, tls: bool) -> None:
    """Be the receiving server."""
    uvloop.run(_sink(pipe, Path(folder), mails, tls=tls))


class _NoKey(RsaSigner):
    """Signs with zeros, to measure everything but RSA."""

    __slots__ = ()

    def sign(self, data: bytes) -> bytes:
        return bytes(256)


class _Unsigned(CatalogComposer):
    def _signer(self, domain: str, key: DkimKey) -> RsaSigner:
        made = super()._signer(domain, key)
        if not isinstance(made, _NoKey):
            made = _NoKey(pem=key.private_pem, domain=domain, selector=key.selector)
            self._signers.keep((domain, key.private_pem), made, 1)
        return made


async def _deliver(pipe: Pipe, settings: Settings, number: int, *, signed: bool) -> None:
    async with opened(settings) as parts:
        composer = (CatalogComposer if signed else _Unsigned)(
            templates=parts.templates, identities=parts.identities, token_key=b"k" * 32
        )
        security = build_security(
            SecurityStore(parts.database),
            settings=settings.delivery,
            queue=parts.queue,
            resolver=parts.resolver,
            clock=parts.clock,
        )
        loop = build_delivery(
            DeliveryNeeds(
                owner=f"bench-{number}",
                settings=settings,
                queue=parts.queue,
                suppressions=parts.suppressions,
                reactions=Reactions(
                    ReactionStore(parts.database), parts.clock, random.Random(number)
                ),
                pacing=PacingStore(parts.database),
                composer=composer,
                resolver=parts.resolver,
                signal=parts.queue_signal,
                clock=parts.clock,
                chance=random.Random(number),
                security=security,
            )
        )
        spare_the_lasting()
        pipe.send("ready")
        await asyncio.to_thread(pipe.recv)
        before = resource.getrusage(resource.RUSAGE_SELF)
        await security.start()
        await loop.start()
        await asyncio.to_thread(pipe.recv)
        await loop.stop()
        await security.stop()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    # What getrusage calls the peak counts the process that this one was started from as well.
    pipe.send((cpu_s, peak_mib(os.getpid())))


def run_deliverer(pipe: Pipe, settings: bytes, number: int, signed: bool) -> None:
    """Be one delivery process."""
    log.configure("warning", role="bench")
    decoded = msgspec.json.decode(settings, type=Settings)
    uvloop.run(_deliver(pipe, decoded, number, signed=signed))


def domain_of(number: int) -> str:
    """Return the name of one of the receivers."""
    return f"r{number}.{RECEIVER}"


async def fill(parts: Parts, mails: int, size: int, receivers: int = 1) -> Submission:
    """Put mails of about `size` octets on the wire into the queue; return what they are made of."""
    submission = await _submission(parts, size)
    await take(parts, submission, mails, receivers)
    return submission


async def take(parts: Parts, submission: Submission, mails: int, receivers: int) -> None:
    """Take mails through the door, each to a mailbox of its own."""
    door = Door(
        directory=parts.directory,
        limits=Limits(parts.settings.policy, parts.zone),
        store=AcceptStore(parts.database, parts.clock),
        clock=parts.clock,
        ids=parts.ids,
        zone=parts.zone,
        lifetime_ms=72 * HOUR,
    )
    for first in range(0, mails, _AT_ONCE):
        numbers = range(first, min(mails, first + _AT_ONCE))
        answers = await asyncio.gather(
            *(
                door.accept(replace(submission, to=(_box(f"u{n}@{domain_of(n % receivers)}"),)))
                for n in numbers
            )
        )
        refused = [answer for answer in answers if not isinstance(answer, Accepted)]
        if refused:
            raise SystemExit(f"refused: {refused[0]}")


async def _submission(parts: Parts, size: int) -> Submission:
    access = await parts.accounts.create("bench")
    if isinstance(access, Refusal):
        raise SystemExit(str(access))
    account = access.account
    identity = await parts.identities.create(account.id, DOMAIN, DkimOption.RSA_2048)
    if isinstance(identity, Refusal):
        raise SystemExit(str(identity))
    found = [
        DnsRecord(group=group, type="TXT", name=DOMAIN, expected="", state=RecordState.OK)
        for group in RecordGroup
    ]
    await parts.identities.record_check(identity, found)
    await parts.senders.create(account.id, f"news@{DOMAIN}", "Shop")
    template = await parts.templates.create(account.id, "bench", _template(size))
    if isinstance(template, Refusal):
        raise SystemExit(str(template))
    return Submission(
        account=account,
        source=Source.API,
        sender=_box(f"news@{DOMAIN}"),
        subject="Order {{v1}}",
        template_id=template.id,
        values={f"v{n}": f"value {n}" for n in range(12)},
    )


def _template(size: int) -> TemplateContent:
    paragraph = "<p>{{v%d}}: the quick brown fox jumps over the lazy dog and goes home.</p>\n"
    # Headers and the signature take about 1,000 octets; the text part repeats most of the HTML.
    count = max(1, (size - 1_100) // 135)
    html = "".join(paragraph % (n % 12) for n in range(count))
    return TemplateContent(html=html, text="")


def _box(text: str) -> Mailbox:
    mailbox = parse_mailbox(text)
    if not isinstance(mailbox, Mailbox):
        raise SystemExit(str(mailbox))
    return mailbox


def settings_of(
    folder: Path, dns: Sequence[str], port: int, url: str, connections: int
) -> Settings:
    """Return the settings of a drain: no limits, everything on loopback."""
    return msgspec.convert(
        {
            "data_dir": str(folder),
            "database": {"url": url},
            "dns": {"servers": list(dns)},
            "delivery": {
                "port": port,
                "allow_private_networks": True,
                "connections_per_site": connections,
            },
            "policy": {
                "account_per_day": 0,
                "level_per_day": [],
                "mailbox_per_hour": 0,
                "free_mails": 0,
            },
        },
        Settings,
    )
