import ast
import io
import socket

from rich.console import Console

from tayori.cli.demo import report
from tayori.cli.demo_step import REFUSED, Expected, Fate, Seen
from tayori.cli.trial import free_port
from tayori.cli.trial_run import EXAMPLE
from tayori.sandbox.mailbox import ReceivedMail
from tayori.sandbox.verifier import SignatureResult

MAIL = ReceivedMail(
    id=1,
    return_path="b@shop.test",
    recipients=("a@x.test",),
    raw=b"",
    received_at=0,
    tls="TLSv1.3 AES",
    peer="127.0.0.1",
    helo="x",
)


def signature(*, passed: bool) -> SignatureResult:
    return SignatureResult(
        domain="shop.test", selector="s", algorithm="rsa-sha256", passed=passed, reason="A reason."
    )


def seen(
    *,
    status: int = 1,
    expected: int = 1,
    mail: ReceivedMail | None = MAIL,
    signatures: tuple[SignatureResult, ...] = (signature(passed=True),),
    told: bool = True,
) -> Seen:
    return Seen(
        expected=Expected(
            message_id="m", to="a@x.test", subject="[bold]Hi", door="SDK", status=expected
        ),
        fate=Fate(status=status, reply="550 5.1.1 No") if told else None,
        mail=mail,
        dkim=signatures,
    )


def told(*rows: Seen) -> tuple[bool, str]:
    out = io.StringIO()
    good = report(Console(file=out, width=160), list(rows))
    return good, out.getvalue()


def test_all_is_well() -> None:
    bounced = seen(status=REFUSED, expected=REFUSED, mail=None, signatures=())
    good, text = told(seen(), bounced)
    assert good
    assert "All 2 mails came to what was expected." in text
    assert "DKIM ✓ shop.test, TLS 1.3" in text
    assert "[bold]Hi" in text
    assert "bounced: 550 5.1.1 No" in text


def test_each_fault_counts() -> None:
    for fault in (
        seen(told=False),
        seen(status=8),
        seen(mail=None),
        seen(signatures=()),
        seen(signatures=(signature(passed=True), signature(passed=False))),
        seen(status=REFUSED, expected=REFUSED),
    ):
        good, text = told(seen(), fault)
        assert not good
        assert "1 of 2 mails did not come to what was expected." in text
    assert told()[0] is False


def test_long_tables_are_cut() -> None:
    assert "… and 5 more." in told(*[seen()] * 25)[1]


def test_the_printed_program_is_python() -> None:
    program = EXAMPLE.format(endpoint="e", secret_id="i", secret_key="k", template_id=7, sender="s")
    assert ast.parse(program).body


def test_a_taken_port_is_not_wished_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert free_port(port) == 0
    assert free_port(port) == port
