"""Run a command of a page as a shell does."""

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.servers.forked import run_waypost
from tests.servers.patience import PATIENCE_SECONDS

# A shell only removes the quotation marks.
_PLAIN: Final = re.compile(r"""waypost(?: (?:[\w./:=,@+-]|'[^']*'|"[^"$`\\]*")+)+""")


def run_command(
    command: str, *, environment: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """Run a command until its end, and return its output.

    `waypost` and its arguments alone run as a fork, which takes a fraction of the time.

    Args:
        command: one line, without input.
        environment: all variables; PATH must have `waypost`.
        folder: the working folder.
    """
    if _PLAIN.fullmatch(command):
        arguments = shlex.split(command)[1:]
        return run_waypost(*arguments, environment=environment, folder=folder)
    return subprocess.run(
        ["bash", "-c", command],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        env=environment,
        cwd=folder,
    )
