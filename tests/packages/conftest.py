"""The packages of the last commit, built once for all tests of this folder."""

import platform
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

from tests.docs.pages import Block, blocks
from tests.servers.requirements import require

# A real compression would need half a minute.
QUICK_DEB = "-Zgzip -z1"
QUICK_RPM = "w1.zstdio"
# The architecture in the names of packages that the pages show: for dpkg, and for RPM.
SHOWN_DEB = "amd64"
SHOWN_RPM = "x86_64"


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
    shown = [root_commands(block) for block in blocks(ROOT / "docs/packages.md", "console")]
    starts = [number for number, lines in enumerate(shown) if " install " in lines[0]]
    (start,) = (number for number in starts if shown[number][0].startswith(program))
    end = min((number for number in starts if number > start), default=len(shown))
    return [line for lines in shown[start:end] for line in lines]


def commands_with(page: str, command: str) -> list[str]:
    """Return the commands for root of the only block of a page that has a command."""
    shown = [root_commands(block) for block in blocks(ROOT / "docs" / page, "console")]
    (found,) = (lines for lines in shown if command in lines)
    return found


def root_commands(block: Block) -> list[str]:
    """Return the commands for root of a block."""
    return [line.removeprefix("# ") for line in block.text.splitlines() if line.startswith("# ")]


def shown_name(package: Path) -> str:
    """Return the name that the pages have for a package, whose name has this architecture."""
    command = ["dpkg", "--print-architecture"]
    own = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    name = package.name.replace(f"_{own}.deb", f"_{SHOWN_DEB}.deb")
    return name.replace(f".{platform.machine()}.rpm", f".{SHOWN_RPM}.rpm")


def needed_packages(deb: Path) -> list[str]:
    """Return the packages that the package depends on: the first of each alternative."""
    command = ["dpkg-deb", "--field", f"{deb}", "Depends"]
    field = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted({re.split(r"[\s(|]", one.strip())[0] for one in field.split(",")})


def script(name: str, **documented: Sequence[str]) -> str:
    """Return a script of this folder for a machine.

    Args:
        name: the file; the functions come before it.
        documented: commands of the pages; each replaces the line with its name in capitals, such
            as DOCUMENTED_CONFIGURE.
    """
    folder = Path(__file__).parent
    parts = [(folder / part).read_text(encoding="utf-8") for part in ("functions.sh", name)]
    text = "".join(parts)
    for title, commands in documented.items():
        line = f"DOCUMENTED_{title.upper()}\n"
        assert commands
        assert line in text, line
        text = text.replace(line, "".join(f"{command}\n" for command in commands))
    assert "DOCUMENTED_" not in text
    return text
