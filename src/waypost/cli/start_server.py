"""Start the server for `waypost serve`: check the settings, prepare the store, and listen."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from urllib.parse import quote

import structlog
from structlog.typing import FilteringBoundLogger as BoundLogger

from waypost.cli.output import print_stderr
from waypost.cli.serve_summary import ServeSummary, summarize, summary_lines
from waypost.cli.sources.libraries import missing_libraries
from waypost.core.address import DomainName
from waypost.core.errors import SettingsError, StoreError, StoreUnavailable
from waypost.core.redaction import redact_uri
from waypost.runtime.logs import configure, is_json
from waypost.runtime.standard_error import queue_standard_error
from waypost.settings import (
    LoadedSettings,
    Settings,
    database_of,
    in_memory,
    load_from_process,
    secret_texts,
    source_of_database,
)
from waypost.store.external import ExternalStore
from waypost.store.memory import MemoryStore
from waypost.store.protocol import CountedStore, Store
from waypost.web.admin.pages.languages import read_admin_languages
from waypost.web.fork_server import fork_server
from waypost.web.public.page.languages import read_languages
from waypost.web.public.server import run
from waypost.web.server_process import NewProcess
from waypost.web.service_manager import has_service_manager
from waypost.wiring.links import link_keys
from waypost.wiring.profiles import check_profiles, profile_warnings, signing_credentials
from waypost.wiring.stores import open_store

_SAMPLE_DOMAIN: Final = DomainName("example.com")
_WILDCARD_ADDRESSES: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- shown, not listened on


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What the check of the store has shown.

    Attributes:
        serves_sample: whether the sample domain is served.
        domains: the number of domains; None if it is not known, or only a database has it and no
            service manager shows it.
        warnings: what the operator should do soon.
    """

    serves_sample: bool = False
    domains: int | None = None
    warnings: tuple[str, ...] = ()


def urls(settings: Settings, serves_sample: bool, port: int | None = None) -> tuple[str, ...]:
    """Return three URLs to try.

    Args:
        settings: define the address of the listener.
        serves_sample: whether the sample domain is served, so that its address works.
        port: the port of the listener, if the settings do not define it.
    """
    address = f"alice@{_SAMPLE_DOMAIN}" if serves_sample else "YOU@YOUR.DOMAIN"
    host = _WILDCARD_ADDRESSES.get(settings.host, settings.host)
    port_number = settings.port if port is None else port
    base_url = f"http://{f'[{host}]' if ':' in host else host}:{port_number}"
    if settings.unix_socket is not None:
        base_url = "http://localhost"
    query = quote(address, safe="@")
    return (
        f"{base_url}/mail/config-v1.1.xml?emailaddress={query}",
        f"{base_url}/mobileconfig?emailaddress={query}",
        f"{base_url}/",
    )


def start_server(flags: Mapping[str, object]) -> None:
    """Start the server, and return when it has stopped.

    Args:
        flags: the options that the command line sets.

    Raises:
        SettingsError: a setting is wrong, or a library that a directory needs is missing.
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
        ProvidersError: mistakes in the providers file.
    """
    loaded = load_from_process(flags)
    # If it is set, Prometheus' library writes files in the processes that are started here.
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
    has_processes = loaded.settings.workers > 1 or loaded.settings.admin_port != 0
    with fork_server(has_processes) as new_process:
        _start(loaded, new_process)


def _start(loaded: LoadedSettings, new_process: NewProcess) -> None:
    settings = loaded.settings
    queue_standard_error()
    configure(settings.loglevel, settings.log_format, secrets=secret_texts(settings))
    log = structlog.get_logger(__name__)
    _log_sources(loaded, log)
    _check_signing(settings)
    read_languages(settings.languages_dir)
    read_admin_languages(settings.languages_dir)
    link_keys(settings)

    def warn(warnings: Iterable[str]) -> None:
        for warning in warnings:
            log.warning("warning in the providers file", reason=warning)

    prepared = _Prepared()
    try:
        prepared = _prepare_store(settings, warn)
    except (StoreUnavailable, StoreError) as error:
        if isinstance(error, StoreError) and settings.providers is None:
            raise
        # With a providers file, the database is a directory; domains of the file do not need it.
        log.error(  # noqa: TRY400 -- a traceback would not help the operator
            "database unavailable; starting without it and trying again",
            code=error.code,
            reason=str(error),
        )

    def announce(effective_settings: Settings, port: int | None) -> None:
        _announce(replace(loaded, settings=effective_settings), prepared, port, log)

    run(settings, announce, prepared.domains, new_process)


