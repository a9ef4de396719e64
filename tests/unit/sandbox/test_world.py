import asyncio
import json

import pytest
from tests.support.page_reader import PageReader
from tests.support.peers.sending import MAIL, envelope, opened

from tayori.dns.answers import Answer, NoSuchName
from tayori.dns.resolver import Resolver
from tayori.mail.dkim import generate_rsa
from tayori.runtime.clock import SettableClock
from tayori.sandbox.world import SERVICE_MX, SERVICE_SPF, Sandbox
from tayori.tenants.verification.expected import expected_records
from tayori.tenants.verification.model import Expectations, PublishedKey
from tayori.tenants.verification.verify import verify


async def mx_of(world: Sandbox, domain: str) -> tuple[str, ...] | None:
    resolver = Resolver([world.dns_server_address], SettableClock())
    found = await resolver.lookup(domain, "MX")
    await resolver.close()
    return tuple(mx.exchange for mx in found.exchanges) if isinstance(found, Answer) else None


@pytest.mark.parametrize(
    "domain",
    ["shop.test", "deep.shop.example", "example.com", "gmail.com", "qq.com", "receiver.test"],
)
async def test_mail_to_these_domains_comes_to_the_sandbox(domain: str) -> None:
    async with Sandbox() as world:
        assert await mx_of(world, domain) == ("mx.receiver.test",)


async def test_other_names_do_not_exist_until_they_are_added() -> None:
    async with Sandbox() as world:
        resolver = Resolver([world.dns_server_address], SettableClock())
        assert isinstance(await resolver.lookup("nowhere.invalid", "MX"), NoSuchName)
        await resolver.close()
        await world.add_receiving_domain("bücher.de")
        assert await mx_of(world, "xn--bcher-kva.de") == ("mx.receiver.test",)
        with pytest.raises(ValueError, match="no domain name"):
            await world.add_receiving_domain("not a name")


async def test_published_records_are_verified() -> None:
    key = generate_rsa(2048)
    expectations = Expectations(
        mx_host=SERVICE_MX,
        spf_include=SERVICE_SPF,
        keys=(PublishedKey("tayori2048", key.public_b64),),
    )
    async with Sandbox() as world:
        records = expected_records("shop.test", expectations)
        await world.publish(record.stored() for record in records)
        resolver = Resolver([world.dns_server_address], SettableClock())
        found = await verify("shop.test", expectations, resolver)
        assert found.all_verified, [record.explanation() for record in found.records]
        assert found.zone == "shop.test"
        await resolver.close()
        assert await mx_of(world, "shop.test") == (SERVICE_MX,)


async def test_a_mail_from_the_network_reaches_the_page() -> None:
    async with Sandbox() as world:
        session = await opened(world.smtp_port, SettableClock())
        await session.send(envelope("a@x.test"), MAIL)
        await session.quit()
        async with asyncio.timeout(10):
            mail = await world.mailbox.wait_for_recipient("a@x.test")
        assert mail.raw == MAIL

        page = await PageReader(world.inbox_url).get(".json")
        assert json.loads(page.text)["mails"][0]["recipients"] == ["a@x.test"]


async def test_before_the_start_there_is_no_page() -> None:
    world = Sandbox()
    with pytest.raises(RuntimeError, match="not been started"):
        _ = world.inbox_url
    with pytest.raises(RuntimeError, match="not been started"):
        _ = world.verifier


async def test_a_taken_port_ends_the_start_cleanly() -> None:
    async with Sandbox() as world:
        with pytest.raises(OSError, match=r".+"):
            await Sandbox(smtp_port=world.smtp_port).start()
        with pytest.raises(OSError, match=r".+"):
            await Sandbox(inbox_port=int(world.inbox_url.split(":")[2].split("/")[0])).start()
