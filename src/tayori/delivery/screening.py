"""Scans mails before they are attempted; a scanner that is down delays and never lets pass.

A mail is scanned as it would be sent, once per message while this process remembers; of mails from
a template without attachments the first one of each version is. Malware and spam end all recipients
that come up. Failure rules: what cannot be scanned goes back to the queue with the reason, as not
attempted, until its lifetime ends.
"""

import asyncio
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Final, TypeAlias

from tayori.classify.model import BounceClass
from tayori.compose.build import Capabilities, CompositionError
from tayori.compose.model import Recipe, decode_recipe
from tayori.delivery.attempts import Composer
from tayori.delivery.settler import returned
from tayori.delivery.work import Work
from tayori.queue.model import Settlement
from tayori.queue.states import State
from tayori.queue.store import QueueStore
from tayori.refusal.saying import NOTHING, Saying, say
from tayori.runtime import log
from tayori.runtime.clock import SECOND, Clock
from tayori.screen.scanners.model import Clean, Infected, ScanResult, Spam, Unavailable
from tayori.screen.scanners.scanner import Scanner

AGAIN_MS: Final = 30 * SECOND
"""How long a mail waits for a scanner that cannot be asked."""
SEND_STATUS: Final = 1001
"""Our result of a mail that is dropped for its content; the original has no code of its own."""
_REMEMBERED: Final = 10_000
_LARGE_AT_ONCE: Final = 2

OnMalware: TypeAlias = Callable[[int, int, str], Awaitable[None]]
"""Hears of malware: account, message, and what it is called."""
OnSpam: TypeAlias = Callable[[int, str, str], Awaitable[None]]
"""Hears of spam: account, what names the mail or its template, and why."""


class Screening:
    """Asks the scanner about the mails of one delivery process."""

    def __init__(
        self,
        *,
        scanner: Scanner,
        composer: Composer,
        queue: QueueStore,
        clock: Clock,
        on_malware: OnMalware,
        on_spam: OnSpam,
    ) -> None:
        self._scanner = scanner
        self._composer = composer
        self._queue = queue
        self._clock = clock
        self._on_malware = on_malware
        self._on_spam = on_spam
        self._results: OrderedDict[Hashable, ScanResult] = OrderedDict()
        self._scanning: dict[Hashable, asyncio.Lock] = {}
        self._large = asyncio.Semaphore(_LARGE_AT_ONCE)

    async def pass_on(
        self,
        works: Sequence[Work],
        spread: Callable[[Sequence[Work]], Awaitable[None]],
        put: Callable[[Settlement], None],
    ) -> None:
        """Give what may go to `spread` and the rest to `put`; what needs no scan waits for none."""
        doubtful: defaultdict[int, list[Work]] = defaultdict(list)
        free: list[Work] = []
        for work in works:
            concerned = self._concerns(work)
            (doubtful[work.recipient.message_id] if concerned else free).append(work)

        async def one(message: Sequence[Work]) -> None:
            passed, settled = await self.screen(message)
            for settlement in settled:
                put(settlement)
            await spread(passed)

        await asyncio.gather(spread(free), *map(one, doubtful.values()))

    def _concerns(self, work: Work) -> bool:
        """Tell whether a mail has to be scanned, or may have to (its recipe is not read yet)."""
        recipe = work.recipe
        return recipe is None or self._malware(recipe) or self._scanner.finds_spam

    async def screen(self, works: Sequence[Work]) -> tuple[list[Work], list[Settlement]]:
        """Return what may go of one message's recipients, and what becomes of the others."""
        try:
            result = await self._result(works[0])
        except CompositionError:
            # The attempt finds the same and keeps the mail with its reason.
            return list(works), []
        except Exception as error:
            log.get("screen").exception("screening_failed", message=works[0].recipient.message_id)
            result = Unavailable(say("screening failed: {error}", error=type(error).__name__))
        if isinstance(result, Clean):
            return list(works), []
        if isinstance(result, Infected):
            leased = works[0].recipient
            await self._on_malware(leased.account_id, leased.message_id, result.name)
        if isinstance(result, Spam):
            await self._on_spam(
                works[0].recipient.account_id, _find_key(works[0]), str(_why(result))
            )
        now = self._clock.now()
        return [], [_settled(work, result, now) for work in works]

    async def close(self) -> None:
        """Close the scanner's connections."""
        await self._scanner.close()

    async def _result(self, work: Work) -> ScanResult:
        if work.recipe is not None:
            return await self._once(work, work.recipe)
        async with self._large:
            number = work.recipient.message_id
            stored = await self._queue.recipes([number])
            # A message whose content is gone is told so by the attempt.
            return await self._once(work, decode_recipe(stored[number])) if stored else Clean()

    async def _once(self, work: Work, recipe: Recipe) -> ScanResult:
        key: Hashable = recipe.public_id
        if recipe.template is not None and not recipe.attachments:
            key = recipe.template
        lock = self._scanning.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                known = self._results.get(key)
                if known is None:
                    known = await self._scan(work, recipe)
                    self._remember(key, known)
                return known
        finally:
            if not lock.locked():
                self._scanning.pop(key, None)

    async def _scan(self, work: Work, recipe: Recipe) -> ScanResult:
        malware, spam = self._malware(recipe), self._scanner.finds_spam
        if not malware and not spam:
            return Clean()
        composed = await self._composer.compose(
            work.recipient.id, recipe, Capabilities(eight_bit=True, smtputf8=True)
        )
        return await self._scanner.scan(composed.content, malware=malware, spam=spam)

    def _malware(self, recipe: Recipe) -> bool:
        return self._scanner.finds_malware and bool(recipe.attachments or recipe.raw)

    def _remember(self, key: Hashable, result: ScanResult) -> None:
        if isinstance(result, Unavailable):
            return
        self._results[key] = result
        if len(self._results) > _REMEMBERED:
            self._results.popitem(last=False)


def _find_key(work: Work) -> str:
    """Return what names a find: a version of a template counts once, whoever it was for."""
    recipe = work.recipe
    if recipe is not None and recipe.template is not None and not recipe.attachments:
        return "template {} {}".format(*recipe.template)
    return f"message {work.recipient.message_id}"


def _settled(work: Work, result: ScanResult, now: int) -> Settlement:
    recipient = work.recipient
    left_ms = recipient.expires_at - now
    if isinstance(result, Unavailable) and left_ms > 0:
        cause = say("the mail has to be scanned first; {detail}", detail=result.detail)
        return returned(recipient, now, min(AGAIN_MS, left_ms), cause=cause)
    if isinstance(result, Unavailable):
        return Settlement(
            recipient=recipient,
            state=State.EXPIRED,
            at=now,
            bounce_class=BounceClass.EXPIRED.value,
            reply=say(
                "The mail's lifetime ended before it could be scanned: {detail}",
                detail=result.detail,
            ),
        )
    return Settlement(
        recipient=recipient,
        state=State.DROPPED,
        at=now,
        send_status=SEND_STATUS,
        bounce_class=BounceClass.CONTENT.value,
        reply=_why(result),
    )


def _why(result: ScanResult) -> Saying:
    if isinstance(result, Infected):
        return say("Malware was found in the mail ({name}); it was not sent.", name=result.name)
    if isinstance(result, Spam):
        score, limit = f"{result.score:g}", f"{result.limit:g}"
        if not result.tests:
            return say(
                "The spam scanner gives the mail {score} of {limit}.", score=score, limit=limit
            )
        return say(
            "The spam scanner gives the mail {score} of {limit}: {tests}.",
            score=score,
            limit=limit,
            tests=", ".join(result.tests),
        )
    return NOTHING
