"""The macros of `templates/parts/`, under one name in every template: `ui.field(...)`.

A macro's file is run when a page first calls one of its macros, with the words of that page.
"""

from collections.abc import Mapping
from typing import Any, Final

import jinja2

PARTS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        (
            *("form_errors", "field", "checkbox", "radios", "select", "textarea", "file"),
            *("button", "submit", "hidden", "csrf_field", "confirm", "post_button"),
        ),
        "forms",
    ),
    **dict.fromkeys(
        (
            *("filters", "search", "choice", "on_day", "pager", "sorted_by"),
            *("empty", "nothing_found", "scroll"),
        ),
        "lists",
    ),
    **dict.fromkeys(
        (
            *("card", "stat", "stats", "badge", "alert", "definitions", "code_block", "copy"),
            *("copied_code", "tabs", "timeline", "progress", "live", "moment", "ago"),
        ),
        "cards",
    ),
    **dict.fromkeys(("chart", "figures"), "charts"),
}
"""File by macro."""


class Parts:
    """Finds macros by name; AttributeError names one that does not exist."""

    def __init__(self, environment: jinja2.Environment, context: Mapping[str, Any]) -> None:
        self._environment = environment
        self._context = {**context, "ui": self}
        self._modules: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        file = PARTS.get(name)
        if file is None:
            raise AttributeError(f"There is no macro ui.{name}.")
        module = self._modules.get(file)
        if module is None:
            template = self._environment.get_template(f"parts/{file}.html.j2")
            module = self._modules[file] = template.make_module(dict(self._context))
        return getattr(module, name)
