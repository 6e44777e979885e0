"""The results of the monitor as the pages show them: the most severe ones first, and bounded."""

from pathlib import Path

import pytest

from waypost.admin.checks.monitor_results import CERTIFICATES_MAX, FINDINGS_MAX, MonitorReader
from waypost.diagnostics.diagnostic import Severity
from waypost.monitor.results import KeptFinding, Subject
from waypost.monitor.state import LastRun, MonitorState, SeenCertificate
from waypost.monitor.state_file import FILE_NAME, write_state


def subject(name: str, *severities: Severity) -> Subject:
    """Return a subject with a finding of each severity."""
    findings = tuple(
        KeptFinding(f"code-{one}", one, name, "detail", "message", "fix", 100.0)
        for one in severities
    )
    return Subject("domain", name, 200.0, findings)


def state_of(*subjects: Subject) -> MonitorState:
    state = MonitorState()
    for one in subjects:
        state.put(one)
    return state


def test_no_monitor(tmp_path: Path) -> None:
    """Without a file there are no results, also without its folder."""
    assert MonitorReader(tmp_path).read() is None
    assert MonitorReader(tmp_path / "absent").read() is None


def test_order(tmp_path: Path) -> None:
    """The worst finding of a subject decides its place, then its name; good ones are not listed."""
    state = state_of(
        subject("z.test", "note"),
        subject("b.test", "warning"),
        subject("good.test"),
        subject("c.test", "note", "error"),
        subject("a.test", "warning", "note"),
    )
    state.last_run = LastRun(100.0, 110.0, 5, 0, is_complete=True)
    write_state(tmp_path, state)
    results = MonitorReader(tmp_path).read()
    assert results is not None
    assert [one.name for one in results.subjects] == ["c.test", "a.test", "b.test", "z.test"]
    assert (results.problem, results.more) == ("", 0)
    assert results.last_run is not None
    assert results.last_run.is_complete


def test_bounds(tmp_path: Path) -> None:
    """Of many findings some are listed and the others counted; certificates end soonest first."""
    count = FINDINGS_MAX + 7
    state = state_of(*(subject(f"{number:03}.test", "error") for number in range(count)))
    for number in range(CERTIFICATES_MAX + 3):
        state.certificates[f"{number}.test:443"] = SeenCertificate(5000.0 - number, 100.0)
    write_state(tmp_path, state)
    results = MonitorReader(tmp_path).read()
    assert results is not None
    assert (len(results.subjects), results.more) == (FINDINGS_MAX, 7)
    assert len(results.certificates) == CERTIFICATES_MAX
    assert results.certificates[0] == (f"{CERTIFICATES_MAX + 2}.test:443", 4988.0)
    assert [end for _, end in results.certificates] == sorted(
        end for _, end in results.certificates
    )


def test_new_results(tmp_path: Path) -> None:
    """Each run of the monitor is seen at once; a file that has not changed is not read again."""
    reader = MonitorReader(tmp_path)
    write_state(tmp_path, state_of(subject("a.test", "error")))
    first = reader.read()
    assert reader.read() is first
    write_state(tmp_path, state_of(subject("a.test", "error"), subject("b.test", "error")))
    second = reader.read()
    assert second is not None
    assert [one.name for one in second.subjects] == ["a.test", "b.test"]
    (tmp_path / FILE_NAME).unlink()
    assert reader.read() is None


BAD_FILES = [
    pytest.param(b"", id="empty"),
    pytest.param(b"{}", id="without members"),
    pytest.param(b"[]", id="a list"),
    pytest.param(b'{"version": 99}', id="another version"),
    pytest.param(b"\xff\xfe", id="not UTF-8"),
    pytest.param(b"[" * 100_000, id="nested too deeply"),
]


@pytest.mark.parametrize("content", BAD_FILES)
def test_bad_files(tmp_path: Path, content: bytes) -> None:
    """A file that is no state is named with its path, and the next good one is read."""
    reader, path = MonitorReader(tmp_path), tmp_path / FILE_NAME
    path.write_bytes(content)
    results = reader.read()
    assert results is not None
    assert f"{path}" in results.problem
    assert (results.last_run, results.subjects) == (None, ())
    write_state(tmp_path, state_of(subject("a.test", "error")))
    good = reader.read()
    assert good is not None
    assert good.problem == ""
