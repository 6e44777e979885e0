"""The ASGI application of the public listener: the router, the access log, and the metrics."""

import asyncio
import signal
import time
from collections.abc import Callable

import structlog

from waypost.core.address import DomainName
from waypost.core.clients import log_name_of
from waypost.core.errors import StoreError, StoreUnavailable
from waypost.lookup.render_cache import RenderCache
from waypost.runtime.limits.shared_ratelimit import WorkerBuckets
from waypost.runtime.log_throttle import LogThrottle
from waypost.runtime.log_writer import LogWriter
from waypost.runtime.part_times import milliseconds
from waypost.settings import Settings, secret_texts
from waypost.sign_in.openid_service import OpenIdService
from waypost.sign_in.service import SignInService
from waypost.web.app_context import AccessLogEntry, AppContext, PeerCheck
from waypost.web.public.access_log import AccessLog
from waypost.web.public.answer_templates import AnswerTemplates
from waypost.web.public.asgi_request import asgi_request
from waypost.web.public.handlers import health
from waypost.web.public.limits.client_limits import ClientLimits
from waypost.web.public.limits.client_networks import ClientNetworks
from waypost.web.public.origin.operator_check import operator_check
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.origin.schemes import SchemeCheck
from waypost.web.public.origin.untrusted_headers import UntrustedHeaders
from waypost.web.public.page.languages import read_languages
from waypost.web.public.page.qr import draw_in_thread
from waypost.web.public.public_connection import RECEIVED
from waypost.web.public.request import Receive, Scope, Send
from waypost.web.public.request_ids import RequestIds
from waypost.web.public.router import Router
from waypost.web.public.tracing_setup import Traces, open_traces
from waypost.web.public.workers.terminal import Terminal
from waypost.wiring.profiles import profile_settings
from waypost.wiring.runtime import Runtime, address_hasher, wire
from waypost.wiring.timed_parts import TimedSigner


