"""A domain as a customer brings it into service, in a browser."""

import pytest

from tayori.tenants.users.model import Role

NAMES = {
    "en": ("New domain", "Domain", "Add the domain"),
    "ja": ("ドメインを追加", "ドメイン", "ドメインを追加する"),
    "zh": ("添加域名", "域名", "添加该域名"),
}


@pytest.mark.parametrize("language", NAMES)
async def test_a_domain_from_nothing_to_its_settings(console, language):
    new, name, add = NAMES[language]
    shop = await console.account(f"Domains {language}")
    seat = await console.signed_in(Role.OWNER, shop, language=language)
    page = seat.page
    await seat.goto("/domains")
    await seat.look(f"domains-empty-{language}")
    await page.get_by_role("link", name=new).first.click()
    domain = f"mail.{language}.mori.test"
    await page.get_by_label(name, exact=True).fill(domain)
    await seat.look(f"domains-new-{language}")
    await page.get_by_role("button", name=add, exact=True).click()
    await page.get_by_role("heading", name=domain, level=1).wait_for()
    await seat.look(f"domains-records-{language}")
    assert await page.locator(".record").count() == 4
    console.dns.set(domain, "MX", "10 elsewhere.test.")
    async with page.expect_response(lambda answer: answer.url.endswith("/check")) as checked:
        # What the page does by itself every twenty seconds.
        await page.evaluate(
            "htmx.ajax('POST', document.querySelector('#records').getAttribute('hx-post'),"
            " {source: '#records', target: '#records', swap: 'outerHTML'})"
        )
    assert (await checked.value).status == 200
    await page.get_by_text("elsewhere.test").first.wait_for()
    for view in ("propagation", "level", "settings"):
        await seat.goto(f"/domains/{domain}/{view}")
        await seat.look(f"domains-{view}-{language}")
    await seat.goto("/domains")
    await seat.look(f"domains-list-{language}")