def _log_sources(loaded: LoadedSettings, log: BoundLogger) -> None:
    """Log which settings file and which database are used, and the warnings of the settings."""
    log.info("settings read", file=None if loaded.file is None else str(loaded.file))
    if (uri := database_of(loaded, Path.cwd())) is not None:
        log.info("using database", uri=uri, source=source_of_database(loaded))
        if loaded.settings.db_read_uri is not None:
            replica, source = redact_uri(loaded.settings.db_read_uri), loaded.sources["db_read_uri"]
            log.info("using database for look-ups", uri=replica, source=f"{source}")
    for warning in loaded.warnings:
        log.warning("warning in the settings", reason=warning)


def _announce(
    loaded: LoadedSettings, prepared: _Prepared, port: int | None, log: BoundLogger
) -> None:
    """Log what is served after the socket is open; on a terminal, print a block and URLs."""
    settings = loaded.settings
    example_urls, socket = urls(settings, prepared.serves_sample, port), settings.unix_socket
    listener = (
        {"host": settings.host, "port": port} if socket is None else {"unix_socket": f"{socket}"}
    )
    summary = summarize(
        settings,
        domains=prepared.domains,
        source=_source(loaded),
        port=port,
        warnings=prepared.warnings,
    )
    if is_json(settings.log_format):
        log.info("listening", **listener, urls=list(example_urls))
        log.info("serving", **summary.facts)
        _log_problems(summary, log)
        return
    log.info("listening", **listener)
    if settings.loglevel not in {"debug", "info"}:
        _log_problems(summary, log)
        return
    for line in summary_lines(summary):
        print_stderr(line)
    print_stderr("Try:" if socket is None else f"Try with curl --unix-socket {socket}:")
    for url in example_urls:
        print_stderr(f"  {url}")


def _log_problems(summary: ServeSummary, log: BoundLogger) -> None:
    for problem in summary.problems:
        log.warning("check the setup", reason=problem.reason, fix=problem.fix)


def _source(loaded: LoadedSettings) -> str:
    """Return where the domains are from."""
    if loaded.settings.demo:
        return "the samples"
    if loaded.settings.providers is not None:
        return str(loaded.settings.providers)
    return f"the database {database_of(loaded, Path.cwd())}"


def _prepare_store(settings: Settings, warn: Callable[[Iterable[str]], None]) -> _Prepared:
    """Prepare the store, close it, and return what it serves.

    Args:
        settings: define the source of the domains.
        warn: is called with the warnings of a providers file.

    Raises:
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
        ProvidersError: mistakes in the providers file, or in its certificates for profiles.
    """
    store = _ready_store(settings, warn)
    try:
        check_profiles(settings, store)
        missing = _check_libraries(settings, store)
        domains = None
        is_shown = isinstance(store, MemoryStore) or has_service_manager()
        if is_shown and isinstance(store, CountedStore):
            domains = store.count_domains()
        return _Prepared(
            store.find(_SAMPLE_DOMAIN) is not None,
            domains,
            (*missing, *profile_warnings(settings, store)),
        )
    finally:
        store.close()


def _check_libraries(settings: Settings, store: Store) -> tuple[str, ...]:
    """Check that the libraries of all directories are installed; return the missing ones.

    Raises:
        SettingsError: with each directory, and the command that installs its library.
    """
    missing = _missing_libraries(store)
    if not settings.permit_missing_libraries and missing:
        advice = "to start without these libraries, set permit_missing_libraries = true"
        raise SettingsError([*missing, advice])
    return missing


def _missing_libraries(store: Store) -> tuple[str, ...]:
    if isinstance(store, MemoryStore | ExternalStore):
        return missing_libraries(store.directories)
    from waypost.cli.sources.database_libraries import (  # noqa: PLC0415 -- SQLAlchemy
        missing_libraries_of_store,
    )

    return missing_libraries_of_store(store)


def _check_signing(settings: Settings) -> None:
    """Check that profiles can be signed, if the settings configure signing.

    Raises:
        SettingsError: with each option and file.
    """
    signing_credentials(settings)


def _ready_store(settings: Settings, warn: Callable[[Iterable[str]], None]) -> Store:
    """Upgrade the database, if there is one, and open the store."""
    stored = not settings.demo and settings.providers is None
    if stored and not in_memory(settings.db_uri):
        from waypost.cli.sources.database_upgrade import upgrade_database  # noqa: PLC0415 -- loads SQLAlchemy

        upgrade_database(settings)
    return open_store(settings, warn)
