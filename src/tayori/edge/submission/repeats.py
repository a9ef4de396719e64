"""Whether a mail with an idempotency key is the same mail again.

A client that sends again may write other trace headers, another Date, Message-ID or boundary, and
encode the content otherwise. So the mail counts as the same when its sender, recipients (in any
order), subject, options, and the decoded content, type and name of every part are the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from tayori.accept.idempotency import Token, fingerprint
from tayori.edge.submission.options import Options
from tayori.mail.address import Mailbox
from tayori.mail.entity import Part
from tayori.tenants.model import Account

ACTION: Final = "SMTP"
"""Under this name keys of mails are kept, apart from those of the API's actions."""

_encoder = msgspec.json.Encoder(order="sorted")


def token_of(
    account: Account,
    part: Part,
    mail: tuple[Mailbox, Sequence[Mailbox], str],
    options: Options,
) -> Token | None:
    """Return the token of a mail (sender, envelope, subject), None when it carries no key."""
    if not options.idempotency_key:
        return None
    return Token(
        account_id=account.id,
        action=ACTION,
        key=options.idempotency_key,
        fingerprint=fingerprint(_pieces(part, mail, options)),
    )


def _pieces(
    part: Part, mail: tuple[Mailbox, Iterable[Mailbox], str], options: Options
) -> Iterator[bytes]:
    sender, envelope, subject = mail
    yield _encoder.encode(
        {
            "sender": [sender.address.addr, sender.display_name],
            "recipients": sorted({mailbox.address.addr for mailbox in envelope}),
            "subject": subject,
            "options": options,
        }
    )
    for leaf, _ in part.leaves():
        kind = (leaf.kind.value, leaf.kind.parameters.get("charset", ""), leaf.file_name)
        yield _encoder.encode(kind)
        yield leaf.content
