"""Mail programs out of Debian's packages, unpacked beside the sources and never installed.

The packages and what they need beyond this machine's own are fetched by apt at first use, which
checks their signatures, into build/debian/; neither root nor a change of the machine is needed. A
lock keeps parallel test workers from fetching twice.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.support.node import ROOT

PACKAGES = (
    "curl",
    "git-email",
    "libauthen-sasl-perl",  # git send-email logs in by it
    "libio-socket-ssl-perl",  # TLS of git send-email
    "libmailtools-perl",  # git send-email reads addresses by it
    "libnet-ssleay-perl",  # TLS of swaks
    "libsasl2-modules",  # Postfix logs in by it
    "msmtp",
    "postfix",
    "swaks",
)
TIMEOUT_S = 300


class DebianTools:
    """The unpacked programs."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.libraries = next(root.glob("usr/lib/*-linux-*"))
        """Where the shared libraries of this machine's kind are."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which the programs find each other and their parts."""
        root = self.root
        found = [root / "usr/bin", root / "usr/sbin", root / "usr/lib/git-core"]
        perl = [root / "usr/share/perl5", *self.libraries.glob("perl5/*")]
        path = os.environ.get("PATH", "")
        return {
            **os.environ,
            "PATH": os.pathsep.join([*map(str, found), path]),
            "LD_LIBRARY_PATH": f"{self.libraries}:{root / 'usr/lib'}:{root / 'usr/lib/postfix'}",
            "PERL5LIB": ":".join(map(str, perl)),
            "SASL_PATH": str(self.libraries / "sasl2"),
        }

    def run(self, *command: str | Path, given: bytes = b"", cwd: Path | None = None) -> bytes:
        """Run a program to its end and return what it printed; RuntimeError when it failed."""
        return _run(*command, given=given, cwd=cwd, environment=self.environment)


@cache
def debian_tools(packages: tuple[str, ...] = PACKAGES) -> DebianTools:
    """Return the programs; fetches them at first use."""
    system = Path("/etc/os-release").read_bytes()
    digest = hashlib.sha256("\0".join(packages).encode() + system).hexdigest()[:16]
    kept = ROOT / "build" / "debian"
    kept.mkdir(parents=True, exist_ok=True)
    folder = kept / digest
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _fetch(folder, packages)
    return DebianTools(folder)


def _fetch(folder: Path, packages: tuple[str, ...]) -> None:
    """Unpack beside the final place and rename, so that a half-done folder is never used."""
    work = folder.with_suffix(".new")
    shutil.rmtree(work, ignore_errors=True)
    for name in ("lists/partial", "archives/partial", "root"):
        (work / name).mkdir(parents=True)
    apt = (
        *("apt-get", "-qq", "-y", "-o", "Debug::NoLocking=1"),
        *("-o", f"Dir::State::Lists={work / 'lists'}", "-o", f"Dir::Cache={work}"),
        *("-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=3"),
    )
    _run(*apt, "update")
    options = ("--reinstall", "--download-only", "--no-install-recommends")
    _run(*apt, "install", *options, *packages)
    for package in sorted((work / "archives").glob("*.deb")):
        _run("dpkg-deb", "--extract", package, work / "root")
    (work / "root").rename(folder)
    shutil.rmtree(work)


def _run(
    *command: str | Path,
    given: bytes = b"",
    cwd: Path | None = None,
    environment: dict[str, str] | None = None,
) -> bytes:
    done = subprocess.run(
        command,
        input=given,
        cwd=cwd,
        env=environment,
        capture_output=True,
        check=False,
        timeout=TIMEOUT_S,
    )
    if done.returncode:
        told = (done.stdout + done.stderr).decode(errors="replace")
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {told}")
    return done.stdout
