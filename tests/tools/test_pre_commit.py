"""The hooks of pre-commit, which run the checks of `make lint`."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / ".pre-commit-config.yaml"
PRE_COMMIT = Path(sys.executable).with_name("pre-commit")
BAD = 'import os\n\n\ndef hello() -> None:\n    """Say hello."""\n'


def hooks() -> list[dict[str, Any]]:
    """Return all hooks."""
    (local,) = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))["repos"]
    assert local["repo"] == "local"
    return list(local["hooks"])


def test_hooks_are_those_of_make_lint() -> None:
    """The hooks run the commands of `make lint`, in its order."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    found = re.search(r"^lint:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert found
    expected = [line.strip().replace("$(BIN)", ".venv/bin") for line in found[1].splitlines()]
    # Only a shell expands `*.md`.
    assert [re.sub(r"^bash -c '(.*)'$", r"\1", hook["entry"]) for hook in hooks()] == expected


def test_nothing_is_downloaded() -> None:
    """Every hook runs a program of the project's own environment, on all files."""
    for hook in hooks():
        assert hook["language"] == "unsupported", hook  # pre-commit installs nothing for it
        assert hook["always_run"], hook
        assert not hook["pass_filenames"], hook
    assert "://" not in CONFIG.read_text(encoding="utf-8")


def run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pre-commit in a repository."""
    return subprocess.run(
        [PRE_COMMIT, *arguments],
        cwd=repository,
        env={"PATH": "/usr/bin:/bin", "HOME": f"{repository}"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_bad_file_is_refused(tmp_path: Path) -> None:
    """pre-commit accepts the configuration, and its style hook refuses an unused import."""
    shutil.copy(CONFIG, tmp_path)
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    (tmp_path / "ruff.toml").write_text("extend-exclude = ['.venv']\n", encoding="utf-8")
    file = tmp_path / "hello.py"
    file.write_text(BAD, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", CONFIG.name, file.name, "ruff.toml"], cwd=tmp_path, check=True)
    assert run(tmp_path, "validate-config").returncode == 0
    refused = run(tmp_path, "run", "ruff-check", "--all-files")
    assert refused.returncode == 1, refused
    assert "hello.py:1" in refused.stdout
    file.write_text(BAD.removeprefix("import os\n\n\n"), encoding="utf-8")
    accepted = run(tmp_path, "run", "ruff-check", "--all-files")
    assert accepted.returncode == 0, accepted
