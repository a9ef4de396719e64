"""Text as rules compare it: one form for letters that look alike, no invisible tricks (pure)."""

import re
import unicodedata
from typing import Final

_VARIABLE: Final = re.compile(r"\{\{\s*[^\W\d][\w.-]*\s*\}\}")
_JOINERS: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]"
)
_SPREAD: Final = re.compile(r"(?<!\w)((?:\w[ ._*·-]){3,}\w)(?!\w)")
_CJK: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_CJK_GAP: Final = re.compile(f"(?<=[{_CJK}])[\\s._*·|/-]+(?=[{_CJK}])")
_ALIKE: Final = (
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b\u051d"
    "\u0432\u043a\u043c\u043d\u0442\u03b1\u03bf\u03c1\u03bd"
)
"""Cyrillic and Greek letters that readers take for Latin ones (Unicode TR 39)."""
_LOOK_ALIKE: Final = str.maketrans(_ALIKE, "aeopcyxijshdqwbkmhtaopv")
_HAS_ALIKE: Final = re.compile(f"[{_ALIKE}]")
_ASCII: Final = 0x80
_SHAPE: Final = bytes(
    ord("." if octet in b" .*-" else "a" if octet >= _ASCII or chr(octet).isalnum() else " ")
    for octet in range(256)
)
"""What each octet of UTF-8 is to letters that are pulled apart: a letter, a gap, or neither."""
_LOWER: Final = bytes(
    ord(" ") if chr(octet).isspace() else ord(chr(octet).lower()) if octet < _ASCII else octet
    for octet in range(256)
)
"""Each octet of ASCII in lower case, and white space as a space."""
_FOLLOWING: Final = bytes(range(0x80, 0xC0))
_PULLED_APART: Final = b"a.a.a.a"


def without_variables(text: str) -> str:
    """Return the text with a space in place of each `{{variable}}`."""
    return _VARIABLE.sub(" ", text)


def variables_in(text: str) -> list[str]:
    """Return each `{{variable}}` as it is written, in order."""
    return _VARIABLE.findall(text)


def normal(text: str) -> str:
    """Return the text in the form in which words are looked for.

    Widths and compositions are made one (NFKC), case folded, invisible characters removed, letters
    that were pulled apart put together, white space made single spaces. Letters of other scripts
    that look Latin are read as Latin inside words that hold Latin letters.
    """
    plain = same_letters(text)
    if not pulled_apart(plain):
        return plain
    return _SPREAD.sub(lambda match: re.sub(r"[ ._*·-]", "", match[1]), plain)


def same_letters(text: str) -> str:
    """Return the normal form, except that letters stay as far apart as they were."""
    if text.isascii():
        return _same_ascii(text)
    plain = _JOINERS.sub("", unicodedata.normalize("NFKC", text)).casefold()
    words = plain.split()
    if _HAS_ALIKE.search(plain):
        words = [_read_alike(word) for word in words]
    return _CJK_GAP.sub("", " ".join(words))


def _same_ascii(text: str) -> str:
    """Return the form of ASCII text, in a fourth of the time that one word after another takes."""
    octets = text.encode("ascii").translate(_LOWER)
    while b"  " in octets:
        octets = octets.replace(b"  ", b" ")
    return octets.strip(b" ").decode("ascii")


def pulled_apart(plain: str) -> bool:
    """Tell whether letters may be pulled apart after `same_letters`: quick, never a wrong no."""
    if "_" in plain or "·" in plain:
        return True
    octets = plain.encode("utf-8", "surrogatepass")
    return _PULLED_APART in octets.translate(_SHAPE, _FOLLOWING)


def _read_alike(word: str) -> str:
    if word.isascii() or not any("a" <= letter <= "z" for letter in word):
        return word
    return word.translate(_LOOK_ALIKE)
