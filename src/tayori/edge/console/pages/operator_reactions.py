"""Running reactions to what receivers say: what is slowed or paused, why, and the end of it."""

from starlette.responses import Response

from tayori.delivery.reactions.model import Effect, Reaction
from tayori.edge.console.access import Page, Right, action, page
from tayori.edge.console.flash import Tone
from tayori.edge.console.languages import N_
from tayori.edge.console.lists import page_of, read_list
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import Visit
from tayori.refusal.saying import say
from tayori.tenants.users.audit_model import AuditAction

STEPS = (
    N_("In full force"),
    N_("Released to an eighth"),
    N_("Released to a quarter"),
    N_("Released to a half"),
)
"""How far a reaction is released, by its step."""
_LATEST = 200


def routes() -> list[Page]:
    """Return the pages of this area."""
    return [
        page("/operator/reactions", Right.OPERATE, listing),
        action("/operator/reactions/{id:key}/cancel", Right.OPERATE, cancel),
    ]


async def listing(visit: Visit) -> Response:
    """Show what is in force, oldest first; with `which=all` the latest ones, newest first."""
    asked = read_list(
        url("/operator/reactions"), visit.query, sorts=("began",), filters={"which": ("all",)}
    )
    store, now = visit.services.operating.reactions, visit.services.clock.now()
    if asked["which"]:
        found = await store.latest(_LATEST)
    else:
        found = [each.reaction for each in await store.in_force()]
        found = [each for each in found if not each.over(now)]
    rows = page_of(asked, found[asked.offset : asked.offset + asked.limit])
    accounts = [each.scope.account_id for each in rows.rows if each.scope.account_id is not None]
    return visit.page(
        "operator_reactions/list.html.j2",
        page=rows,
        names=await visit.services.accounts.names(accounts),
        now=now,
        over=lambda each: each.ended_at is not None or each.over(now),
        step=lambda each: STEPS[each.step(now)],
        effects=lambda each: effects(visit, each),
    )


async def cancel(visit: Visit) -> Response:
    """End a reaction; the mails that it let wait are due at once."""
    number, now = int(visit.path["id"]), visit.services.clock.now()
    store = visit.services.operating.reactions
    ended = await store.end(number, now, say("cancelled by {who}", who=visit.user.email))
    if ended is None:
        text = visit.gettext("This reaction has ended already.")
        return visit.redirect(url("/operator/reactions"), text, Tone.INFO)
    if ended.effect.holds_back:
        await store.wake(ended, now)
    visit.services.operating.queue_changed()
    await visit.record(AuditAction.REACTION_CANCELLED, f"{number} {ended.name} {ended.scope}")
    text = visit.gettext("The reaction was cancelled. Mail that waited for it is due now.")
    return visit.redirect(url("/operator/reactions"), text)


def effects(visit: Visit, reaction: Reaction) -> list[str]:
    """Return what a reaction does, in the visitor's language."""
    effect: Effect = reaction.effect
    found = []
    if effect.stop_task:
        found.append(visit.gettext("The bulk task is stopped"))
    if effect.pause:
        found.append(visit.gettext("Nothing is sent"))
    if effect.rate_factor is not None:
        percent = f"{effect.rate_factor:.0%}"
        found.append(visit.gettext("%(percent)s of the usual rate", percent=percent))
    if effect.mails_per_minute is not None:
        number = f"{effect.mails_per_minute:g}"
        text = visit.gettext("At most %(number)s mails a minute", number=number)
        found.append(text)
    if effect.connections is not None:
        found.append(
            visit.ngettext(
                "At most %(number)s connection",
                "At most %(number)s connections",
                effect.connections,
            )
        )
    if effect.mails_per_connection is not None:
        found.append(
            visit.ngettext(
                "At most %(number)s mail on each connection",
                "At most %(number)s mails on each connection",
                effect.mails_per_connection,
            )
        )
    return found or [visit.gettext("You are told, nothing else")]
