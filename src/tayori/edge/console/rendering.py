"""Templates: the Jinja environment and what every template can call.

    _("text %(name)s", name=...)  ngettext(one, several, n)  pgettext(context, text)
    url("/senders", q="x")        asset("console.css")       icon("mail")
    visitor  account  may("manage")  csrf  fmt.time(at)  fmt.number(n)  refusal(refusal)
    ui.field(form.name)  ui.table(...)      the macros of templates/parts/

What a template shows of a `Saying` is its sentence in the visitor's language, inside `_` as well.

Everything is escaped. Where a value that is put into a sentence is markup of ours, `_` escapes the
sentence and the other values around it.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from tayori.edge.console.access import Right
from tayori.edge.console.assets import Assets
from tayori.edge.console.flash import Flash
from tayori.edge.console.formats import Formats
from tayori.edge.console.forms import error_text
from tayori.edge.console.languages import NAMES, TAGS, Catalogue, catalogue, told
from tayori.edge.console.navigation import Menu
from tayori.edge.console.parts import Parts
from tayori.edge.console.visit import HOME, Visit
from tayori.edge.console.visitor import THEMES, Visitors
from tayori.refusal.refusal import Refusal
from tayori.refusal.saying import Saying
from tayori.refusal.table import Language
from tayori.refusal.telling import tell

_HIDDEN: Final = Markup('aria-hidden="true" focusable="false"')


class Templates:
    """Makes answers out of templates."""

    def __init__(
        self,
        *,
        assets: Assets,
        flash: Flash,
        menu: Menu,
        visitors: Visitors,
        now: Callable[[], int],
    ) -> None:
        self.flash = flash
        self.visitors = visitors
        self.menu = menu
        self._assets = assets
        self._now = now
        self._environment = environment(assets)

    def response(
        self, visit: Visit, template: str, values: Mapping[str, Any], *, status: int = 200
    ) -> Response:
        """Return the page, and with it the cookies that belong to it."""
        message = None if visit.is_partial else self.flash.read(visit.request)
        context = self.context(visit)
        context |= {"message": message, **values}
        context["ui"] = Parts(self._environment, context)
        content = self._environment.get_template(template).render(context)
        response = HTMLResponse(content, status)
        response.headers["Content-Language"] = TAGS[visit.language]
        response.headers["Vary"] = "Accept-Language, Cookie, HX-Request"
        if message is not None:
            self.flash.drop(response)
        self.visitors.greet(response, visit.visitor)
        return response

    def error(self, visit: Visit, status: int, reference: str = "") -> Response:
        """Return the page of an error; `reference` is what the log knows it by."""
        values = {"status": status, "reference": reference}
        return self.response(visit, "errors/error.html.j2", values, status=status)

    def context(self, visit: Visit) -> dict[str, Any]:
        """Return what every template can use."""
        words = catalogue(visit.language)
        visitor = visit.visitor
        menu, here = self.menu.of(visitor), visit.request.url.path
        return {
            **translations(words, visit.language),
            "tell": lambda saying: tell(saying, visit.language),
            "fmt": Formats(visit.language, visitor.zone, self._now()),
            "lang": TAGS[visit.language],
            "language": visit.language.value,
            "languages": {each.value: name for each, name in NAMES.items()},
            "themes": THEMES,
            "visitor": visitor,
            "account": visitor.account,
            "csrf": visitor.csrf,
            "may": lambda right: visitor.may(Right(right)),
            "here": here,
            "here_with_query": _with_query(visit),
            "menu": menu,
            "current": Menu.current(menu, here),
            "refusal": lambda refused: error_text(refused, visit.language),
            "is_refusal": lambda error: isinstance(error, Refusal),
            "error_text": lambda error: error_text(error, visit.language),
            "is_partial": visit.is_partial,
        }


def environment(assets: Assets) -> jinja2.Environment:
    """Return the environment; an unknown name in a template is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("tayori.edge.console", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.do"],
        finalize=_told,
    )
    made.globals.update(
        url=url,
        asset=assets.url,
        icon=lambda name, label="": icon(assets, name, label),
        code=code,
    )
    return made


def translations(words: Catalogue, language: Language) -> dict[str, Any]:
    """Return `_`, `ngettext` and `pgettext` of a language."""

    def gettext(text: str, /, **values: object) -> str:
        return _filled(words.gettext(text), told(values, language))

    def ngettext(one: str, several: str, number: int, /, **values: object) -> str:
        said = words.ngettext(one, several, number)
        return _filled(said, {"number": number, **told(values, language)})

    def pgettext(context: str, text: str, /, **values: object) -> str:
        return _filled(words.pgettext(context, text), told(values, language))

    return {"_": gettext, "gettext": gettext, "ngettext": ngettext, "pgettext": pgettext}


def url(path: str, *parts: object, **query: object) -> str:
    """Return the address of a page: `path` below /console, `parts` and `query` percent-encoded.

    url("/senders", "a@b.test", "delete") is /console/senders/a%40b.test/delete.
    """
    behind = "".join(f"/{quote(str(part), safe='')}" for part in parts)
    whole = f"{HOME}{'' if path == '/' else path}{behind}"
    told = {name: str(value) for name, value in query.items() if value not in (None, "")}
    return f"{whole}?{urlencode(told)}" if told else whole


def icon(assets: Assets, name: str, label: str = "") -> Markup:
    """Return an icon; without a label it is decoration that screen readers pass over."""
    said = Markup('role="img" aria-label="{}"').format(label) if label else _HIDDEN
    return Markup('<svg class="icon" {} width="24" height="24"><use href="{}"/></svg>').format(
        said, assets.icon_url(name)
    )


def code(text: object) -> Markup:
    """Return a machine's value (an address, an id, a reply) for use inside a sentence."""
    return Markup('<code translate="no">{}</code>').format(text)


@jinja2.pass_context
def _told(context: jinja2.runtime.Context, value: object) -> object:
    """Return what is shown of a value: of a saying, the sentence in the visitor's language."""
    return tell(value, context["language"]) if isinstance(value, Saying) else value


def _filled(text: str, values: Mapping[str, object]) -> str:
    if not values:
        return text
    if any(hasattr(value, "__html__") for value in values.values()):
        # The sentence is escaped here, and so is each value that is no markup already.
        return escape(text) % dict(values)
    return text % values


def _with_query(visit: Visit) -> str:
    asked = visit.request.url
    return f"{asked.path}?{asked.query}" if asked.query else asked.path
