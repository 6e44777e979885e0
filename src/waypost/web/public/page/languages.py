"""The languages of the setup page: the list, the choice of one, and their texts.

Each language is a file in the format of gettext, named after its language tag (RFC 5646):
`templates/languages/TAG.po`. The English texts are those of the template file, `waypost.pot`.
An operator's own files, in the folder of `languages_dir`, add languages and replace texts.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from waypost.core.errors import SettingsError
from waypost.runtime.regular_file import read_regular_file
from waypost.web.public.page.catalog import (
    FILE_MAX_BYTES,
    CatalogError,
    read_catalog,
    text_direction,
    usable_texts,
)
from waypost.web.public.request import Request

DEFAULT: Final = "en"
RANGES_MAX: Final = 50
FILES_MAX: Final = 200
_SUFFIX: Final = ".po"
_TAG: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
# RFC 9110 s12.4.2 and s12.5.4: a language range, or *, and an optional weight.
_RANGE: Final = re.compile(
    r"(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)(?:[ \t]*;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?",
    re.IGNORECASE,
)


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

    def __init__(self, own_texts: Mapping[str, Mapping[str, str]] | None = None) -> None:
        """Initialize with an operator's texts, by language and key."""
        self._own_texts = dict(own_texts or {})
        known = {*_bundled_tags(), *self._own_texts}
        self.tags: tuple[str, ...] = (DEFAULT, *sorted(known - {DEFAULT}))
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
                self._languages[tag] = self._create(tag)

    def _create(self, tag: str) -> Language:
        # RFC 4647 s3.4: a text that `de-AT` does not have is taken from `de`.
        wider = [tag]
        while "-" in wider[0]:
            wider.insert(0, wider[0].rpartition("-")[0])
        texts = dict(_english())
        for known in wider:
            texts |= _bundled_texts(known)
            texts |= self._own_texts.get(known, {})
        return Language(tag, text_direction(tag), MappingProxyType(texts))


def read_languages(folder: Path | None) -> Languages:
    """Read the operator's files, and return all languages.

    Args:
        folder: the option `languages_dir`, or None.

    Raises:
        SettingsError: each problem, with the file and the line.
    """
    if folder is None:
        return Languages()
    problems: list[str] = []
    texts: dict[str, dict[str, str]] = {}
    try:
        files = sorted(folder.iterdir())[:FILES_MAX]
    except OSError as error:
        raise SettingsError([f"languages_dir: {folder}: {error.strerror}"]) from error
    for file in files:
        if file.suffix == ".toml":
            problems.append(f"languages_dir: {file}: texts are gettext files (.po), not TOML")
        if file.suffix != _SUFFIX:
            continue
        tag = file.stem.replace("_", "-")
        if not _TAG.fullmatch(tag):
            rule = "must be named after a language (RFC 5646), such as pt-BR.po"
            problems.append(f"languages_dir: {file}: {rule}")
            continue
        try:
            messages = read_catalog(read_regular_file(file, FILE_MAX_BYTES))
            texts[tag] = usable_texts(messages, _english())
        except OSError as error:
            problems.append(f"languages_dir: {file}: {error.strerror}")
        except CatalogError as error:
            problems.append(f"languages_dir: {file}: {error}")
    if problems:
        raise SettingsError(problems)
    return Languages(texts)


@cache
def _bundled_tags() -> tuple[str, ...]:
    names = (file.name for file in _folder().iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))


@cache
def _english() -> Mapping[str, str]:
    """Return the English texts, which are the ids of the messages."""
    messages = read_catalog(_folder().joinpath("waypost.pot").read_bytes())
    return MappingProxyType({key: message.english for key, message in messages.items()})


@cache
def _bundled_texts(tag: str) -> dict[str, str]:
    """Return Waypost's translations; none if it does not have the language."""
    if tag not in _bundled_tags():
        return {}
    data = _folder().joinpath(f"{tag}{_SUFFIX}").read_bytes()
    return usable_texts(read_catalog(data), _english())


def matching_tag(language_range: str, tags: Sequence[str]) -> str | None:
    """Return the language that a user chose by its tag, or the nearest wider one, or None."""
    if _RANGE.fullmatch(language_range) is None:
        return None
    return _lookup(language_range, {tag.lower(): tag for tag in tags})


def preferred_tag(header: str, tags: Sequence[str]) -> str:
    """Return the language that fits an Accept-Language best (RFC 9110 s12.5.4, RFC 4647 s3.4).

    Invalid parts are ignored. If no language fits, the first one is returned: a page in a foreign
    language is better than none.

    Args:
        header: its value; several headers are joined with commas (RFC 9110 s5.3).
        tags: the known languages, the default one first.
    """
    weights = [*_parse_weights(header)]
    refused_tags = {language_range.lower() for language_range, weight in weights if weight == 0}
    allowed_tags = {tag.lower(): tag for tag in tags if tag.lower() not in refused_tags}
    # Sorting is stable: ranges with the same weight keep their order.
    for language_range, weight in sorted(weights, key=lambda item: -item[1]):
        if weight > 0 and (tag := _lookup(language_range, allowed_tags)) is not None:
            return tag
    return tags[0]


def accepted_tag(request: Request, tags: Sequence[str]) -> str:
    """Return the language that a browser prefers, as `preferred_tag` does."""
    values = (value for name, value in request.headers if name == b"accept-language")
    return preferred_tag(b",".join(values).decode("latin-1"), tags)


def _parse_weights(header: str) -> Iterator[tuple[str, float]]:
    for part in header.split(",", RANGES_MAX)[:RANGES_MAX]:
        match = _RANGE.fullmatch(part.strip())
        if match is not None:
            yield match[1], float(match[2] or "1")


def _lookup(language_range: str, tags: Mapping[str, str]) -> str | None:
    """Find a range: `de-AT-1996`, then `de-AT`, then `de`; `*` is any."""
    if language_range == "*":
        return next(iter(tags.values()), None)
    rest = language_range.lower()
    while rest:
        if rest in tags:
            return tags[rest]
        rest = rest.rpartition("-")[0]
    return None


def _folder() -> Traversable:
    return resources.files(__package__).joinpath("templates/languages")
