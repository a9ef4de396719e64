"""One request of a visitor, as pages see it: what was asked, who asks, and how to answer."""

import re
from collections.abc import AsyncIterable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from tayori.edge.console.flash import Message, Tone
from tayori.edge.console.forms import Form, Posted
from tayori.edge.console.languages import Catalogue, catalogue, told
from tayori.edge.console.lists import csv_rows, csv_stream
from tayori.edge.console.services import ConsoleServices
from tayori.edge.console.visitor import Visitor
from tayori.refusal.saying import Saying
from tayori.refusal.table import Language
from tayori.refusal.telling import tell
from tayori.tenants.model import Account
from tayori.tenants.users.audit_model import AuditAction, AuditEntry
from tayori.tenants.users.model import User

if TYPE_CHECKING:
    from tayori.edge.console.rendering import Templates

HOME: Final = "/console"
_NOT_FOUND: Final = 404
UNPROCESSABLE: Final = 422
"""The status of a form that is shown again."""
_INSIDE: Final = re.compile(r"/console(?:[/?#][!-~]*)?\Z")
_NAME: Final = re.compile(r"[^A-Za-z0-9._-]+")

F = TypeVar("F", bound=Form)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a page function gets. `posted` is what a form sent, nothing for a page."""

    request: Request
    visitor: Visitor
    services: ConsoleServices
    templates: "Templates"
    posted: Posted

    # What was asked

    @property
    def path(self) -> Mapping[str, str]:
        """Return the holes of the page's path, such as {"address": "news@shop.test"}."""
        return self.request.path_params

    @property
    def query(self) -> QueryParams:
        """Return what stands behind the question mark."""
        return self.request.query_params

    @property
    def is_partial(self) -> bool:
        """Tell whether htmx asks for a part of the page."""
        return self.request.headers.get("hx-request") == "true"

    def form(self, kind: type[F], **values: Any) -> F:
        """Return a form: with what was sent to an action, with `values` on a page."""
        data = self.posted if self.request.method == "POST" else None
        return kind(formdata=data, data=values, meta={"language": self.language})

    def failed(self, form: Form) -> bool:
        """Check a form that was sent; tell whether it has to be shown again."""
        return not form.validate()

    # Who asks

    @property
    def user(self) -> User:
        """Return who is signed in."""
        return self.visitor.user

    @property
    def account(self) -> Account:
        """Return the account that was entered; LookupError on a page without one."""
        if self.visitor.account is None:
            raise LookupError("No account was entered.")
        return self.visitor.account

    @property
    def language(self) -> Language:
        """Return the visitor's language."""
        return self.visitor.language

    @property
    def words(self) -> Catalogue:
        """Return the catalogue of the visitor's language."""
        return catalogue(self.language)

    @property
    def public_url(self) -> str:
        """Return the URL before every path, for links in mails; never what a client's Host says."""
        http = self.services.settings.http
        return http.public_url.rstrip("/") or f"http://{http.listen}"

    def gettext(self, text: str, /, **values: object) -> str:
        """Return a text in the visitor's language, its %(holes)s filled."""
        found = self.words.gettext(text)
        return found % told(values, self.language) if values else found

    def tell(self, saying: Saying) -> str:
        """Return a sentence of the rooms below in the visitor's language."""
        return tell(saying, self.language)

    def ngettext(self, one: str, several: str, number: int, /, **values: object) -> str:
        """Return the form for `number`, which fills %(number)s, too."""
        return self.words.ngettext(one, several, number) % {"number": number, **values}

    # How to answer

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """Return a page made of a template."""
        return self.templates.response(self, template, values, status=status)

    def again(self, template: str, **values: Any) -> Response:
        """Return the page of a form that was refused, with what was entered (422)."""
        return self.page(template, status=UNPROCESSABLE, **values)

    def error(self, status: int) -> Response:
        """Return the error page of a status, such as 404 for what another account owns."""
        return self.templates.error(self, status)

    def not_found(self) -> Response:
        """Return the page that says so, also of what another account has."""
        return self.error(_NOT_FOUND)

    def redirect(self, path: str, message: str = "", tone: Tone = Tone.SUCCESS) -> Response:
        """Return the way to another page of the console (303), which shows the message."""
        response = RedirectResponse(path if is_inside(path) else HOME, status_code=303)
        if message:
            self.templates.flash.put(response, Message(message, tone))
        return response

    def csv(self, name: str, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
        """Return a CSV file to be saved under `name`; formulas in cells are made harmless."""
        return _file(name, csv_rows(heading, rows))

    def csv_stream(
        self, name: str, heading: Sequence[str], rows: AsyncIterable[Sequence[object]]
    ) -> Response:
        """Do as `csv` does, of rows that come from a database bit by bit."""
        return _file(name, csv_stream(heading, rows))

    async def record(
        self,
        action: AuditAction,
        target: str = "",
        *,
        before: str = "",
        after: str = "",
        of: Account | None = None,
    ) -> None:
        """Write what was done into the audit log, with who did it, from where and when.

        It stands in the log of the account that was entered, or in that of another one, `of`.
        """
        account = of or self.visitor.account
        await self.services.audit.record(
            AuditEntry(
                action=action,
                user_id=self.user.id,
                email=self.user.email,
                account_id=account.id if account else None,
                target=target,
                before=before,
                after=after,
                address=self.visitor.address,
            )
        )

    def with_posted(self, data: FormData) -> "Visit":
        """Return the visit with what a form sent."""
        return replace(self, posted=Posted(data))


def _file(name: str, content: Iterable[bytes] | AsyncIterable[bytes]) -> Response:
    file_name = _NAME.sub("-", name).strip("-.") or "export"
    told = {"Content-Disposition": f'attachment; filename="{file_name}.csv"'}
    return StreamingResponse(content, 200, told, "text/csv; charset=utf-8")


def is_inside(path: str) -> bool:
    """Tell whether a path leads to a page of the console and nowhere else."""
    return _INSIDE.match(path) is not None and "\\" not in path


def inside(path: str) -> str:
    """Return a path that a stranger gave if it leads to a page of the console, else the first."""
    return path if is_inside(path) else HOME
