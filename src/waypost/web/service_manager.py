"""Notify the service manager about the state of the service: sd_notify(3), sd_watchdog_enabled(3).

Without a service manager, nothing is sent.
"""

import os
import socket
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

_BEATS_PER_LIMIT: Final = 4
"""How often the watchdog is notified in its time limit; sd_notify(3) advises at least two."""


def notify(state: str) -> None:
    """Send a state to the service manager; do nothing if there is none or it does not listen."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    address = f"\0{path[1:]}" if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
        if notifier.connect_ex(address) == 0:
            notifier.sendall(state.encode())


def has_service_manager() -> bool:
    """Return whether a service manager wants notifications."""
    return bool(os.environ.get("NOTIFY_SOCKET"))


def watchdog_seconds(environ: Mapping[str, str], pid: int) -> float | None:
    """Return the time limit of the watchdog, in seconds; None if this process has no watchdog.

    Args:
        environ: the environment; the service manager sets `WATCHDOG_USEC` and `WATCHDOG_PID`.
        pid: the id of this process.
    """
    microseconds, for_pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not microseconds.isascii() or not microseconds.isdigit() or int(microseconds) == 0:
        return None
    if for_pid and for_pid != f"{pid}":
        return None
    return int(microseconds) / 1_000_000


class ServiceNotifier:
    """Sends each change of the state once, and the status text that `systemctl status` shows."""

    def __init__(
        self,
        *,
        watchdog: float | None = None,
        domain_count: int | None = None,
        send: Callable[[str], None] = notify,
    ) -> None:
        """Initialize without sending.

        Args:
            watchdog: the time limit of the watchdog in seconds; None if there is none.
            domain_count: how many domains are served; None if this is not known.
            send: sends a state.
        """
        self._beat_seconds = None if watchdog is None else watchdog / _BEATS_PER_LIMIT
        self._domain_count = domain_count
        self._send = send
        self._since: datetime | None = None
        self._beat_at = float("-inf")
        self._is_reloading = self._is_stopping = False
        self._status = ""

    @property
    def is_reloading(self) -> bool:
        """Whether a reload has started and not finished."""
        return self._is_reloading

    def report_serving(self, domain_count: int | None = None) -> None:
        """Report that requests are answered; later calls update the status text.

        Args:
            domain_count: how many domains are served; None if this is as before.
        """
        if domain_count is not None:
            self._domain_count = domain_count
        if self._is_stopping or self._is_reloading:
            return
        is_first = self._since is None
        if self._since is None:
            self._since = datetime.now(UTC)
        status = self._text(self._since)
        if is_first:
            self._send(f"READY=1\nSTATUS={status}")
        elif status != self._status:
            self._send(f"STATUS={status}")
        self._status = status

    def report_alive(self) -> None:
        """Notify the watchdog, unless it was notified a moment ago."""
        if self._beat_seconds is None:
            return
        now = time.monotonic()
        if now - self._beat_at >= self._beat_seconds:
            self._beat_at = now
            self._send("WATCHDOG=1")

    def report_reload(self) -> None:
        """Report that a reload has started."""
        if self._since is None or self._is_stopping:
            return
        self._is_reloading = True
        # Type=notify-reload of systemd 253 and newer requires the time.
        microseconds = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={microseconds}\nSTATUS=Reloading")

    def report_reloaded(self, domain_count: int | None = None) -> None:
        """Report the end of a reload; do nothing if none has started.

        Args:
            domain_count: how many domains are served; None if this is as before.
        """
        if not self._is_reloading or self._is_stopping or self._since is None:
            return
        self._is_reloading = False
        if domain_count is not None:
            self._domain_count = domain_count
        self._status = self._text(self._since)
        self._send(f"READY=1\nSTATUS={self._status}")

    def report_stopping(self) -> None:
        """Report that this process ends; later calls do nothing."""
        if not self._is_stopping:
            self._is_stopping = True
            self._send("STOPPING=1\nSTATUS=Stopping; answering the last requests")

    def _text(self, since: datetime) -> str:
        count, start = self._domain_count, f"{since:%Y-%m-%d %H:%M:%S} UTC"
        if count is None:
            return f"Serving since {start}"
        return f"Serving {count} {'domain' if count == 1 else 'domains'} since {start}"
