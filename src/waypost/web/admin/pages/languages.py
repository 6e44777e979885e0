"""The texts of the pages: English in the templates, and translations in one file a language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Final

from waypost.parsing.bounded_toml import parse_toml

ENGLISH: Final = "en"
TRANSLATED: Final = ("de", "es", "fr", "it", "nl")


@dataclass(frozen=True, slots=True)
class Translation:
    """A language.

    Attributes:
        tag: of HTML and of HTTP (RFC 5646).
        texts: the translation of each English text.
    """

    tag: str
    texts: Mapping[str, str] = field(default_factory=dict)

    def text(self, english: str, **values: object) -> str:
        """Return a text in this language, or in English if there is no translation.

        Args:
            english: the text, with `{name}` for each value.
            values: for the text.
        """
        text = self.texts.get(english) or english
        return text.format(**values) if values else text


@cache
def read_language(tag: str) -> Translation:
    """Return a language of Waypost."""
    if tag not in TRANSLATED:
        return Translation(ENGLISH)
    file = resources.files(__package__).joinpath(f"languages/{tag}.toml")
    if not file.is_file():
        return Translation(ENGLISH)
    texts = parse_toml(file.read_text("utf-8"))
    return Translation(tag, {key: str(value) for key, value in texts.data.items()})


def choose_language(accepted: str) -> Translation:
    """Return the language that a browser prefers (RFC 9110 s12.5.4).

    Args:
        accepted: the value of Accept-Translation.
    """
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate(accepted[:500].split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        wanted.append((-weight, position, tag.lower().partition("-")[0]))
    for weight, _, tag in sorted(wanted):
        if weight < 0 and tag in {ENGLISH, *TRANSLATED}:
            return read_language(tag)
    return read_language(ENGLISH)
