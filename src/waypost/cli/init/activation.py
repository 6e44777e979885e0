"""Run the steps after the files are written: start the service, reload the web server."""

import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waypost.setup.web_servers import SetupStep

STEP_SECONDS_MAX: Final = 120.0
OUTPUT_LINES_MAX: Final = 5
SYSTEMD_FOLDER: Final = Path("/run/systemd/system")
"""sd_booted(3): this folder exists if systemd is the service manager."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """What happened to a step.

    Attributes:
        is_done: it was run, and succeeded.
        reason: why it failed; empty if it was not run.
    """

    step: SetupStep
    is_done: bool = False
    reason: str = ""


def run_steps(steps: Sequence[SetupStep]) -> tuple[StepResult, ...]:
    """Run the steps that need no answer, one after the other, until one fails."""
    results: list[StepResult] = []
    has_failed = False
    for step in steps:
        if not step.can_run or has_failed:
            results.append(StepResult(step))
            continue
        reason = _run(step.command)
        results.append(StepResult(step, not reason, reason))
        has_failed = bool(reason)
    return tuple(results)


def _run(command: str) -> str:
    """Run a command; return why it failed, or an empty text."""
    try:
        done = subprocess.run(  # noqa: S603 -- a command of our own table
            shlex.split(command),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=STEP_SECONDS_MAX,
        )
    except FileNotFoundError:
        return "there is no such program"
    except OSError as error:
        return error.strerror or str(error)
    except subprocess.TimeoutExpired:
        return f"it did not end within {STEP_SECONDS_MAX:g} seconds"
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return "; ".join(lines[-OUTPUT_LINES_MAX:]) or f"exit code {done.returncode}"
