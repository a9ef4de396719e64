"""What mails say and carry is looked at before yes is said, by every way in."""

import asyncio
import base64
import json
import smtplib
import ssl
from email.message import EmailMessage
from typing import Any

from tests.support import files
from tests.support.installations import MakeServer
from tests.support.tayori_process import TayoriProcess
from tests.support.tenant import Tenant, encoded, new_tenant

from tayori.app.parts import opened
from tayori.sandbox.dns_server import DnsServer

PASSWORD = "abCD12wxyz"
FINISHED = 10


def attached(tenant: Tenant, name: str, content: bytes) -> dict[str, Any]:
    file = {"FileName": name, "Content": base64.b64encode(content).decode()}
    return tenant.mail("ann@receiver.test", Attachments=[file])


def by_smtp(server: TayoriProcess, tenant: Tenant, mail: EmailMessage) -> tuple[int, str]:
    """Return how the server answers to the content of a mail."""
    host, _, port = str(server.ready["submission"]).rpartition(":")
    trust = ssl.create_default_context()
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    mail["From"], mail["To"] = tenant.sender, "ann@receiver.test"
    with smtplib.SMTP(host, int(port), timeout=30) as client:
        client.starttls(context=trust)
        client.login(tenant.sender, PASSWORD)
        try:
            client.send_message(mail)
        except smtplib.SMTPDataError as error:
            return error.smtp_code, error.smtp_error.decode()  # type: ignore[union-attr]
    return 250, ""


async def taken(server: TayoriProcess) -> list[str]:
    async with server.ledger() as ledger:
        return sorted([entry.address for entry in await ledger.entries()])


async def test_the_api_refuses_content_values_and_files(
    make_server: MakeServer, dns: DnsServer
) -> None:
    server = await make_server(delivery={"processes": 1})
    await server.start(roles="api")
    tenant = await new_tenant(server, dns)
    await server.command("account", "grant", str(tenant.account_id), "api_simple")
    client = tenant.sdk(server)
    chinese = tenant.sdk(server, language="zh-CN")
    casino = {"Simple": {"Text": encoded("Our online casino gives you free spins.")}}
    mail = tenant.mail("ann@receiver.test", **casino)
    del mail["Template"]

    async def granted() -> bool:
        # The server learns of the permission when what it remembers is a few seconds old.
        return await client.refusal("SendEmail", **mail) != "FailedOperation.WithOutPermission"

    await server.until(granted)
    refused = await client.refused("SendEmail", **mail)
    assert refused.code == "InvalidParameterValue.EmailContentIsWrong"
    assert "gambling" in refused.message
    assert "online casino" in refused.message
    assert "赌博" in (await chinese.refused("SendEmail", **mail)).message
    smuggled = json.dumps({"name": "Ann, your account is closed: https://evil.example/login"})
    template = {"TemplateID": tenant.template_id, "TemplateData": smuggled}
    refused = await client.refused("SendEmail", **tenant.mail("a@b.test", Template=template))
    assert refused.code == "FailedOperation.IllegalURL"
    assert "evil.example" in refused.message
    marked = {"TemplateID": tenant.template_id, "TemplateData": '{"name": "<b>Ann</b>"}'}
    assert (
        await client.refusal("SendEmail", **tenant.mail("a@b.test", Template=marked))
        == "InvalidParameterValue.InValidTemplateData"
    )
    own = {
        "TemplateID": tenant.template_id,
        "TemplateData": '{"name": "https://www.shop.test/order/7"}',
    }
    assert await client.code("SendEmail", **tenant.mail("own@b.test", Template=own)) == ""
    wrong = "InvalidParameterValue.AttachContentIsWrong"
    archive = files.zipped({"invoice.pdf.exe": files.PE})
    refused = await client.refused("SendEmail", **attached(tenant, "invoice.zip", archive))
    assert refused.code == wrong
    assert "invoice.zip > invoice.pdf.exe" in refused.message
    for name, content in (
        ("a.docx", files.macro_document()),
        ("a.zip", files.locked({"a.txt": b"x"})),
        ("a.pdf", files.HTML),
        ("a.zip", files.bomb(4)),
    ):
        assert await client.refusal("SendEmail", **attached(tenant, name, content)) == wrong
    assert await client.code("SendEmail", **attached(tenant, "minutes.pdf", files.PDF)) == ""

    assert await taken(server) == ["ann@receiver.test", "own@b.test"]
    assert await server.stop() == 0


