import string
from typing import get_args

import pytest

from tayori.tenants.verification.findings import (
    FindingCode,
    Language,
    finding,
    stored_finding,
)
from tayori.tenants.verification.mailbox_services import SERVICES, by_hosts, by_includes
from tayori.tenants.verification.sentences import SENTENCES


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_every_finding_has_its_sentences_and_no_sentence_is_left_over() -> None:
    assert set(SENTENCES) == {code.value for code in FindingCode}


@pytest.mark.parametrize("code", FindingCode)
def test_all_languages_have_the_same_holes(code: FindingCode) -> None:
    texts = SENTENCES[code.value]
    assert set(texts) == set(get_args(Language))
    assert len({frozenset(holes(text)) for text in texts.values()}) == 1


def test_mailbox_services_are_told_by_mx_and_spf() -> None:
    google = by_hosts(["alt1.aspmx.l.google.com"])
    assert google is not None
    assert by_includes(["_spf.google.com"]) is google
    assert by_hosts(["notgoogle.com", "mx.ours.test"]) is None
    assert by_includes([]) is None
    assert len({service.name for service in SERVICES}) == len(SERVICES)


def test_a_finding_that_was_kept_is_told_in_any_language() -> None:
    kept = finding(FindingCode.DKIM_SEVERAL, name="x", count=2)
    read = stored_finding(kept.code.value, kept.fields)
    assert read == kept
    assert read.sentence("ja") == kept.sentence("ja")
    assert stored_finding("of_an_older_version", {}) is None
