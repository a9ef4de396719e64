"""Which new passwords of users are good enough (NIST SP 800-63B 5.1.1.2).

Length counts, kinds of characters do not. What is tried first by guessers is refused: the most
usual passwords, one or two characters over and over, runs of keys, and the user's own name.
"""

import re
import unicodedata
from typing import Final

from tayori.tenants.users.faults import Fault

MIN_LENGTH: Final = 12
MAX_LENGTH: Final = 200
_PERSONAL_LENGTH: Final = 4
"""Parts of names shorter than this are found in too many good passwords."""
_RUN_LENGTH: Final = 6
_RUNS: Final = (
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "1234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik",
    "q1w2e3r4t5y6u7i8o9p0",
)
_USUAL: Final = """
password passwort passw0rd p@ssword p@ssw0rd pass word welcome letmein login admin administrator
root user guest test demo default secret changeme change iloveyou love you princess sunshine
football baseball superman batman dragon monkey shadow master trustno1 whatever starwars pokemon
michael jordan charlie ashley jessica hello world secure security access system server mail
email tayori console woaini aini dearbook taobao nihao sakura doraemon qwerty qwertz azerty abc
asdf zxcv qazwsx 1qaz 2wsx 3edc q1w2e3 my your the is me new old best super strong long
correct horse battery staple january february march april june july august september october
november december spring summer autumn winter monday tuesday wednesday thursday friday
"""
_WORDS: Final = frozenset(_USUAL.split())


def password_fault(password: str, *, email: str, name: str) -> Fault | None:
    """Return why the new password is refused, or None."""
    if len(password) < MIN_LENGTH:
        return Fault.PASSWORD_SHORT
    if len(password) > MAX_LENGTH:
        return Fault.PASSWORD_LONG
    plain = unicodedata.normalize("NFKC", password).casefold()
    left = _without(plain, _personal(email, name))
    if left != plain and len(set(_core(left))) < _PERSONAL_LENGTH:
        return Fault.PASSWORD_PERSONAL
    if _is_usual(plain):
        return Fault.PASSWORD_USUAL
    return None


def _personal(email: str, name: str) -> list[str]:
    """Return the words of which a password must not consist, longest first."""
    local, _, domain = email.casefold().rpartition("@")
    whole = [email.casefold(), name.casefold(), local, domain]
    parts = re.split(r"[\W_]+", " ".join(whole))
    words = {word for word in (*whole, *parts) if len(word) >= _PERSONAL_LENGTH}
    return sorted(words, key=lambda word: (-len(word), word))


def _without(text: str, words: list[str]) -> str:
    for word in words:
        text = text.replace(word, "")
    return text


def _core(text: str) -> str:
    """Return the text without the figures and marks that people put around a word."""
    return re.sub(r"[\W\d_]+", "", text)


def _is_usual(text: str) -> bool:
    letters = re.sub(r"[\s\W_]+", "", text)
    if len(set(letters)) <= 2:  # noqa: PLR2004 - one or two characters over and over
        return True
    return any(_is_run(part) or _of_words(part) for part in (letters, _core(text)))


def _is_run(text: str) -> bool:
    """Tell whether the text is keys or letters in a row, there or back."""
    if len(text) < _RUN_LENGTH:
        return False
    return any(text in way for run in _RUNS for way in (run * 2, run[::-1] * 2))


def _of_words(text: str) -> bool:
    """Tell whether the text is nothing but the most usual words and runs, one after another."""
    if not text:
        return False
    reached = {0}
    for end in range(1, len(text) + 1):
        if any(text[start:end] in _WORDS for start in reached):
            reached.add(end)
    return len(text) in reached
