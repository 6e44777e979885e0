"""The recorded figures: instructions of each case, for each build of Python."""

import json
import platform
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

FILE: Final = Path(__file__).with_name("figures.json")
ALLOWED_GROWTH: Final = 0.05
RECORD: Final = "make instructions ARGS=--write"
# They have a part in each answer; the lock says their versions.
_LIBRARIES: Final = ("httptools", "idna", "lxml", "prometheus-client", "pydantic-core", "uvicorn")
_CONFIGURED: Final = ("PY_CORE_CFLAGS", "PY_CORE_LDFLAGS")
_FLAGS: Final = ("-O", "-f", "-m")


@dataclass(frozen=True, slots=True)
class Figures:
    """What was recorded with one build of Python.

    Attributes:
        instructions: the instructions of one repetition, by the name of the case.
        versions: the versions of Python and of the libraries that have a part in the answers.
    """

    instructions: Mapping[str, int]
    versions: Mapping[str, str]


def build_of_python() -> str:
    """Return what decides how many instructions this Python needs for the same work.

    Figures of another build are not comparable: Debian's Python and one that was compiled without
    the same options of the compiler differ by more than the bound, in the same version.
    """
    words = " ".join(f"{sysconfig.get_config_var(name)}" for name in _CONFIGURED).split()
    flags = sorted({word for word in words if word.startswith(_FLAGS)})
    minor = ".".join(platform.python_version_tuple()[:2])
    compiler = platform.python_compiler().partition(".")[0]
    parts = (f"{platform.python_implementation()} {minor}", compiler, platform.machine(), *flags)
    return " ".join(parts)


def current_versions() -> dict[str, str]:
    """Return the versions of this Python and of the libraries in it."""
    return {"python": platform.python_version()} | {name: version(name) for name in _LIBRARIES}


def read(file: Path = FILE) -> dict[str, Figures]:
    """Read all figures, by the build of Python."""
    recorded = json.loads(file.read_text(encoding="utf-8"))
    return {build: Figures(**content) for build, content in recorded.items()}


def write(build: str, figures: Figures, file: Path = FILE) -> None:
    """Write the figures of one build of Python; those of other builds stay."""
    content = {
        name: {"instructions": dict(one.instructions), "versions": dict(one.versions)}
        for name, one in sorted((read(file) | {build: figures}).items())
    }
    file.write_text(f"{json.dumps(content, indent=2)}\n", encoding="utf-8")


def problems(recorded: Figures, counted: Figures) -> Iterator[str]:
    """Yield a line for each case that needs too many instructions, or that only one side has."""
    for name in sorted(set(recorded.instructions) ^ set(counted.instructions)):
        where = "recorded, but not counted" if name in recorded.instructions else "not recorded"
        yield f"{name}: {where}"
    for name, before in recorded.instructions.items():
        after = counted.instructions.get(name, before)
        if after > before * (1 + ALLOWED_GROWTH):
            yield f"{name}: {after:,} instructions, {_change(before, after)} (recorded: {before:,})"


def nothing_recorded(build: str) -> str:
    """Return why nothing was compared, and what a developer can do."""
    return (
        f"tests/instructions/{FILE.name} has no figures for this Python ({build}); "
        f"record those of the commit before your change with `{RECORD}`"
    )


def failure(lines: Iterable[str], recorded: Figures, counted: Figures) -> str:
    """Return the text of a failed check: what has changed, and what a developer can do."""
    versions = [
        f"{name} is {now}, and was {recorded.versions.get(name)}"
        for name, now in counted.versions.items()
        if now != recorded.versions.get(name)
    ]
    return "\n".join(
        [
            f"More than {ALLOWED_GROWTH:.0%} above the figures in tests/instructions/{FILE.name}:",
            *(f"  {line}" for line in lines),
            *(f"  other version: {line}" for line in versions),
            "Find the cause; `make instructions` prints all cases. If the growth is intended,",
            f"record them with `{RECORD}`, and give the reason in the message of the commit.",
        ]
    )


def table(counted: Figures, recorded: Figures | None) -> str:
    """Return the counted figures as a table, with the change since they were recorded."""
    width = max(map(len, counted.instructions))
    before = {} if recorded is None else recorded.instructions
    return "\n".join(
        f"{name:{width}} {number:>12,} {_change(before[name], number) if name in before else 'new'}"
        for name, number in counted.instructions.items()
    )


def _change(before: int, after: int) -> str:
    return f"{after / before - 1:+.1%}"
