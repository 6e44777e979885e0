"""Notifications to the service manager."""

import re
import socket
from pathlib import Path

import pytest

from waypost.web.service_manager import (
    ServiceNotifier,
    has_service_manager,
    notify,
    watchdog_seconds,
)

SERVING = r"Serving 7 domains since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


@pytest.mark.parametrize("is_abstract", [False, True])
def test_notification(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_abstract: bool
) -> None:
    """A state arrives at a socket in the file system, and at one in the abstract namespace."""
    path = f"{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{path}" if is_abstract else path)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{path}" if is_abstract else path)
        notify("READY=1")
        assert manager.recv(100) == b"READY=1"
        assert has_service_manager()


@pytest.mark.parametrize("path", ["", "relative", "/nonexistent/notify", "vsock:2:1"])
def test_no_manager(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """Without a socket that can be used, nothing is sent, and there is no error."""
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    notify("READY=1")


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "7"}, 0.5),
        ({"WATCHDOG_USEC": "500000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "30s"}, None),
        ({"WATCHDOG_USEC": "\u0661"}, None),
    ],
)
def test_watchdog_seconds(environ: dict[str, str], seconds: float | None) -> None:
    """The time limit counts only if it is a number of microseconds for this process."""
    assert watchdog_seconds(environ, 7) == seconds


def test_states() -> None:
    """Each change of the state is sent once, with the text that an operator sees."""
    sent: list[str] = []
    notifier = ServiceNotifier(domain_count=7, send=sent.append)
    notifier.report_reload()
    notifier.report_reloaded()
    assert sent == []
    notifier.report_serving()
    notifier.report_serving()
    assert len(sent) == 1
    assert re.fullmatch(f"READY=1\nSTATUS={SERVING}", sent.pop())
    notifier.report_reload()
    notifier.report_serving(8)
    assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=\d+\nSTATUS=Reloading", sent.pop())
    assert sent == []
    notifier.report_reloaded(1)
    assert sent.pop().startswith("READY=1\nSTATUS=Serving 1 domain since ")
    notifier.report_serving(7)
    assert re.fullmatch(f"STATUS={SERVING}", sent.pop())
    for _ in range(2):
        notifier.report_stopping()
    assert sent == ["STOPPING=1\nSTATUS=Stopping; answering the last requests"]
    notifier.report_reload()
    notifier.report_serving(9)
    assert len(sent) == 1


def test_unknown_number() -> None:
    """Without a number of domains, the text has the time alone."""
    sent: list[str] = []
    ServiceNotifier(send=sent.append).report_serving()
    assert sent[0].startswith("READY=1\nSTATUS=Serving since ")


def test_watchdog(monkeypatch: pytest.MonkeyPatch) -> None:
    """The watchdog is notified four times in its time limit, however often it is called."""
    now = 100.0
    monkeypatch.setattr("waypost.web.service_manager.time.monotonic", lambda: now)
    sent: list[str] = []
    notifier = ServiceNotifier(watchdog=4.0, send=sent.append)
    for _ in range(40):
        notifier.report_alive()
        now += 0.25
    assert sent == ["WATCHDOG=1"] * 10
    ServiceNotifier(send=sent.append).report_alive()
    assert len(sent) == 10
