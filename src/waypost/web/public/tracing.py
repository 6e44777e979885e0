"""Traces for OpenTelemetry: spans for a request, its lookup, the database, directories, signing.

Only `tracing_setup` imports this module, and only with `trace_endpoint`: the library takes memory
and time. A span is built after the answer, from the times that the log has as well.
"""

from collections.abc import Sequence
from time import perf_counter_ns, time_ns
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from waypost import __version__
from waypost.runtime.part_times import PartTime
from waypost.web.app_context import AccessLogEntry
from waypost.web.public.access_log import path_of
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.request import Request
from waypost.web.public.response import Response

CLOSE_MILLISECONDS: Final = 2000
_LOOKUP: Final = frozenset({"database", "directory"})
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE", "PATCH"})
# W3C Trace Context.
_CONTEXT_FIELDS: Final = ("traceparent", "tracestate")


class OpenTelemetry:
    """Sends the traces of one worker, from a thread. Implements `tracing_setup.Traces`."""

    def __init__(
        self, endpoint: str, trust: ProxyTrust, exporter: SpanExporter | None = None
    ) -> None:
        """Initialize with the URL of the collector, and the proxies whose context is taken.

        Args:
            endpoint: of OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces.
            trust: the proxies whose `traceparent` is taken.
            exporter: sends the spans; None to send them to the endpoint.
        """
        self._trust = trust
        resource = Resource.create({"service.name": "waypost", "service.version": __version__})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        spans = exporter if exporter is not None else OTLPSpanExporter(endpoint=endpoint, timeout=2)
        self._provider.add_span_processor(BatchSpanProcessor(spans))
        self._tracer = self._provider.get_tracer("waypost", __version__)
        self._propagator = TraceContextTextMapPropagator()

    def record(
        self,
        request: Request,
        response: Response,
        format_name: str,
        log_entry: AccessLogEntry,
        times: tuple[float, float, Sequence[PartTime]],
    ) -> None:
        """Record an answered request.

        Args:
            request: the request; nothing of its query and its body is recorded.
            response: the answer.
            format_name: the format, from a short list.
            log_entry: has the domain.
            times: the start and the end, by `perf_counter`, and the parts.
        """
        start, end, parts = times
        offset = time_ns() - perf_counter_ns()
        span = self._tracer.start_span(
            f"{request.method} {format_name}" if request.method in _METHODS else format_name,
            self._context(request),
            SpanKind.SERVER,
            start_time=_nanoseconds(start, offset),
            attributes={
                "http.request.method": request.method if request.method in _METHODS else "_OTHER",
                "http.response.status_code": response.status,
                "url.path": path_of(request),
                "waypost.format": format_name,
                "waypost.result": response.code,
                **({"waypost.domain": log_entry.domain} if log_entry.domain else {}),
            },
        )
        if response.status >= 500:
            span.set_status(Status(StatusCode.ERROR, response.code))
        context = trace.set_span_in_context(span, Context())
        lookups = [part for part in parts if part.name in _LOOKUP]
        if lookups:
            first, last = lookups[0].start, max(part.end for part in lookups)
            lookup = self._tracer.start_span(
                "lookup", context, start_time=_nanoseconds(first, offset)
            )
            self._record_parts(lookups, trace.set_span_in_context(lookup, Context()), offset)
            lookup.end(_nanoseconds(last, offset))
        self._record_parts([part for part in parts if part.name not in _LOOKUP], context, offset)
        span.end(_nanoseconds(end, offset))

    def close(self) -> None:
        """Send what waits, and end the thread."""
        self._provider.force_flush(CLOSE_MILLISECONDS)
        self._provider.shutdown()

    def _record_parts(self, parts: Sequence[PartTime], context: Context, offset: int) -> None:
        for part in parts:
            span = self._tracer.start_span(
                part.name,
                context,
                SpanKind.INTERNAL if part.name == "signing" else SpanKind.CLIENT,
                start_time=_nanoseconds(part.start, offset),
            )
            span.end(_nanoseconds(part.end, offset))

    def _context(self, request: Request) -> Context:
        if not self._trust.trusts(request.peer_address):
            return Context()
        fields = {name: request.header(name.encode()) for name in _CONTEXT_FIELDS}
        return self._propagator.extract({k: v for k, v in fields.items() if v}, Context())


def _nanoseconds(seconds: float, offset: int) -> int:
    """Return a time of `perf_counter` as nanoseconds since the epoch."""
    return int(seconds * 1_000_000_000) + offset
