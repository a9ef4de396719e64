"""Two independent DKIM verifiers, dkimpy and mailauth (Node.js), behind one call.

One Node process takes many mails.
"""

import base64
import json
import subprocess
from dataclasses import dataclass
from typing import Any

import dkim
from tests.support.node import NODE, ROOT, TIMEOUT_S, node_project


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature as mailauth saw it."""

    domain: str
    selector: str
    result: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What both verifiers say about one mail; `dkimpy` has one entry for each signature."""

    dkimpy: tuple[bool, ...]
    mailauth: tuple[Signature, ...]

    @property
    def passed(self) -> bool:
        """Tell whether there is a signature, and both verifiers accept every one."""
        return (
            len(self.dkimpy) == len(self.mailauth) > 0
            and all(self.dkimpy)
            and all(signature.result == "pass" for signature in self.mailauth)
        )


def verify_all(mails: list[bytes], dns: dict[str, str]) -> list[Verdict]:
    """Verify every signature of every mail; `dns` maps record names to TXT texts."""
    names = {name.rstrip(".").lower(): text for name, text in dns.items()}
    by_mailauth = _mailauth(mails, names)
    return [
        Verdict(dkimpy=_dkimpy(mail, names), mailauth=signatures)
        for mail, signatures in zip(mails, by_mailauth, strict=True)
    ]


def _dkimpy(mail: bytes, dns: dict[str, str]) -> tuple[bool, ...]:
    def text_of(name: bytes, timeout: int = 5) -> bytes | None:
        text = dns.get(name.decode("ascii").rstrip(".").lower())
        return None if text is None else text.encode("ascii")

    message = dkim.DKIM(mail, minkey=1024)
    count = sum(1 for name, _ in message.headers if name.lower() == b"dkim-signature")
    results = []
    for index in range(count):
        try:
            results.append(bool(message.verify(idx=index, dnsfunc=text_of)))
        except dkim.DKIMException:
            results.append(False)
    return tuple(results)


def _mailauth(mails: list[bytes], dns: dict[str, str]) -> list[tuple[Signature, ...]]:
    request = {"mails": [base64.b64encode(mail).decode("ascii") for mail in mails], "dns": dns}
    project = node_project(ROOT / "tests" / "node")
    done = subprocess.run(
        [NODE, project / "verify.mjs"],
        input=json.dumps(request).encode(),
        capture_output=True,
        check=False,
        cwd=project,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise RuntimeError(f"the verifier failed: {done.stderr.decode(errors='replace')}")
    verdicts: list[list[dict[str, Any]]] = json.loads(done.stdout)
    return [tuple(Signature(**found) for found in found_of_mail) for found_of_mail in verdicts]
