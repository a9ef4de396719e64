"""A process that delivers; it listens on no port."""

import os
import random
import socket

from tayori.app.finds import finds
from tayori.app.parts import RUN_DIR, Parts
from tayori.app.presence import Presence
from tayori.app.roles import Kind
from tayori.classify.current import BounceRules
from tayori.config.rules import RuleFile
from tayori.delivery.attempts import Composer
from tayori.delivery.composer import CatalogComposer
from tayori.delivery.pacing.store import PacingStore
from tayori.delivery.pools import pools_of
from tayori.delivery.reactions.service import Reactions
from tayori.delivery.reactions.store import ReactionStore
from tayori.delivery.screening import Screening
from tayori.delivery.security.report_store import ReportStore
from tayori.delivery.security.results import Results
from tayori.delivery.security.service import build_security
from tayori.delivery.security.store import SecurityStore
from tayori.delivery.service import DeliveryNeeds, build_delivery
from tayori.delivery.source_choice import SourceChooser
from tayori.delivery.stops import Stops
from tayori.delivery.takeover import TakeOver
from tayori.mail.tracking_token import KEY_PURPOSE
from tayori.refusal.saying import say
from tayori.reputation.standing_store import StopStore
from tayori.reputation.warmup import WARMUP_RULES, read_table
from tayori.reputation.warmup_store import WarmupStore
from tayori.runtime import log
from tayori.runtime.clock import DAY
from tayori.runtime.service import Service
from tayori.screen.finds import FindKind
from tayori.screen.malware_store import MalwareStore
from tayori.screen.scanners.scanner import Scanner, scanner_of
from tayori.tenants.pool_store import PoolStore

RETURN_PATH_PURPOSE = "return path"


def delivery(parts: Parts) -> list[Service]:
    """Return the services of this process."""
    chance = random.Random()  # noqa: S311 - spreads retries and load, guards no secret
    scanner = scanner_of(parts.settings.scan, parts.clock)
    store = ReactionStore(parts.database)
    bounce_rules = BounceRules(parts.data_dir)
    reactions = Reactions(store, parts.clock, chance, data_dir=parts.data_dir)
    security = build_security(
        SecurityStore(parts.database),
        settings=parts.settings.delivery,
        queue=parts.queue,
        resolver=parts.resolver,
        clock=parts.clock,
        results=_results(parts),
    )
    composer = CatalogComposer(
        templates=parts.templates,
        identities=parts.identities,
        token_key=parts.box.derive(RETURN_PATH_PURPOSE),
        link_key=parts.box.derive(KEY_PURPOSE),
    )
    owner = f"{socket.gethostname()}/{os.getpid()}/{parts.ids.alphanumeric(6)}"
    journals = parts.data_dir / RUN_DIR / "delivered"
    needs = DeliveryNeeds(
        owner=owner,
        settings=parts.settings,
        queue=parts.queue,
        suppressions=parts.suppressions,
        reactions=reactions,
        bounce_rules=bounce_rules,
        pacing=PacingStore(parts.database),
        composer=composer,
        screening=screening(parts, composer, scanner),
        resolver=parts.resolver,
        signal=parts.queue_signal,
        clock=parts.clock,
        chance=chance,
        sources=_sources(parts, chance, reactions),
        stops=Stops(StopStore(parts.database), parts.clock),
        journals=journals,
        security=security,
    )
    takeover = TakeOver(parts.queue, owner, journals)
    presence = Presence(parts, Kind.DELIVERY, scanner)
    return [presence, security, takeover, build_delivery(needs)]


def _results(parts: Parts) -> Results | None:
    """Return the counts for TLS reports; without a sender for them nothing is counted."""
    if not parts.settings.delivery.tls_report_from:
        return None
    return Results(ReportStore(parts.database), parts.resolver, parts.clock)


def screening(parts: Parts, composer: Composer, scanner: Scanner | None) -> Screening | None:
    """Return what has mails scanned; None without any engine."""
    if scanner is None:
        return None
    store = MalwareStore(parts.database)
    most = parts.settings.scan.suspend_after
    finds_of = finds(parts)

    async def on_malware(account_id: int, message_id: int, name: str) -> None:
        now = parts.clock.now()
        finds = await store.add(account_id, message_id, name, now=now, since=now - DAY)
        log.get("screen").warning("malware", account=account_id, message=message_id, name=name)
        if most and finds >= most:
            reason = say(
                "Malware was found in {count} mails within a day, last {name}.",
                count=finds,
                name=name,
            )
            await finds_of.suspend(account_id, reason)

    async def on_spam(account_id: int, key: str, name: str) -> None:
        log.get("screen").warning("spam", account=account_id, mail=key, name=name)
        await finds_of.note(account_id, FindKind.SPAM, key, name)

    return Screening(
        scanner=scanner,
        composer=composer,
        queue=parts.queue,
        clock=parts.clock,
        on_malware=on_malware,
        on_spam=on_spam,
    )


def _sources(parts: Parts, chance: random.Random, reactions: Reactions) -> SourceChooser | None:
    """Return the choice among the sources of the settings; without any there is none."""
    if not parts.settings.delivery.sources:
        return None
    return SourceChooser(
        pools=pools_of(parts.settings.delivery, parts.zone),
        accounts=PoolStore(parts.database),
        warmup=warmup(parts),
        clock=parts.clock,
        chance=chance,
        avoid=reactions.avoids,
    )


def warmup(parts: Parts) -> WarmupStore:
    """Return the counts of sources that warm up, with the rules in force; RuleFileError."""
    table = read_table(RuleFile(WARMUP_RULES, parts.data_dir))
    return WarmupStore(parts.database, parts.clock, table, parts.zone)
