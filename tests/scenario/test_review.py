"""Templates under `review.mode = manual`: nothing is sent with them until an operator agrees."""

from tests.support.installations import MakeServer
from tests.support.sink import Sink
from tests.support.tenant import new_tenant

from tayori.sandbox.dns_server import DnsServer


async def test_an_unapproved_template_sends_nothing_until_it_is_approved(
    make_server: MakeServer, dns: DnsServer, sink: Sink
) -> None:
    server = await make_server(review={"mode": "manual"})
    await server.start()
    tenant = await new_tenant(server, dns)
    client = tenant.sdk(server)
    mail = tenant.mail("a@receiver.test")
    refusal = await client.refusal("SendEmail", **mail)
    assert refusal == "FailedOperation.InvalidTemplateID"

    await server.command("template", "approve", str(tenant.template_id))

    async def sent() -> bool:
        # Another process learns of the decision when what it remembers is a few seconds old.
        code = await client.code("SendEmail", **mail)
        assert code in {"", refusal}
        return not code

    await server.until(sent)
    await sink.arrived("a@receiver.test")
    assert len(sink.mails) == 1
    assert await server.stop() == 0
    assert server.errors == []
