"""Running the public listener: sockets, workers, service manager."""

import errno
import os
import secrets
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from functools import partial
from pathlib import Path

import structlog

from waypost.core.errors import SettingsError
from waypost.oidc.library import check_library
from waypost.runtime.limits.shared_ratelimit import WorkerBuckets
from waypost.runtime.metrics import Metrics
from waypost.runtime.shared_numbers import SharedNumbers
from waypost.runtime.threads import limit_stacks
from waypost.runtime.worker_counts import Counts, WorkerCounts, WorkersReport, collect_counts
from waypost.settings import Settings, in_memory
from waypost.store.reload import SUBJECTS, LogDeduplicator
from waypost.web.admin.process import AdminProcess, admin_process
from waypost.web.child_process import block_sighup
from waypost.web.connection_limit import limit_socket_buffers
from waypost.web.metrics import serving_metrics
from waypost.web.passed_sockets import ADMIN_NAME, PassedSockets, take_passed_sockets
from waypost.web.public.tracing_setup import check_tracing
from waypost.web.public.workers.supervisor import Supervisor
from waypost.web.public.workers.worker import BACKLOG, serve_single_worker, serve_worker
from waypost.web.public.workers.worker_process import WorkerProcess
from waypost.web.server_process import NewProcess, server_process
from waypost.web.service_manager import ServiceNotifier, watchdog_seconds


def run(
    settings: Settings,
    on_listening: Callable[[Settings, int | None], None] = lambda _settings, _port: None,
    domain_count: int | None = None,
    new_process: NewProcess = server_process,
) -> None:
    """Serve until a signal ends this process.

    Args:
        settings: all options.
        on_listening: called after all sockets are open, with the settings that are in effect, and
            the TCP port; None with a Unix socket.
        domain_count: how many domains are served, for the service manager; None if not known.
        new_process: makes the processes of workers, and the admin process.

    Raises:
        SettingsError: Waypost cannot listen on the host or the port, or a library is missing.
    """
    if settings.log_key is None:
        settings = settings.model_copy(update={"log_key": secrets.token_hex(16)})
    check_tracing(settings)
    check_library(settings.oidc_issuer, "oidc_issuer")
    check_library(settings.sign_in_oidc_issuer, "sign_in_oidc_issuer")
    _leave_inaccessible_folder()
    limit_stacks()
    pid = os.getpid()
    notifier = ServiceNotifier(
        watchdog=watchdog_seconds(os.environ, pid), domain_count=domain_count
    )
    with ExitStack() as stack:
        stack.enter_context(block_sighup())
        passed = stack.enter_context(closing(take_passed_sockets(os.environ, pid)))
        settings, listeners = _open_public_listeners(settings, passed, stack)
        admin = _open_admin_process(settings, passed, stack, new_process)
        port = None if settings.unix_socket is not None else listeners[0].getsockname()[1]
        on_ready = partial(on_listening, settings, port)
        stack.enter_context(admin_process(admin))
        if settings.workers > 1:
            _run_workers(settings, listeners, admin, on_ready, notifier, new_process)
        else:
            _run_single_worker(settings, listeners, admin, on_ready, notifier)


def run_admin(settings: Settings) -> None:
    """Run only the admin listener, in this process, until a signal ends it.

    Args:
        settings: all options.

    Raises:
        SettingsError: Waypost cannot listen on the host or the port, or a library is missing.
        SystemExit: the database cannot be used.
    """
    check_library(settings.oidc_issuer, "oidc_issuer")
    from waypost.web.admin.server import serve_alone  # noqa: PLC0415 -- Starlette

    limit_stacks()
    pid = os.getpid()
    notifier = ServiceNotifier(watchdog=watchdog_seconds(os.environ, pid))
    with block_sighup(), closing(take_passed_sockets(os.environ, pid)) as passed:
        if passed.admin:
            _refuse_memory(settings, f"socket {ADMIN_NAME}", "use a file or a server")
            serve_alone(settings, passed.admin, notifier)
            return
        with closing(_open_admin_listener(settings)) as listener:
            serve_alone(settings, [listener], notifier)


def _leave_inaccessible_folder() -> None:
    """Change to `/` if this user may not enter the working folder, such as root's home.

    New processes change to the working folder (multiprocessing, `spawn`), and would end at once.
    """
    try:
        os.chdir(os.getcwd())  # noqa: PTH109 -- as multiprocessing does it
    except OSError:
        os.chdir("/")


def _open_public_listeners(
    settings: Settings, passed: PassedSockets, stack: ExitStack
) -> tuple[Settings, Sequence[socket.socket]]:
    """Return the sockets of the service manager, or else open one; return the settings for them."""
    if not passed.public:
        return settings, [stack.enter_context(_open_public_listener(settings))]
    update: dict[str, object] = {"unix_socket": None}
    for listener in passed.public:
        address = listener.getsockname()
        structlog.get_logger(__name__).info(
            "using a socket of the service manager instead of host, port and unix_socket",
            address=address if isinstance(address, str) else f"{address[0]} {address[1]}",
        )
        if listener.family == socket.AF_UNIX:
            # A peer without an address is one that the folder of this socket admits.
            update["unix_socket"] = Path(address)
        else:
            limit_socket_buffers(listener)
            update |= {"host": address[0], "port": address[1]}
    return settings.model_copy(update=update), passed.public


