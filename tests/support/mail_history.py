"""Mails of an account with a history: attempts with conversations, waits and reactions."""

from tayori.accept.submission import Source
from tayori.app.parts import Parts
from tayori.events.model import Event, EventKind
from tayori.events.store import record
from tayori.mail.outcome import Kind, Outcome, Scope, Stage
from tayori.mail.reply import Reply
from tayori.mail.transcript import Note
from tayori.queue.intake import Intake
from tayori.queue.model import Leased, NewMessage, NewRecipient, Priority, Role, Settlement
from tayori.queue.states import State
from tayori.queue.story_store import StoryStore
from tayori.refusal.saying import NOTHING, Saying
from tayori.runtime.clock import HOUR
from tayori.tenants.model import Account

OWNER = "history"


class History:
    """Writes the lives of an account's mails into the database, as deliveries would."""

    def __init__(self, parts: Parts, account: Account) -> None:
        self._parts = parts
        self._account = account

    async def taken(
        self,
        name: str,
        *addresses: str,
        at: int,
        subject: str = "Your order",
        dropped: dict[str, Saying] | None = None,
    ) -> None:
        """Take a message with these recipients; `dropped` has reasons of those not written to."""
        why = dropped or {}
        intake = Intake(self._parts.database)
        message = NewMessage(
            public_id=name,
            account_id=self._account.id,
            identity_id=1,
            source=Source.API.value,
            from_address="news@mail.mori.test",
            subject=subject,
            rfc_message_id=f"<{name}@mail.mori.test>",
            recipe=b"recipe",
            recipients=tuple(
                NewRecipient(
                    address=address,
                    domain=address.partition("@")[2],
                    role=Role.TO,
                    dropped_status=1007 if address in why else 0,
                    dropped_reason=why.get(address, NOTHING),
                )
                for address in addresses
            ),
            accepted_at=at,
            expires_at=at + 12 * HOUR,
            priority=Priority.NORMAL,
        )
        numbers = await intake.number([message])
        async with self._parts.database.write() as transaction:
            await intake.take(transaction, [message], numbers)

    async def waited(self, address: str, now: int, cause: Saying, *, until: int) -> None:
        """Let a recipient go back to the queue unattempted, for a cause."""
        leased = await self._leased(address, now)
        await self._settle(
            Settlement(recipient=leased, state=State.QUEUED, at=now, due_at=until, cause=cause)
        )

    async def attempted(
        self, address: str, now: int, reply: Reply, *, bounce_class: str = "", again: int = 0
    ) -> None:
        """Attempt a recipient's mail and settle it by the reply; a 4yz is due `again`."""
        leased = await self._leased(address, now)
        kind = Kind.DELIVERED if reply.positive else Kind.TEMPORARY
        kind = Kind.PERMANENT if reply.permanent else kind
        state = {
            Kind.DELIVERED: State.DELIVERED,
            Kind.PERMANENT: State.BOUNCED,
            Kind.TEMPORARY: State.DEFERRED,
        }[kind]
        outcome = Outcome(
            kind=kind,
            scope=Scope.RECIPIENT,
            stage=Stage.CONTENT if reply.positive else Stage.RCPT,
            reply=reply,
            peer_host="mx1.receiver.test",
            peer_address="192.0.2.25",
            tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
            started_at=now - 1_240,
            ended_at=now,
            conversation=_said(address, reply, now - 1_240),
        )
        await self._settle(
            Settlement(
                recipient=leased,
                state=state,
                at=now,
                due_at=again or None,
                outcome=outcome,
                bounce_class=bounce_class,
                reply=str(reply),
            )
        )

    async def reacted(self, address: str, kind: EventKind, at: int, **data: str) -> None:
        """Write down what the recipient of the newest mail to an address did."""
        stories = StoryStore(self._parts.database)
        (found, *_) = await stories.newest(self._account.id, 1, to_address=address)
        fate = await stories.fate(found.message_id, account_id=self._account.id)
        assert fate is not None
        event = Event(
            at=at,
            account_id=self._account.id,
            kind=kind,
            message_id=fate.message.number,
            recipient_id=found.id,
            data=data,
        )
        async with self._parts.database.write() as transaction:
            await record(transaction, [event])

    async def _leased(self, address: str, now: int) -> Leased:
        found = await self._parts.queue.lease(OWNER, now, now + 1, 1_000)
        return next(one for one in found if one.address == address)

    async def _settle(self, settlement: Settlement) -> None:
        assert await self._parts.queue.settle(OWNER, [settlement]) == [True]


def _said(address: str, reply: Reply, begin: int) -> list[Note]:
    """Return a conversation as a delivery keeps it."""
    return [
        (begin + 40, Reply(220, "", ("mx1.receiver.test ready",))),
        (begin + 41, b"EHLO mail.mori.test\r\n"),
        (begin + 80, Reply(250, "", ("mx1.receiver.test",))),
        (begin + 90, "TLSv1.3 TLS_AES_256_GCM_SHA384, the certificate is not checked"),
        (begin + 120, b"MAIL FROM:<b1@bounces.mori.test>\r\n"),
        (begin + 160, Reply(250, "2.1.0", ("ok",))),
        (begin + 161, f"RCPT TO:<{address}>\r\n".encode()),
        (begin + 1_240, reply),
    ]
