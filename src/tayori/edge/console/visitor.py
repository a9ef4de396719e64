"""Who asks: the session behind a request's cookie, the account entered, language and time zone."""

import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from starlette.requests import Request
from starlette.responses import Response

from tayori.edge.clients import Network, client_address
from tayori.edge.console.access import GRANTS, IN_ACCOUNT, Right
from tayori.edge.console.languages import by_accept_language, known_language
from tayori.refusal.refusal import Refusal
from tayori.refusal.table import Language
from tayori.tenants.accounts import Accounts
from tayori.tenants.model import Account
from tayori.tenants.users.model import Role, Session, User
from tayori.tenants.users.sessions import Sessions

COOKIE_PATH: Final = "/console"
LANGUAGE_COOKIE: Final = "tayori_language"
THEME_COOKIE: Final = "tayori_theme"
THEMES: Final = ("light", "dark")
_SESSION: Final = "tayori_session"
_GUEST: Final = "tayori_guest"
_SECURE_PREFIX: Final = "__Secure-"
_YEAR_S: Final = 365 * 86_400
_GUEST_OCTETS: Final = 16
_LONGEST_TOKEN: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody with a browser. `account` is the one entered, in which `role` holds.

    `csrf` is what forms carry; `guest` is the cookie that stands in for a session before log-in.
    `theme` is "light" or "dark" where the visitor chose one, else "".
    """

    session: Session | None
    account: Account | None
    role: Role | None
    language: Language
    zone: tzinfo
    address: str
    csrf: str
    guest: str = ""
    theme: str = ""

    @property
    def signed_in(self) -> bool:
        """Tell whether the log-in is complete, the second factor included."""
        return self.session is not None and self.session.complete

    @property
    def user(self) -> User:
        """Return who it is; LookupError before log-in, when no page of theirs is shown."""
        if self.session is None:
            raise LookupError("Nobody is signed in.")
        return self.session.user

    @property
    def account_id(self) -> int:
        """Return the account entered; LookupError without one, when no page of it is shown."""
        if self.account is None:
            raise LookupError("No account was entered.")
        return self.account.id

    def may(self, right: Right) -> bool:
        """Tell whether the visitor has a right here and now."""
        if right is Right.ANYONE:
            return True
        if not self.signed_in:
            return False
        if right is Right.SIGNED_IN:
            return True
        if right is Right.OPERATE:
            return self.user.operator
        return self.account is not None and self.role is not None and right in GRANTS[self.role]

    @property
    def must_choose(self) -> bool:
        """Tell whether an account has to be entered before its pages can be shown."""
        return self.signed_in and self.account is None


class Visitors:
    """Finds out who asks, and keeps the cookies by which they are known."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        accounts: Accounts,
        key: bytes,
        zone: tzinfo,
        secure: bool,
        proxies: Sequence[str] = (),
    ) -> None:
        self._sessions = sessions
        self._accounts = accounts
        self._key = key
        self._zone = zone
        self._secure = secure
        self._proxies: list[Network] = [ipaddress.ip_network(p, strict=False) for p in proxies]

    async def of(self, request: Request) -> Visitor:
        """Return who asks, looked up once a request."""
        known: Visitor | None = getattr(request.state, "visitor", None)
        if known is None:
            known = request.state.visitor = await self._find(request)
        return known

    async def _find(self, request: Request) -> Visitor:
        token = request.cookies.get(self.session_cookie, "")
        session = await self._sessions.find(token) if 0 < len(token) <= _LONGEST_TOKEN else None
        guest = "" if session else request.cookies.get(_GUEST, "") or new_guest()
        account = await self._account(session)
        theme = request.cookies.get(THEME_COOKIE, "")
        return Visitor(
            session=session,
            account=account,
            role=session.role if session and account else None,
            language=self._language(request, session),
            zone=self._zone_of(session),
            address=self._address(request),
            csrf=session.csrf if session else self._guest_csrf(guest),
            guest=guest,
            theme=theme if theme in THEMES else "",
        )

    @property
    def session_cookie(self) -> str:
        """Return the name of the cookie with the session's token."""
        return f"{_SECURE_PREFIX}{_SESSION}" if self._secure else _SESSION

    def remember(self, response: Response, token: str) -> None:
        """Give the browser the token of a session; it is forgotten when the browser ends."""
        self._set(response, self.session_cookie, token)

    def forget(self, response: Response) -> None:
        """Take the token back."""
        response.delete_cookie(
            self.session_cookie,
            path=COOKIE_PATH,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def greet(self, response: Response, visitor: Visitor) -> None:
        """Give a guest the cookie that goes with the token in the forms it was shown."""
        if visitor.guest:
            self._set(response, _GUEST, visitor.guest)

    def keep(self, response: Response, name: str, value: str) -> None:
        """Keep a choice of this browser for a year, such as its language before log-in."""
        response.set_cookie(
            name,
            value,
            max_age=_YEAR_S,
            path=COOKIE_PATH,
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )

    def _set(self, response: Response, name: str, value: str) -> None:
        response.set_cookie(
            name, value, path=COOKIE_PATH, secure=self._secure, httponly=True, samesite="lax"
        )

    async def _account(self, session: Session | None) -> Account | None:
        if session is None or session.account_id is None or session.role is None:
            return None
        found = await self._accounts.get(session.account_id)
        return None if isinstance(found, Refusal) else found

    def _zone_of(self, session: Session | None) -> tzinfo:
        if session is None:
            return self._zone
        try:
            return ZoneInfo(session.user.zone)
        except (ZoneInfoNotFoundError, ValueError):
            return self._zone

    def _language(self, request: Request, session: Session | None) -> Language:
        if session is not None:
            return known_language(session.user.language) or Language.EN
        chosen = known_language(request.cookies.get(LANGUAGE_COOKIE, ""))
        return chosen or by_accept_language(request.headers.get("accept-language", ""))

    def _address(self, request: Request) -> str:
        peer = request.client.host if request.client else ""
        if not self._proxies:
            return peer
        forwarded = request.headers.get("x-forwarded-for", "").encode("latin-1", "replace")
        return client_address(peer, forwarded, self._proxies)

    def _guest_csrf(self, guest: str) -> str:
        return hmac.new(self._key, b"guest\0" + guest.encode(), hashlib.sha256).hexdigest()


def new_guest() -> str:
    """Return a cookie for somebody who has no session."""
    return secrets.token_urlsafe(_GUEST_OCTETS)


def needs_account(right: Right) -> bool:
    """Tell whether a page with this right is of one account."""
    return right in IN_ACCOUNT
