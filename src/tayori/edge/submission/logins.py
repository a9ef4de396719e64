"""Who logs in: a sender address with its SMTP password.

A password that was right is remembered for a minute as an HMAC, together with the hash that it
matched, so that a client's next connections cost nothing and a changed password counts at once. An
unknown user costs as much as a known one. Failures slow down their client and their user name.
"""

import asyncio
import hmac
from collections import OrderedDict
from typing import Final

from tayori.catalog.model import Sender
from tayori.catalog.senders import Senders
from tayori.edge.clients import client_key
from tayori.mail.reply import Reply
from tayori.reputation.backoff_store import BackoffStore
from tayori.reputation.model import Scope
from tayori.runtime import log
from tayori.runtime.clock import MINUTE, Clock
from tayori.runtime.password_hash import PasswordHashes
from tayori.smtp.replies import NO_AUTHENTICATION, Wording
from tayori.smtp.sasl import Credentials

TOO_MANY_LOGINS = Wording(454, "4.7.0", "Too many failed log-ins, try again in {} seconds")
_REMEMBERED = 10_000
FREE: Final = {Scope.LOGIN_USER: 5, Scope.LOGIN_CLIENT: 20}
"""Failures that cost no wait."""


class Logins:
    """Judges credentials."""

    def __init__(
        self,
        *,
        senders: Senders,
        passwords: PasswordHashes,
        failures: BackoffStore,
        clock: Clock,
        key: bytes,
    ) -> None:
        self._senders = senders
        self._passwords = passwords
        self._clock = clock
        self._key = key
        self._right: OrderedDict[bytes, tuple[str, int]] = OrderedDict()
        self._running: dict[bytes, asyncio.Task[bool | Reply]] = {}
        self._failures = failures
        self._log = log.get("submission")

    async def judge(self, credentials: Credentials, address: str) -> Sender | Reply:
        """Return the sender that the credentials prove, or the refusal to say."""
        user = credentials.user.lower()
        if credentials.acts_for.lower() not in {"", user}:
            return NO_AUTHENTICATION
        sender = await self._senders.for_login(user)
        stored = sender.smtp_password_hash if sender is not None else None
        digest = hmac.digest(self._key, f"{user}\0{credentials.password}".encode(), "sha256")
        if sender is not None and stored is not None and self._remembers(digest, stored):
            return sender
        running = self._running.get(digest)
        if running is None:
            verifying = self._verify(
                user, client_key(address), stored, credentials.password, digest
            )
            running = asyncio.ensure_future(verifying)
            self._running[digest] = running
            running.add_done_callback(lambda _: self._running.pop(digest, None))
        # Connections that come together with the same password share one verification.
        right = await asyncio.shield(running)
        if isinstance(right, Reply):
            return right
        return sender if right and sender is not None else NO_AUTHENTICATION

    async def _verify(
        self, user: str, client: str, stored: str | None, password: str, digest: bytes
    ) -> bool | Reply:
        by_user, by_client = (Scope.LOGIN_USER, user), (Scope.LOGIN_CLIENT, client)
        wait = await self._failures.attempt([by_user, by_client])
        if wait:
            self._log.warning("login_delayed", client=client, wait_ms=wait)
            return _too_many(wait)
        if not await self._passwords.verify(stored, password):
            self._log.info("login_refused", client=client)
            return False
        await self._failures.succeeded(forgiven=by_user, refunded=by_client)
        self._right[digest] = (stored or "", self._clock.now() + MINUTE)
        self._right.move_to_end(digest)
        if len(self._right) > _REMEMBERED:
            self._right.popitem(last=False)
        return True

    def _remembers(self, digest: bytes, stored: str) -> bool:
        matched, until = self._right.get(digest, ("", 0))
        return matched == stored and 0 < until - self._clock.now() <= MINUTE


def _too_many(wait_ms: int) -> Reply:
    seconds = -(-wait_ms // 1000)
    return TOO_MANY_LOGINS.of(seconds)
