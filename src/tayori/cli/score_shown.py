"""How a score is printed: what came out, and a line for each loss."""

from collections.abc import Sequence

from tayori.app.parts import Parts
from tayori.cli.instants import instant
from tayori.cli.output import show, show_one
from tayori.refusal.table import Language
from tayori.screen.model import Business
from tayori.screen.score.address import ScoreAddress
from tayori.screen.score.grade import explain
from tayori.screen.score.model import BEST, RECOMMENDED, Score


def summary(score: Score, business: Business) -> dict[str, object]:
    """Return what came out."""
    return {
        "score": score.points,
        "of": BEST,
        "recommended": RECOMMENDED,
        "good": score.recommended,
        "kind": business.value,
    }


def explained(score: Score, language: Language) -> list[dict[str, object]]:
    """Return a row for each loss."""
    return [
        {
            "points": -one.points,
            "check": one.check.value,
            "finding": one.finding,
            "why": one.why,
            "mend": one.mend,
        }
        for one in (explain(each, language) for each in score.losses)
    ]


def print_score(
    shown: dict[str, object], losses: Sequence[dict[str, object]], *, as_json: bool
) -> None:
    """Print both, as one object in JSON."""
    if as_json:
        show_one(shown | {"losses": losses}, as_json=True)
        return
    show_one(shown, as_json=False)
    if losses:
        print()
        show(losses, as_json=False)


def listed_row(found: ScoreAddress, parts: Parts) -> dict[str, object]:
    """Return an address for a list."""
    mail = found.mail
    return {
        "token": found.token,
        "address": found.address,
        "status": found.stage(parts.clock.now()).value,
        "expires_at": instant(found.expires_at, parts.zone),
        "score": None if mail is None else mail.score.points,
        "from": "" if mail is None else mail.header_from,
        "subject": "" if mail is None else mail.subject,
    }


def address_row(found: ScoreAddress, parts: Parts) -> dict[str, object]:
    """Return an address alone, with how its mail came."""
    row = listed_row(found, parts)
    if found.mail is None:
        return {name: row[name] for name in ("token", "address", "status", "expires_at")}
    return row | {
        "scored_at": instant(found.mail.scored_at, parts.zone),
        **found.mail.facts,
    }
