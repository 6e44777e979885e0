"""Processes of the machine, and those below them: proc_pid(5)."""

from contextlib import suppress
from pathlib import Path


def children(pid: int) -> list[int]:
    """Return the ids of the processes that a process, with all its threads, has started."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                text = (task / "children").read_text(encoding="ascii")
                found.extend(int(child) for child in text.split())
    return sorted(found)


def descendants(pid: int) -> list[int]:
    """Return the ids of all processes below a process."""
    return [one for child in children(pid) for one in (child, *descendants(child))]


def lives(pid: int) -> bool:
    """Return whether a process exists and has not ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"
