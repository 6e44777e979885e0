"""The tool that runs a command next to busy processes."""

import os
import time
from pathlib import Path

import pytest
from tools.busy import busy_processes, main

from tests.servers.patience import PATIENCE_SECONDS


def cpu_ticks(process: int) -> int:
    """Return how long a process has used a processor, in ticks of the kernel (proc_pid_stat(5))."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def test_processes_are_busy_until_the_end() -> None:
    """The processes use the processors inside `with`, and none is left after it."""
    with busy_processes(2) as processes:
        assert len(processes) == 2
        end = time.monotonic() + PATIENCE_SECONDS
        first = [cpu_ticks(process) for process in processes]
        while any(cpu_ticks(one) < ticks + 20 for one, ticks in zip(processes, first, strict=True)):
            assert time.monotonic() < end
            time.sleep(0.01)
    assert not [process for process in processes if Path(f"/proc/{process}").exists()]


@pytest.mark.parametrize("code", [0, 1, 7])
def test_exit_code(code: int) -> None:
    """The exit code is that of the command."""
    assert main(["1", "sh", "-c", f"exit {code}"]) == code


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param([], "COUNT", id="nothing"),
        pytest.param(["0", "true"], "COUNT", id="no process"),
        pytest.param(["1000", "true"], "COUNT", id="too many processes"),
        pytest.param(["six", "true"], "COUNT", id="a word"),
        pytest.param(["1"], "command", id="no command"),
        pytest.param(["1", "/missing"], "/missing: No such file", id="a missing program"),
    ],
)
def test_wrong_use(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong arguments are refused with exit code 2, and no process is left."""
    with pytest.raises(SystemExit) as exit_info:
        main(arguments)
    assert exit_info.value.code == 2
    assert message in capsys.readouterr().err
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    commands = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children]
    assert not [command for command in commands if b"spawn_main" in command]
