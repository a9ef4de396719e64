"""A refusal as a value: a code of the closed list, and what was wrong in this case.

Doors translate it: the API into `Error.Code` and `Error.Message`, SMTP into a reply, the console
into a sentence beside the field. Nothing private belongs in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tayori.refusal.codes import Code
from tayori.refusal.saying import NOTHING, Saying


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused.

    `fields` fill the holes of the code's sentence, for example {"parameter": "Limit"}. `saying` is
    one more sentence about this case, such as what a parser found; `NOTHING` when there is none.
    """

    code: Code
    fields: Mapping[str, str] = field(default_factory=dict)
    saying: Saying = NOTHING

    @property
    def detail(self) -> str:
        """Return the sentence about this case in English; "" when there is none."""
        return self.saying.english


def refuse(code: Code, saying: Saying = NOTHING, **fields: object) -> Refusal:
    """Return a refusal; `fields` are shown as text."""
    return Refusal(code, {name: str(value) for name, value in fields.items()}, saying)
