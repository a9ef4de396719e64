"""What receivers say that no rule understands, how often, and how to write a rule for it."""

import re

import msgspec
from starlette.responses import Response

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.lists import page_of, read_list
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.queue.unclassified_store import MOST_ROWS, Unclassified
from tayori.tenants.users.audit_model import AuditAction

RULES_FILE = "bounce.toml"
_ENHANCED = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3} +")


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/operator/replies", Right.OPERATE, listing),
        action("/operator/replies/forget", Right.OPERATE, forget),
    ]


async def listing(visit: Visit) -> Response:
    """Show the texts, those heard most often first; the table is bounded, so all are read."""
    asked = read_list(
        url("/operator/replies"), visit.query, sorts=("count",), usual="-count", filters={"q": None}
    )
    found = await visit.services.operating.replies.most(MOST_ROWS)
    wanted = asked["q"].casefold()
    found = [each for each in found if wanted in f"{each.provider} {each.example}".casefold()]
    rows = page_of(asked, found[asked.offset : asked.offset + asked.limit], len(found))
    return visit.page(
        "operator_replies/list.html.j2",
        page=rows,
        file=visit.services.operating.data_dir / "rules" / RULES_FILE,
        rule=rule_for(rows.rows[0]) if rows.rows else "",
    )


async def forget(visit: Visit) -> Response:
    """Begin to count again, for example after rules were added."""
    count = await visit.services.operating.replies.forget()
    await visit.record(AuditAction.REPLY_CLASSIFIED, "*", before=str(count))
    text = visit.ngettext(
        "%(number)s text was forgotten.", "%(number)s texts were forgotten.", count
    )
    return visit.redirect(url("/operator/replies"), text)


def rule_for(heard: Unclassified) -> str:
    """Return a rule to begin with (TOML): it says what was heard, and leaves what it means open."""
    said = " ".join(heard.example.split())
    code, _, words = said.partition(" ")
    words = _ENHANCED.sub("", words)
    name = f"{heard.provider or 'own'}-{code}"
    lines = [
        "[[rule]]",
        f"name = {_quoted(name)}",
        f"provider = {_quoted(heard.provider)}" if heard.provider else "",
        f"says = {_quoted(words.lower())}",
        'class = "other"',
        'action = "defer"',
        f"example = {_quoted(said)}",
        'published = "our own log"',
    ]
    return "\n".join(line for line in lines if line)


def _quoted(text: str) -> str:
    """Return a TOML basic string, which JSON's strings are, too."""
    return msgspec.json.encode(text).decode()
