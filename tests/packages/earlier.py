"""Packages of an earlier version, which an upgrade replaces: made from those of the last commit."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Final

from tools.packages import rpm

from tests.packages.conftest import QUICK_RPM, Packages
from waypost import __version__

EARLIER: Final = "0.0.1"


def write_earlier_deb(deb: Path, folder: Path, earlier: Path) -> None:
    """Write the Debian package of an earlier version.

    Args:
        deb: the package of this version.
        folder: for files that are removed at the end.
        earlier: the file to write.
    """
    tree = folder / "earlier"
    subprocess.run(["dpkg-deb", "--raw-extract", f"{deb}", f"{tree}"], check=True)
    control = tree / "DEBIAN/control"
    text = control.read_text(encoding="utf-8")
    control.write_text(re.sub(r"(?m)^Version: .*", f"Version: {EARLIER}", text), encoding="utf-8")
    _change(tree)
    command = ["dpkg-deb", "--root-owner-group", "-Znone", "--build", f"{tree}", f"{earlier}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)


def write_earlier_rpm(packages: Packages, folder: Path, earlier: Path) -> None:
    """Write the RPM of an earlier version; the arguments are as for Debian."""
    tree, source = folder / "earlier", folder / "source/waypost"
    shutil.copytree(packages.tree, tree, symlinks=True)
    _change(tree)
    shutil.copytree(packages.sources.folder, source)
    sources = replace(packages.sources, folder=source)
    rpm.pack(sources, tree, folder, QUICK_RPM, EARLIER).rename(earlier)
    shutil.rmtree(tree)


def _change(tree: Path) -> None:
    """Change a tree to that of the earlier version, with another text in the settings."""
    settings = tree / "etc/waypost/waypost.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("# Settings of", "# The settings of"), encoding="utf-8")
    (package,) = tree.glob("opt/waypost/lib/python3*/site-packages/waypost")
    init = package / "__init__.py"
    text = init.read_text(encoding="utf-8")
    init.write_text(text.replace(__version__, EARLIER), encoding="utf-8")
    for compiled in package.glob("__pycache__/__init__.*"):
        compiled.unlink()
