"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and codes for its loss.

Codes have six digits and last 30 seconds; that of the step before and after is accepted, too
(RFC 6238 5.2), each step once. Ten recovery codes of 80 random bits work once each.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import pyotp

from tayori.runtime.clock import SECOND, Clock
from tayori.runtime.ids import Ids
from tayori.tenants.users.factor_store import FactorStore
from tayori.tenants.users.faults import Fault
from tayori.tenants.users.model import User

STEP_S: Final = 30
DIGITS: Final = 6
CODES: Final = 10
_SECRET_OCTETS: Final = 20
"""160 bits, as RFC 4226 4 recommends."""
_CODE_OCTETS: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What an app needs: the secret in base32, and the same as a URI for a QR code."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


class Proof(StrEnum):
    """By what a second factor was shown."""

    APP = "app"
    RECOVERY_CODE = "recovery_code"


class SecondFactor:
    """The verbs of second factors. `issuer` is how apps name the service."""

    def __init__(self, *, store: FactorStore, clock: Clock, ids: Ids, issuer: str) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids
        self._issuer = issuer

    async def propose(self, user: User) -> Setup | Fault:
        """Return a secret to set an app up with; nothing is asked for before `confirm`.

        A secret that was proposed before and not confirmed is shown again.
        """
        factor = await self._store.find(user.id)
        if factor is not None and factor.since is not None:
            return Fault.SECOND_FACTOR_ON
        secret = factor.secret if factor else self._ids.octets(_SECRET_OCTETS)
        if factor is None and not await self._store.propose(user.id, secret):
            return Fault.SECOND_FACTOR_ON
        return self._setup(user, secret)

    async def proposed(self, user: User) -> Setup | None:
        """Return the secret that was proposed and is not confirmed yet."""
        factor = await self._store.find(user.id)
        if factor is None or factor.since is not None:
            return None
        return self._setup(user, factor.secret)

    async def confirm(self, user: User, code: str) -> list[str] | Fault:
        """Switch the factor on by the first code of the app, and return the recovery codes."""
        factor = await self._store.find(user.id)
        if factor is None or factor.since is not None:
            return Fault.SECOND_FACTOR_ON if factor else Fault.SECOND_FACTOR_OFF
        step = self._step(factor.secret, code)
        if step is None:
            return Fault.CODE
        codes = self._draw_codes()
        hashes = [_hash(code) for code in codes]
        done = await self._store.confirm(user.id, step, hashes, self._clock.now())
        return codes if done else Fault.SECOND_FACTOR_ON

    async def check(self, user: User, code: str) -> Proof | None:
        """Use a code of the app or a recovery code up; None when it is wrong or was used."""
        factor = await self._store.find(user.id)
        if factor is None or factor.since is None:
            return None
        step = self._step(factor.secret, code)
        if step is not None:
            return Proof.APP if await self._store.use_step(user.id, step) else None
        used = await self._store.use_code(user.id, _hash(code))
        return Proof.RECOVERY_CODE if used else None

    async def new_codes(self, user: User) -> list[str]:
        """Replace the recovery codes; they are shown now and never again."""
        codes = self._draw_codes()
        await self._store.replace_codes(user.id, [_hash(code) for code in codes])
        return codes

    async def codes_left(self, user: User) -> int:
        """Return how many recovery codes are unused."""
        return await self._store.codes_left(user.id)

    async def remove(self, user_id: int) -> Fault | None:
        """Switch the factor off."""
        return None if await self._store.remove(user_id) else Fault.SECOND_FACTOR_OFF

    def _setup(self, user: User, secret: bytes) -> Setup:
        totp = _totp(secret)
        uri = totp.provisioning_uri(name=user.email, issuer_name=self._issuer)
        return Setup(secret=totp.secret, uri=uri)

    def _step(self, secret: bytes, code: str) -> int | None:
        """Return the step of time to which the code belongs, now or one beside it."""
        digits = "".join(code.split())
        if len(digits) != DIGITS or not (digits.isascii() and digits.isdecimal()):
            return None
        totp, now = _totp(secret), self._clock.now() // SECOND // STEP_S
        for step in (now, now - 1, now + 1):
            if hmac.compare_digest(totp.generate_otp(step), digits):
                return step
        return None

    def _draw_codes(self) -> list[str]:
        return [self._draw_code() for _ in range(CODES)]

    def _draw_code(self) -> str:
        text = base64.b32encode(self._ids.octets(_CODE_OCTETS)).decode().lower()
        return "-".join(text[at : at + 4] for at in range(0, len(text), 4))


def _totp(secret: bytes) -> pyotp.TOTP:
    return pyotp.TOTP(base64.b32encode(secret).decode(), digits=DIGITS, interval=STEP_S)


def _hash(code: str) -> str:
    """Return the hash of a recovery code, however it was typed; 80 random bits need no slow one."""
    plain = "".join(char for char in code.lower() if char.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
