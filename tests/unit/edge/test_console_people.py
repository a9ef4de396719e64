"""Words for what people do and what is refused, and the picture of a second factor."""

import pytest
import segno

from tayori.edge.console.pages.audit import WORDS
from tayori.edge.console.pages.people import FAULTS, zones
from tayori.edge.console.pages.profile import browser_name
from tayori.edge.console.pages.second_factor import picture_of
from tayori.tenants.users.audit_model import AuditAction
from tayori.tenants.users.faults import SENTENCES

URI = (
    "otpauth://totp/Tayori:ann%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Tayori"
)


def test_pages_say_what_the_commands_say():
    assert FAULTS == SENTENCES


def test_every_action_has_words_of_its_own():
    assert set(WORDS) == set(AuditAction)
    assert len(set(WORDS.values())) == len(WORDS)


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
            "Chrome · Linux",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari · iPhone"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:130.0) Firefox/130.0",
            "Firefox · macOS",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("x" * 100, "x" * 60),
        ("", ""),
    ],
)
def test_a_browser_is_named_as_people_call_it(agent, name):
    assert browser_name(agent) == name


def test_zones_are_places_and_utc():
    names = list(zones())
    assert names[0] == "UTC"
    assert {"Asia/Tokyo", "Asia/Shanghai", "Europe/Berlin"} <= set(names)
    assert not [name for name in names if name.startswith("Etc/")]


def test_the_picture_has_every_dark_module_and_no_other():
    picture = picture_of(URI)
    drawn = set()
    for run in picture.path.removesuffix("z").split("z"):
        place, _, rest = run.removeprefix("M").partition("h")
        x, y = map(int, place.split())
        drawn |= {(x + step - 4, y - 4) for step in range(int(rest.partition("v")[0]))}
    matrix = segno.make(URI, error="m", micro=False).matrix
    dark = {(x, y) for y, row in enumerate(matrix) for x, module in enumerate(row) if module}
    assert drawn == dark
    assert picture.size == len(matrix) + 8
