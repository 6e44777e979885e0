"""The database drivers that Waypost supports, and the options for each of them."""

from importlib.util import find_spec
from typing import Any, Final

import sqlalchemy as sa

CONNECT_TIMEOUT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 12
"""How long a server may be silent during a statement; longer than any wait for a lock."""
_EXTRAS: Final = {"psycopg": "postgresql", "psycopg2": "postgresql", "pymysql": "mysql"}
# A network that drops packets is detected after this time (libpq's options).
_LIBPQ: Final = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
# Options for each driver, unless the URI sets them.
_CONNECT: Final[dict[str, dict[str, Any]]] = {
    # Connection poolers in front of PostgreSQL, and upgrades, do not work with prepared statements.
    "psycopg": _LIBPQ | {"prepare_threshold": None},
    "psycopg2": _LIBPQ,
    "pymysql": {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "charset": "utf8mb4"},
}


def with_driver(url: sa.URL) -> sa.URL:
    """Return a URI with Waypost's driver, unless it names one; MariaDB uses that of MySQL."""
    backend, _, driver = url.drivername.partition("+")
    backend = {"mariadb": "mysql", "postgres": "postgresql"}.get(backend, backend)
    if backend == "mysql":
        driver = driver or "pymysql"
    elif backend == "postgresql":
        has_newer = find_spec("psycopg") is not None or find_spec("psycopg2") is None
        driver = driver or ("psycopg" if has_newer else "psycopg2")
    return url.set(drivername=f"{backend}+{driver}" if driver else backend)


def connect_options(url: sa.URL, **more: object) -> dict[str, Any]:
    """Return the options for a driver's connections, without those that the URI sets.

    Args:
        url: with its driver.
        more: options for this driver in addition to the usual ones, or instead of them.
    """
    options = {**_CONNECT.get(url.drivername.partition("+")[2], {}), **more}
    return {name: value for name, value in options.items() if name not in url.query}


def timeout_options(url: sa.URL) -> dict[str, Any]:
    """Return the options with which a driver does not wait without end for a lost server.

    libpq detects a lost machine (`tcp_user_timeout`). PyMySQL blocks its thread for some minutes or
    without end.
    """
    if url.get_driver_name() != "pymysql":
        return {}
    return {"read_timeout": ANSWER_SECONDS, "write_timeout": ANSWER_SECONDS}


def driver_fix(url: sa.URL, error: ImportError) -> str:
    """Return what to install if a driver is missing."""
    module = error.name or url.get_driver_name()
    extra = _EXTRAS.get(url.get_driver_name())
    if extra is None:
        return f"install the Python package {module}"
    return f"run pip install '.[{extra}]' in the folder of Waypost's source"
