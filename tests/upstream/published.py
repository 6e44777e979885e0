"""The files of other projects, in the folder that the variable `UPSTREAM_DATA` names."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.standards.apple import SEARCHES, descriptions

VARIABLE: Final = "UPSTREAM_DATA"
# For each module `test_KIND.py`, the names of its files, in any folder below.
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "apple": tuple(f"{name}.yaml" for name in sorted({*descriptions()} - {SEARCHES})),
    "autoconfig": ("autoconfig.rng",),
    "automx2_databases": ("automx2-*.sql",),
    "automx2_seeds": ("seed-*.json",),
}


class NoFilesError(Exception):
    """Raised if the variable names a folder without any of the files."""


def published(kind: str, environment: Mapping[str, str] = os.environ) -> list[Path]:
    """Return the files of one kind; none if the variable is not set.

    Raises:
        NoFilesError: the folder has no file of any kind, or does not exist.
    """
    folder = environment.get(VARIABLE)
    if not folder:
        return []
    found = {
        one: [path for name in names for path in sorted(Path(folder).rglob(name))]
        for one, names in KINDS.items()
    }
    if not any(found.values()):
        names = ", ".join(name for names in KINDS.values() for name in names)
        raise NoFilesError(f"{VARIABLE}={folder}: the folder has none of the files {names}")
    return found[kind]
