"""What can be set for a domain: its DKIM keys, tags and TLS, and the way to delete it."""

from typing import ClassVar

from starlette.responses import Response
from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired, Length

from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.forms import Form
from tayori.edge.console.languages import N_
from tayori.edge.console.pages.domains import identity_of, options
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.refusal.refusal import Refusal
from tayori.tenants.checks import signers
from tayori.tenants.model import DkimKey, Identity, RecordGroup, Tag
from tayori.tenants.rotation import KEEP_OLD_RECORDS_MS
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.verification.expected import expected_records
from tayori.tenants.verification.model import Record, expectations_of

_MOST_TAGS_TEXT = 20_000


class OptionForm(Form):
    """Which key lengths sign."""

    option = RadioField(N_("Key length"), [InputRequired()], choices=[])


class TagsForm(Form):
    """Labels, one a line, key and value with "=" between."""

    REFUSALS: ClassVar = {"InvalidParameterValue": "tags"}
    tags = TextAreaField(N_("Tags"), [Length(max=_MOST_TAGS_TEXT)])


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/domains/{domain}/settings", Right.LOOK, settings),
        action("/domains/{domain}/dkim", Right.MANAGE, set_option),
        action("/domains/{domain}/rotate", Right.MANAGE, rotate),
        action("/domains/{domain}/rotate/give-up", Right.MANAGE, give_up),
        action("/domains/{domain}/tags", Right.MANAGE, set_tags),
        action("/domains/{domain}/tls", Right.OWN, set_tls),
        action("/domains/{domain}/delete", Right.MANAGE, delete),
    ]


async def settings(visit: Visit) -> Response:
    """Show keys, tags, TLS and the way to delete the domain."""
    found = await identity_of(visit)
    return visit.not_found() if found is None else await _settings(visit, found)


async def set_option(visit: Visit) -> Response:
    """Choose which key lengths sign; keys that are missing are made."""
    found = await identity_of(visit)
    if found is None:
        return visit.not_found()
    form = visit.form(OptionForm)
    form.option.choices = options(visit)
    if not visit.failed(form):
        changed = await visit.services.identities.change_dkim_option(
            visit.account.id, found.domain, int(form.option.data)
        )
        if isinstance(changed, Identity):
            await visit.record(
                AuditAction.DOMAIN_KEY_CHANGED,
                found.domain,
                before=f"dkim={found.dkim_option.value}",
                after=f"dkim={changed.dkim_option.value}",
            )
            text = visit.gettext("The key length was set. Publish the records shown.")
            return visit.redirect(url("/domains", found.domain), text)
        form.refuse(changed)
    return await _settings(visit, found, option_form=form)


async def rotate(visit: Visit) -> Response:
    """Make new keys that sign once their records are found."""
    return await _rotation(visit, begin=True)


async def give_up(visit: Visit) -> Response:
    """Throw the new keys of a rotation away."""
    return await _rotation(visit, begin=False)


async def set_tags(visit: Visit) -> Response:
    """Set the domain's labels."""
    found = await identity_of(visit)
    if found is None:
        return visit.not_found()
    form = visit.form(TagsForm)
    if not visit.failed(form):
        tags = _read_tags(form.tags.data or "")
        changed = await visit.services.identities.change_tags(visit.account.id, found.domain, tags)
        if isinstance(changed, Identity):
            await visit.record(
                AuditAction.DOMAIN_CHANGED,
                found.domain,
                before=_written(found.tags),
                after=_written(changed.tags),
            )
            return visit.redirect(
                url("/domains", found.domain, "settings"), visit.gettext("The tags were set.")
            )
        form.refuse(changed)
    return await _settings(visit, found, tags_form=form)


async def set_tls(visit: Visit) -> Response:
    """Demand TLS for the domain's mail, or stop demanding it."""
    found = await identity_of(visit)
    if found is None:
        return visit.not_found()
    required = visit.posted.get("required") == "yes"
    await visit.services.security.require_identity(
        visit.account.id, found.domain, required=required
    )
    await visit.record(
        AuditAction.TLS_POLICY_CHANGED,
        found.domain,
        after="tls=required" if required else "tls=opportunistic",
    )
    text = (
        visit.gettext("Mail of this domain never travels in clear any more.")
        if required
        else visit.gettext("Mail of this domain travels as the receiver allows again.")
    )
    return visit.redirect(url("/domains", found.domain, "settings"), text)


async def delete(visit: Visit) -> Response:
    """Delete a domain that has no senders and no mail on its way."""
    found = await identity_of(visit)
    if found is None:
        return visit.not_found()
    refused = await visit.services.identities.delete(visit.account.id, found.domain)
    if refused is not None:
        return await _settings(visit, found, refused=refused)
    await visit.record(AuditAction.DOMAIN_REMOVED, found.domain)
    text = visit.gettext("The domain %(domain)s was deleted.", domain=found.domain)
    return visit.redirect(url("/domains"), text)


async def _rotation(visit: Visit, *, begin: bool) -> Response:
    found = await identity_of(visit)
    if found is None:
        return visit.not_found()
    rotations = visit.services.rotations
    verb = rotations.begin if begin else rotations.give_up
    done = await verb(visit.account.id, found.domain)
    if isinstance(done, Refusal):
        return await _settings(visit, found, refused=done)
    await visit.record(
        AuditAction.DOMAIN_KEY_CHANGED,
        found.domain,
        after="dkim rotation begun" if begin else "dkim rotation given up",
    )
    text = (
        visit.gettext("New keys were made. Publish their records; the old keys sign until then.")
        if begin
        else visit.gettext("The new keys were thrown away. The domain signs as before.")
    )
    return visit.redirect(url("/domains", found.domain, "settings"), text)


async def _settings(
    visit: Visit,
    found: Identity,
    *,
    option_form: OptionForm | None = None,
    tags_form: TagsForm | None = None,
    refused: Refusal | None = None,
) -> Response:
    again = option_form is not None or tags_form is not None or refused is not None
    services = visit.services
    keys = await services.identities.keys(found)
    required = await services.security.required()
    option = option_form or OptionForm(option=str(found.dkim_option.value))
    option.option.choices = options(visit)
    return visit.page(
        "domains/settings.html.j2",
        status=422 if again else 200,
        identity=found,
        refused=refused,
        option_form=option,
        tags_form=tags_form or TagsForm(tags=_written(found.tags)),
        keys=keys,
        pending=_pending(visit, found, keys),
        signing={key.selector for key in signers(found, keys)},
        keep_until={
            key.selector: key.retired_at + KEEP_OLD_RECORDS_MS
            for key in keys
            if key.retired_at is not None
        },
        tls_required=found.id in required.identities,
        tls_of_account=visit.account.id in required.accounts,
    )


def _pending(visit: Visit, identity: Identity, keys: tuple[DkimKey, ...]) -> list[Record]:
    """Return the records of keys that a rotation made, to be published."""
    new = [key for key in keys if key.pending]
    expectations = expectations_of(visit.services.settings.domains, new)
    return [
        record
        for record in expected_records(identity.domain, expectations)
        if record.group is RecordGroup.DKIM
    ]


def _read_tags(text: str) -> list[Tag]:
    tags = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        key, _, value = line.partition("=")
        tags.append(Tag(key.strip(), value.strip()))
    return tags


def _written(tags: tuple[Tag, ...]) -> str:
    return "\n".join(f"{tag.key}={tag.value}" for tag in tags)
