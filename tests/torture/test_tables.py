"""The tables that `make torture` prints, and its exit code."""

from collections.abc import Iterable, Iterator

import pytest

from tests.torture import __main__ as command
from tests.torture.attack import Attack, Figure
from tests.torture.fault import Fault
from tests.torture.faults import faults as real_faults

ATTACK = Attack("slow bytes", "4", lambda _server: [], workers=(2,))
GOOD = Figure("memory", 25, "MB", 100)
BAD = Figure("failures", 1, "", 0)


@pytest.fixture(autouse=True)
def _one_attack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command know one attack, and no fault."""
    monkeypatch.setattr(command, "attacks", lambda: [ATTACK])
    monkeypatch.setattr(command, "faults", list)


@pytest.mark.parametrize(("figures", "code"), [([GOOD], 0), ([GOOD, BAD], 1)])
def test_figures_and_bounds(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    figures: list[Figure],
    code: int,
) -> None:
    """Each figure has a line with its bound, and a figure outside of its bound is exit code 1."""
    monkeypatch.setattr(command, "run", lambda *_arguments: figures)
    assert command.main(["slow"]) == code
    lines = capsys.readouterr().out.splitlines()[2:]
    assert lines[0] == "| slow bytes | 4 | 2 | memory | 25 MB | ≤ 100 MB | yes |"
    assert [line.endswith("| NO |") for line in lines] == [not one.holds for one in figures]


def test_attack_that_cannot_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An attack whose programs are missing is no success."""

    def missing(*_arguments: object) -> list[Figure]:
        raise pytest.skip.Exception("needs slapd")

    monkeypatch.setattr(command, "run", missing)
    assert command.main([]) == 1
    assert "slow bytes: not run: needs slapd" in capsys.readouterr().err


def test_faults_that_cannot_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Faults whose programs are missing are no success."""

    def missing(_chosen: Iterable[Fault], _load: object) -> Iterator[None]:
        yield from ()
        raise pytest.skip.Exception("needs root")

    fault = next(iter(real_faults()))
    monkeypatch.setattr(command, "faults", lambda: [fault])
    monkeypatch.setattr(command, "run_all", missing)
    assert command.main([*fault.name.split()]) == 1
    assert "faults: not run: needs root" in capsys.readouterr().err


def test_unknown_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Words that no name has are wrong use, and not a run without a failure."""
    assert command.main(["slow", "postgres"]) == 2
    assert "no attack and no fault has in its name: slow postgres" in capsys.readouterr().err
