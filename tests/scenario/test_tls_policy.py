"""TLS policies through the running server, from the SDK's call to the operator's explanation."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.installations import MakeServer
from tests.support.secure_receivers import PolicyServer, SecureReceivers
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import new_tenant

from tayori.sandbox.dns_server import DnsServer


@pytest.fixture
async def receivers(dns: DnsServer, tmp_path: Path) -> AsyncIterator[SecureReceivers]:
    async with SecureReceivers(dns, tmp_path, net=78) as running:
        yield running


@pytest.fixture
async def policies(dns: DnsServer, receivers: SecureReceivers) -> AsyncIterator[PolicyServer]:
    async with PolicyServer(dns, receivers.authority) as running:
        yield running


async def attempted(server: TayoriProcess, message_id: str) -> dict[str, Any]:
    """Return the first attempt of a message, waiting for it."""
    found: list[dict[str, Any]] = []

    async def there() -> bool:
        rows = await server.command("explain", message_id)
        found[:] = [row for row in rows if row["event"] == "attempt"]
        return bool(found)

    await server.until(there)
    return found[0]


async def test_mail_waits_for_the_security_that_is_demanded_and_says_why(
    make_server: MakeServer, dns: DnsServer, receivers: SecureReceivers, policies: PolicyServer
) -> None:
    wrong = await receivers.add("x.test", "other")
    clear = await receivers.add("y.test", "none")
    policies.enforce("x.test")
    server = await make_server(
        delivery={
            "processes": 1,
            "port": receivers.port,
            "tls_ca_file": str(receivers.roots),
            "POLICY_PORT_FOR_TESTS_ONLY": policies.port,
        }
    )
    await server.start()
    tenant = await new_tenant(server, dns)
    (account,) = await server.command("account", "list")
    # Before a process delivers for the account it has read what it requires.
    required = await server.command("tls", "require", str(account["account_id"]))
    assert required["tls"] == "required"
    assert await server.stop() == 0
    await server.start()
    sdk = tenant.sdk(server)
    to_x = await sdk.call("SendEmail", **tenant.mail("a@x.test"))
    to_y = await sdk.call("SendEmail", **tenant.mail("a@y.test"))
    at_x = await attempted(server, to_x.MessageId)
    assert at_x["class"] == "tls"
    assert at_x["host"] == "mx.x.test"
    assert at_x["reply"].startswith("450 4.7.5 certificate-host-mismatch: ")
    assert "the MTA-STS policy of x.test demands a trusted certificate" in at_x["detail"]
    at_y = await attempted(server, to_y.MessageId)
    assert at_y["reply"].startswith("450 4.7.4 starttls-not-supported: ")
    assert "the sending account demands" in at_y["detail"]
    assert wrong.messages == clear.messages == []
    (shown,) = await server.command("tls", "show", "x.test")
    assert (shown["demand"], shown["mta_sts"]) == ("verified", "enforce")
    assert shown["why"] == "the MTA-STS policy of x.test"
    await server.command("tls", "require", str(account["account_id"]), "--off")

    async def arrived() -> bool:
        await server.command("queue", "retry", "--domain", "y.test")
        return bool(clear.messages)

    await server.until(arrived)
    assert wrong.messages == []
    assert await server.stop() == 0
    assert server.errors == []
