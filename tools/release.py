"""Makes a release on this machine: checks, archives, and a tag. It publishes nothing.

`make release` runs this module, and docs/releasing.md describes the steps before and after.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.dist import ROOT, DistError, make, run
from waypost import __version__

_HEADING = re.compile(r"^## \[([^\]]+)\](?: - (\S+))?$", re.MULTILINE)
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def problems(root: Path, version: str) -> list[str]:
    """Return the reasons why the last commit is not a release yet.

    Args:
        root: a checkout.
        version: the version of the package.

    Returns:
        one sentence for each reason.
    """
    found = changelog_problems((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    if run(["git", "status", "--porcelain"], root):
        found.append("the work tree has changes; commit them, or remove them")
    if run(["git", "tag", "--list", f"v{version}"], root):
        found.append(f"the tag v{version} exists; raise __version__ in src/waypost/__init__.py")
    return found


def changelog_problems(text: str, version: str) -> list[str]:
    """Return the reasons why the first entry of a changelog does not describe a version."""
    entry = _HEADING.search(text)
    if entry is None:
        return ["CHANGELOG.md has no heading such as `## [0.1.0] - 2026-01-31`"]
    if entry[1] != version:
        return [f"the first entry of CHANGELOG.md is {entry[1]}, and the version is {version}"]
    if not _DATE.fullmatch(entry[2] or ""):
        return [f"the entry {version} of CHANGELOG.md has no date, such as 2026-01-31"]
    return []


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the release, or only say whether it can be made; return the exit code."""
    parser = argparse.ArgumentParser(prog="make release", description=(__doc__ or "").strip())
    parser.add_argument(
        "--dry-run", action="store_true", help="make the archives of any commit, and no tag"
    )
    dry_run = parser.parse_args(arguments).dry_run
    try:
        found = problems(ROOT, __version__)
        for problem in found:
            print(f"waypost: {problem}", file=sys.stderr)
        if found and not dry_run:
            return 1
        for file in make(ROOT):
            print(file.relative_to(ROOT))
        tag = f"v{__version__}"
        if dry_run:
            print(f"the tag {tag} was not made")
        else:
            run(["git", "tag", "--annotate", tag, "--message", f"Waypost {__version__}"], ROOT)
            print(f"the tag {tag} was made here; docs/releasing.md says how to publish it")
    except DistError as error:
        print(f"waypost: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
