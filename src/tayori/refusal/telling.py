"""Sayings in the reader's language, from the catalogues in `locale/<language>/<room>.po`.

English stands in the sources; a catalogue is read when its language is first asked for. What has
no translation is said in English; the repository's tests let no saying of ours pass without.
`make catalogues` brings the files up to date.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from tayori.refusal.saying import BY_LANGUAGE, Saying


def tell(saying: Saying, language: str) -> str:
    """Return the sentence in a language by its code, such as "ja"; in English for all others."""
    template = sayings(language).get(saying.template, saying.template)
    if not saying.values:
        return template
    return template.format_map(
        {
            name: value if isinstance(value, str) else tell(value, language)
            for name, value in saying.values
        }
    )


def is_ours(saying: Saying) -> bool:
    """Tell whether a saying is a sentence of ours, and not only the words of somebody else."""
    if saying.template in sayings("ja"):
        return True
    return any(isinstance(value, Saying) and is_ours(value) for _, value in saying.values)


@cache
def sayings(language: str) -> Mapping[str, str]:
    """Return the translations by template; none for English and languages that are not ours."""
    # Babel is needed for readers of other languages only, not by every command.
    from babel.messages.pofile import read_po

    folder = files("tayori.refusal").joinpath("locale", language)
    if not folder.is_dir():
        return {}
    told = _of_refusals(language) | {BY_LANGUAGE: f"{{{language}}}"}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".po"):
            with file.open("rb") as opened:
                told |= {
                    str(message.id): str(message.string)
                    for message in read_po(opened)
                    if message.id and message.string and not message.fuzzy
                }
    return told


def _of_refusals(language: str) -> dict[str, str]:
    """Return the sentences of refusal codes, and of what stands in their empty holes."""
    raw = tomllib.loads(files("tayori.refusal").joinpath("messages.toml").read_text("utf-8"))
    rows = [*raw["codes"].values(), *raw["holes"].values()]
    return {row["en"]: row[language] for row in rows}
