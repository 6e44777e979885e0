"""`waypost serve`: the public listener."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

import typer

from waypost.address import DomainName
from waypost.cli.reporting import note
from waypost.errors import SettingsError, StoreError, StoreUnavailable
from waypost.store import Store

if TYPE_CHECKING:
    from structlog.typing import FilteringBoundLogger as BoundLogger

    from waypost.settings import Loaded, Option, Settings

EXAMPLE: Final = "Example: waypost serve --demo --port 8080"
HELP: Final = "Answer mail clients until a signal ends it. A file can set all the options as well."
_SAMPLE_DOMAIN: Final = DomainName("example.com")
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- shown, not listened on
_METAVARS: Final = {
    int: "NUMBER",
    float: "SECONDS",
    Path: "FILE",
    list: "TEXT",
    dict: "JSON",
    date: "DATE",
}


def command() -> Callable[..., None]:
    """Return the command, with one flag for each option of the settings' table."""
    from waypost.settings import options  # noqa: PLC0415 -- quick start

    def serve(**flags: object) -> None:
        _serve(flags)

    parameters = [_parameter(option) for option in options()]
    serve.__annotations__ = {one.name: one.annotation for one in parameters}
    serve.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return serve


def placeholder() -> None:
    """Stand in the list of commands where the flags are not needed."""


def urls(settings: "Settings", served: bool, port: int | None = None) -> tuple[str, ...]:
    """Return three URLs to try.

    Args:
        settings: where clients are answered.
        served: whether the sample domain is served, so that its address works.
        port: the port that is listened on, if the settings leave it open.
    """
    address = f"alice@{_SAMPLE_DOMAIN}" if served else "YOU@YOUR.DOMAIN"
    host = _EVERYWHERE.get(settings.host, settings.host)
    number = settings.port if port is None else port
    place = f"http://{f'[{host}]' if ':' in host else host}:{number}"
    if settings.unix_socket is not None:
        place = "http://localhost"
    query = quote(address, safe="@")
    return (
        f"{place}/mail/config-v1.1.xml?emailaddress={query}",
        f"{place}/mobileconfig?emailaddress={query}",
        f"{place}/",
    )


def _serve(flags: Mapping[str, object]) -> None:
    import structlog  # noqa: PLC0415 -- quick start

    from waypost.logs import configure  # noqa: PLC0415 -- quick start
    from waypost.settings import load_from_process, secret_texts  # noqa: PLC0415 -- quick start
    from waypost.standard_error import queue_standard_error  # noqa: PLC0415 -- quick start
    from waypost.web.public.server import run  # noqa: PLC0415 -- quick start

    loaded = load_from_process(flags)
    settings = loaded.settings
    queue_standard_error()
    configure(settings.loglevel, settings.log_format, secrets=secret_texts(settings))
    log = structlog.get_logger(__name__)
    _log_sources(loaded, log)
    _check_signing(settings)

    def warn(warnings: Iterable[str]) -> None:
        for warning in warnings:
            log.warning("providers", reason=warning)

    try:
        served = _prepared(settings, warn)
    except (StoreUnavailable, StoreError) as error:
        if isinstance(error, StoreError) and settings.providers is None:
            raise
        # With a providers file it is another's database, and the file's own domains need none.
        log.error(  # noqa: TRY400 -- a traceback would tell the operator nothing
            "the database does not answer; serving goes on without it and asks again",
            code=error.code,
            reason=str(error),
        )
        served = False
    run(settings, lambda port: _announce(settings, served, port, log))


def _log_sources(loaded: "Loaded", log: "BoundLogger") -> None:
    """Log which files and which database count, and what in them deserves a look."""
    from waypost.settings import database_of, source_of_database  # noqa: PLC0415 -- quick start

    log.info("settings read", file=None if loaded.file is None else str(loaded.file))
    if (uri := database_of(loaded, Path.cwd())) is not None:
        log.info("database", uri=uri, source=source_of_database(loaded))
    for warning in loaded.warnings:
        log.warning("settings", reason=warning)


