"""What the packages are built from: the source archive of the last commit, and its wheel."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.dist import build, run

PYTHON: Final = Path("/usr/bin/python3")
"""The interpreter of the distribution, whose updates the environment then gets."""
_MAINTAINER: Final = "maintainers@waypost.invalid"
_POINT = re.compile(r"^\* (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources of the packages.

    Attributes:
        folder: the unpacked source archive.
        epoch: the time of the last commit, in seconds since 1970.
        python: the interpreter that the packages depend on.
    """

    folder: Path
    wheel: Path
    epoch: int
    python: Path = PYTHON

    def python_version(self) -> tuple[int, int]:
        """Return the version of the interpreter, such as 3.11."""
        code = "import sys; print(*sys.version_info[:2])"
        major, minor = run([self.python, "-c", code], Path("/")).split()
        return int(major), int(minor)

    def changes(self) -> list[str]:
        """Return the points of the first entry in CHANGELOG.md, without Markdown."""
        notes = (self.folder / "CHANGELOG.md").read_text(encoding="utf-8")
        entry = re.split(r"^## ", notes, flags=re.MULTILINE)[1]
        return [
            re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", point.replace("`", ""))
            for point in _POINT.findall(entry)
        ]


def maintainer() -> str:
    """Return who made the package; $DEBEMAIL sets the address, as in all of Debian's tools."""
    return f"The Waypost maintainers <{os.environ.get('DEBEMAIL', _MAINTAINER)}>"


def unpacked_sources(root: Path, temporary: Path, python: Path = PYTHON) -> Sources:
    """Build the archives of the last commit, and unpack the source archive.

    Args:
        root: a checkout.
        temporary: an empty folder, which the caller removes.
        python: the interpreter that the packages depend on.

    Raises:
        DistError: the build failed.
    """
    epoch = int(run(["git", "log", "-1", "--format=%ct"], root))
    archives = temporary / "archives"
    archives.mkdir()
    source, wheel = build(root, archives)
    shutil.unpack_archive(source, temporary / "source", filter="data")
    (folder,) = (temporary / "source").iterdir()
    return Sources(folder, wheel, epoch, python)
