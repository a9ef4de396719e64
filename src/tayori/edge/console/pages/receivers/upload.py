"""A file fills a list: chosen, its columns mapped, read in the background, with a report."""

from collections.abc import AsyncIterator
from collections.abc import Mapping as Mapped

import msgspec
from starlette.datastructures import UploadFile
from starlette.responses import Response

from tayori.catalog.file_rows import Fault
from tayori.catalog.list_file import LARGEST_FILE, Encoding, Mapping, Preview, is_name
from tayori.catalog.list_file_model import FileStatus, ListFile
from tayori.catalog.receiver_model import ListStatus, ReceiverList
from tayori.edge.console.keys import read_key
from tayori.edge.console.languages import N_
from tayori.edge.console.pages.receivers.listing import held_list
from tayori.edge.console.rendering import url
from tayori.edge.console.visit import UNPROCESSABLE, Visit
from tayori.mail.address import AddressFault
from tayori.refusal.refusal import Refusal
from tayori.tenants.users.audit_model import AuditAction

PIECE = 256 * 1024
SHOWN_FAULTS = 20
FAULTS: Mapped[Fault, str] = {
    Fault.UNREADABLE: N_("The row is no CSV: a quotation mark is open, or a cell is far too long."),
    Fault.EMPTY: N_("The address is missing."),
    Fault.TOO_LONG: N_("The address has more than 254 characters."),
    Fault.INVALID: N_("This is no e-mail address."),
    Fault.REPEATED: N_("The address stands in this file before."),
    Fault.LISTED: N_("The list has this address already."),
    Fault.DATA_TOO_LONG: N_("The values of the variables are longer than 800 bytes together."),
    Fault.MARKUP: N_("A value holds HTML; only text can be filled in."),
    Fault.CONTROL: N_("A value holds a control character."),
    Fault.FULL: N_("The list is full: it takes no more addresses."),
}
ADDRESS_FAULTS: Mapped[str, str] = {
    AddressFault.NO_AT.value: N_("The address has no @."),
    AddressFault.SEVERAL.value: N_("Several addresses stand in one cell."),
    AddressFault.DOMAIN.value: N_("The part behind the @ is no domain name."),
    AddressFault.LOCAL.value: N_("The part before the @ has characters that cannot stand there."),
    AddressFault.LOCAL_LENGTH.value: N_("The part before the @ is longer than 64 bytes."),
}
"""What is said of frequent faults; of others, that it is no address."""
ENCODINGS: Mapped[Encoding, str] = {
    Encoding.UTF_8: "UTF-8",
    Encoding.UTF_16_LE: "UTF-16 LE",
    Encoding.UTF_16_BE: "UTF-16 BE",
    Encoding.SHIFT_JIS: "Shift_JIS (CP932)",
    Encoding.EUC_JP: "EUC-JP",
    Encoding.GBK: "GBK / GB18030",
}
DELIMITERS: Mapped[str, str] = {
    ",": N_("Comma (,)"),
    "\t": N_("Tab"),
    ";": N_("Semicolon (;)"),
    "|": N_("Vertical bar (|)"),
}


async def sample(visit: Visit) -> Response:
    """Return a file as it should be."""
    rows = [
        ("hanako@example.com", visit.gettext("Hanako"), "10%"),
        ("wei@example.com", visit.gettext("Wei"), "15%"),
    ]
    return visit.csv("sample", ("email", "name", "discount"), rows)


async def ask_file(visit: Visit) -> Response:
    """Show the form for a file."""
    held = await held_list(visit)
    if held is None:
        return visit.not_found()
    return visit.page("receivers/upload.html.j2", held=held, limits=_limits(visit, held), errors=[])


async def take_file(visit: Visit) -> Response:
    """Keep a file until somebody says what its columns are."""
    held = await held_list(visit)
    if held is None:
        return visit.not_found()
    chosen = visit.posted.file("file")
    if chosen is None:
        errors: list[object] = [visit.gettext("Choose a file.")]
    else:
        found = await visit.services.list_files.receive(
            visit.account.id, held.id, chosen.filename or "", _pieces(chosen)
        )
        if not isinstance(found, Refusal):
            return visit.redirect(url("/lists", held.id, "files", found.id))
        errors = [found]
    return visit.again(
        "receivers/upload.html.j2", held=held, limits=_limits(visit, held), errors=errors
    )


async def show(visit: Visit) -> Response:
    """Show a file: the step of its columns, how far it is, or its report."""
    held, file = await _file(visit)
    if held is None or file is None:
        return visit.not_found()
    if file.status is FileStatus.ASKED:
        preview = await _preview(visit, file)
        suggested = _suggested(preview.mapping, preview, held)
        return _mapping_page(visit, held, file, preview, suggested)
    return await _progress_page(visit, held, file)


async def begin(visit: Visit) -> Response:
    """Take what the columns are, and let the rows become receivers."""
    held, file = await _file(visit)
    if held is None or file is None:
        return visit.not_found()
    address = url("/lists", held.id, "files", file.id)
    if file.status is not FileStatus.ASKED:
        return visit.redirect(address)
    preview = await _preview(
        visit, file, visit.posted.get("encoding"), visit.posted.get("delimiter")
    )
    mapping, problems = _read_mapping(visit, preview, held)
    if not problems:
        refused = await visit.services.list_files.begin(file, mapping)
        if refused is None:
            await visit.record(AuditAction.LIST_UPLOADED, held.name, after=file.name)
            return visit.redirect(address)
        problems = [refused]
    return _mapping_page(visit, held, file, preview, mapping, problems=problems)