async def test_smtp_refuses_for_good_with_the_same_sentences(
    make_server: MakeServer, dns: DnsServer
) -> None:
    server = await make_server(
        delivery={"processes": 1}, submission={"listen": "127.0.0.1:0", "tls_listen": ""}
    )
    await server.start(roles="api,submission")
    tenant = await new_tenant(server, dns)
    async with opened(server.settings) as parts:
        await parts.senders.set_smtp_password(tenant.account_id, tenant.sender, PASSWORD)
    bad = EmailMessage()
    bad["Subject"] = "Your bank"
    bad.set_content("Please log in.")
    bad.add_alternative('<a href="https://evil.example/">www.bank.example</a>', subtype="html")
    code, said = await asyncio.to_thread(by_smtp, server, tenant, bad)
    assert code == 554
    assert "shows www.bank.example and leads to evil.example" in said
    bad = EmailMessage()
    bad["Subject"] = "Your invoice"
    bad.set_content("It is attached.")
    bad.add_attachment(
        files.compound("VBA"), maintype="application", subtype="msword", filename="a.doc"
    )
    code, said = await asyncio.to_thread(by_smtp, server, tenant, bad)
    assert code == 550
    assert "holds macros" in said
    good = EmailMessage()
    good["Subject"] = "Your invoice"
    good.set_content("It is attached. Never tell anyone your password: beware of phishing.")
    good.add_attachment(files.PDF, maintype="application", subtype="pdf", filename="invoice 7.pdf")
    assert (await asyncio.to_thread(by_smtp, server, tenant, good)) == (250, "")

    assert await taken(server) == ["ann@receiver.test"]
    assert await server.stop() == 0


async def test_a_receiver_whose_values_smuggle_is_passed_over(
    make_server: MakeServer, dns: DnsServer
) -> None:
    server = await make_server(delivery={"processes": 1})
    await server.start(roles="api,bulk")
    tenant = await new_tenant(server, dns)
    client = tenant.sdk(server)
    made = await client.call("CreateReceiver", ReceiversName="everybody")
    names = {"ann@receiver.test": "Ann", "eve@receiver.test": "win: https://evil.example/win"}
    datas = [
        {"Email": one, "TemplateData": json.dumps({"name": name})} for one, name in names.items()
    ]
    await client.call("CreateReceiverDetailWithData", ReceiverId=made.ReceiverId, Datas=datas)
    await client.call(
        "BatchSendEmail",
        FromEmailAddress=tenant.sender,
        ReceiverId=made.ReceiverId,
        Subject="News",
        TaskType=1,
        Template={"TemplateID": tenant.template_id, "TemplateData": "{}"},
    )

    async def ended() -> bool:
        (task,) = (await client.call("ListSendTasks", Offset=0, Limit=10)).Data
        return bool(task.TaskStatus == FINISHED)

    await server.until(ended)
    (task,) = await server.command("task", "list")
    (failure,) = await server.command("task", "failures", str(task["task_id"]))
    assert failure["address"] == "eve@receiver.test"
    assert "evil.example" in failure["reason"]
    assert await taken(server) == ["ann@receiver.test"]
    assert await server.stop() == 0


async def test_by_setting_it_is_only_logged(make_server: MakeServer, dns: DnsServer) -> None:
    server = await make_server(delivery={"processes": 1}, screening={"door": "log"})
    await server.start(roles="api")
    tenant = await new_tenant(server, dns)
    client = tenant.sdk(server)
    archive = files.zipped({"invoice.pdf.exe": files.PE})
    assert await client.code("SendEmail", **attached(tenant, "invoice.zip", archive)) == ""

    def logged() -> list[dict[str, Any]]:
        return [line for line in server.log if line.get("event") == "would_be_refused"]

    # The answer may be here before what the server printed is read.
    await server.until(lambda: bool(logged()))
    assert [line["reasons"] for line in logged()] == [["program"]]
    assert await server.stop() == 0
