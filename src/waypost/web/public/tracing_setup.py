"""Traces, if `trace_endpoint` is set: nothing of OpenTelemetry is imported without it."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Protocol

from waypost.core.errors import SettingsError
from waypost.runtime.part_times import PartTime
from waypost.settings import Settings
from waypost.web.app_context import AccessLogEntry
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.request import Request
from waypost.web.public.response import Response


class Traces(Protocol):
    """Gets all answered requests."""

    def record(
        self,
        request: Request,
        response: Response,
        format_name: str,
        log_entry: AccessLogEntry,
        times: tuple[float, float, Sequence[PartTime]],
    ) -> None:
        """Record an answered request: its start and its end, by `perf_counter`, and its parts."""
        ...

    def close(self) -> None:
        """Send what waits; this may take two seconds."""
        ...


def check_tracing(settings: Settings) -> None:
    """Check that the library for traces is installed, if it is needed.

    Raises:
        SettingsError: it is missing.
    """
    if settings.trace_endpoint is None:
        return
    try:
        is_missing = find_spec("opentelemetry.exporter.otlp.proto.http") is None
    except ModuleNotFoundError:
        is_missing = True
    if is_missing or find_spec("opentelemetry.sdk") is None:
        message = "trace_endpoint: OpenTelemetry is not installed; install Waypost with [tracing]"
        raise SettingsError([message])


def open_traces(settings: Settings, trust: ProxyTrust) -> Traces | None:
    """Return what gets the requests of a worker; None without `trace_endpoint`.

    Raises:
        SettingsError: the library is missing.
    """
    if settings.trace_endpoint is None:
        return None
    check_tracing(settings)
    from waypost.web.public.tracing import OpenTelemetry  # noqa: PLC0415 -- an optional library

    return OpenTelemetry(settings.trace_endpoint, trust)