def _open_public_listener(settings: Settings) -> socket.socket:
    if settings.unix_socket is not None:
        return listen_on_path(settings.unix_socket)
    return listen(settings.host, settings.port)


def _open_admin_process(
    settings: Settings, passed: PassedSockets, stack: ExitStack, new_process: NewProcess
) -> AdminProcess | None:
    """Open the admin listener, if it is enabled.

    If only the default port is taken, the public listener must still start.

    Raises:
        SettingsError: Waypost cannot listen on the address or port that the operator configured.
    """
    if passed.admin:
        _refuse_memory(settings, f"socket {ADMIN_NAME}", "disable its socket unit")
        return AdminProcess(settings, passed.admin, new_process)
    if settings.admin_port == 0:
        return None
    try:
        listener = _open_admin_listener(settings)
    except SettingsError as error:
        if settings.model_fields_set & {"admin_host", "admin_port"}:
            raise
        structlog.get_logger(__name__).warning("admin listener disabled", reason=str(error))
        return None
    return AdminProcess(settings, [stack.enter_context(listener)], new_process)


def _refuse_memory(settings: Settings, name: str, fix: str) -> None:
    uses_database = not settings.demo and settings.providers is None
    if uses_database and in_memory(settings.db_uri):
        message = f"the admin process cannot read a database in memory; {fix}"
        raise SettingsError([f"{name}: {message}"])


def _open_admin_listener(settings: Settings) -> socket.socket:
    _refuse_memory(settings, f"admin_port {settings.admin_port}", "set admin_port to 0")
    try:
        return listen(settings.admin_host, settings.admin_port, "admin_")
    except SettingsError as error:
        message = f"{error}; set admin_port to another port, or to 0"
        raise SettingsError([message]) from error


def _do_nothing() -> None:
    """Return at once: the default for a missing function."""


def _run_single_worker(
    settings: Settings,
    listeners: Sequence[socket.socket],
    admin: AdminProcess | None,
    on_ready: Callable[[], None],
    notifier: ServiceNotifier,
) -> None:
    metrics = Metrics()
    if admin is not None:
        admin.watch_workers(lambda: WorkersReport((collect_counts(metrics.all),)))
    with _serving_metrics(settings, lambda: collect_counts(metrics.all)):
        on_ready()
        serve_single_worker(settings, listeners, metrics, admin, notifier)


def _run_workers(
    settings: Settings,
    listeners: Sequence[socket.socket],
    admin: AdminProcess | None,
    on_ready: Callable[[], None],
    notifier: ServiceNotifier,
    new_process: NewProcess,
) -> None:
    deduplicator = LogDeduplicator(SharedNumbers(SUBJECTS))
    serve = partial(serve_worker, settings, listeners, deduplicator, WorkerBuckets())
    counts = WorkerCounts()
    on_sighup, on_exit = (
        (_do_nothing, _do_nothing) if admin is None else (admin.send_sighup, admin.terminate)
    )
    new_worker = partial(WorkerProcess, serve, counts.update, new_process)
    workers = Supervisor(settings.workers, new_worker, counts.remove_worker, on_sighup, notifier)

    def read_workers() -> WorkersReport:
        workers.refresh()
        return counts.report()

    if admin is not None:
        admin.watch_workers(read_workers)
        admin.permit_start()
    with _serving_metrics(settings, counts.sums, workers.refresh):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        on_ready()
        workers.run(on_exit)


def _serving_metrics(
    settings: Settings,
    collect: Callable[[], Counts],
    refresh: Callable[[], None] = _do_nothing,
) -> AbstractContextManager[object]:
    if settings.metrics_listen is None:
        return nullcontext()
    from waypost.runtime.prometheus import exposition, registry_reading  # noqa: PLC0415 -- prometheus_client needs 2 MB

    registry = registry_reading(collect)

    def text() -> bytes:
        refresh()
        return exposition(registry)

    return serving_metrics(settings.metrics_listen, text)


def listen(host: str, port: int, options: str = "") -> socket.socket:
    """Open the listening socket.

    Args:
        host: the address.
        port: the TCP port; 0 for any free one.
        options: the prefix of the names of the two options, for errors.

    Raises:
        SettingsError: with the options and the reason from the system.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        limit_socket_buffers(listener)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        option_values = f"{options}host {host}, {options}port {port}"
        raise SettingsError([f"{option_values}: cannot listen: {reason}"]) from error
    listener.set_inheritable(True)
    return listener


def listen_on_path(path: Path) -> socket.socket:
    """Open a listening Unix socket. Any user who can reach its folder may connect.

    This is as on a loopback address; restrict it with the mode of the folder. A socket file without
    a listening process is replaced.

    Raises:
        SettingsError: with the option and the reason from the system.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and not _is_listening(path):
            path.unlink(missing_ok=True)
        listener.bind(str(path))
        path.chmod(0o666)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = error.strerror or str(error)
        raise SettingsError([f"unix_socket {path}: cannot listen: {reason}"]) from error
    listener.set_inheritable(True)
    return listener


def _is_listening(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(str(path)) != errno.ECONNREFUSED
