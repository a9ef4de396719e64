"""The page of the quick start: what the account has, what it lacks, and programs to copy."""

from typing import Final
from urllib.parse import urlsplit

from starlette.responses import Response

from tayori.catalog.model import StoredTemplate, TemplateStatus
from tayori.catalog.variables import VariableFault, split_variables
from tayori.edge.console.pages.start.snippets import GUIDES, KEY_VARIABLE, Values
from tayori.edge.console.smtp_settings import smtp_settings
from tayori.edge.console.visit import Visit

SMTP: Final = "smtp"
USUAL: Final = "python"
_LOOKED_AT: Final = 20


async def show(visit: Visit) -> Response:
    """Show how to send in the language that the URL names (`with`)."""
    asked = visit.query.get("with", USUAL)
    chosen = asked if asked in GUIDES or asked == SMTP else USUAL
    template = await _template(visit)
    sender = await _sender(visit)
    values = await _values(visit, sender, template)
    guide = GUIDES.get(chosen)
    smtp = smtp_settings(visit.services.settings)
    return visit.page(
        "start/show.html.j2",
        chosen=chosen,
        tabs=[*((name, each.name) for name, each in GUIDES.items()), (SMTP, "SMTP")],
        guide=guide,
        program=values.filled(guide.program) if guide else "",
        key_variable=KEY_VARIABLE,
        values=values,
        mail_template=template.template if template else None,
        smtp=smtp,
        snippets=smtp.snippets(sender or "SENDER"),
        api=f"{'https' if values.secure else 'http'}://{values.endpoint}/",
    )


async def _values(visit: Visit, sender: str, template: StoredTemplate | None) -> Values:
    api = urlsplit(visit.public_url)
    credentials = await visit.services.accounts.credentials(visit.account.id)
    usable = [one.secret_id for one in credentials if one.revoked_at is None]
    return Values(
        endpoint=api.netloc,
        secure=api.scheme == "https",
        sender=sender,
        secret_id=usable[-1] if usable else "",
        template_id=template.template.id if template else 0,
        variables=_variables(template) if template else (),
    )


async def _sender(visit: Visit) -> str:
    """Return the account's newest sender, "" without one."""
    found, _ = await visit.services.senders.page(visit.account.id, "", "-created", (0, 1))
    return found[0].address.addr if found else ""


async def _template(visit: Visit) -> StoredTemplate | None:
    """Return the newest template that may be sent, None without one."""
    account, templates = visit.account.id, visit.services.templates
    page = await templates.list(account, offset=0, limit=_LOOKED_AT)
    for one in page.templates:
        if one.status is TemplateStatus.APPROVED:
            return await templates.find(account, one.id)
    return None


def _variables(template: StoredTemplate) -> list[str]:
    """Return the names that need a value, in the order of the alphabet."""
    names: set[str] = set()
    for text in (template.content.html, template.content.text):
        found = split_variables(text)
        if not isinstance(found, VariableFault):
            names |= found.distinct
    return sorted(names)
