"""Whole journeys in each language: a new customer up to a delivered mail, and an operator's round.

Controls are found by what the server calls them, since their words differ by language; what the
words are is the business of catalogues and of each area's own tests.
"""

import pytest
from tests.support.console_browser import PASSWORD, Seat

from tayori.app.parts import opened
from tayori.catalog.model import TemplateContent
from tayori.tenants.users.model import Role

LANGUAGES = ("en", "ja", "zh")
HTML = (
    "<p>{{name}}, the book that you ordered from our shop was handed to the courier this morning and"
    " will reach you within three days. Thank you for your order.</p>"
)
CHUNK = 200


async def submit(seat: Seat, action: str) -> None:
    """Press the button of the form that is sent to this path."""
    form = seat.page.locator(f'form[action$="{action}"]').first
    await form.locator("button[type=submit]:not([formaction])").first.click()


async def log_in(seat: Seat) -> None:
    """Leave, and come in again by the form."""
    assert seat.user is not None
    await seat.context.clear_cookies()
    await seat.goto("/domains")
    await seat.page.locator("input[name=email]").fill(seat.user.email)
    await seat.page.locator("input[name=password]").fill(PASSWORD)
    await submit(seat, "/log-in")
    await seat.page.wait_for_url("**/console/domains")


async def publish(console, seat: Seat) -> None:
    """Enter in the DNS what the domain's page says, as it says it."""
    for record in await seat.page.locator(".record").all():
        kind, host, value = [
            (await code.inner_text()).strip()
            for code in (await record.locator("dd code").all())[:3]
        ]
        if kind == "MX":
            console.dns.set(host, "MX", f"10 {value}")
        else:
            parts = [value[n : n + CHUNK] for n in range(0, len(value), CHUNK)]
            console.dns.set(host, "TXT", " ".join(f'"{part}"' for part in parts))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_new_customer_up_to_the_first_delivered_mail(console, language):
    shop = await console.account(f"Journey {language}")
    seat = await console.signed_in(Role.OWNER, shop, language=language)
    page, domain = seat.page, f"mail.{language}.journey.test"
    await log_in(seat)
    await seat.goto("/domains/new")
    await page.locator("input[name=domain]").fill(domain)
    await submit(seat, "/domains/new")
    await page.locator(".record").first.wait_for()
    await publish(console, seat)
    await submit(seat, f"/{domain}/check")
    await page.locator("#records .alert-success").wait_for()
    await seat.check()

    await seat.goto("/senders/new")
    await page.locator("input[name=address]").fill(f"news@{domain}")
    await submit(seat, "/senders/new")
    await page.locator("form[action$='/password']").wait_for()

    await seat.goto("/templates/new?editor=html")
    await page.locator("input[name=name]").fill("parcel")
    await page.locator("textarea[name=html]").fill(HTML)
    await submit(seat, "/templates/new")
    await page.locator(".badge.bg-success-lt").first.wait_for()
    await seat.check()

    await seat.goto("/send")
    await page.locator("textarea[name=to]").fill("reader@receiver.test")
    await page.locator("input[name=subject]").fill("Your parcel")
    await page.locator("#template").select_option(label="parcel")
    await page.locator("input[name='value.name']").fill("Mio")
    await submit(seat, "/send")
    await page.locator("#fate .badge.bg-success-lt").wait_for()
    await seat.look(f"journey-delivered-{language}")

    await page.locator("a[href*='/console/search?q=']").first.click()
    await page.get_by_text("reader@receiver.test").first.wait_for()
    await seat.check()
    await page.locator("a[href*='/console/search/']").first.click()
    await page.locator(".history-entry").first.wait_for()
    await seat.look(f"journey-timeline-{language}")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_operators_round(console, language):
    shop = await console.account(f"Round {language}")
    await console.verified(shop, f"{language}.round.test")
    async with opened(console.server.settings) as parts:
        made = await parts.templates.create(
            shop.id, f"round {language}", TemplateContent(html="<p>{{a}}</p>", text="")
        )
    seat = await console.signed_in(Role.OPERATOR, None, language=language)
    page = seat.page
    for path in ("", "/health", "/queue", "/sources", "/scanners", "/replies", "/reactions"):
        await seat.goto(f"/operator{path}")
        assert await page.locator("h1").count() == 1
        await seat.check()
    await seat.goto(f"/operator/accounts?q=Round%20{language}")
    await page.get_by_role("link", name=f"Round {language}").first.click()
    await page.locator(
        f"a[href$='/{language}.round.test'], code", has_text="round.test"
    ).first.wait_for()
    await seat.check()
    await seat.goto(f"/operator/reviews/{made.id}")
    await page.locator("form[action$='/approve']").first.wait_for()
    await seat.check()
