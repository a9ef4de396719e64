"""Refusals that came by mail: a receiver took a mail and reported later why it gave it up.

They count for the same rules as what receivers say to us directly, towards the site that the mail
went to and from the source that it left from.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tayori.classify.current import BounceRules
from tayori.classify.reply import classify
from tayori.config.rules import RuleFile, RuleFileError
from tayori.delivery.plan import Route
from tayori.delivery.reactions.apply import destination_of
from tayori.delivery.reactions.rules import FILE, ReactionRule, matching, rules_of
from tayori.delivery.reactions.store import Match, ReactionStore
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.queue.operator_store import OperatorStore
from tayori.runtime import log


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A reply that a report quotes about one recipient of ours."""

    recipient_id: int
    message_id: int
    account_id: int
    domain: str
    reply: Reply
    at: int


class Hearsay:
    """Counts what reports say; `route` finds where mail to a domain goes."""

    def __init__(
        self,
        *,
        store: ReactionStore,
        attempts: OperatorStore,
        route: Callable[[str, int], Awaitable[Route | Outcome]],
        bounce_rules: BounceRules,
        data_dir: Path | None = None,
    ) -> None:
        self._store = store
        self._attempts = attempts
        self._route = route
        self._bounce_rules = bounce_rules
        self._file = RuleFile(FILE, data_dir)
        self._rules: tuple[ReactionRule, ...] = ()

    async def hear(self, said: Sequence[Said], now: int) -> None:
        """Count what rules ask for; begins reactions where a threshold is reached."""
        self._read_rules()
        matches = [match for each in said for match in await self._matches(each)]
        if not matches:
            return
        for reaction in await self._store.count(matches, now):
            log.get("reactions").warning(
                "reaction_by_report", reaction=reaction.id, name=reaction.name
            )

    async def _matches(self, said: Said) -> list[Match]:
        route = await self._route(said.domain, said.at)
        if isinstance(route, Outcome):
            return []
        outcome = Outcome(
            kind=Kind.PERMANENT if said.reply.permanent else Kind.TEMPORARY,
            scope=Scope.RECIPIENT,
            stage=Stage.CONTENT,
            reply=said.reply,
        )
        verdict = classify(outcome, route.provider, rules=self._bounce_rules.current)
        found = matching(self._rules, route.provider, outcome, verdict)
        if not found:
            return []
        tried = await self._attempts.attempts(said.message_id)
        sources = [one.source for one in tried if one.recipient_id == said.recipient_id]
        return [
            Match(
                rule=rule,
                source=(sources[-1] if sources else None) or "",
                destination=destination_of(route),
                account_id=said.account_id,
                message_id=said.message_id,
                at=said.at,
                reason=str(said.reply),
            )
            for rule in found
        ]

    def _read_rules(self) -> None:
        if not self._file.changed():
            return
        try:
            shipped, own = self._file.read()
            self._rules = rules_of(shipped, own)
        except RuleFileError as error:
            log.get("reactions").error("rules_refused", file=FILE, error=str(error))
            if not self._rules:
                self._rules = rules_of(RuleFile(FILE).read()[0], {})
