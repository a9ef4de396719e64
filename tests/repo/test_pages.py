"""Generated pages are what their generators say; every page and command can be found."""

import re
from collections.abc import Callable

import pytest
from tests.repo.tree import ROOT, name_of, tracked
from tests.support import screening_tables

import tayori.config.reference
import tayori.edge.api.reference.page
import tayori.edge.submission.reference
import tayori.events.reference
from tayori.cli.main import build

GENERATED = {
    "docs/configuration.md": tayori.config.reference.page,
    "docs/api.md": tayori.edge.api.reference.page.page,
    "docs/events.md": tayori.events.reference.page,
    "docs/smtp-replies.md": tayori.edge.submission.reference.page,
}


@pytest.mark.parametrize(("name", "page"), GENERATED.items())
def test_a_generated_page_is_current(name: str, page: Callable[[], str]) -> None:
    assert (ROOT / name).read_text() == page()


def test_every_page_is_linked_from_another() -> None:
    pages = [
        file for file in tracked() if file.suffix == ".md" and name_of(file).startswith("docs/")
    ]
    linked = {
        str((file.parent / target).resolve())
        for file in tracked()
        if file.suffix == ".md"
        for target in re.findall(r"\]\(([^)#:\s]+)", file.read_text())
    }
    assert not [name_of(page) for page in pages if str(page) not in linked]


def _commands() -> list[str]:
    app = build()
    single = [
        command.name or (command.callback.__name__ if command.callback else "")
        for command in app.registered_commands
    ]
    for group in app.registered_groups:
        inner = group.typer_instance
        if inner is not None:
            single += [f"{group.name} {command.name}" for command in inner.registered_commands]
    return single


def test_every_command_is_documented() -> None:
    page = (ROOT / "docs/operations/commands.md").read_text()
    assert not [name for name in _commands() if f"tayori {name}" not in page]


def test_the_tables_of_screening_are_current() -> None:
    page = screening_tables.PAGE.read_text("utf-8")
    assert page == screening_tables.with_tables(page)
