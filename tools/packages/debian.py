"""Builds the Debian package in `dist/`. `make deb` runs this module.

Debian's own tools pack the tree, as packaging/debian describes. The package is for the release of
Debian that it was built on, because it depends on that Python and on that LDAP library.
"""

import argparse
import re
import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import wrap
from typing import Final

from tools.dist import ROOT, DistError, run
from tools.packages.sources import Sources, maintainer
from tools.packages.tree import ENVIRONMENT, copy_sbom, licenses, sources_and_tree
from waypost import __version__

NEEDED: Final = ("dpkg-buildpackage", "dh", "gcc")
DEBIAN_PACKAGES: Final = (
    *("debhelper", "dpkg-dev", "gcc", "libldap-dev", "libsasl2-dev", "python3-dev"),
)
_HEADER = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Waypost
Comment: Waypost's libraries are in the package as their authors published them.
 Each paragraph names the license that the metadata of the library states. The
 texts are in the folder that its Files: names, and in packages that contain
 other libraries, in the files next to them.

Files: *
Copyright: 2026 The Waypost maintainers
License: Apache-2.0
"""
_APACHE = """\
License: Apache-2.0
 On Debian systems, the text of the Apache License, Version 2.0, is in
 /usr/share/common-licenses/Apache-2.0.
"""


def make_deb(root: Path, folder: Path) -> Path:
    """Build the Debian package of the last commit.

    Args:
        root: a checkout.
        folder: receives the package and its bill of materials.

    Returns:
        the package.

    Raises:
        DistError: a program is missing or failed.
    """
    if missing := [name for name in NEEDED if shutil.which(name) is None]:
        packages = " ".join(DEBIAN_PACKAGES)
        raise DistError(f"{', '.join(missing)} is missing; run: apt install {packages}")
    with TemporaryDirectory(prefix="waypost-deb-") as temporary:
        sources, tree = sources_and_tree(root, Path(temporary))
        return pack(sources, tree, folder)


def pack(sources: Sources, tree: Path, folder: Path, compression: str = "-Zxz") -> Path:
    """Pack a built tree as a Debian package.

    Args:
        sources: what the tree was built from.
        tree: the tree.
        folder: receives the package and its bill of materials.
        compression: options of dpkg-deb; the default needs half a minute.

    Returns:
        the package.
    """
    build = sources.folder.parent / "deb" / "waypost"
    shutil.copytree(sources.folder / "packaging/debian", build / "debian")
    control = build / "debian/control"
    major, minor = sources.python_version()
    text = control.read_text(encoding="utf-8")
    text = text.replace("@PYTHON@", f"{major}.{minor}").replace(
        "@NEXT_PYTHON@", f"{major}.{minor + 1}"
    )
    control.write_text(text.replace("@MAINTAINER@", maintainer()), encoding="utf-8")
    (build / "debian/changelog").write_text(changelog(sources), encoding="utf-8")
    (build / "debian/copyright").write_text(_copyright(tree), encoding="utf-8")
    run(
        ["dpkg-buildpackage", "--build=binary", "--unsigned-changes"],
        build,
        TREE=f"{tree}",
        SOURCE_DATE_EPOCH=f"{sources.epoch}",
        DEB_COMPRESSION=compression,
        LC_ALL="C.UTF-8",
    )
    (package,) = build.parent.glob("waypost_*.deb")
    copy_sbom(tree, folder / package.name)
    return Path(shutil.move(package, folder / package.name))


def changelog(sources: Sources) -> str:
    """Return Debian's changelog of the package, with the changes of this version."""
    lines = [f"waypost ({__version__}) unstable; urgency=medium", ""]
    for point in sources.changes():
        lines += wrap(point, 76, initial_indent="  * ", subsequent_indent="    ")
    date = format_datetime(datetime.fromtimestamp(sources.epoch, UTC))
    return "\n".join([*lines, "", f" -- {maintainer()}  {date}", ""])


def _copyright(tree: Path) -> str:
    """Return the file debian/copyright (DEP-5), with a paragraph for each library."""
    paragraphs = [_HEADER]
    names: dict[str, str] = {}
    for folder, library, stated in licenses(tree):
        if not folder.startswith("waypost-"):
            name = re.sub(r"[^A-Za-z0-9.+-]+", "-", stated).strip("-") or "unknown"
            names.setdefault(name, stated)
            paragraphs.append(
                f"Files: {_site_packages(tree)}/{folder}/*\n"
                f"Copyright: the authors of {library}\n"
                f"License: {name}\n"
            )
    paragraphs.append(_APACHE)
    paragraphs += [
        f"License: {name}\n {stated}: the text is in the folders of the libraries.\n"
        for name, stated in names.items()
        if name != "Apache-2.0"
    ]
    return "\n".join(paragraphs)


def _site_packages(tree: Path) -> Path:
    (found,) = (tree / ENVIRONMENT).glob("lib/python3*/site-packages")
    return found.relative_to(tree)


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the package, and print its name; return the exit code."""
    parser = argparse.ArgumentParser(prog="make deb", description=(__doc__ or "").strip())
    parser.parse_args(arguments)
    folder = ROOT / "dist"
    folder.mkdir(exist_ok=True)
    try:
        package = make_deb(ROOT, folder)
    except DistError as error:
        print(f"waypost: {error}", file=sys.stderr)
        return 1
    print(package.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