class PublicApp:
    """The application, which uvicorn calls for each request and for the life of a worker."""

    def __init__(  # noqa: PLR0913 -- one for each part of a worker
        self,
        settings: Settings,
        wire_runtime: Callable[[Settings], Runtime] = wire,
        *,
        on_sighup: Callable[[], None] | None = None,
        peer_check: PeerCheck | None = None,
        log_writer: LogWriter | None = None,
        templates: AnswerTemplates | None = None,
        buckets: WorkerBuckets | None = None,
    ) -> None:
        """Initialize with the settings; nothing is opened before the worker starts.

        Args:
            settings: all options.
            wire_runtime: opens store and lookup when the worker starts.
            on_sighup: called after SIGHUP, blocked until then, has made the worker reload what it
                serves; None to leave the signal alone.
            peer_check: decides who may use `/initdb/`; None to follow the settings and the kernel.
            log_writer: writes the log; None if lines are written by the caller.
            templates: keeps answers for the connections; None if there are no connections.
            buckets: of the limits, shared by all workers; None if this is the only one.
        """
        self._templates = templates
        has_proxy = bool(settings.proxy_count or settings.trusted_proxies)
        self._peer_check = peer_check or operator_check(has_proxy=has_proxy)
        self._on_sighup = on_sighup
        self._terminal = Terminal()
        self._settings = settings
        self._wire_runtime = wire_runtime
        self._router = Router()
        self._trust = ProxyTrust(
            settings.proxy_count, settings.trusted_proxies, settings.unix_socket is not None
        )
        self._untrusted_headers = UntrustedHeaders(self._trust, self._log_untrusted_header)
        self._buckets = WorkerBuckets() if buckets is None else buckets
        self._limits = ClientLimits(settings, self._trust, self._buckets.requests)
        self._access_log = AccessLog(
            address_hasher(settings), RequestIds(self._trust), log_writer, secret_texts(settings)
        )
        self._traces: Traces | None = None
        self._sign_in: SignInService | None = None
        self._openid: OpenIdService | None = None
        self._runtime: Runtime | None = None
        self._context: AppContext | None = None
        self._watch: asyncio.Task[None] | None = None
        self._reloads = self._finished_reloads = 0
        self._log = structlog.get_logger(__name__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http" and self._runtime is not None and self._context is not None:
            await self._http(self._runtime, self._context, scope, receive, send)

    async def _http(
        self, runtime: Runtime, context: AppContext, scope: Scope, receive: Receive, send: Send
    ) -> None:
        start = time.perf_counter()
        parts = runtime.times.begin()
        request = asgi_request(scope, receive, self._trust)
        self._untrusted_headers.check(request)
        log_entry = AccessLogEntry()
        refusal = None if health.is_check(request) else self._limits.refusal(request.origin.peer)
        if refusal is not None:
            format_name, response = "none", refusal
        else:
            format_name, response = await self._router.answer(context, request, log_entry)
        await response.send(send, head=request.method == "HEAD")
        seconds = time.perf_counter() - start
        log_entry.part_milliseconds = milliseconds(parts)
        is_quiet = health.is_quiet(format_name, response.status)
        self._access_log.write(request, response, log_entry, seconds * 1000, is_quiet=is_quiet)
        if self._traces is not None and not is_quiet:
            times = start, start + seconds, parts
            self._traces.record(request, response, format_name, log_entry, times)
        runtime.metrics.count_dropped_log_lines(self._access_log.count_dropped_lines())
        client = log_name_of(request.header(b"user-agent"))
        runtime.metrics.request_recorder(format_name, response.code, client)(seconds)
        if (
            self._templates is not None
            and (raw := scope["state"].get(RECEIVED))
            and _is_kept(runtime, log_entry.domain)
        ):
            self._templates.remember(raw, request, response, format_name, log_entry)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    self.open()
                except (StoreError, StoreUnavailable) as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def open(self) -> None:
        """Open the store in the running event loop, and begin to answer.

        Raises:
            StoreError: the database cannot be used as it is.
            SettingsError: the library for traces is missing, or a file of `languages_dir` is not
                valid.
        """
        self._runtime = self._wire_runtime(self._settings)
        signer = self._runtime.signer
        self._context = AppContext(
            lookup=self._runtime.lookup,
            documents=RenderCache(),
            max_age_seconds=self._settings.max_age,
            public_url=self._settings.public_url,
            initdb=self._runtime.initdb,
            peer_check=self._peer_check,
            refusal_log_limit=LogThrottle(),
            profiles=profile_settings(self._settings),
            signer=signer and TimedSigner(signer, self._runtime.times),
            takes_passwords=self._settings.permit_cleartext_passwords is not None,
            scheme_check=SchemeCheck(self._log_scheme_warning),
            draw_qr_code=draw_in_thread,
            load_languages=read_languages(self._settings.languages_dir).load_in_thread,
            is_ready=self._runtime.cache.is_ready,
            setup_links=self._runtime.setup_links,
            sign_in=self._open_sign_in(self._runtime),
            openid=self._open_openid(self._runtime),
            app_passwords=self._runtime.app_passwords,
        )
        self._runtime.metrics.watch_readiness(self._runtime.cache.is_ready)
        self._traces = open_traces(self._settings, self._trust)
        # Known answers are not measured part by part.
        if self._templates is not None and self._traces is None:
            self._templates.open(
                self._runtime.cache,
                self._access_log,
                self._runtime.metrics,
                self._trust,
                self._limits,
            )
        self._start_watch(self._runtime)
        if self._on_sighup is not None:
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGHUP, self._handle_sighup, self._runtime)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})

    def _open_sign_in(self, runtime: Runtime) -> SignInService | None:
        if runtime.authenticator is None:
            return None
        networks = ClientNetworks(self._settings.rate_limit_exempt)
        self._sign_in = SignInService(runtime.authenticator, networks.find, self._buckets.sign_ins)
        return self._sign_in

    def _open_openid(self, runtime: Runtime) -> OpenIdService | None:
        if runtime.openid is None:
            return None
        networks = ClientNetworks(self._settings.rate_limit_exempt)
        self._openid = OpenIdService(runtime.openid, networks.find, self._buckets.sign_ins)
        return self._openid

    def _log_scheme_warning(self, line: str, host: str, evidence: str, fix: str) -> None:
        self._log.warning(line, host=host, https_seen_in=evidence, fix=fix)

    def _log_untrusted_header(self, header: str, peer: str, fix: str) -> None:
        self._log.warning(
            "forwarding headers are ignored, because their sender is not trusted",
            header=header,
            peer=peer,
            fix=fix,
        )

    def domain_count(self) -> int | None:
        """Return how many domains are served; None if this is not known. Any thread may call it."""
        return None if self._runtime is None else self._runtime.domain_count()

    def finished_reloads(self) -> int:
        """Return how many requests to reload have finished. Any thread may call it."""
        reloads = self._reloads
        if self._runtime is not None and not self._runtime.is_reloading:
            self._finished_reloads = reloads
        return self._finished_reloads

    async def close(self) -> None:
        """Close the store, the directories and the watch task."""
        if self._watch is not None:
            self._watch.cancel()
        if self._runtime is not None:
            await self._runtime.close()
        if self._sign_in is not None:
            self._sign_in.close()
        if self._openid is not None:
            self._openid.close()
        if self._traces is not None:
            await asyncio.to_thread(self._traces.close)

    def _handle_sighup(self, runtime: Runtime) -> None:
        if self._terminal.is_gone():
            signal.raise_signal(signal.SIGTERM)
            return
        self._log.info("SIGHUP received; reloading what is served")
        runtime.reload()
        if self._on_sighup is not None:
            self._on_sighup()
        self._reloads += 1

    def _start_watch(self, runtime: Runtime) -> None:
        self._watch = asyncio.get_running_loop().create_task(runtime.watch())
        self._watch.add_done_callback(lambda task: self._restart_watch(runtime, task))

    def _restart_watch(self, runtime: Runtime, task: asyncio.Task[None]) -> None:
        """Start the watch task again after a defect."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.error("watch task failed; restarting it", exc_info=error)
            self._start_watch(runtime)


def _is_kept(runtime: Runtime, domain: str | None) -> bool:
    """Return whether the entry of a domain is in memory for further requests.

    With `cache_ttl = 0` it never is: an answer that is kept would never be used.
    """
    return domain is not None and runtime.cache.find_fresh(DomainName(domain)) is not None
