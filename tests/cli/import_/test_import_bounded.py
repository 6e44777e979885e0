"""`waypost import automx1` with files that are made to take long."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.servers.waypost import SOURCE

CPU_SECONDS: Final = 20
ADDRESS_SPACE: Final = 500_000_000
SERVICE: Final = "backend = static_append\nimap = yes\nimap_server = a.example\n"
HEAD: Final = f"[automx]\nprovider = p\ndomains = *\n[global]\n{SERVICE}"
DOMAINS: Final = "".join(f"[d{number}.example]\n{SERVICE}follow = f0\n" for number in range(2000))
CHAIN: Final = "".join(f"[f{n}]\n{SERVICE}x{n} = 1\nfollow = f{n + 1}\n" for n in range(99))
KEYS: Final = "".join(f"key{number} = 1\n" for number in range(5000))
# Each took over 100 s or over 500 MB before.
FILES: Final = {
    "spaces in a bad line": f"{HEAD}a{' ' * 200_000}b\n",
    "spaces in a key": f"{HEAD}a{' ' * 200_000}b = 1\n",
    "bad lines": HEAD + "x\n" * 400_000,
    "many keys in [DEFAULT]": f"[DEFAULT]\n{KEYS}{HEAD}{DOMAINS}[f0]\n{SERVICE}",
    "long chains": f"{HEAD}{DOMAINS}{CHAIN}[f99]\n{SERVICE}",
    "values that double": HEAD + "".join(f"k{n} = %(k{n + 1})s%(k{n + 1})s\n" for n in range(60)),
}


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_time_and_memory_are_bounded(name: str, tmp_path: Path) -> None:
    """A short hostile file needs little time and memory, and ends with providers or an error."""
    file = tmp_path / "automx.conf"
    file.write_text(FILES[name], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "waypost", "import", "automx1", f"{file}", "--print"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{SOURCE}"},
        capture_output=True,
        check=False,
        preexec_fn=_limit,
    )
    errors = done.stderr.decode()
    assert done.returncode in {0, 1, 2}, errors[-2000:]
    assert "Traceback" not in errors
    if done.returncode:
        assert f"{file}: line " in errors
