"""The table of options: name, type, default, help, allowed values, and secrets."""

import os
from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Final, Literal, Union, get_args, get_origin

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from waypost.settings.admin import AdminOptions
from waypost.settings.limits import LimitOptions
from waypost.settings.links import LinkOptions
from waypost.settings.monitor import MonitorOptions
from waypost.settings.oidc import OidcOptions, SignInOptions
from waypost.settings.option import Option, OptionInfo
from waypost.settings.profiles import ProfileOptions
from waypost.settings.validators import (
    lowercase,
    normalize_level,
    validate_host,
    validate_listen,
    validate_public_url,
    validate_socket,
    validate_trace_endpoint,
    validate_uri,
)

_SERVICE_FOLDER: Final = Path("/var/lib/waypost")
_USER_FOLDER: Final = Path(".local/state/waypost")
_ROOT: Final = 0
# The home of system users in Debian and others, and of a process without a home.
_NO_HOMES: Final = frozenset({"/", "/nonexistent", "/dev/null"})


class Settings(
    ProfileOptions,
    AdminOptions,
    OidcOptions,
    MonitorOptions,
    LimitOptions,
    LinkOptions,
    SignInOptions,
):
    """The value of every option. Instances are immutable and can be sent to another process."""

    host: Annotated[
        str,
        AfterValidator(validate_host),
        OptionInfo("Listener", "The address to listen on.", "an IP address or a host name"),
    ] = "127.0.0.1"
    port: Annotated[
        int,
        Field(ge=0, le=65535),
        OptionInfo(
            "Listener",
            "The TCP port to listen on; 0 chooses a free port.",
            "a whole number from 0 to 65535",
        ),
    ] = 4243
    unix_socket: Annotated[
        Path | None,
        AfterValidator(validate_socket),
        OptionInfo(
            "Listener",
            "A Unix socket to listen on for the web server in front, instead of host and port.",
            "an absolute path of at most 107 bytes, such as /run/waypost/waypost.sock",
            example='"/run/waypost/waypost.sock"',
        ),
    ] = None
    workers: Annotated[
        int,
        Field(ge=1, le=1024),
        OptionInfo("Listener", "The number of worker processes.", "a whole number from 1 to 1024"),
    ] = 1
    public_url: Annotated[
        str | None,
        AfterValidator(validate_public_url),
        OptionInfo(
            "Listener",
            "The https URL where clients reach this Waypost, for all domains; "
            "https://autodiscover.DOMAIN for each domain if unset.",
            "an https URL without a path, such as https://setup.example.com",
            example='"https://setup.example.com"',
        ),
    ] = None
    metrics_listen: Annotated[
        str | None,
        AfterValidator(validate_listen),
        OptionInfo(
            "Listener",
            "The address and port of a separate listener for GET /metrics of Prometheus; "
            "disabled if unset.",
            "an address and a port such as 127.0.0.1:9243 or [::1]:9243",
            example='"127.0.0.1:9243"',
        ),
    ] = None
    providers: Annotated[
        Path | None,
        OptionInfo(
            "Domains",
            "The providers file to serve, instead of a database.",
            "the path of a providers file",
            example='"mail.toml"',
        ),
    ] = None
    demo: Annotated[
        bool,
        OptionInfo(
            "Domains",
            "Serve the sample providers, without a file and without a database.",
            "true or false",
        ),
    ] = False
    db_uri: Annotated[
        str,
        AfterValidator(validate_uri),
        Field(repr=False),
        OptionInfo(
            "Domains",
            "The URI of the database with the domains, in the format of SQLAlchemy.",
            "a database URI such as sqlite:////var/lib/waypost/waypost.sqlite",
            example='"sqlite:////home/you/.local/state/waypost/waypost.sqlite"',
            masked=True,
        ),
    ]
    db_read_uri: Annotated[
        str | None,
        AfterValidator(validate_uri),
        Field(repr=False),
        OptionInfo(
            "Domains",
            "The URI of a replica of the database, which `waypost serve` reads instead of db_uri; "
            "all commands use db_uri, and --db-uri disables this option.",
            "a database URI for the same kind of server as db_uri, PostgreSQL or MariaDB",
            example='"postgresql+psycopg://waypost@/waypost?host=db2.example&host=db1.example"',
            masked=True,
        ),
    ] = None
    db_echo: Annotated[bool, OptionInfo("Domains", "Log every SQL statement.", "true or false")] = (
        False
    )
    initdb: Annotated[
        bool,
        OptionInfo(
            "Domains",
            "Enable automx2's /initdb/ for root and for Waypost's own user on this machine (only "
            "on Linux, and not with proxy_count or trusted_proxies).",
            "true or false",
        ),
    ] = True
    languages_dir: Annotated[
        Path | None,
        OptionInfo(
            "Page",
            "A folder with texts of the setup page for users, one gettext file for each language, "
            "such as sv.po; its folder admin has those of the admin pages. They add languages, and "
            "replace Waypost's own texts.",
            "the path of a folder",
            example='"/etc/waypost/languages"',
        ),
    ] = None
    cache_ttl: Annotated[
        float,
        Field(ge=0, le=86400, allow_inf_nan=False),
        OptionInfo(
            "Cache",
            "The time for which Waypost caches an answer of the database, in seconds; 0 disables "
            "this cache.",
            "a number of seconds from 0 to 86400",
            unit="seconds",
        ),
    ] = 10.0
    cache_size: Annotated[
        int,
        Field(ge=1, le=10_000_000),
        OptionInfo(
            "Cache",
            "The maximum number of cache entries for served domains.",
            "a whole number from 1 to 10000000",
        ),
    ] = 10_000
    cache_negative_size: Annotated[
        int,
        Field(ge=1, le=10_000_000),
        OptionInfo(
            "Cache",
            "The maximum number of cache entries for domains that are not served.",
            "a whole number from 1 to 10000000",
        ),
    ] = 10_000
    directory_cache_size: Annotated[
        int,
        Field(ge=1, le=10_000_000),
        OptionInfo(
            "Cache",
            "The maximum number of cache entries for users, for each directory.",
            "a whole number from 1 to 10000000",
        ),
    ] = 10_000
    stale_if_error: Annotated[
        float,
        Field(ge=0, le=31_536_000, allow_inf_nan=False),
        OptionInfo(
            "Cache",
            "The time for which Waypost uses the last good answer while the database or the "
            "directory is unavailable, in seconds.",
            "a number of seconds from 0 to 31536000",
            unit="seconds",
        ),
    ] = 86400.0
    max_age: Annotated[
        int,
        Field(ge=0, le=31_536_000),
        OptionInfo(
            "Cache",
            "The time for which a client or a proxy may cache an Autoconfig answer, in seconds.",
            "a whole number of seconds from 0 to 31536000",
            unit="seconds",
        ),
    ] = 60
    ldap_ca_file: Annotated[
        Path | None,
        OptionInfo(
            "Directories",
            "The certificates of the authorities to trust for LDAP directories without their own "
            "ca_file; those of the system if unset.",
            "the path of a PEM file",
            example='"/etc/ssl/certs/our-authority.pem"',
        ),
    ] = None
    permit_missing_libraries: Annotated[
        bool,
        OptionInfo(
            "Directories",
            "Start even if a library is missing that a directory needs. The users of this "
            "directory then get a login name without a lookup.",
            "true or false",
        ),
    ] = False
    proxy_count: Annotated[
        int,
        Field(ge=0, le=100),
        OptionInfo(
            "Proxies",
            "The number of proxies in front of Waypost that add to the forwarding headers; 0 "
            "ignores these headers.",
            "a whole number from 0 to 100",
        ),
    ] = 0
    trusted_proxies: Annotated[
        tuple[IPv4Network | IPv6Network, ...],
        OptionInfo(
            "Proxies",
            "The networks of proxies whose forwarding headers Waypost trusts.",
            "a list of networks such as 127.0.0.0/8 or 2001:db8::/32, without host bits",
        ),
    ] = ()
    loglevel: Annotated[
        Literal["debug", "info", "warning", "error", "critical"],
        BeforeValidator(normalize_level),
        OptionInfo(
            "Log",
            "The lowest level of log lines that Waypost writes.",
            "debug, info, warning, error or critical",
        ),
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "console"],
        BeforeValidator(lowercase),
        OptionInfo(
            "Log",
            "The format of log lines; auto is console on a terminal, and json elsewhere.",
            "auto, json or console",
        ),
    ] = "auto"
    trace_endpoint: Annotated[
        str | None,
        AfterValidator(validate_trace_endpoint),
        OptionInfo(
            "Log",
            "The URL of a collector for traces (OTLP over HTTP); disabled if unset. Requires the "
            "extra [tracing], and answers take longer.",
            "a URL such as http://127.0.0.1:4318/v1/traces, without user and password",
            example='"http://127.0.0.1:4318/v1/traces"',
        ),
    ] = None
    log_addresses: Annotated[
        bool,
        OptionInfo(
            "Log", "Log the requested mail address instead of its keyed hash.", "true or false"
        ),
    ] = False
    log_key: Annotated[
        str | None,
        Field(min_length=16, repr=False),
        OptionInfo(
            "Log",
            "The key of the hash of addresses. Set it to keep the hash of an address after a "
            "restart; random at each start if unset.",
            "a text of at least 16 characters",
            example='"a long random text"',
            masked=True,
        ),
    ] = None

    @property
    def uses_providers_file(self) -> bool:
        """Whether the domains are in a providers file or the demo, and not in the database."""
        return self.demo or self.providers is not None


