"""Settings that a mail program needs to send by SMTP, ready to be pasted into common programs."""

from dataclasses import dataclass

from tayori.config.tree import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """Where programs log in; a port is "" where its listener is off, `host` where both are."""

    host: str
    starttls: str
    tls: str

    def snippets(self, user: str) -> list[tuple[str, str]]:
        """Return program and text; the password is left for the reader to put in its place."""
        port = self.tls or self.starttls
        begins = "off" if self.tls else "on"
        scheme = "smtps" if self.tls else "smtp"
        secure = "true" if self.tls else "false"
        library = "SMTP_SSL" if self.tls else "SMTP"
        upgrade = "" if self.tls else "    smtp.starttls()\n"
        return [
            (
                "msmtp",
                (
                    f"account default\nhost {self.host}\nport {port}\ntls on\n"
                    f"tls_starttls {begins}\nauth plain\nuser {user}\nfrom {user}\n"
                    "password PASSWORD"
                ),
            ),
            (
                "Python",
                (
                    f'import smtplib\n\nwith smtplib.{library}("{self.host}", {port}) as smtp:\n'
                    f'{upgrade}    smtp.login("{user}", "PASSWORD")\n'
                    "    smtp.send_message(message)"
                ),
            ),
            (
                "Nodemailer",
                (
                    f'nodemailer.createTransport({{\n  host: "{self.host}",\n  port: {port},\n'
                    f'  secure: {secure},\n  auth: {{ user: "{user}", pass: "PASSWORD" }},\n}});'
                ),
            ),
            (
                "curl",
                (
                    f"curl --ssl-reqd --url {scheme}://{self.host}:{port} --user '{user}:PASSWORD' "
                    f"\\\n  --mail-from {user} --mail-rcpt ann@example.com --upload-file mail.eml"
                ),
            ),
        ]


def smtp_settings(settings: Settings) -> SmtpSettings:
    """Return what programs need, out of the installation's settings."""
    submission = settings.submission
    starttls, tls = _port(submission.listen), _port(submission.tls_listen)
    return SmtpSettings(
        host=settings.service.hostname if starttls or tls else "", starttls=starttls, tls=tls
    )


def _port(listen: str) -> str:
    # A free port of the machine's choice is for trials; nobody sets a program up for it.
    port = listen.rpartition(":")[2]
    return "" if port == "0" else port
