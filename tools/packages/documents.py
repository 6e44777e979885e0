"""Copies the pages and the examples into `/usr/share/doc`, with links that have a target there."""

import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Final

DOCUMENTS: Final = PurePosixPath("usr/share/doc/waypost")
UNIT_SUFFIXES: Final = (".service", ".socket", ".timer", ".path", ".target")
_PAGES: Final = ("README.md", "SECURITY.md", "CHANGELOG.md")
_LINK: Final = re.compile(r"\[([^\]\n]+)\]\(([^)\s#]+)(#[^)\s]*)?\)")

FindPlace = Callable[[PurePosixPath], PurePosixPath | None]
"""Returns where a file of the sources is in the tree, or None if it is not there."""


def copy_documents(source: Path, tree: Path) -> None:
    """Copy the pages, the samples and the sample of a providers file into a tree.

    Args:
        source: the unpacked sources.
        tree: the root of the machine where the package is installed; it has the program already.
    """
    documents = tree / DOCUMENTS
    shutil.copytree(source / "docs", documents / "docs")
    for name in _PAGES:
        shutil.copy(source / name, documents)
    units = shutil.ignore_patterns(*(f"*{suffix}" for suffix in UNIT_SUFFIXES))
    shutil.copytree(source / "contrib", documents / "examples", ignore=units)
    shutil.copy(source / "packaging/providers.toml", documents / "examples")
    (package,) = tree.glob("opt/waypost/lib/python3*/site-packages/waypost")
    modules = PurePosixPath(package.relative_to(tree).as_posix())

    def find_place(path: PurePosixPath) -> PurePosixPath | None:
        return _place(path, modules)

    for page in documents.rglob("*.md"):
        path = PurePosixPath(page.relative_to(documents).as_posix())
        text = page.read_text(encoding="utf-8")
        page.write_text(with_new_links(text, path, find_place), encoding="utf-8")


def with_new_links(text: str, name: PurePosixPath, find_place: FindPlace) -> str:
    """Return a page whose links to files of the sources are links to files of a tree.

    Args:
        text: the page.
        name: its path in the sources, for example `docs/guide.md`.
        find_place: called with the path of each linked file in the sources. If the file is not in
            the tree, its link becomes plain text.
    """

    def replace(link: re.Match[str]) -> str:
        label, target, anchor = link[1], link[2], link[3] or ""
        if ":" in target:
            return link[0]
        place = find_place(PurePosixPath(os.path.normpath(name.parent / target)))
        if place is None:
            return label
        if place.is_relative_to(DOCUMENTS):
            return f"[{label}]({os.path.relpath(place, DOCUMENTS / name.parent)}{anchor})"
        return f"[{label}](/{place}{anchor})"

    return _LINK.sub(replace, text)


def _place(path: PurePosixPath, modules: PurePosixPath) -> PurePosixPath | None:
    if path.parts[0] == "docs" or f"{path}" in _PAGES:
        return DOCUMENTS / path
    if path.is_relative_to("src/waypost"):
        return modules / path.relative_to("src/waypost")
    if path.suffix in UNIT_SUFFIXES:
        return PurePosixPath("usr/lib/systemd/system") / path.name
    if path.is_relative_to("contrib"):
        return DOCUMENTS / "examples" / path.relative_to("contrib")
    return None
