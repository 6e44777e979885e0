"""The packages of the last commit, built once for all tests of this folder."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from tools.dist import ROOT
from tools.packages import debian, rpm
from tools.packages.sources import Sources
from tools.packages.tree import sources_and_tree

from tests.servers.requirements import require

# A real compression would need half a minute.
QUICK_DEB = "-Zgzip -z1"
QUICK_RPM = "w1.gzdio"


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
