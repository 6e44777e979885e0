"""The last results, and what a result changes."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.errors import SettingsError
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.codes import DOCTOR_CODES, doctor_diagnostic
from waypost.monitor import state as state_module
from waypost.monitor.numbers import CERTIFICATES_SHOWN, monitor_counts, status_text
from waypost.monitor.results import CheckResult, FindingChange, SubjectKind
from waypost.monitor.state import LastRun, MonitorState
from waypost.monitor.state_file import (
    FILE_NAME,
    MonitorStateUnreadable,
    lock_folder,
    read_state,
    state_json,
    write_state,
)
from waypost.runtime.worker_counts import Counts

EXPIRED = doctor_diagnostic("certificate-expired", "autoconfig.a.example:443", "has expired")
MISSING = doctor_diagnostic("name-missing", "autodiscover.a.example", "no A or AAAA record")


def result(
    *findings: Diagnostic,
    name: str = "a.example",
    kind: SubjectKind = "domain",
    complete: bool = True,
    checked: float = 100.0,
    ends: dict[str, float] | None = None,
) -> CheckResult:
    return CheckResult(kind, name, findings, complete, checked, ends or {})


def lines(changes: list[FindingChange]) -> list[str]:
    return [f"{change.change} {change.finding.code}" for change in changes]


def test_changes() -> None:
    """A finding is new once, and gone once; another detail is no change, and `since` stays."""
    state = MonitorState()
    assert lines(state.record(result(EXPIRED))) == ["new certificate-expired"]
    again = doctor_diagnostic("certificate-expired", "autoconfig.a.example:443", "another text")
    assert state.record(result(again, checked=200.0)) == []
    (subject,) = state.subjects()
    assert (subject.findings[0].since, subject.findings[0].detail) == (100.0, "another text")
    changes = state.record(result(MISSING, checked=300.0))
    assert lines(changes) == ["new name-missing", "gone certificate-expired"]
    assert changes[1].finding.since == 100.0
    assert lines(state.record(result(checked=400.0))) == ["gone name-missing"]


def test_unknown_is_not_gone() -> None:
    """A check that could not see everything removes no finding, and adds what it saw."""
    state = MonitorState()
    state.record(result(EXPIRED))
    assert lines(state.record(result(MISSING, complete=False))) == ["new name-missing"]
    assert lines(state.record(result(complete=False))) == []
    assert sorted(state.counts().values()) == [1, 1]


def test_domains_that_are_not_served_any_more() -> None:
    """After a complete run over everything, what was not checked is gone; otherwise it stays."""
    state = MonitorState()
    place = "autoconfig.a.example:443"
    state.record(result(EXPIRED, ends={place: 1000.0}))
    stopped = LastRun(200.0, 210.0, 0, 0, is_complete=False)
    assert state.end_run(stopped, checked_all=True) == []
    complete = LastRun(200.0, 210.0, 0, 0, is_complete=True)
    assert state.end_run(complete, checked_all=False) == []
    assert lines(state.end_run(complete, checked_all=True)) == ["gone certificate-expired"]
    assert (list(state.subjects()), state.certificates) == ([], {})


def test_certificate_that_has_expired_keeps_its_end() -> None:
    """The end of a certificate is known from before it expired."""
    state = MonitorState()
    place = "autoconfig.a.example:443"
    state.record(result(ends={place: 250.0}))
    state.record(result(EXPIRED, checked=300.0))
    state.end_run(LastRun(290.0, 310.0, 1, 0, is_complete=True), checked_all=True)
    assert state.certificates[place].end == 250.0


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings of more domains than are kept are only counted, in each run anew."""
    monkeypatch.setattr(state_module, "FAULTY_MAX", 2)
    monkeypatch.setattr(state_module, "FAULTLESS_MAX", 1)
    state = MonitorState()
    for _ in range(2):
        state.start_run()
        changes = [state.record(result(EXPIRED, name=f"{n}.example")) for n in range(5)]
    assert changes == [[]] * 5
    assert state.counts() == {("certificate-expired", "error"): 5}
    state.record(result(name="good.example"))
    state.record(result(name="better.example"))
    assert len(list(state.subjects())) == 3


