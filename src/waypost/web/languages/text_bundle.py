"""The texts of some pages in all languages: those of Waypost, and those of the operator.

Each language is a file in the format of gettext, named after its language tag (RFC 5646): `TAG.po`.
The English texts are those of the template file (`.pot`).
An operator's own files, in the folder of `languages_dir`, add languages and replace texts.
"""

import re
from collections.abc import Mapping
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Final

from waypost.core.errors import SettingsError
from waypost.runtime.regular_file import read_regular_file
from waypost.web.languages.catalog import (
    FILE_MAX_BYTES,
    CatalogError,
    read_catalog,
    usable_texts,
)

DEFAULT: Final = "en"
FILES_MAX: Final = 200
_SUFFIX: Final = ".po"
_TAG: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")

OwnTexts = Mapping[str, Mapping[str, str]]
"""The texts of an operator, by language and key."""


class TextBundle:
    """The texts of some pages that Waypost has. Its files are read when they are first used."""

    def __init__(self, package: str, folder: str, template: str) -> None:
        """Initialize with the place of the files.

        Args:
            package: the name of a package.
            folder: a folder in the package.
            template: the name of the template file in the folder.
        """
        self._place = package, folder, template
        self._translations: dict[str, Mapping[str, str]] = {}

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """The languages that have a file, without English."""
        names = (file.name for file in self._folder.iterdir())
        return tuple(sorted(name.removesuffix(_SUFFIX) for name in names if name.endswith(_SUFFIX)))

    @cached_property
    def english(self) -> Mapping[str, str]:
        """The English texts, which are the ids of the messages, by key."""
        messages = read_catalog(self._folder.joinpath(self._place[2]).read_bytes())
        return MappingProxyType({key: message.english for key, message in messages.items()})

    def translations(self, tag: str) -> Mapping[str, str]:
        """Return the translations of one file; none if Waypost does not have the language."""
        if tag not in self.tags:
            return {}
        if tag not in self._translations:
            messages = read_catalog(self._folder.joinpath(f"{tag}{_SUFFIX}").read_bytes())
            self._translations[tag] = usable_texts(messages, self.english)
        return self._translations[tag]

    def all_tags(self, own_texts: OwnTexts) -> tuple[str, ...]:
        """Return all languages with those of an operator, English first."""
        return (DEFAULT, *sorted({*self.tags, *own_texts} - {DEFAULT}))

    def texts(self, tag: str, own_texts: OwnTexts) -> Mapping[str, str]:
        """Return all texts in a language; a text without a translation is English."""
        # RFC 4647 s3.4: a text that `de-AT` does not have is taken from `de`.
        wider = [tag]
        while "-" in wider[0]:
            wider.insert(0, wider[0].rpartition("-")[0])
        texts = dict(self.english)
        for known in wider:
            texts |= self.translations(known)
            texts |= own_texts.get(known, {})
        return MappingProxyType(texts)

    @property
    def _folder(self) -> Traversable:
        package, folder, _ = self._place
        return resources.files(package).joinpath(folder)


def read_own_texts(folder: Path, bundle: TextBundle) -> dict[str, Mapping[str, str]]:
    """Read an operator's files: the texts by language and key.

    Args:
        folder: the option `languages_dir`, or a folder in it.
        bundle: the texts that can be replaced.

    Raises:
        SettingsError: each problem, with the file and the line.
    """
    problems: list[str] = []
    texts: dict[str, Mapping[str, str]] = {}
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
            texts[tag] = usable_texts(messages, bundle.english)
        except OSError as error:
            problems.append(f"languages_dir: {file}: {error.strerror}")
        except CatalogError as error:
            problems.append(f"languages_dir: {file}: {error}")
    if problems:
        raise SettingsError(problems)
    return texts
