"""Ten mails as people send them with how each came, from tests/data/score/mails.toml."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.support.review import reviewer

from tayori.inbound.authentication import author_domain
from tayori.screen.score.evidence import (
    Authentication,
    Passage,
    Result,
    Signature,
    evidence_of_mail,
)
from tayori.screen.score.grade import grade
from tayori.screen.score.model import Score

FILE = Path(__file__).parents[1] / "data/score/mails.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredMail:
    """A mail, what it is expected to lose, and its score."""

    name: str
    losses: tuple[str, ...]
    score: Score


@lru_cache(maxsize=1)
def score_mails() -> tuple[ScoredMail, ...]:
    """Return the mails in the order of the file."""
    rows = tomllib.loads(FILE.read_text("utf-8"))["mail"]
    return tuple(
        ScoredMail(
            name=row["name"],
            losses=tuple(row["losses"]),
            score=_score(row["raw"].encode().replace(b"\n", b"\r\n"), row.get("came", {})),
        )
        for row in rows
    )


def _score(raw: bytes, came: Mapping[str, Any]) -> Score:
    domain = author_domain(raw)
    signatures = [Signature(domain=one, result=Result.PASS) for one in came.get("signed", [domain])]
    if "broken" in came:
        reason = "The body was changed after it was signed."
        signatures.append(Signature(domain=came["broken"], result=Result.FAIL, reason=reason))
    known = Authentication(
        from_domain=domain,
        signatures=tuple(signatures),
        spf=Result(came.get("spf", "pass")),
        spf_domain=came.get("path", domain),
        dmarc=Result(came.get("dmarc", "pass")),
    )
    passage = Passage(
        client="192.0.2.7",
        helo="out.sender.example",
        tls=came.get("tls", "TLSv1.3"),
        names=("out.sender.example",),
        reverse=Result(came.get("reverse", "pass")),
        greeting=Result(came.get("greeting", "pass")),
        listed=tuple((zone, "") for zone in came.get("lists", [])),
    )
    return grade(evidence_of_mail(reviewer(), raw, known, passage=passage))
