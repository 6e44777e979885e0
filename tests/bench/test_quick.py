"""`python -m bench --quick` with real programs."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bench.cases import CASES, ONE_ADDRESS
from bench.machine import available_cores, cores
from bench.materials import Materials
from bench.programs import Place, Started
from bench.report import P99_TITLE
from bench.rounds import NGINX, WAYPOST, Plan, measure, new_folder
from bench.sample import Content, check
from bench.starts import TITLE
from bench.wrk import Expected, findings, loaded

from bench import __main__, programs
from tests.servers.requirements import require

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.fixture(name="plan")
def _plan(tmp_path: Path) -> Plan:
    require(programs=["nginx", "taskset", "wrk"])
    return Plan(1, 0.3, 0.1, cores(available_cores()), Materials(tmp_path), ())


@pytest.fixture(name="served")
def _served(plan: Plan) -> Iterator[Started]:
    """Run nginx, which sends a file of 1,000 bytes."""
    with new_folder() as folder:
        place = Place(folder, plan.cores.server, plan.materials)
        with programs.nginx(ONE_ADDRESS, place, b"x" * 1000) as started:
            yield started


def test_quick(capsys: pytest.CaptureFixture[str]) -> None:
    """All cases run, all answers are right, and each row has a value."""
    require(programs=["nginx", "taskset", "wrk"])
    code = __main__.main(["--quick", "--no-peers"])
    printed = capsys.readouterr().out
    assert (code, re.findall("^FAILED.*", printed, re.MULTILINE)) == (0, [])
    assert "no value" not in printed
    titles = [case.title for case in CASES if case.key != __main__.MILLION]
    for title in [*titles, P99_TITLE, TITLE]:
        row = rf"^\| {re.escape(title)} +\| {WAYPOST} +\| +[\d.,]+ \|"
        assert re.search(row, printed, re.MULTILINE), printed


def test_wrong_content_is_reported(plan: Plan) -> None:
    """If the answers have another content than the case expects, no value is in the results."""
    wrong = replace(ONE_ADDRESS, content=Content(200, lambda _: b"not in the answer"))
    results = measure([wrong], plan)
    assert results.records == {}
    assert "the body has no b'not in the answer'" in results.failures[wrong.key, WAYPOST]
    assert "Waypost has no answer" in results.failures[wrong.key, NGINX]


def test_wrong_load_is_reported(plan: Plan, served: Started, tmp_path: Path) -> None:
    """If the answers under load have another length or status than the sample, it is found."""
    whole = Content(200, lambda _: b"x" * 1000, whole=True)
    size = check(served.port, ONE_ADDRESS.template, whole, 1).size
    load = loaded(
        served.port,
        ONE_ADDRESS.template,
        tmp_path,
        seconds=0.3,
        seed=1,
        cores=plan.cores.load,
    )
    assert list(findings(load, Expected(200, size))) == []
    assert len(list(findings(load, Expected(200, size + 1)))) == 1
    assert len(list(findings(load, Expected(404, size)))) == 1


def test_a_program_that_does_not_start(plan: Plan) -> None:
    """If Waypost does not start, its message is in the results."""
    wrong = replace(ONE_ADDRESS, options=("--providers", "/nonexistent.toml"))
    results = measure([wrong], plan)
    assert "/nonexistent.toml" in results.failures[wrong.key, WAYPOST]
