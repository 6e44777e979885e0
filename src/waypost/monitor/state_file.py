"""The file with the last results: JSON in a separate folder, replaced as a whole."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, cast

from waypost.core.errors import SettingsError
from waypost.diagnostics.diagnostic import SEVERITIES, Severity
from waypost.monitor.results import KeptFinding, Subject, SubjectKind, seconds_of, timestamp
from waypost.monitor.state import LastRun, MonitorState, SeenCertificate
from waypost.runtime.regular_file import read_regular_file, reason_of

FILE_NAME: Final = "state.json"
MAX_BYTES: Final = 128 * 1024 * 1024
_VERSION: Final = 1
_FOLDER_MODE: Final = 0o750
_FILE_MODE: Final = 0o640
# What the reader raises for JSON that is not a state, or that is nested too deeply.
_UNREADABLE: Final = (
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)
_KINDS: Final = ("domain", "host", "resolver")


class MonitorStateUnreadable(SettingsError):
    """The file of the state cannot be read, or is not a state."""


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Create the folder, and lock it against another monitor while `with` lasts.

    Raises:
        SettingsError: the folder cannot be written, or another monitor uses it.
    """
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
    except OSError as error:
        message = f"monitor_state: {folder}: cannot be written: {reason_of(error)}"
        raise SettingsError([message]) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"monitor_state: another `waypost monitor` uses {folder}; set another folder"
            raise SettingsError([message]) from error
        yield
    finally:
        os.close(descriptor)


def write_state(folder: Path, state: MonitorState) -> None:
    """Replace the file; a reader sees the old state or the new one, and never a part.

    Raises:
        OSError: the file cannot be written; the old file is unchanged.
    """
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=f".{FILE_NAME}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(state_json(state), file, ensure_ascii=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_FILE_MODE)
        Path(name).replace(folder / FILE_NAME)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def read_state(folder: Path) -> MonitorState:
    """Read the last results; the state is empty if there is no file.

    Raises:
        MonitorStateUnreadable: the file cannot be read, or is not a state.
    """
    path = folder / FILE_NAME
    try:
        data = read_regular_file(path, MAX_BYTES)
    except FileNotFoundError:
        return MonitorState()
    except OSError as error:
        raise MonitorStateUnreadable([f"{path}: cannot be read: {reason_of(error)}"]) from error
    if len(data) > MAX_BYTES:
        raise MonitorStateUnreadable([f"{path}: is longer than {MAX_BYTES} bytes"])
    try:
        return _state(json.loads(data))
    except _UNREADABLE as error:
        raise MonitorStateUnreadable([f"{path}: is not a state of `waypost monitor`"]) from error


def state_json(state: MonitorState) -> dict[str, object]:
    """Return a state as plain data for JSON."""
    run = state.last_run
    counts = sorted(
        state.counts().items(), key=lambda item: (SEVERITIES.index(item[0][1]), item[0][0])
    )
    return {
        "version": _VERSION,
        "last_run": None
        if run is None
        else {
            "started": timestamp(run.started),
            "finished": timestamp(run.finished),
            "domains": run.domains,
            "hosts": run.hosts,
            "complete": run.is_complete,
        },
        "counts": [
            {"code": code, "severity": severity, "count": count}
            for (code, severity), count in counts
        ],
        "certificates": [
            {"place": place, "expires": timestamp(one.end), "checked": timestamp(one.checked)}
            for place, one in state.first_certificates()
        ],
        "subjects": [subject.to_json() for subject in state.subjects()],
    }


def _state(data: Mapping[str, Any]) -> MonitorState:
    if data["version"] != _VERSION:
        raise ValueError
    state = MonitorState()
    if (run := data["last_run"]) is not None:
        times = seconds_of(run["started"]), seconds_of(run["finished"])
        state.last_run = LastRun(*times, int(run["domains"]), int(run["hosts"]), run["complete"])
    for one in data["certificates"]:
        state.certificates[f"{one['place']}"] = SeenCertificate(
            seconds_of(one["expires"]), seconds_of(one["checked"])
        )
    for one in data["subjects"]:
        state.put(_subject(one))
    return state


def _subject(data: Mapping[str, Any]) -> Subject:
    if data["kind"] not in _KINDS:
        raise ValueError
    kind = cast("SubjectKind", data["kind"])
    findings = tuple(map(_finding, data["findings"]))
    return Subject(kind, f"{data['name']}", seconds_of(data["checked"]), findings)


def _finding(data: Mapping[str, Any]) -> KeptFinding:
    if data["severity"] not in SEVERITIES:
        raise ValueError
    severity = cast("Severity", data["severity"])
    texts = [f"{data[name]}" for name in ("place", "detail", "message", "fix")]
    place, detail, message, fix = texts
    since = seconds_of(data["since"])
    return KeptFinding(f"{data['code']}", severity, place, detail, message, fix, since)
