"""The drivers that Waypost comes with, and what each of them is told."""

from importlib.util import find_spec
from typing import Any, Final

import sqlalchemy as sa

CONNECT_TIMEOUT_SECONDS: Final = 5
ANSWER_SECONDS: Final = 12
"""How long a server may be silent in the middle of a question; no lock is waited for so long."""
_EXTRAS: Final = {"psycopg": "postgresql", "psycopg2": "postgresql", "pymysql": "mysql"}
# A network that swallows packets is noticed after that time (libpq's options).
_LIBPQ: Final = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
# What a driver is told where the URI does not say it.
_CONNECT: Final[dict[str, dict[str, Any]]] = {
    # Poolers between Waypost and PostgreSQL, and upgrades, do not go with prepared statements.
    "psycopg": _LIBPQ | {"prepare_threshold": None},
    "psycopg2": _LIBPQ,
    "pymysql": {"connect_timeout": CONNECT_TIMEOUT_SECONDS, "charset": "utf8mb4"},
}


def with_driver(url: sa.URL) -> sa.URL:
    """Name the driver that Waypost comes with where the URI names none; MariaDB is a MySQL."""
    backend, _, driver = url.drivername.partition("+")
    backend = {"mariadb": "mysql", "postgres": "postgresql"}.get(backend, backend)
    if backend == "mysql":
        driver = driver or "pymysql"
    elif backend == "postgresql":
        has_newer = find_spec("psycopg") is not None or find_spec("psycopg2") is None
        driver = driver or ("psycopg" if has_newer else "psycopg2")
    return url.set(drivername=f"{backend}+{driver}" if driver else backend)


def connect_options(url: sa.URL, **more: object) -> dict[str, Any]:
    """Return what a driver is told at each connection where the URI does not say it.

    Args:
        url: with its driver.
        more: options for this driver besides the usual ones, or in place of them.
    """
    options = {**_CONNECT.get(url.drivername.partition("+")[2], {}), **more}
    return {name: value for name, value in options.items() if name not in url.query}


def impatient_options(url: sa.URL) -> dict[str, Any]:
    """Return what a driver is given so that it does not wait for ever for a lost server.

    libpq learns of a lost machine by itself (`tcp_user_timeout`); PyMySQL waits for some minutes or
    for ever, and its thread with it.
    """
    if url.get_driver_name() != "pymysql":
        return {}
    return {"read_timeout": ANSWER_SECONDS, "write_timeout": ANSWER_SECONDS}


def driver_cure(url: sa.URL, error: ImportError) -> str:
    """Return what to install where a driver is missing."""
    module = error.name or url.get_driver_name()
    extra = _EXTRAS.get(url.get_driver_name())
    if extra is None:
        return f"install the Python package {module}"
    return f"run pip install '.[{extra}]' in the folder of Waypost's source"
