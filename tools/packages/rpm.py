"""Builds the package for RPM systems in `dist/`. `make rpm` runs this module.

The package is for the distribution that it was built on, because it depends on that Python and on
that LDAP library.
"""

import argparse
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.dist import ROOT, DistError, run
from tools.packages.sources import PYTHON, Sources, maintainer
from tools.packages.tree import copy_sbom, sources_and_tree
from waypost import __version__


def make_rpm(root: Path, folder: Path, python: Path = PYTHON) -> Path:
    """Build the RPM of the last commit.

    Args:
        root: a checkout.
        folder: receives the package and its bill of materials.
        python: the interpreter that the package depends on.

    Returns:
        the package.

    Raises:
        DistError: a program is missing or failed.
    """
    if shutil.which("rpmbuild") is None:
        raise DistError("rpmbuild is missing; install the package rpm-build, or rpm on Debian")
    with TemporaryDirectory(prefix="waypost-rpm-") as temporary:
        sources, tree = sources_and_tree(root, Path(temporary), python)
        return pack(sources, tree, folder)


def pack(
    sources: Sources,
    tree: Path,
    folder: Path,
    payload: str = "w19.zstdio",
    version: str = __version__,
) -> Path:
    """Pack a built tree as an RPM.

    Args:
        sources: what the tree was built from.
        tree: the tree.
        folder: receives the package and its bill of materials.
        payload: the compression, in the form of RPM's macro `_binary_payload`.
        version: the version of Waypost in the tree.

    Returns:
        the package.
    """
    build = sources.folder.parent / f"rpm-{version}"
    build.mkdir()
    changes = build / "changelog"
    changes.write_text(changelog(sources), encoding="utf-8")
    macros = {
        "_topdir": build,
        "_tmppath": build / "tmp",
        "_rpmdir": build / "out",
        "_buildhost": "localhost",
        "_binary_payload": payload,
        "use_source_date_epoch_as_buildtime": 1,
        "clamp_mtime_to_source_date_epoch": 1,
        "waypost_version": version,
        "waypost_tree": tree,
        "waypost_python": ".".join(map(str, sources.python_version())),
        "waypost_packager": maintainer(),
        "waypost_changelog": changes,
    }
    defines = [part for name, value in macros.items() for part in ("--define", f"{name} {value}")]
    spec = sources.folder / "packaging/rpm/waypost.spec"
    command: list[str | Path] = ["rpmbuild", "-bb", "--quiet", "--dbpath", build / "db", *defines]
    command.append(spec)
    run(command, build, SOURCE_DATE_EPOCH=f"{sources.epoch}", LC_ALL="C.UTF-8")
    (package,) = (build / "out").rglob("*.rpm")
    copy_sbom(tree, folder / package.name)
    return Path(shutil.move(package, folder / package.name))


def changelog(sources: Sources) -> str:
    """Return the changelog of the spec file, with the changes of this version."""
    date = datetime.fromtimestamp(sources.epoch, UTC).strftime("%a %b %d %Y")
    points = [f"- {point.replace('%', '%%')}" for point in sources.changes()]
    return "\n".join([f"* {date} {maintainer()} - {__version__}-1", *points, ""])


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the package, and print its name; return the exit code."""
    parser = argparse.ArgumentParser(prog="make rpm", description=(__doc__ or "").strip())
    parser.add_argument(
        "--python", type=Path, default=PYTHON, help="such as /usr/bin/python3.11; default: python3"
    )
    python = parser.parse_args(arguments).python
    folder = ROOT / "dist"
    folder.mkdir(exist_ok=True)
    try:
        package = make_rpm(ROOT, folder, python)
    except DistError as error:
        print(f"waypost: {error}", file=sys.stderr)
        return 1
    print(package.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
