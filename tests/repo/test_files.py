"""Rules for every file: no address of a package host, no path of a machine, links that lead somewhere."""

import re
import tomllib

import pytest
from tests.repo.tree import ROOT, name_of, tracked

TEXTS = {
    ".py",
    ".md",
    ".toml",
    ".lock",
    ".yml",
    ".json",
    ".ini",
    ".cfg",
    ".html",
    ".css",
    ".js",
    "",
}
MACHINE_PATH = re.compile(r"(?<![\w.>])/(?:work|home|Users|root)/[\w.-]+")
PACKAGE_HOST = re.compile(
    r"https?://[\w.-]*(?:pypi|pythonhosted|npmjs|registry)[\w.-]*", re.IGNORECASE
)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")
REQUIREMENT = re.compile(r"[A-Za-z0-9_.-]+")


def _texts() -> list[tuple[str, str]]:
    return [
        (name_of(file), file.read_text())
        for file in tracked()
        if file.suffix in TEXTS and name_of(file) != "tests/repo/test_files.py"
    ]


def test_no_path_of_a_machine() -> None:
    found = [
        f"{name}: {match[0]}" for name, text in _texts() for match in MACHINE_PATH.finditer(text)
    ]
    assert not found


def test_no_address_of_a_package_host() -> None:
    found = [
        f"{name}: {match[0]}" for name, text in _texts() for match in PACKAGE_HOST.finditer(text)
    ]
    assert not found


def test_links_in_documents_lead_somewhere() -> None:
    dead = [
        f"{name_of(file)} -> {target}"
        for file in tracked()
        if file.suffix == ".md"
        for target in LINK.findall(file.read_text())
        if not (file.parent / target).exists()
    ]
    assert not dead


@pytest.mark.parametrize(
    "lock", ["requirements.lock", "requirements-dev.lock", "tests/tools/tccli.lock"]
)
def test_lock_files_carry_a_hash_for_everything(lock: str) -> None:
    text = (ROOT / lock).read_text().replace("\\\n", " ")
    pinned = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert pinned
    assert not [line for line in pinned if "==" not in line or "--hash=sha256:" not in line]


def _name(requirement: str) -> str:
    match = REQUIREMENT.match(requirement)
    assert match is not None
    return re.sub(r"[-_.]+", "-", match[0]).lower()


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_lock_files_hold_every_dependency(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    if "dev" in lock:
        wanted += project["optional-dependencies"]["dev"]
    locked = {_name(line) for line in (ROOT / lock).read_text().splitlines() if "==" in line}
    assert not {_name(text) for text in wanted} - locked


def test_the_changelog_begins_with_what_is_unreleased() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "Unreleased"