def _announce(settings: "Settings", served: bool, port: int | None, log: "BoundLogger") -> None:
    """Say where clients are answered, once the socket is open: a line of the log, or for people."""
    from waypost.logs import is_json  # noqa: PLC0415 -- quick start

    found, socket = urls(settings, served, port), settings.unix_socket
    place = (
        {"host": settings.host, "port": port} if socket is None else {"unix_socket": f"{socket}"}
    )
    if is_json(settings.log_format):
        log.info("listening", **place, urls=list(found))
        return
    log.info("listening", **place)
    if settings.loglevel not in {"debug", "info"}:
        return
    note("Try:" if socket is None else f"Try, by curl --unix-socket {socket}:")
    for url in found:
        note(f"  {url}")


def _prepared(settings: "Settings", told: Callable[[Iterable[str]], None]) -> bool:
    """Make the store ready, close it, and return whether it serves the sample domain.

    Args:
        settings: say where the domains are.
        told: gets the warnings of a providers file.

    Raises:
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
        ProvidersError: mistakes in the providers file, or in what it says to sign profiles with.
    """
    from waypost.wiring import check_profiles  # noqa: PLC0415 -- quick start

    store = _ready_store(settings, told)
    try:
        check_profiles(settings, store)
        _check_libraries(settings, store)
        return store.find(_SAMPLE_DOMAIN) is not None
    finally:
        store.close()


def _check_libraries(settings: "Settings", store: Store) -> None:
    """Refuse to start if a directory cannot be asked because its library is missing.

    Raises:
        SettingsError: names each directory, and the command that installs its library.
    """
    import structlog  # noqa: PLC0415 -- quick start

    from waypost.cli.libraries import missing_for_store  # noqa: PLC0415 -- quick start

    missing = missing_for_store(store)
    if not settings.permit_missing_libraries and missing:
        advice = "permit_missing_libraries = true starts without them"
        raise SettingsError([*missing, advice])
    for line in missing:
        structlog.get_logger(__name__).warning("library missing", reason=line)


def _check_signing(settings: "Settings") -> None:
    """Refuse to start where profiles shall be signed and cannot be.

    Raises:
        SettingsError: names each option and file.
    """
    from waypost.wiring import signing_credentials  # noqa: PLC0415 -- quick start

    signing_credentials(settings)


def _ready_store(settings: "Settings", told: Callable[[Iterable[str]], None]) -> Store:
    """Bring the database up to date, where there is one, and open the store."""
    from waypost.settings import in_memory  # noqa: PLC0415 -- quick start
    from waypost.wiring import open_store  # noqa: PLC0415 -- quick start

    stored = not settings.demo and settings.providers is None
    if stored and not in_memory(settings.db_uri):
        from waypost.cli.sources import database  # noqa: PLC0415 -- quick start
        from waypost.database.engine import refuse_other_owner  # noqa: PLC0415 -- quick start
        from waypost.store.sql.revision import make_ready  # noqa: PLC0415 -- quick start

        with database(settings) as engine:
            refuse_other_owner(engine)
            make_ready(engine)
    return open_store(settings, told)


def _parameter(option: "Option") -> inspect.Parameter:
    """Make a flag; what is not given stays None, so that the other sources count."""
    flag, metavar = option.flag, _METAVARS.get(option.kind, "TEXT")
    if option.kind is bool:
        flag = f"{flag}/--no-{flag[2:]}"
    if option.choices:
        metavar = "|".join(option.choices)
    # What the command line has no type for is a text until the settings read it.
    kind = str if option.kind in {dict, date} else option.kind
    annotation: object = list[str] | None if kind is list else kind | None
    info = typer.Option(
        None,
        flag,
        help=option.about.help,
        metavar=None if option.kind is bool else metavar,
        show_default=False,
    )
    return inspect.Parameter(
        option.name, inspect.Parameter.KEYWORD_ONLY, default=info, annotation=annotation
    )
