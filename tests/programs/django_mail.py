"""A mail by Django's mail backend, as a Django application sends one; JSON on standard input."""

import base64
import json
import sys
from email.mime.image import MIMEImage

from django.conf import settings  # type: ignore[import-untyped]  # untyped
from django.core.mail import EmailMultiAlternatives  # type: ignore[import-untyped]  # untyped


def main() -> None:
    """Send what standard input describes."""
    given = json.load(sys.stdin)
    settings.configure(
        EMAIL_HOST=given["host"],
        EMAIL_PORT=given["port"],
        EMAIL_HOST_USER=given["user"],
        EMAIL_HOST_PASSWORD=given["password"],
        EMAIL_USE_TLS=True,
        DEFAULT_CHARSET="utf-8",
    )
    mail = EmailMultiAlternatives(
        given["subject"], given["text"], given["sender"], [given["to"]], bcc=[given["hidden"]]
    )
    mail.attach_alternative(given["html"], "text/html")
    mail.attach(given["file_name"], base64.b64decode(given["file"]), "application/octet-stream")
    image = MIMEImage(base64.b64decode(given["image"]), "png")
    image.add_header("Content-ID", given["image_id"])
    image.add_header("Content-Disposition", "inline", filename="logo.png")
    mail.attach(image)
    mail.send()


main()
