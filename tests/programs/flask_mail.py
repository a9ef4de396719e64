"""A mail by Flask-Mailman, as a Flask application sends one; JSON on standard input."""

import base64
import json
import sys
from email.mime.image import MIMEImage

from flask import Flask
from flask_mailman import EmailMultiAlternatives, Mail  # type: ignore[import-untyped]  # untyped


def main() -> None:
    """Send what standard input describes."""
    given = json.load(sys.stdin)
    application = Flask(__name__)
    application.config.update(
        MAIL_SERVER=given["host"],
        MAIL_PORT=given["tls_port"],
        MAIL_USERNAME=given["user"],
        MAIL_PASSWORD=given["password"],
        MAIL_USE_SSL=True,
        MAIL_DEFAULT_SENDER=given["sender"],
    )
    Mail(application)
    with application.app_context():
        mail = EmailMultiAlternatives(
            given["subject"], given["text"], to=[given["to"]], bcc=[given["hidden"]]
        )
        mail.attach_alternative(given["html"], "text/html")
        mail.attach(given["file_name"], base64.b64decode(given["file"]), "application/octet-stream")
        image = MIMEImage(base64.b64decode(given["image"]), "png")
        image.add_header("Content-ID", given["image_id"])
        image.add_header("Content-Disposition", "inline", filename="logo.png")
        mail.attach(image)
        mail.send()


main()
