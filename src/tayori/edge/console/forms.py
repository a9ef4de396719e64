"""Forms: WTForms in the visitor's language, what came in, and tokens against forged requests.

The guard checks the token of every action before a form is read; forms themselves know none.
"""

import hmac
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

import wtforms
from starlette.datastructures import FormData, Headers, UploadFile
from wtforms.validators import ValidationError

from tayori.edge.console.languages import form_texts
from tayori.refusal.refusal import Refusal
from tayori.refusal.table import Language, message

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"
_OWN_SITE: Final = frozenset({"same-origin", "none"})
"""`none` is a request by the user alone, such as a reload of a page that a form led to."""


class Form(wtforms.Form):
    """The ancestor of all forms. Labels and sentences are marked with `N_` where they stand.

    A refusal of a verb is put beside the field that it is about by `refuse`, or above the form.
    """

    REFUSALS: ClassVar[Mapping[str, str]] = {}
    """Field by the refusal code's last part, such as {"IllegalEmailAddress": "address"}."""

    class Meta:
        """How WTForms speaks; the language is given with each form."""

        language = Language.EN

        def get_translations(self, _form: Any) -> Any:
            """Return the sentences of the visitor's language."""
            return form_texts(self.language)

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.troubles: list[Refusal | str] = []
        """Refusals, and sentences, that belong to no single field, shown above the form."""

    def refuse(self, refusal: Refusal) -> None:
        """Show what a verb refused: at the field that `REFUSALS` names, else above the form."""
        field = self.REFUSALS.get(refusal.code.value.rpartition(".")[2], "")
        if field and field in self._fields:
            # WTForms speaks of texts; ours are put into words where they are shown.
            errors: list[Any] = [*self[field].errors, refusal]
            self[field].errors = errors
        else:
            self.troubles.append(refusal)

    @property
    def refused(self) -> bool:
        """Tell whether something is wrong with it, so that the page is shown again (422)."""
        return bool(self.troubles) or any(field.errors for field in self)


class Posted:
    """What a form sent, as WTForms wants it: texts by name; files are kept apart.

    Line ends are made LF, and text fields never hold a NUL, which PostgreSQL cannot store.
    """

    def __init__(self, data: FormData) -> None:
        self._texts: dict[str, list[str]] = {}
        self.files: dict[str, list[UploadFile]] = {}
        for name, value in data.multi_items():
            if isinstance(value, str):
                text = value.replace("\r\n", "\n").replace("\0", "")
                self._texts.setdefault(name, []).append(text)
            elif value.filename:
                self.files.setdefault(name, []).append(value)

    def getlist(self, name: str) -> Sequence[str]:
        """Return all values of a name."""
        return self._texts.get(name, [])

    def get(self, name: str, default: str = "") -> str:
        """Return the first value of a name."""
        return self._texts.get(name, [default])[0]

    def file(self, name: str) -> UploadFile | None:
        """Return the file that was chosen for a name."""
        found = self.files.get(name)
        return found[0] if found else None

    def __contains__(self, name: str) -> bool:
        return name in self._texts

    def __iter__(self) -> Any:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def is_from_here(headers: Headers, hosts: Sequence[str]) -> bool:
    """Tell whether an unsafe request comes from a page of ours, as the browser says.

    Sec-Fetch-Site decides, then Origin against our `hosts` (host or host:port); a client that sends
    neither is no browser of today, and the token alone has to hold.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in _OWN_SITE
    origin = headers.get("origin")
    if origin is None:
        return True
    return urlsplit(origin).netloc.lower() in {host.lower() for host in hosts if host}


def is_token(given: str, expected: str) -> bool:
    """Compare tokens in constant time."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())


def error_text(error: object, language: Language) -> str:
    """Return what stands beside a field: a sentence of a validator or of a refusal."""
    if isinstance(error, Refusal):
        return message(error, language)
    return form_texts(language).gettext(str(error))


def one_line(_form: wtforms.Form, field: wtforms.Field) -> None:
    """Refuse control characters, for names and other texts of one line (a validator)."""
    if field.data and not str(field.data).isprintable():
        raise ValidationError(
            field.gettext("Line breaks and control characters cannot stand here.")
        )
