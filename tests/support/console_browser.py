"""The console in a real browser: users of every role, and a watch on all that a page does wrong.

A page of a `Seat` must log no error, break no policy and have no violation of axe-core (WCAG 2.2 AA
and good practice); `seat.check()` looks at all three, `seat.look(name)` does so on a desktop, on a
phone of 360 px and in the dark, and leaves a screenshot of each in build/screenshots/.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Response
from tests.support.console_world import verified
from tests.support.node import ROOT, node_project
from tests.support.tayori_process import TayoriProcess

from tayori.app.console import console_services
from tayori.app.door import build_door
from tayori.app.parts import opened
from tayori.refusal.refusal import Refusal
from tayori.reputation.model import Scope
from tayori.reputation.permits import Permits
from tayori.sandbox.dns_server import DnsServer
from tayori.tenants.model import Account
from tayori.tenants.users.model import Role, User

SCREENSHOTS = ROOT / "build" / "screenshots"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}
PASSWORD = "Brown-kettle-7-lantern"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_LOCALES = {"en": "en-GB", "ja": "ja-JP", "zh": "zh-CN"}
_WATCH = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} refused ${event.blockedURI} ${event.sample}`);
});
"""
# A mail in a frame has an origin of its own, where axe-core cannot go; its page is no part of ours.
_AXE = """async (rules) => {
  const found = await axe.run(document, { runOnly: { type: "tag", values: rules }, iframes: false });
  return found.violations.map((rule) => `${rule.id}: ${rule.nodes.map((n) => `${n.target} ${n.failureSummary}`).join(" | ")}`);
}"""
_WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def axe_source() -> str:
    """Return axe-core as a script."""
    return (node_project(ROOT / "tests/node_axe") / "node_modules/axe-core/axe.min.js").read_text()


@dataclass(kw_only=True)
class Seat:
    """Somebody at a browser of their own."""

    base: str
    context: BrowserContext
    page: Page
    user: User | None
    account: Account | None
    axe: str = field(repr=False)
    wrong: list[str] = field(default_factory=list)
    """What pages did wrong so far."""

    async def goto(self, path: str) -> Response:
        """Open a page of the console, such as "/senders"."""
        response = await self.page.goto(f"{self.base}/console{path}")
        assert response is not None
        return response

    async def check(self) -> None:
        """Fail on an error, a broken policy, a violation of axe, or a page wider than the screen."""
        await self.page.evaluate(self.axe)
        violations = await self.page.evaluate(_AXE, RULES)
        assert not violations, (self.page.url, violations)
        assert not self.wrong, (self.page.url, self.wrong)
        assert await self.page.evaluate(_WIDER) <= 0, f"{self.page.url} scrolls sideways"

    async def look(self, name: str) -> None:
        """Check the page on desktop, phone and in the dark, with screenshots `<name>-<kind>.png`."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for kind, size, scheme in (
            ("desktop", DESKTOP, "light"),
            ("phone", PHONE, "light"),
            ("phone-dark", PHONE, "dark"),
            ("dark", DESKTOP, "dark"),
        ):
            await self.page.set_viewport_size(size)  # type: ignore[arg-type]  # a typed mapping
            await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
            if kind != "phone-dark":
                file = SCREENSHOTS / f"{name}-{kind}.png"
                await self.page.screenshot(path=file, full_page=True)
            await self.check()
        await self.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        await self.page.emulate_media(color_scheme="light")

    def note(self, message: ConsoleMessage) -> None:
        """Remember what the browser's console says, when it is an error."""
        if message.type in {"error", "warning"}:
            self.wrong.append(f"{message.text} ({message.location.get('url', '')})")

    def expect_status(self, status: int) -> None:
        """Forget the browser's own line about an answer with this status, which was meant."""
        self.wrong[:] = [line for line in self.wrong if f"status of {status}" not in line]


@dataclass(kw_only=True)
class ConsoleServer:
    """One server and one browser that the tests of a worker share; each test has its own account."""

    server: TayoriProcess
    dns: DnsServer
    chromium: Browser
    axe: str = field(repr=False)
    seats: list[Seat] = field(default_factory=list)

    @property
    def base(self) -> str:
        """Return where the server is."""
        return f"http://{self.server.http}"

    async def account(self, name: str) -> Account:
        """Make an account; where another test had the name before, with a number behind it."""
        async with opened(self.server.settings) as parts:
            made = await parts.accounts.create(name)
            if isinstance(made, Refusal):
                made = await parts.accounts.create(f"{name} {parts.ids.alphanumeric(4)}")
        assert not isinstance(made, Refusal), made
        return made.account

    async def verified(self, account: Account, domain: str) -> None:
        """Give an account a domain all of whose records were found."""
        async with opened(self.server.settings) as parts:
            await verified(parts, account, domain)

    async def signed_in(
        self, role: Role, account: Account | None, *, language: str = "en", name: str = "Aya Mori"
    ) -> Seat:
        """Return the seat of a new user with a role, who has entered the account."""
        async with opened(self.server.settings) as parts:
            permits = Permits(parts.database, parts.clock, Scope.REQUESTS_SECOND)
            services = console_services(parts, build_door(parts), permits)
            email = f"{role.value}-{parts.ids.alphanumeric(8).lower()}@people.test"
            user = await services.users.create(
                email,
                name=name,
                language=language,
                zone="Asia/Tokyo",
                operator=role is Role.OPERATOR,
                password=PASSWORD,
            )
            assert isinstance(user, User), user
            if role is not Role.OPERATOR and account is not None:
                await services.users.join(user.id, account.id, role)
            token, session = await services.sessions.begin(user, address="127.0.0.1", agent="test")
            if account is not None:
                assert await services.sessions.enter(session, account.id)
        seat = await self.seat(language)
        seat.user, seat.account = user, account
        await seat.context.add_cookies(
            [{"name": "tayori_session", "value": token, "url": f"{self.base}/console"}]
        )
        return seat

    async def seat(self, language: str = "en") -> Seat:
        """Return a seat where nobody is signed in."""
        context = await self.chromium.new_context(
            locale=_LOCALES[language],
            viewport=DESKTOP,
            reduced_motion="reduce",  # type: ignore[arg-type]
        )
        await context.add_init_script(_WATCH)
        page = await context.new_page()
        made = Seat(
            base=self.base, context=context, page=page, user=None, account=None, axe=self.axe
        )
        page.on("console", made.note)
        page.on("pageerror", lambda error: made.wrong.append(f"script: {error}"))
        self.seats.append(made)
        return made

    async def close_seats(self) -> None:
        """Close the browsers' windows of a test, and fail on what its pages did wrong."""
        wrong = [line for seat in self.seats for line in seat.wrong]
        for seat in self.seats:
            await seat.context.close()
        self.seats.clear()
        assert not wrong, wrong


def settings_of(dns: DnsServer, receiver: int) -> dict[str, dict[str, Any]]:
    """Return the settings of the server: names from `dns`, mail to the port `receiver`."""
    return {
        "dns": {"servers": [f"127.0.0.1:{dns.port}"]},
        "delivery": {"port": receiver},
        "callbacks": {"allow_private_networks": True},
        "submission": {"listen": "127.0.0.1:0"},
    }


def folder_of(root: Path) -> Path:
    """Return the folder of the server below a test run's own."""
    made = root / "console"
    made.mkdir()
    return made
