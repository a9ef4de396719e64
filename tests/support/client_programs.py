"""Mail programs, each configured by its own means, sending one mail; they raise when it fails."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.client_mail import FILE, FILE_NAME, HTML, IMAGE, IMAGE_ID, SUBJECT, TEXT
from tests.support.debian_tools import debian_tools
from tests.support.node import NODE, ROOT, node_project
from tests.support.smtp_account import SmtpAccount

TIMEOUT_S = 60
HOST = "localhost"
AUTHOR = "Hélène"


def send_by_swaks(account: SmtpAccount, to: str, hidden: str) -> None:
    """Compose and send by swaks, over STARTTLS with AUTH LOGIN."""
    file = account.folder / FILE_NAME
    file.write_bytes(FILE)
    encoded = "=?utf-8?b?" + base64.b64encode(SUBJECT.encode()).decode() + "?="
    name = "=?utf-8?b?" + base64.b64encode(FILE_NAME.encode()).decode() + "?="
    debian_tools().run(
        *("swaks", "--server", HOST, "--port", str(account.port), "--helo", "client.test"),
        *("--tls", "--tls-verify", "--tls-ca-path", account.ca_file),
        *("--auth", "LOGIN", "--auth-user", account.user, "--auth-password", account.password),
        *("--from", account.user, "--to", f"{to},{hidden}", "--header", f"To: {to}"),
        *("--header", f"Subject: {encoded}", "--body", TEXT),
        *("--attach-type", "application/octet-stream"),
        *("--attach-name", name, "--attach", f"@{file}"),
    )


def send_by_msmtp(account: SmtpAccount, content: bytes) -> None:
    """Hand a mail to msmtp as to sendmail: recipients from the header, Bcc taken out by it."""
    settings = account.folder / "msmtprc"
    settings.write_text(
        f"account default\nhost {HOST}\nport {account.port}\nfrom {account.user}\n"
        f"auth plain\nuser {account.user}\npassword {account.password}\n"
        f"tls on\ntls_starttls on\ntls_trust_file {account.ca_file}\n"
    )
    settings.chmod(0o600)
    debian_tools().run("msmtp", "--file", settings, "--read-recipients", given=content)


def send_by_curl(account: SmtpAccount, content: bytes, to: str, hidden: str) -> None:
    """Upload a mail by curl, on the port with TLS from the first octet."""
    debian_tools().run(
        *("curl", "--silent", "--show-error", "--url", f"smtps://{HOST}:{account.tls_port}"),
        *("--cacert", account.ca_file, "--user", f"{account.user}:{account.password}"),
        *("--mail-from", account.user, "--mail-rcpt", to, "--mail-rcpt", hidden),
        *("--upload-file", "-"),
        given=content,
    )


def patch_of(account: SmtpAccount, subject: str) -> Path:
    """Make a repository with one commit and return its patch."""
    git = ("git", "-c", f"user.name={AUTHOR}", "-c", f"user.email={account.user}")
    folder = account.folder / "repository"
    folder.mkdir()
    run = debian_tools().run
    run("git", "init", "--quiet", cwd=folder)
    (folder / "日本語.txt").write_text("こんにちは\n")
    run("git", "add", ".", cwd=folder)
    run(*git, "commit", "--quiet", "--message", f"{subject}\n\nGrüße: ärger\n", cwd=folder)
    printed = run("git", "format-patch", "--quiet", "-1", "-o", account.folder, cwd=folder)
    assert printed == b""
    return next(account.folder.glob("*.patch"))


def send_by_git(account: SmtpAccount, patch: Path, to: str, hidden: str) -> None:
    """Send a patch by git send-email, over STARTTLS."""
    debian_tools().run(
        *("git", "send-email", "--quiet", "--confirm=never", "--no-validate"),
        *("--suppress-cc=all", "--from", f"{AUTHOR} <{account.user}>", "--to", to, "--bcc", hidden),
        *("--smtp-server", HOST, "--smtp-server-port", str(account.port)),
        *("--smtp-encryption", "tls", "--smtp-ssl-cert-path", str(account.ca_file)),
        *("--smtp-user", account.user, "--smtp-pass", account.password),
        *("--transfer-encoding", "8bit", str(patch)),
        cwd=account.folder,
    )


def send_by_nodemailer(account: SmtpAccount, sender: str, to: str, hidden: str) -> str:
    """Compose and send by nodemailer, with TLS from the first octet; return the answer."""
    ours = account.ca_file.read_text()
    given = {
        "server": {
            "host": HOST,
            "port": account.tls_port,
            "secure": True,
            "auth": {"user": account.user, "pass": account.password},
            "tls": {"ca": ours},
        },
        "mail": {
            "from": sender,
            "to": to,
            "bcc": hidden,
            "subject": SUBJECT,
            "text": TEXT,
            "html": HTML,
            "attachments": [
                _file(FILE_NAME, FILE, "application/octet-stream"),
                _file("logo.png", IMAGE, "image/png") | {"cid": IMAGE_ID.strip("<>")},
            ],
        },
    }
    project = node_project(ROOT / "tests" / "node_mail")
    return _run([str(NODE), str(project / "send.mjs")], given, account)


def send_by_django(account: SmtpAccount, sender: str, to: str, hidden: str) -> None:
    """Compose and send by Django's backend."""
    _framework("django_mail.py", account, sender, to, hidden)


def send_by_flask(account: SmtpAccount, sender: str, to: str, hidden: str) -> None:
    """Compose and send by Flask-Mailman."""
    _framework("flask_mail.py", account, sender, to, hidden)


def _framework(program: str, account: SmtpAccount, sender: str, to: str, hidden: str) -> None:
    given = {
        "host": HOST,
        "port": account.port,
        "tls_port": account.tls_port,
        "user": account.user,
        "password": account.password,
        "sender": sender,
        "to": to,
        "hidden": hidden,
        "subject": SUBJECT,
        "text": TEXT,
        "html": HTML,
        "file_name": FILE_NAME,
        "file": base64.b64encode(FILE).decode(),
        "image": base64.b64encode(IMAGE).decode(),
        "image_id": IMAGE_ID,
    }
    _run([sys.executable, str(ROOT / "tests" / "programs" / program)], given, account)


def _file(name: str, content: bytes, kind: str) -> dict[str, str]:
    encoded = base64.b64encode(content).decode()
    return {"filename": name, "content": encoded, "encoding": "base64", "contentType": kind}


def _run(command: list[str], given: dict[str, Any], account: SmtpAccount) -> str:
    done = subprocess.run(
        command,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_S,
        env=os.environ | {"SSL_CERT_FILE": str(account.ca_file)},
    )
    if done.returncode:
        raise RuntimeError(f"{command[-1]} failed: {done.stderr}")
    return done.stdout
