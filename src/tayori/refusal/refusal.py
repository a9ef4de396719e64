"""A refusal as a value: a code of the closed list, and what was wrong in this case.

Doors translate it: the API into `Error.Code` and `Error.Message`, SMTP into a reply, the console
into a sentence beside the field. Nothing private belongs in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tayori.refusal.codes import Code


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused.

    `fields` fill the holes of the code's sentence, for example {"parameter": "Limit"}. `detail` is
    one more English sentence about this case, such as what a parser found; "" when there is none.
    `told` has the detail in other languages, by their codes, where it is known in them.
    """

    code: Code
    fields: Mapping[str, str] = field(default_factory=dict)
    detail: str = ""
    told: Mapping[str, str] = field(default_factory=dict)


def refuse(code: Code, detail: str = "", **fields: object) -> Refusal:
    """Return a refusal; `fields` are shown as text."""
    return Refusal(code, {name: str(value) for name, value in fields.items()}, detail)
