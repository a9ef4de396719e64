"""The door: every mail passes here, whatever its way in, and yes is said only after the commit.

Failure rules: a refusal leaves nothing but its event; an exception (the database cannot be reached)
means that nothing was taken and the caller may try again.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import tzinfo
from functools import partial
from typing import Any

import msgspec

from tayori.accept.checks import CHECKS
from tayori.accept.facts import Directory, Facts
from tayori.accept.limits import Limits
from tayori.accept.linking import Linking
from tayori.accept.screening import DoorScreening
from tayori.accept.simulation import nobody_left, with_simulated
from tayori.accept.store import AcceptStore
from tayori.accept.submission import Accepted, Source, Submission
from tayori.accept.taking import Along, Refusing, Stretch, Taking, mailbox_types
from tayori.catalog.model import StoredTemplate
from tayori.catalog.variables import VariableFault
from tayori.compose.content import Content, compile_template, read_content
from tayori.compose.model import Recipe, RecipeAttachment, RecipeLinks, RecipeMailbox, encode_recipe
from tayori.mail.address import Mailbox
from tayori.queue.model import NewMessage, NewRecipient, Priority, Role
from tayori.refusal.codes import Code
from tayori.refusal.refusal import Refusal, refuse
from tayori.runtime import metrics
from tayori.runtime.clock import Clock
from tayori.runtime.ids import Ids
from tayori.tenants.model import Identity

CALLBACK_PREFIX = "x-tencentcloudses-cb-"
"""Headers that travel to the callbacks as well (wire facts 2)."""


class Door:
    """Judges and takes submissions. `lifetime_ms` is how long delivery is tried."""

    def __init__(
        self,
        *,
        directory: Directory,
        limits: Limits,
        store: AcceptStore,
        clock: Clock,
        ids: Ids,
        zone: tzinfo,
        lifetime_ms: int,
        linking: Linking | None = None,
        simulator: str = "",
        screening: DoorScreening | None = None,
    ) -> None:
        self._directory = directory
        self._limits = limits
        self._store = store
        self._clock = clock
        self._ids = ids
        self._zone = zone
        self._lifetime_ms = lifetime_ms
        self._linking = linking
        self._simulator = simulator
        self._screening = screening
        self._accepted = {one.value: metrics.ACCEPTED.labels(one.value) for one in Source}
        self._compiled: dict[tuple[int, int], Content] = {}

    async def accept(self, submission: Submission) -> Accepted | Refusal:
        """Return yes after the commit, or why not."""
        answer = await self._judge(submission)
        source = submission.source.value
        if isinstance(answer, Refusal):
            metrics.REFUSED.labels(source, answer.code.value).inc()
        elif not answer.repeated:
            self._accepted[source].inc()
        return answer

    async def examine(self, submission: Submission) -> Refusal | None:
        """Return why the mail would be refused now, limits and suppression aside; takes nothing."""
        facts = await self._checked(submission)
        return facts if isinstance(facts, Refusal) else None

    async def accept_in_order(
        self,
        account_id: int,
        wishes: Sequence[Submission | Refusal],
        stops: Callable[[Refusal], bool],
        along: Along,
    ) -> Stretch | None:
        """Take a row of mails in one transaction, up to the first refusal that `stops` them.

        A wish that is a refusal already could not even be made into a mail. `along` writes into the
        same transaction how far the row got; None means that it said no, and nothing was taken.
        """
        items = [await self._prepare(account_id, wish) for wish in wishes]
        stretch = await self._store.put_in_order(items, stops, along)
        for answer in stretch.answers if stretch else ():
            if answer is None:
                metrics.ACCEPTED.labels(Source.BULK.value).inc()
            else:
                metrics.REFUSED.labels(Source.BULK.value, answer.code.value).inc()
        return stretch

    async def _judge(self, submission: Submission) -> Accepted | Refusal:
        item = await self._prepare(submission.account.id, submission)
        if isinstance(item, Refusing) and submission.token is not None:
            # The checks may see another world than they did the first time.
            known = await self._store.recall(submission.token)
            if isinstance(known, Accepted):
                return known
            item = replace(item, refusal=known or item.refusal)
        return await self._store.put(item)

    async def _prepare(self, account_id: int, wish: Submission | Refusal) -> Taking | Refusing:
        if isinstance(wish, Refusal):
            return Refusing(account_id=account_id, at=self._clock.now(), refusal=wish)
        facts = await self._checked(wish)
        if isinstance(facts, Refusal):
            return Refusing(
                account_id=account_id,
                at=self._clock.now(),
                refusal=facts,
                domain=wish.sender.address.domain,
                mailbox_types=mailbox_types(_recipients(wish)),
                sender=wish.sender.address.addr,
                template_id=wish.template_id,
                task_id=wish.task_id,
            )
        if facts.identity is None or facts.content is None:
            raise AssertionError("The checks let a mail without sender domain or content pass.")
        links = None
        if self._linking is not None:
            has_html = facts.content.html.constants != ("",)
            links = await self._linking.plan(wish, has_html=has_html)
        message = self._message(wish, facts.identity, facts, links)
        refusal = nobody_left(message.recipients)
        if refusal is not None:
            return Refusing(account_id=account_id, at=self._clock.now(), refusal=refusal)
        claims = partial(self._limits.claims, identity=facts.identity, towards=wish.towards)
        return Taking(
            message=message, domain=facts.identity.domain, claims=claims, token=wish.token
        )

    async def _checked(self, submission: Submission) -> Facts | Refusal:
        facts = await self._gather(submission)
        if isinstance(facts, Refusal):
            return facts
        for check in CHECKS:
            refusal = check(submission, facts)
            if refusal is not None:
                return refusal
        if self._screening is not None:
            return await self._screening.check(submission, facts) or facts
        return facts

    async def _gather(self, submission: Submission) -> Facts | Refusal:
        account_id, address = submission.account.id, submission.sender.address
        template = None
        content: Content | None = None
        if submission.template_id is not None:
            template = await self._directory.template(account_id, submission.template_id)
            if template is not None:
                found = self._compile(template)
                if isinstance(found, Refusal):
                    return found
                content = found
        elif submission.raw is not None or submission.own_content:
            # The text of a mail that has only HTML is made when it is composed; here sizes count.
            content = read_content(submission.html or "", submission.text or "")
        return Facts(
            sender=await self._directory.sender(account_id, address.addr),
            identity=await self._directory.identity(account_id, address.domain),
            template=template,
            content=content,
        )

    def _compile(self, stored: StoredTemplate) -> Content | Refusal:
        key = (stored.template.id, stored.template.version)
        known = self._compiled.get(key)
        if known is not None:
            return known
        compiled = compile_template(stored.content.html, stored.content.text)
        if isinstance(compiled, VariableFault):
            return refuse(Code.INVALID_PARAMETER_VALUE__TEMPLATE_CONTENT_IS_WRONG, compiled.saying)
        if len(self._compiled) >= MOST_COMPILED:
            self._compiled.pop(next(iter(self._compiled)))
        self._compiled[key] = compiled
        return compiled

    def _message(
        self,
        submission: Submission,
        identity: Identity,
        facts: Facts,
        links: RecipeLinks | None,
    ) -> NewMessage:
        now = self._clock.now()
        public_id = self._ids.message_id(submission.account.app_id, now, self._zone)
        rfc_message_id = submission.rfc_message_id or f"<{public_id}@{identity.domain}>"
        names = (public_id, rfc_message_id)
        recipe = _recipe(submission, identity, facts, names, now)
        if links is not None:
            recipe = msgspec.structs.replace(recipe, links=links)
        # As it is kept, not as it was written: limits are counted by this text.
        sender = facts.sender.address if facts.sender else submission.sender.address
        return NewMessage(
            public_id=public_id,
            account_id=submission.account.id,
            identity_id=identity.id,
            source=submission.source.value,
            from_address=sender.addr,
            subject=submission.subject,
            rfc_message_id=rfc_message_id,
            recipe=encode_recipe(recipe),
            recipients=with_simulated(_recipients(submission), self._simulator),
            accepted_at=now,
            expires_at=now + self._lifetime_ms,
            priority=_priority(submission),
            template_id=submission.template_id,
            task_id=submission.task_id,
            callback_headers={
                name: value
                for name, value in submission.headers
                if name.lower().startswith(CALLBACK_PREFIX)
            },
        )


MOST_COMPILED = 2_000
"""Templates kept compiled in one process."""


def _priority(submission: Submission) -> Priority:
    if submission.trigger:
        return Priority.TRIGGER
    return Priority.BULK if submission.source is Source.BULK else Priority.NORMAL


def _recipients(submission: Submission) -> tuple[NewRecipient, ...]:
    """Return each address once, in the role that shows it first."""
    roles = ((Role.TO, submission.to), (Role.CC, submission.cc), (Role.BCC, submission.bcc))
    found: dict[str, NewRecipient] = {}
    for role, mailboxes in roles:
        for mailbox in mailboxes:
            address = mailbox.address
            new = NewRecipient(address=address.addr, domain=address.domain, role=role)
            found.setdefault(new.address, new)
    return tuple(found.values())


def _recipe(
    submission: Submission,
    identity: Identity,
    facts: Facts,
    names: tuple[str, str],
    now: int,
) -> Recipe:
    """Return the recipe; `names` are the MessageId and the RFC 5322 Message-ID."""
    template = facts.template.template if facts.template else None
    sender = submission.header_from or _shown_sender(submission, facts)
    return Recipe(
        public_id=names[0],
        app_id=submission.account.app_id,
        identity_id=identity.id,
        domain=identity.domain,
        date_at=now,
        rfc_message_id=names[1],
        header_from=_stored(sender),
        subject=submission.subject,
        # The envelope of a mail as it came may hold hidden recipients; its header names the others.
        to=() if submission.raw else tuple(map(_stored, submission.to)),
        cc=tuple(map(_stored, submission.cc)),
        reply_to=tuple(map(_stored, submission.reply_to)),
        template=(template.id, template.version) if template else None,
        values=dict(submission.values),
        trigger=submission.trigger,
        tag=submission.tag,
        tls=submission.tls or _tls_header(submission.headers),
        **_content(submission),
    )


def _tls_header(headers: tuple[tuple[str, str], ...]) -> str:
    """Return what the header TLS-Required asks (RFC 8689 5)."""
    asks = any(n.lower() == "tls-required" and v.strip().lower() == "no" for n, v in headers)
    return "optional" if asks else ""


def _content(submission: Submission) -> dict[str, Any]:
    """Return what a mail consists of: the mail as it came, or its parts and headers."""
    if submission.raw is not None:
        return {"raw": submission.raw.octets}
    files = submission.attachments
    return {
        "html": submission.html or "",
        "text": submission.text or "",
        "attachments": tuple(RecipeAttachment(file.file_name, file.content) for file in files),
        "headers": submission.headers,
    }


def _shown_sender(submission: Submission, facts: Facts) -> Mailbox:
    """Return the From mailbox: the name of the request, else the one kept with the sender."""
    if submission.sender.display_name or facts.sender is None:
        return submission.sender
    return Mailbox(display_name=facts.sender.display_name, address=submission.sender.address)


def _stored(mailbox: Mailbox) -> RecipeMailbox:
    return RecipeMailbox(mailbox.address.addr, mailbox.display_name)
