"""Words for what people do and what is refused, and the picture of a second factor."""

import segno

from tayori.edge.console.pages.audit import WORDS
from tayori.edge.console.pages.people import FAULTS, zones
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
