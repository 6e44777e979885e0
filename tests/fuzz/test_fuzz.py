"""The short form of `make fuzz`: the corpus, and some changes of its inputs."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.fuzz.__main__ import Result, main, print_findings, result
from tests.fuzz.target import CORPUS, CPU_SECONDS_MAX, Finding, Target, check
from tests.fuzz.targets import targets
from waypost.core.errors import RequestError

TARGETS = targets()
CHANGES = 100
"""How many changed inputs of each target are tried."""


@st.composite
def changed(draw: st.DrawFn, target: Target) -> bytes:
    """Create an input: one of the corpus, with some parts replaced or removed."""
    inputs = st.sampled_from([path.read_bytes() for path in target.inputs()])
    data = draw(inputs)
    words = st.sampled_from(target.words) | st.binary(max_size=3)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 8)) | st.just(len(data)))
        part = draw(words | inputs.map(lambda other: other[:200]))
        data = data[:start] + part + data[end:]
    return data[: target.max_bytes]


def fail(finding: Finding | None) -> None:
    if finding is not None:
        pytest.fail(f"{finding.key}\n{finding.data!r}\n{finding.text}")


EACH = pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))


@EACH
def test_corpus(target: Target) -> None:
    """Each input of the corpus is parsed or refused, within the limits."""
    for path in target.inputs():
        fail(check(target, path.read_bytes()))


@EACH
def test_changes(target: Target) -> None:
    """Changed inputs of the corpus are parsed or refused, within the limits."""

    @examples(CHANGES)
    @given(changed(target))
    def run(data: bytes) -> None:
        fail(check(target, data))

    run()


def test_each_target_has_a_corpus() -> None:
    """Each target has inputs, and each folder of inputs has a target."""
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    for target in TARGETS.values():
        assert all(path.stat().st_size <= target.max_bytes for path in target.inputs()), target


def raising(_: bytes) -> None:
    raise KeyError("a")


def refusing(_: bytes) -> None:
    raise RequestError("no")


def slow(_: bytes) -> None:
    while True:
        sum(range(1000))


def greedy(_: bytes) -> None:
    bytearray(b"x" * 400_000_000)


def test_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another error than Waypost's own, much time and much memory are findings."""
    found = check(Target("a", raising), b"x")
    assert found is not None
    assert found.key.startswith("KeyError at ")
    assert "test_fuzz.py" in found.place
    assert found.data == b"x"
    assert check(Target("a", refusing), b"") is None
    assert check(Target("a", raising, allowed=(KeyError,)), b"") is None
    times = iter((0.0, 0.0, 0.0, CPU_SECONDS_MAX + 1))
    monkeypatch.setattr("tests.fuzz.target.time.thread_time", lambda: next(times))
    grown = check(Target("a", greedy), b"")
    assert grown is not None
    assert grown.kind == "too much memory"
    late = check(Target("a", lambda _: None), b"")
    assert late is not None
    assert late.kind == "too slow"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such"], "unknown target no-such"),
        (["--seconds", "0"], "must be at least 1"),
        (["--input", "x"], "--input needs one target"),
    ],
)
def test_wrong_use(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Wrong use is exit code 2, and the message says what is wrong."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_one_input_again(capsys: pytest.CaptureFixture[str]) -> None:
    """A target can be run with one file, which shows a finding again."""
    path = TARGETS["address"].inputs()[0]

    assert main(["address", "--input", f"{path}"]) == 0
    assert capsys.readouterr().out == "no finding\n"


OUTPUT = """
#16	INITED cov: 193 ft: 300 corp: 15/1b exec/s: 0 rss: 42Mb
#3003	REDUCE cov: 219 ft: 319 corp: 3/5b lim: 29 exec/s: 0 rss: 42Mb
#20837	DONE   cov: 258 ft: 419 corp: 4/5b lim: 4096 exec/s: 195602 rss: 42Mb
stat::number_of_executed_units: 20837
"""


def test_result_of_a_run(tmp_path: Path) -> None:
    """A run is summarized from the output of libFuzzer, and a run without a result is an error."""
    assert result("address", tmp_path, OUTPUT, 0) == Result("address", 20837, 193, 65, ())
    with pytest.raises(RuntimeError, match="address: no result, exit code 1: no such file"):
        result("address", tmp_path, "no such file", 1)


def test_target_without_a_result(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the process of one target fails, the other targets run, and the exit code is 1."""

    def fuzz(name: str, _seconds: int, _folder: Path) -> Result:
        if name == "address":
            raise RuntimeError("address: no result, exit code -9: the end")
        return Result(name, 20, 3, 1, ())

    monkeypatch.setattr("tests.fuzz.__main__.fuzz", fuzz)
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: object())

    assert main(["address", "query"]) == 1

    out, err = capsys.readouterr()
    assert out.splitlines()[-2:] == ["| address | no result | | | |", "| query | 20 | 3 | 1 | 0 |"]
    assert err == "\naddress: no result, exit code -9: the end\n"


def test_reported_findings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Findings of the target, and inputs with which the process ended, are listed with advice."""
    line = {"file": "address-0123", "key": "KeyError at waypost/x.py:1", "text": "a\nKeyError: 1"}
    (tmp_path / "findings.jsonl").write_text(f"{json.dumps(line)}\n", encoding="utf-8")
    (tmp_path / "timeout-4567").write_bytes(b"x")

    found = result("address", tmp_path, "timeout after 60 seconds", 70)
    print_findings([found])

    assert [finding["key"] for finding in found.findings] == [line["key"], "timeout of the process"]
    out = capsys.readouterr().out
    assert f"run it again: python -m tests.fuzz address --input {tmp_path}/address-0123\n" in out
    assert f"cp {tmp_path}/timeout-4567 tests/fuzz/corpus/address/NAME" in out
