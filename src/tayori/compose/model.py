"""The recipe of a message: everything its mails are built from, small enough for a bulk queue.

Template content is pinned by version, so an edit after acceptance changes nothing under way. A
recipe that the door stored always composes: whatever could fail was tried there.
"""

import msgspec


class RecipeMailbox(msgspec.Struct, frozen=True, array_like=True):
    """An address with its display name, "" for none."""

    address: str
    display_name: str = ""


class RecipeAttachment(msgspec.Struct, frozen=True, array_like=True):
    """A file as it was given."""

    file_name: str
    content: bytes


class RecipeLinks(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """What is added to a mail so that its reader's answer is heard.

    `base` is the URL before every path of ours, `language` the footer's number (0 = none), and
    `mx_host` where unsubscribe mails go.
    """

    base: str
    opens: bool = False
    clicks: bool = False
    language: int = 0
    mx_host: str = ""


class Recipe(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What composing needs. `date_at` is milliseconds since the epoch.

    Either `template` is set ((id, version), with `values`), or `html` and `text` hold the
    account's own content, or `raw` is a whole mail as it came by SMTP, whose header then counts
    instead of `to`, `cc`, `reply_to`, `subject` and `headers`. Bcc is in no recipe.
    """

    public_id: str
    app_id: int
    identity_id: int
    domain: str
    """The verified domain that signs and carries the return path."""
    date_at: int
    rfc_message_id: str
    """With angle brackets."""
    header_from: RecipeMailbox
    subject: str
    to: tuple[RecipeMailbox, ...] = ()
    cc: tuple[RecipeMailbox, ...] = ()
    reply_to: tuple[RecipeMailbox, ...] = ()
    template: tuple[int, int] | None = None
    values: dict[str, str] = {}
    html: str = ""
    text: str = ""
    attachments: tuple[RecipeAttachment, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    trigger: bool = False
    raw: bytes = b""
    tag: str = ""
    """The account's own name for a kind of mail, "" for none."""
    tls: str = ""
    """What the sender asks (RFC 8689): "require", "optional", or "" for nothing."""
    links: RecipeLinks | None = None
    """None when nothing is added."""


def encode_recipe(recipe: Recipe) -> bytes:
    """Return the recipe as it is stored (MessagePack)."""
    return msgspec.msgpack.encode(recipe)


_DECODER = msgspec.msgpack.Decoder(Recipe)


def decode_recipe(stored: bytes) -> Recipe:
    """Return a stored recipe; msgspec.DecodeError when the row is damaged."""
    return _DECODER.decode(stored)