@cache
def options() -> tuple[Option, ...]:
    """Return the table, in the order for pages."""
    fields = Settings.model_fields
    # In Pydantic's order, inherited fields are first.
    inherited_last = {
        **LimitOptions.model_fields,
        **ProfileOptions.model_fields,
        **LinkOptions.model_fields,
        **SignInOptions.model_fields,
        **AdminOptions.model_fields,
        **OidcOptions.model_fields,
        **MonitorOptions.model_fields,
    }
    names = [*(name for name in fields if name not in inherited_last), *inherited_last]
    return tuple(_option(name, fields[name]) for name in names)


def _option(name: str, field: FieldInfo) -> Option:
    (info,) = (extra for extra in field.metadata if isinstance(extra, OptionInfo))
    annotation = field.annotation
    if get_origin(annotation) in {Union, UnionType}:  # `Path | None`
        (annotation,) = (part for part in get_args(annotation) if part is not NoneType)
    choices: tuple[str, ...] = ()
    if get_origin(annotation) is Literal:
        choices, annotation = get_args(annotation), str
    elif get_origin(annotation) is dict:
        annotation = dict
    elif get_origin(annotation) is tuple:
        annotation = list
    if not isinstance(annotation, type):
        message = f"{name} has a type that is not possible for a flag: {annotation}"
        raise TypeError(message)
    default = None if field.default is PydanticUndefined else field.default
    return Option(name, annotation, default, info, choices)


