"""Language and appearance, as everybody can switch them in the frame of every page."""

from starlette.responses import RedirectResponse, Response

from tayori.edge.console.access import Page, Right, action
from tayori.edge.console.languages import known_language
from tayori.edge.console.visit import Visit, inside
from tayori.edge.console.visitor import LANGUAGE_COOKIE, THEME_COOKIE, THEMES


def routes() -> list[Page]:
    """Return the actions of this area."""
    return [
        action("/language", Right.ANYONE, switch_language),
        action("/theme", Right.ANYONE, switch_theme),
    ]


async def switch_language(visit: Visit) -> Response:
    """Speak another language from now on: in the profile, or in this browser before log-in."""
    response = _back(visit)
    language = known_language(visit.posted.get("language"))
    if language is None:
        return response
    if visit.visitor.signed_in:
        user = visit.user
        await visit.services.users.change_profile(
            user.id, name=user.name, language=language.value, zone=user.zone
        )
    visit.templates.visitors.keep(response, LANGUAGE_COOKIE, language.value)
    return response


async def switch_theme(visit: Visit) -> Response:
    """Show this browser light or dark pages; anything else follows the device again."""
    response = _back(visit)
    theme = visit.posted.get("theme")
    visit.templates.visitors.keep(response, THEME_COOKIE, theme if theme in THEMES else "")
    return response


def _back(visit: Visit) -> Response:
    return RedirectResponse(inside(visit.posted.get("next")), status_code=303)
