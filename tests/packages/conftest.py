"""The packages of the last commit, built once for all tests of this folder."""

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tools.dist import ROOT
from tools.packages import debian, rpm
from tools.packages.sources import Sources
from tools.packages.tree import sources_and_tree

from tests.docs.pages import blocks
from tests.servers.requirements import require
from waypost import __version__

# A real compression would need half a minute.
QUICK_DEB = "-Zgzip -z1"
QUICK_RPM = "w1.gzdio"
# The version of the package that an upgrade replaces.
OLD = "0.0.1"


@dataclass(frozen=True, slots=True)
class Packages:
    """What one build made.

    Attributes:
        folder: where the build ran.
        tree: what is in both packages.
    """

    folder: Path
    sources: Sources
    tree: Path
    deb: Path
    rpm: Path


def build_all(folder: Path) -> Packages:
    """Build both packages in an empty folder."""
    require(programs=["dpkg-buildpackage", "dh", "gcc", "rpmbuild", "man"])
    sources, tree = sources_and_tree(ROOT, folder)
    return Packages(
        folder,
        sources,
        tree,
        debian.pack(sources, tree, folder, QUICK_DEB),
        rpm.pack(sources, tree, folder, QUICK_RPM),
    )


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    """Return the packages of the last commit."""
    return build_all(tmp_path_factory.mktemp("packages"))


def documented(program: str) -> list[str]:
    """Return the commands for root that the page shows for the packages of a program.

    The first command installs the package.
    """
    shown = [
        [line.removeprefix("# ") for line in block.text.splitlines()]
        for block in blocks(ROOT / "docs/packages.md", "console")
    ]
    starts = [number for number, lines in enumerate(shown) if " install " in lines[0]]
    (start,) = (number for number in starts if shown[number][0].startswith(program))
    end = min((number for number in starts if number > start), default=len(shown))
    return [line for lines in shown[start:end] for line in lines]


def needed_packages(deb: Path) -> list[str]:
    """Return the packages that the package depends on: the first of each alternative."""
    command = ["dpkg-deb", "--field", f"{deb}", "Depends"]
    field = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted({re.split(r"[\s(|]", one.strip())[0] for one in field.split(",")})


def script(name: str, configure: Sequence[str]) -> str:
    """Return a script of this folder for a machine, with the commands that configure Waypost."""
    folder = Path(__file__).parent
    parts = [(folder / part).read_text(encoding="utf-8") for part in ("functions.sh", name)]
    return "".join(parts).replace("DOCUMENTED_COMMANDS", "\n".join(configure))


def make_old(tree: Path) -> None:
    """Change a tree to that of an earlier version, with another text in the settings."""
    settings = tree / "etc/waypost/waypost.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("# Settings of", "# The settings of"), encoding="utf-8")
    (package,) = tree.glob("opt/waypost/lib/python3*/site-packages/waypost")
    init = package / "__init__.py"
    text = init.read_text(encoding="utf-8")
    init.write_text(text.replace(__version__, OLD), encoding="utf-8")
    for compiled in package.glob("__pycache__/__init__.*"):
        compiled.unlink()
