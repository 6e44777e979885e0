"""The workflow for forges, which runs the targets of the Makefile."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW = ROOT / ".github/workflows/ci.yml"
PINNED = re.compile(r"^[\w.-]+/[\w./-]+@[0-9a-f]{40}$")
TARGET = re.compile(r"^([a-z-]+):(?!=)", re.MULTILINE)


@pytest.fixture(name="workflow")
def _workflow() -> dict[Any, Any]:
    loaded = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def steps(workflow: Mapping[Any, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the steps of all jobs."""
    for job in workflow["jobs"].values():
        yield from job["steps"]


def called(workflow: Mapping[Any, Any]) -> set[str]:
    """Return the targets of the Makefile that the steps call."""
    lines = [line for step in steps(workflow) for line in step.get("run", "").splitlines()]
    words = [line.split()[1:] for line in lines if line.startswith("make ")]
    return {word for line in words for word in line if "=" not in word}


def supported() -> list[str]:
    """Return the Python versions in the classifiers of the package."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))


def test_targets_exist(workflow: dict[Any, Any]) -> None:
    """The Makefile has every target that the workflow calls."""
    targets = set(TARGET.findall((ROOT / "Makefile").read_text(encoding="utf-8")))
    assert {"check", "coverage", "dist", "test", "test-versions"} == called(workflow)
    assert called(workflow) <= targets


def test_every_python_is_tested(workflow: dict[Any, Any]) -> None:
    """The matrix has the Python versions of the classifiers, the oldest and the newest included."""
    jobs = workflow["jobs"]
    assert jobs["check"]["strategy"]["matrix"]["python"] == supported()
    versions = {
        one["versions"]: one["python"] for one in jobs["versions"]["strategy"]["matrix"]["include"]
    }
    assert versions == {"lowest": supported()[0], "newest": supported()[-1]}


def test_oldest_python_is_the_required_one() -> None:
    """The first classifier, `requires-python`, ruff, mypy and the lock have the same version."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    oldest = supported()[0]
    assert table["project"]["requires-python"] == f">={oldest}"
    assert table["tool"]["mypy"]["python_version"] == oldest
    assert table["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    assert f"--python-version {oldest} " in (ROOT / "tools/lock").read_text(encoding="utf-8")


def test_actions_are_pinned(workflow: dict[Any, Any]) -> None:
    """Every action is named by its commit, and gets no password that it can keep."""
    used = [step for step in steps(workflow) if "uses" in step]
    assert used
    for step in used:
        assert PINNED.match(step["uses"])
        assert "checkout" not in step["uses"] or step["with"]["persist-credentials"] is False


def test_permissions_are_least(workflow: dict[Any, Any]) -> None:
    """The workflow may only read the repository, and no job asks for more."""
    assert workflow["permissions"] == {"contents": "read"}
    assert all("permissions" not in job for job in workflow["jobs"].values())
    # In YAML 1.1, the key `on` is the value true.
    assert "pull_request_target" not in workflow[True]


def test_values_are_no_shell_code(workflow: dict[Any, Any]) -> None:
    """No value of the forge is written into a command: commands read environment variables."""
    assert not [step["run"] for step in steps(workflow) if "${{" in step.get("run", "")]


def test_every_job_ends(workflow: dict[Any, Any]) -> None:
    """Every job has a limit for its time."""
    assert all(job["timeout-minutes"] <= 90 for job in workflow["jobs"].values())
