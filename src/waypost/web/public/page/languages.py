"""The languages of the setup page: the list, the choice of one, and their texts.

Each language is a gettext file, `templates/languages/TAG.po`. The context of a message is the key
of a text; the English texts are those of the template file, `waypost.pot`.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waypost.web.languages.accept_language import matching_tag, preferred_tag
from waypost.web.languages.catalog import text_direction
from waypost.web.languages.text_bundle import DEFAULT, OwnTexts, TextBundle, read_own_texts
from waypost.web.public.request import Request

__all__ = [
    "DEFAULT",
    "PAGE_TEXTS",
    "Language",
    "Languages",
    "accepted_tag",
    "matching_tag",
    "preferred_tag",
    "read_languages",
]

PAGE_TEXTS: Final = TextBundle("waypost.web.public.page", "templates/languages", "waypost.pot")


@dataclass(frozen=True, slots=True)
class Language:
    """The texts of one language.

    Attributes:
        tag: RFC 5646.
        direction: in which it is written, `ltr` or `rtl`.
        texts: all texts of the page, by key.
    """

    tag: str
    direction: str
    texts: Mapping[str, str]


class Languages:
    """All languages of the page. Their files are read when the page is first requested."""

    def __init__(self, own_texts: OwnTexts | None = None) -> None:
        """Initialize with an operator's texts, by language and key."""
        self._own_texts = dict(own_texts or {})
        self.tags = PAGE_TEXTS.all_tags(self._own_texts)
        self._languages: dict[str, Language] = {}

    async def load_in_thread(self) -> "Languages":
        """Return these languages; a thread reads the files, which takes too long for a loop."""
        if len(self._languages) < len(self.tags):
            await asyncio.to_thread(self._read_all)
        return self

    async def load(self) -> "Languages":
        """Return these languages, and read the files at once."""
        self._read_all()
        return self

    def language(self, tag: str) -> Language:
        """Return one of the languages in `tags`."""
        return self._languages[tag]

    def _read_all(self) -> None:
        for tag in self.tags:
            if tag not in self._languages:
                texts = PAGE_TEXTS.texts(tag, self._own_texts)
                self._languages[tag] = Language(tag, text_direction(tag), texts)


def read_languages(folder: Path | None) -> Languages:
    """Read the operator's files, and return all languages.

    Args:
        folder: the option `languages_dir`, or None.

    Raises:
        SettingsError: each problem, with the file and the line.
    """
    return Languages() if folder is None else Languages(read_own_texts(folder, PAGE_TEXTS))


def accepted_tag(request: Request, tags: tuple[str, ...]) -> str:
    """Return the language that a browser prefers, as `preferred_tag` does."""
    values = (value for name, value in request.headers if name == b"accept-language")
    return preferred_tag(b",".join(values).decode("latin-1"), tags)