async def forget(visit: Visit) -> Response:
    """Throw a file away that was not read."""
    held, file = await _file(visit)
    if held is None or file is None:
        return visit.not_found()
    if file.status is FileStatus.ASKED:
        await visit.services.list_files.forget(file)
    return visit.redirect(url("/lists", held.id), visit.gettext("The file was thrown away."))


async def report(visit: Visit) -> Response:
    """Return every row that gave no receiver, as a CSV file."""
    held, file = await _file(visit)
    if held is None or file is None:
        return visit.not_found()
    heading = (visit.gettext("Row"), visit.gettext("Value"), visit.gettext("Why"))
    return visit.csv_stream(f"{held.name}-report", heading, _reported(visit, file))


async def _reported(visit: Visit, file: ListFile) -> AsyncIterator[list[object]]:
    async for bad in visit.services.list_files.faults(file):
        yield [bad.line, bad.value, visit.gettext(sentence_of(bad.fault, bad.detail))]


def sentence_of(fault: Fault, detail: str) -> str:
    """Return why a row gave no receiver, to be translated."""
    if fault is Fault.INVALID:
        return ADDRESS_FAULTS.get(detail, FAULTS[fault])
    return FAULTS[fault]


async def _pieces(chosen: UploadFile) -> AsyncIterator[bytes]:
    while piece := await chosen.read(PIECE):
        yield piece


async def _file(visit: Visit) -> tuple[ReceiverList | None, ListFile | None]:
    held = await held_list(visit)
    found = await visit.services.list_files.get(visit.account.id, int(visit.path["file"]))
    if held is None or isinstance(found, Refusal) or found.list_id != held.id:
        return None, None
    return held, found


async def _preview(
    visit: Visit, file: ListFile, encoding: str = "", delimiter: str = ""
) -> Preview:
    encoding = encoding or visit.query.get("encoding", "")
    delimiter = delimiter or visit.query.get("delimiter", "")
    return await visit.services.list_files.preview(
        file,
        Encoding(encoding) if encoding in tuple(Encoding) else None,
        delimiter if delimiter in DELIMITERS else "",
    )


def _suggested(mapping: Mapping, preview: Preview, held: ReceiverList) -> Mapping:
    """Return the mapping that the form begins with; a list with variables wants just those."""
    if not held.total or held.variables is None:
        return mapping
    wanted = tuple(
        (column, name)
        for column, name in enumerate(preview.headings)
        if name in held.variables and column != mapping.address
    )
    return msgspec.structs.replace(mapping, variables=wanted)


def _read_mapping(
    visit: Visit, preview: Preview, held: ReceiverList
) -> tuple[Mapping, list[Refusal | str]]:
    """Return the mapping that was sent, and what is wrong with it in the visitor's words."""
    posted = visit.posted
    given = read_key(posted.get("address"))
    address = -1 if given is None or given >= preview.columns else given
    names = [(n, posted.get(f"variable-{n}").strip()) for n in range(preview.columns)]
    variables = tuple((n, name) for n, name in names if name and n != address)
    mapping = msgspec.structs.replace(
        preview.mapping,
        heading="heading" in posted,
        address=max(address, 0),
        variables=variables,
    )
    problems: list[Refusal | str] = []
    if address < 0:
        problems.append(visit.gettext("Choose the column of the addresses."))
    bad = [name for _, name in variables if not is_name(name)]
    if bad:
        problems.append(
            visit.gettext(
                "%(name)s cannot name a variable: a name begins with a letter and has letters, "
                "digits, - _ and . only.",
                name=bad[0][:50],
            )
        )
    if len(set(mapping.names)) < len(mapping.names):
        problems.append(visit.gettext("Two columns have the same variable."))
    if held.total and held.variables is not None and mapping.names != held.variables:
        problems.append(_other_variables(visit, held))
    return mapping, problems


def _other_variables(visit: Visit, held: ReceiverList) -> str:
    if not held.variables:
        return visit.gettext(
            "The receivers of this list have no variables; leave all fields empty."
        )
    return visit.gettext(
        "The receivers of this list have the variables %(names)s; the file needs the same ones.",
        names=", ".join(held.variables),
    )


def _mapping_page(
    visit: Visit,
    held: ReceiverList,
    file: ListFile,
    preview: Preview,
    mapping: Mapping,
    *,
    problems: list[Refusal | str] | None = None,
) -> Response:
    return visit.page(
        "receivers/columns.html.j2",
        status=UNPROCESSABLE if problems else 200,
        held=held,
        file=file,
        preview=preview,
        mapping=mapping,
        names=dict(mapping.variables),
        problems=problems or [],
        encodings=ENCODINGS,
        delimiters=DELIMITERS,
    )


async def _progress_page(visit: Visit, held: ReceiverList, file: ListFile) -> Response:
    faults = await visit.services.list_files.first_faults(file, SHOWN_FAULTS)
    return visit.page(
        "receivers/progress.html.j2" if visit.is_partial else "receivers/file.html.j2",
        held=held,
        file=file,
        faults=[(bad, sentence_of(bad.fault, bad.detail)) for bad in faults],
        reading=file.status is FileStatus.READING,
    )


def _limits(visit: Visit, held: ReceiverList) -> dict[str, object]:
    return {
        "largest": LARGEST_FILE,
        "most": visit.services.settings.policy.max_receivers_per_list,
        "busy": held.status is ListStatus.UPLOADING,
    }
