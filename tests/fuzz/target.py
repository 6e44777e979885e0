"""A target of fuzzing: the function, its limits, and the check of one input."""

import gc
import resource
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from waypost.core.errors import WaypostError

CORPUS: Final = Path(__file__).parent / "corpus"
CPU_SECONDS_MAX: Final = 2.0
"""How long one input may take. Usual inputs take a thousandth of this, also if atheris counts."""
MEMORY_MAX_BYTES: Final = 128 * 1024 * 1024
"""How much memory one input may need, in addition to what the process has already."""
_SOURCE: Final = "src/waypost/"
_KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Target:
    """A parser, or two parsers that must agree.

    Attributes:
        name: of the folder of its corpus.
        run: parses an input. An AssertionError says that a rule does not hold.
        allowed: the errors that the parser may raise, in addition to those of Waypost.
        words: what the format consists of; changes of inputs contain these words. libFuzzer needs
            at least one.
        max_bytes: the length of the longest input.
    """

    name: str
    run: Callable[[bytes], None]
    allowed: tuple[type[Exception], ...] = ()
    words: tuple[bytes, ...] = (b"\0",)
    max_bytes: int = 4096

    @property
    def corpus(self) -> Path:
        """The folder of its inputs."""
        return CORPUS / self.name

    def inputs(self) -> list[Path]:
        """Return the files of the corpus."""
        return sorted(self.corpus.iterdir())


@dataclass(frozen=True, slots=True)
class Finding:
    """An input that a parser does not handle.

    Attributes:
        kind: the class of the error, or the limit that does not hold.
        place: the line of Waypost, or of the target, where it happened.
        data: the input.
        text: the traceback, or the measured value.
    """

    kind: str
    place: str
    data: bytes = field(repr=False)
    text: str = field(repr=False)

    @property
    def key(self) -> str:
        """What is the same for all inputs with the same cause."""
        return f"{self.kind} at {self.place}"


def check(target: Target, data: bytes) -> Finding | None:
    """Run a target with one input.

    Returns:
        A finding if the target raises an error that is not allowed, or exceeds a limit.
    """
    before, start = _peak_bytes(), time.thread_time()
    allowed: tuple[type[Exception], ...] = (WaypostError, *target.allowed)
    try:
        target.run(data)
    except allowed:
        pass  # The input is refused, as it should be.
    except Exception as error:  # noqa: BLE001 -- any other error is a finding
        text = "".join(traceback.format_exception(error))
        return Finding(type(error).__name__, _place(error), data, text)
    seconds = time.thread_time() - start
    if seconds > CPU_SECONDS_MAX:
        return Finding("too slow", target.name, data, f"{seconds:.1f} s of CPU")
    if (grown := _peak_bytes() - before) > MEMORY_MAX_BYTES:
        return Finding("too much memory", target.name, data, f"{grown // _KIB // _KIB} MiB")
    return None


def warm_up(target: Target) -> None:
    """Run all inputs of the corpus once: what is loaded at the first use does not count."""
    for path in target.inputs():
        check(target, path.read_bytes())
    gc.collect()


def _place(error: Exception) -> str:
    """Return the innermost line of Waypost, or else of the target."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if _SOURCE in frame.filename] or frames
    return f"{own[-1].filename.rpartition('/src/')[2]}:{own[-1].lineno}"


def _peak_bytes() -> int:
    """Return the largest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB
