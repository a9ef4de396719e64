"""`tayori template`: the review of templates by an operator."""

from collections.abc import Sequence
from datetime import tzinfo
from enum import StrEnum
from typing import Annotated

import typer

from tayori.app.notices import build_owner_notices, build_verdicts
from tayori.app.parts import Parts
from tayori.catalog.model import Template, TemplateStatus
from tayori.cli.instants import instant
from tayori.cli.opened import account_named, done, run
from tayori.cli.options import AsJson, ConfigFile
from tayori.cli.output import show, show_one
from tayori.notices.verdicts import Judge
from tayori.refusal.table import Language
from tayori.screen.desk import why
from tayori.screen.reasons import decode_findings, sentence

template_app = typer.Typer(help="Review the templates of customers.", no_args_is_help=True)

WhichTemplate = Annotated[int, typer.Argument(metavar="ID", help="The template's id.")]


class Status(StrEnum):
    """Where a template stands in review."""

    APPROVED = "approved"
    IN_REVIEW = "in_review"
    REFUSED = "refused"


@template_app.command("list")
def list_templates(
    status: Annotated[Status | None, typer.Option(help="Only those in this status.")] = None,
    account: Annotated[str, typer.Option(help="Only those of this account.")] = "",
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show templates, those that wait longest first."""

    async def work(parts: Parts) -> list[dict[str, object]]:
        owner = (await account_named(parts, account)).id if account else None
        wanted = [TemplateStatus[status.name]] if status else list(TemplateStatus)
        found: list[Template] = []
        for each in wanted:
            found += await parts.templates.of_status(each)
        mine = [t for t in found if owner in {None, t.account_id}]
        return [_row(t, parts.zone) for t in _waiting_first(mine)]

    show(run(config, work), as_json=as_json)


@template_app.command("show")
def show_template(
    template_id: WhichTemplate,
    language: Annotated[Language, typer.Option(help="Language of the reasons.")] = Language.EN,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show a template with its content and everything that the rules of review found."""

    async def work(parts: Parts) -> dict[str, object]:
        stored = done(await parts.templates.any(template_id))
        findings = decode_findings(stored.template.findings)
        return _row(stored.template, parts.zone) | {
            "findings": [f"{one.severity.value}: {sentence(one, language)}" for one in findings],
            "html": stored.content.html,
            "text": stored.content.text,
        }

    show_one(run(config, work), as_json=as_json)


@template_app.command("approve")
def approve(template_id: WhichTemplate, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Approve the newest version of a template."""

    async def work(parts: Parts) -> dict[str, object]:
        verdicts = build_verdicts(parts, build_owner_notices(parts))
        decided = done(await verdicts.approve(Judge(), template_id))
        return _row(decided, parts.zone)

    show_one(run(config, work), as_json=as_json)


@template_app.command("reject")
def reject(
    template_id: WhichTemplate,
    reason: Annotated[str, typer.Option(help="What its owner is told.")],
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Refuse the newest version of a template."""

    async def work(parts: Parts) -> dict[str, object]:
        verdicts = build_verdicts(parts, build_owner_notices(parts))
        decided = done(await verdicts.reject(Judge(), template_id, reason))
        return _row(decided, parts.zone)

    show_one(run(config, work), as_json=as_json)


def _waiting_first(templates: Sequence[Template]) -> list[Template]:
    return sorted(
        templates, key=lambda t: (t.status is not TemplateStatus.IN_REVIEW, t.updated_at, t.id)
    )


def _row(template: Template, zone: tzinfo) -> dict[str, object]:
    return {
        "template_id": template.id,
        "account_id": template.account_id,
        "name": template.name,
        "status": Status[template.status.name].value,
        "reason": why(template, Language.EN),
        "version": template.version,
        "business": template.business,
        "due_at": instant(template.due_at, zone),
        "updated_at": instant(template.updated_at, zone),
    }
