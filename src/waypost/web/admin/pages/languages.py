"""The languages of the admin pages: English in the templates, and one gettext file for each other.

The files are `languages/TAG.po`; a message has the English text as its id, and no context.
`admin.pot` is the list of all texts: `make docs` writes it from the templates.
An operator's own files are in the folder `admin` of `languages_dir`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from waypost.core.errors import SettingsError
from waypost.web.languages.accept_language import preferred_tag
from waypost.web.languages.catalog import text_direction
from waypost.web.languages.text_bundle import DEFAULT, OwnTexts, TextBundle, read_own_texts

ADMIN_TEXTS: Final = TextBundle("waypost.web.admin.pages", "languages", "admin.pot")
OWN_FOLDER: Final = "admin"


@dataclass(frozen=True, slots=True)
class Translation:
    """A language.

    Attributes:
        tag: of HTML and of HTTP (RFC 5646).
        texts: the translation of each English text.
    """

    tag: str = DEFAULT
    texts: Mapping[str, str] = field(default_factory=dict)

    @property
    def direction(self) -> str:
        """In which direction the language is written, `ltr` or `rtl`."""
        return text_direction(self.tag)

    def text(self, english: str, **values: object) -> str:
        """Return a text in this language, or in English if there is no translation.

        Args:
            english: the text, with `{name}` for each value.
            values: for the text.
        """
        text = self.texts.get(english) or english
        return text.format(**values) if values else text


class AdminLanguages:
    """All languages of the admin pages. A file is read when its language is first used."""

    def __init__(self, own_texts: OwnTexts | None = None) -> None:
        """Initialize with an operator's texts, by language and English text."""
        self._own_texts = dict(own_texts or {})
        self._translations: dict[str, Translation] = {}
        self.tags = ADMIN_TEXTS.all_tags(self._own_texts)

    def choose(self, accepted: str) -> Translation:
        """Return the language that a browser prefers, or English.

        Args:
            accepted: the value of Accept-Language.
        """
        return self.translation(preferred_tag(accepted, self.tags))

    def translation(self, tag: str) -> Translation:
        """Return one of the languages in `tags`."""
        if tag not in self._translations:
            is_plain = tag == DEFAULT and not self._own_texts
            texts = {} if is_plain else ADMIN_TEXTS.texts(tag, self._own_texts)
            self._translations[tag] = Translation(tag, texts)
        return self._translations[tag]


def read_admin_languages(folder: Path | None) -> AdminLanguages:
    """Read the operator's files, and return all languages.

    Args:
        folder: the option `languages_dir`, or None. Its folder `admin` may be missing.

    Raises:
        SettingsError: each problem, with the file and the line.
    """
    if folder is None:
        return AdminLanguages()
    try:
        folder.stat()
        has_texts = (folder / OWN_FOLDER).is_dir()
    except OSError as error:
        raise SettingsError([f"languages_dir: {folder}: {error.strerror}"]) from error
    if not has_texts:
        return AdminLanguages()
    return AdminLanguages(read_own_texts(folder / OWN_FOLDER, ADMIN_TEXTS))
