"""The table of what a worker imports: measured, recorded and compared."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tests.servers.waypost import free_port

ROOT: Final = Path(__file__).parents[2]
FILE: Final = Path(__file__).with_name("recorded.json")
RECORD: Final = "python -m tests.imports --write"
# Other versions of Python and of the libraries need more or less for the same packages.
HEADROOM: Final = 1.15
# Modules of the standard library differ between versions of Python: only large ones have a row, and
# only a new one that is much larger is a finding.
SMALL_KB: Final = 300
LARGE_KB: Final = 1000
STANDARD_LIBRARY: Final = "(other modules of Python)"
DEMO: Final = "demo"
SQLITE: Final = "SQLite"
_PATIENCE_SECONDS: Final = 120.0


@dataclass(frozen=True, slots=True)
class Imports:
    """What one server has imported.

    Attributes:
        packages: KB of each package, and of the small modules of the standard library together.
        resident: KB of resident memory of the whole process after its first answers.
    """

    packages: Mapping[str, int]
    resident: int

    @property
    def total(self) -> int:
        """The KB of all packages."""
        return sum(self.packages.values())


def measure(server: str, folder: Path) -> Imports:
    """Start a server in a new process, and return what it has imported after its first answers.

    Args:
        server: `demo` or `SQLite`.
        folder: an empty folder for its database.

    Raises:
        subprocess.CalledProcessError: it did not start, or did not answer.
    """
    options = ["--demo"]
    if server == SQLITE:
        options = ["--db-uri", f"sqlite:///{folder / 'waypost.sqlite'}"]
        _run(folder, "-m", "waypost", "db", "upgrade", *options)
        _run(folder, "-m", "waypost", "apply", "--demo", *options)
    # Compiled files are there now: without them, the compiler would need memory, too.
    for _ in range(2):
        printed = _run(folder, "-m", "tests.imports.probe", f"{free_port()}", *options)
    report = json.loads(printed)
    return Imports(packages_of(report["kilobytes"]), report["resident"])


def _run(folder: Path, *arguments: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=kept | {"HOME": f"{folder}", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"},
        timeout=_PATIENCE_SECONDS,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def packages_of(kilobytes: Mapping[str, int]) -> dict[str, int]:
    """Return the KB of each top-level package, the largest first."""
    sums: Counter[str] = Counter()
    for module, number in kilobytes.items():
        # Its name has the platform: _sysconfigdata__linux_x86_64-linux-gnu.
        name = module.partition(".")[0]
        sums["sysconfig" if name.startswith("_sysconfigdata") else name] += number
    small = [name for name, number in sums.items() if _is_small(name, number)]
    rest = sum(sums.pop(name) for name in small)
    sums.pop("tests", None)
    return dict(sums.most_common()) | {STANDARD_LIBRARY: rest}


def _is_small(name: str, kilobytes: int) -> bool:
    return name in sys.stdlib_module_names and kilobytes < SMALL_KB


def _matters(name: str, kilobytes: int) -> bool:
    of_python = name == STANDARD_LIBRARY or name in sys.stdlib_module_names
    return not of_python or kilobytes > LARGE_KB


def problems(recorded: Imports, measured: Imports) -> Iterator[str]:
    """Yield what must not be: a new package, a row without its package, or too large a sum."""
    for name, number in measured.packages.items():
        if name not in recorded.packages and _matters(name, number):
            yield f"{name} is imported, which takes {number:,} KB"
    for name in recorded.packages:
        # Another version of Python may need less for one of its modules. structlog imports greenlet
        # and Rich imports attrs only if another library has installed them.
        if name not in measured.packages and _matters(name, 0) and find_spec(name) is not None:
            yield f"{name} is in the table, but is not imported any more"
    bound = round(recorded.total * HEADROOM)
    if measured.total > bound:
        growth = sorted(
            (
                (number - recorded.packages.get(name, 0), name)
                for name, number in measured.packages.items()
            ),
            reverse=True,
        )
        names = ", ".join(f"{name} +{more:,}" for more, name in growth[:3])
        yield f"all packages take {measured.total:,} KB, more than {bound:,}; the most: {names}"


def failure(server: str, lines: list[str]) -> str:
    """Return the text of a failed comparison, with what a developer can do."""
    return "\n".join(
        [
            f"A worker ({server}) does not import what tests/imports/{FILE.name} lists:",
            *(f"  {line}" for line in lines),
            "`python -X importtime -m tests.imports.probe 4299 --demo` shows what imports it.",
            f"Import it where it is needed. If each worker needs it, run `{RECORD}`,",
            "and give the reason in the message of the commit.",
        ]
    )


def read(file: Path = FILE) -> dict[str, Imports]:
    """Read the recorded tables, by the server."""
    content = json.loads(file.read_text(encoding="utf-8"))
    return {server: Imports(**one) for server, one in content.items()}


def write(tables: Mapping[str, Imports], file: Path = FILE) -> None:
    """Record the tables."""
    content = {server: asdict(one) for server, one in tables.items()}
    file.write_text(f"{json.dumps(content, indent=2)}\n", encoding="utf-8")


def text(server: str, imports: Imports) -> str:
    """Return a table for people."""
    rows = [*imports.packages.items(), ("all imports", imports.total)]
    lines = [f"  {name:28} {number:>8,} KB" for name, number in rows]
    return "\n".join([f"{server}: {imports.resident:,} KB are resident", *lines])
