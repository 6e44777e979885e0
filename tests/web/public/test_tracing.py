"""Traces for OpenTelemetry."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_network

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.making import domain
from tests.web.asgi import Client, settings
from waypost.core.model import Catalog
from waypost.directory.directories import Directories
from waypost.directory.factory import open_directory
from waypost.lookup.lookup import Lookup
from waypost.runtime.part_times import PartTimes
from waypost.store.memory import MemoryDomains, MemoryStore
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.tracing_setup import check_tracing, open_traces
from waypost.wiring.runtime import Runtime
from waypost.wiring.timed_parts import TimedDomains

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CONFIG = "/mail/config-v1.1.xml?emailaddress=secret.person@example.com"


class Collector(HTTPServer):
    """A collector of OTLP over HTTP."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans: list[Span] = []
        self.received = b""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Collector)
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received += body
        message = ExportTraceServiceRequest.FromString(body)
        for resource in message.resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += scope.spans
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None:
        """Write nothing."""


@contextmanager
def collecting() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def spans(peer: str = "127.0.0.1", path: str = CONFIG) -> tuple[dict[str, Span], bytes]:
    """Send a request through Waypost, and return the spans that a collector received."""
    with collecting() as collector:
        port = collector.server_address[1]
        domains, times = MemoryDomains(MemoryStore(Catalog((domain("example.com"),)))), PartTimes()
        people = Directories(open_directory)
        lookup = Lookup(TimedDomains(domains, times), people)
        client = Client(
            Runtime(domains, lookup, people, None, times=times),
            settings(
                trace_endpoint=f"http://127.0.0.1:{port}/v1/traces",
                trusted_proxies=(ip_network("127.0.0.0/8"),),
            ),
        )
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        client.get(path, headers=headers, peer=peer)
        client.get("/healthz")
        client._runner.run(client.app.close())  # noqa: SLF001 -- sends what waits
        client.close()
        return {span.name: span for span in collector.spans}, collector.received


def test_spans() -> None:
    """A request has a span below that of the proxy, with the look-up and the database below it."""
    found, _ = spans()
    assert set(found) == {"GET autoconfig", "lookup", "database"}
    request, lookup, database = found["GET autoconfig"], found["lookup"], found["database"]
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, PARENT)
    assert (lookup.parent_span_id, database.parent_span_id) == (request.span_id, lookup.span_id)
    start, end = request.start_time_unix_nano, request.end_time_unix_nano
    assert start <= database.start_time_unix_nano <= database.end_time_unix_nano <= end
    values = {one.key: one.value.string_value for one in request.attributes}
    assert values["waypost.result"] == "ok"
    assert values["waypost.domain"] == "example.com"
    assert values["url.path"] == "/mail/config-v1.1.xml"


def test_context_of_other_clients() -> None:
    """Only a trusted proxy decides about the trace."""
    found, _ = spans(peer="192.0.2.1")
    request = found["GET autoconfig"]
    assert request.trace_id.hex() != TRACE
    assert request.parent_span_id == b""


PRIVATE = [
    *(CONFIG, "/secret.person%40example.com", "/x?password=secret."),
    # The token of a setup link, in a path by mistake.
    *("/setup/secret.", f"/mail/setup/secret.{'A' * 43}"),
]


@pytest.mark.parametrize("path", PRIVATE)
def test_no_address(path: str) -> None:
    """Nothing of an address, of a query or of a setup link is in a trace."""
    _, received = spans(path=path)
    assert received
    assert b"secret." not in received


def test_nothing_is_imported_without_it() -> None:
    """Without the option, no module of OpenTelemetry is loaded, and there are no traces."""
    code = (
        "import sys, waypost.cli.start_server, waypost.asgi;"
        "sys.exit(any(name.startswith('opentelemetry') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert open_traces(settings(), ProxyTrust()) is None


def test_missing_library() -> None:
    """If the library is missing, the error names the option and the extra."""
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from waypost.core.errors import SettingsError\n"
        "from waypost.settings import Settings\n"
        "from waypost.web.public.tracing_setup import check_tracing\n"
        "try: check_tracing(Settings(db_uri='sqlite://', trace_endpoint='http://127.0.0.1:4318/v1/traces'))\n"
        "except SettingsError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "trace_endpoint: OpenTelemetry is not installed" in done.stdout
    assert "[tracing]" in done.stdout
    check_tracing(settings(trace_endpoint="http://127.0.0.1:4318/v1/traces"))