def default_db_uri(
    environ: Mapping[str, str], home: Path, service_folder: Path = _SERVICE_FOLDER
) -> str:
    """Return the URI of the SQLite file in the state folder of the service, or of the user.

    Without `$STATE_DIRECTORY`, root and the owner of the service's folder get the file of the
    service, too: their commands would otherwise use another database than the service.

    Args:
        environ: the environment variables.
        home: the user's home.
        service_folder: the folder that the packages and the unit create.
    """
    folder = state_folder(environ, home)
    if folder == home / _USER_FOLDER and _administers(service_folder):
        folder = service_folder
    return f"sqlite:///{folder / 'waypost.sqlite'}"


def state_folder(environ: Mapping[str, str], home: Path) -> Path:
    """Return the state folder of the service, or of the user.

    A user without a home gets the folder of the service.

    Source: systemd.exec(5), `StateDirectory=`, whose variable contains folders separated by
    colons; XDG Base Directory Specification, which requires to ignore a folder that is not
    absolute.
    """
    unit_folder = Path(environ.get("STATE_DIRECTORY", "").partition(":")[0])
    if unit_folder.is_absolute():
        return unit_folder
    state_home = Path(environ.get("XDG_STATE_HOME", ""))
    if state_home.is_absolute():
        return state_home / "waypost"
    return _SERVICE_FOLDER if str(home) in _NO_HOMES else home / _USER_FOLDER


def _administers(folder: Path) -> bool:
    """Return whether a folder exists, and this process runs as root or as its owner."""
    try:
        return os.geteuid() in {_ROOT, folder.stat().st_uid}
    except OSError:
        return False
