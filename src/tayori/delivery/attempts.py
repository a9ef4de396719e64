"""One attempt: compose for what the receiver can take, send, and tell the outcome.

Failure rules: whatever happens is an outcome. A fault of ours is a temporary one, so that a mail
that trips over it is deferred on the retry curve instead of being tried in a circle.
"""

import asyncio
from typing import Protocol

from tayori.compose.build import Capabilities, Mail
from tayori.compose.model import Recipe, decode_recipe
from tayori.delivery.work import Work
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.queue.store import QueueStore
from tayori.refusal.saying import say
from tayori.runtime import log
from tayori.runtime.clock import Clock
from tayori.smtp.envelope import Envelope, SendResult
from tayori.smtp.session import Session

LARGE_AT_ONCE = 4
"""Large recipes in memory at a time; with at most 10 MB each this bounds the process."""


class Composer(Protocol):
    """Builds a recipient's mail from its recipe."""

    async def compose(self, recipient_id: int, recipe: Recipe, receiver: Capabilities) -> Mail:
        """Return the finished mail."""
        ...


class Attempts:
    """Makes attempts on sessions that somebody else opens and closes."""

    def __init__(self, *, queue: QueueStore, composer: Composer, clock: Clock) -> None:
        self._queue = queue
        self._composer = composer
        self._clock = clock
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)
        self._log = log.get("delivery")

    async def attempt(self, session: Session, work: Work) -> SendResult | Outcome:
        """Return what the session said, or the outcome when the mail could not be built."""
        if work.recipe is not None:
            return await self._send(session, work, work.recipe)
        async with self._large:
            stored = await self._queue.recipes([work.recipient.message_id])
            content = stored.get(work.recipient.message_id)
            if content is None:
                return self._fault(work, "The content of the message is gone.")
            return await self._send(session, work, decode_recipe(content))

    async def _send(self, session: Session, work: Work, recipe: Recipe) -> SendResult | Outcome:
        offered = session.extensions
        receiver = Capabilities(eight_bit=offered.eightbit, smtputf8=offered.smtputf8)
        try:
            mail = await self._composer.compose(work.recipient.id, recipe, receiver)
            envelope = Envelope(
                return_path=mail.return_path,
                recipients=(work.recipient.address,),
                size=len(mail.content),
                body="8BITMIME" if mail.eight_bit else "7BIT",
                smtputf8=mail.smtputf8,
                require_tls=recipe.tls == "require",
            )
        except Exception as error:
            self._log.exception("composing_failed", recipient=work.recipient.id)
            return self._fault(work, f"The mail could not be built: {error}")
        return await session.send(envelope, mail.content)

    def _fault(self, work: Work, detail: str) -> Outcome:
        now = self._clock.now()
        self._log.error("attempt_impossible", recipient=work.recipient.id, detail=detail)
        said = say("The mail could not be built; the operator's log says why.")
        return Outcome(
            kind=Kind.TEMPORARY,
            scope=Scope.MESSAGE,
            stage=Stage.ENGINE,
            reply=Reply(451, "4.3.0", (said.english,)),
            said=said,
            detail=detail,
            started_at=now,
            ended_at=now,
        )