def test_bound_of_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many certificates, those that end first are kept, and some of them are metrics."""
    monkeypatch.setattr(state_module, "CERTIFICATES_MAX", 3)
    state = MonitorState()
    for number in range(20):
        state.record(result(name=f"{number}", ends={f"{number}": 1000.0 - number}))
    assert [place for place, _ in state.first_certificates()] == ["19", "18", "17"]
    monkeypatch.undo()
    many = {f"{number}": float(number) for number in range(CERTIFICATES_SHOWN + 1)}
    state.record(result(ends=many))
    counts = {one.name: one for one in numbers(state)}
    shown = counts["waypost_monitor_certificate_expiry_timestamp_seconds"].values
    assert len(shown) == CERTIFICATES_SHOWN
    assert ("0",) in shown


def numbers(state: MonitorState) -> Counts:
    return monitor_counts(state, interval=60.0, failed_notifications=2)


def test_numbers_and_status() -> None:
    """The metrics and the status text have the last run and the findings by severity."""
    state = MonitorState()
    assert status_text(state) == "First run"
    state.record(result(EXPIRED, MISSING))
    state.record(result(doctor_diagnostic("dns-missing", "x"), name="b.example"))
    state.end_run(LastRun(10.0, 12.5, 2, 3, is_complete=True), checked_all=False)
    assert status_text(state) == "2 errors in 2 domains"
    found = {one.name.removeprefix("waypost_monitor_"): one.values for one in numbers(state)}
    assert found["findings"] == {
        ("certificate-expired", "error"): 1,
        ("name-missing", "error"): 1,
        ("dns-missing", "note"): 1,
    }
    assert found["last_run_duration_seconds"] == {(): 2.5}
    assert found["last_run_checks"] == {("domain",): 2, ("host",): 3}
    assert found["notification_failures"] == {(): 2}


def test_file(tmp_path: Path) -> None:
    """What was written is read again, and only the owner and the group may read it."""
    state = MonitorState()
    assert state_json(read_state(tmp_path)) == state_json(state)
    state.record(result(EXPIRED, ends={"x:443": 5000.0}))
    state.record(result(name="imap x:993 tls", kind="host"))
    state.end_run(LastRun(10.0, 12.0, 1, 1, is_complete=True), checked_all=False)
    write_state(tmp_path, state)
    assert state_json(read_state(tmp_path)) == state_json(state)
    assert [one.name for one in tmp_path.iterdir()] == [FILE_NAME]
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o640


_SUBJECT = '{"kind":"domain","name":"a","checked":"2026-01-01T00:00:00Z","findings":[%s]}'
_STATE = '{"version":1,"last_run":null,"certificates":[],"subjects":[%s]}'
UNREADABLE = [
    # the content, and the rule that it breaks
    (b"", "not JSON"),
    (b"\xff\x00", "not UTF-8"),
    (b"[" * 100_000, "too deep"),
    (b"[]", "not an object"),
    (b'{"version": 2}', "another version"),
    (b'{"version": 1}', "members are missing"),
    ((_STATE % 7).encode(), "a subject is no object"),
    ((_STATE % (_SUBJECT % '{"code":"x","severity":"bad"}')).encode(), "no such severity"),
    ((_STATE % (_SUBJECT % "").replace("domain", "star")).encode(), "no such kind"),
    ((_STATE % (_SUBJECT % "").replace("2026", "x")).encode(), "not a time"),
]


@pytest.mark.parametrize(("content", "rule"), UNREADABLE, ids=[row[1] for row in UNREADABLE])
def test_unreadable_file(tmp_path: Path, content: bytes, rule: str) -> None:
    """A file with other content is refused with its path."""
    assert rule
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(MonitorStateUnreadable, match=FILE_NAME):
        read_state(tmp_path)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), st.lists, max_leaves=5))
def test_any_json_is_refused(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    """Any other JSON is refused, and nothing else happens."""
    folder = tmp_path_factory.mktemp("state")
    data = {"version": 1, "last_run": value, "certificates": [value], "subjects": value}
    (folder / FILE_NAME).write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(MonitorStateUnreadable):
        read_state(folder)


def test_lock(tmp_path: Path) -> None:
    """A second monitor with the same folder is refused, and a folder that is a file too."""
    folder = tmp_path / "new" / "state"
    refused = pytest.raises(SettingsError, match="another `waypost monitor`")
    with lock_folder(folder), refused, lock_folder(folder):
        pass
    with lock_folder(folder):
        assert folder.stat().st_mode & 0o777 == 0o750
    (tmp_path / "file").touch()
    not_written = pytest.raises(SettingsError, match=r"monitor_state: .*/file: cannot be written")
    with not_written, lock_folder(tmp_path / "file"):
        pass


def test_every_code_fits_the_file(tmp_path: Path) -> None:
    """Every code of the doctor is read again as it was written."""
    state = MonitorState()
    for code in DOCTOR_CODES:
        state.record(result(doctor_diagnostic(code, "x", "\u202e\x1b\ud800"), name=code))
    write_state(tmp_path, state)
    assert read_state(tmp_path).counts() == state.counts()
