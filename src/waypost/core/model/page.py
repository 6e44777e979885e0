"""How the setup page for users presents a provider."""

from collections.abc import Iterable
from dataclasses import dataclass

LocalTexts = tuple[tuple[str | None, str], ...]
"""Pairs of a language (RFC 5646 tag, or None for all others) and a text, in their order."""


def sorted_texts(texts: Iterable[tuple[str | None, str]]) -> LocalTexts:
    """Return texts in the order of their languages; a database does not keep another order."""
    return tuple(sorted(texts, key=lambda pair: pair[0] or ""))


@dataclass(frozen=True, slots=True)
class PageSettings:
    """The appearance of the setup page of a provider. A setting that is not given is None or empty.

    Attributes:
        color: of buttons and links, as `#rrggbb` in small letters.
        logo: a picture, as a `data:` URL (RFC 2397) in base64.
        welcome: what the provider says at the top of the page.
        help: what the provider says about help, next to its contacts.
    """

    color: str | None = None
    logo: str | None = None
    welcome: LocalTexts = ()
    help: LocalTexts = ()

    def as_dict(self) -> dict[str, object]:
        """Return the settings that are given as plain data, by the keys of providers files."""
        data = {
            "color": self.color,
            "logo": self.logo,
            "welcome": {language or "": text for language, text in self.welcome},
            "help": {language or "": text for language, text in self.help},
        }
        return {key: value for key, value in data.items() if value}
