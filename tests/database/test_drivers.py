"""The drivers of databases, their options, and the URIs that messages show."""

import pytest
import sqlalchemy as sa

from waypost.database.display_url import display_url, url_secrets
from waypost.database.drivers import (
    ANSWER_SECONDS,
    connect_options,
    driver_fix,
    timeout_options,
    with_driver,
)

DRIVERS = [
    # the URI, its driver
    ("sqlite:///mail.sqlite", "sqlite"),
    ("mysql://db.example/mail", "mysql+pymysql"),
    ("mariadb://db.example/mail", "mysql+pymysql"),
    ("mysql+mysqldb://db.example/mail", "mysql+mysqldb"),
    ("postgres://db.example/mail", "postgresql+psycopg"),
    ("postgresql://db.example/mail", "postgresql+psycopg"),
    ("postgresql+psycopg2://db.example/mail", "postgresql+psycopg2"),
]
SHOWN = [
    # the URI, what messages show
    (
        "postgresql://alice:hunter2@db.example:5432/mail",
        "postgresql://alice:***@db.example:5432/mail",
    ),
    ("mysql://alice@[2001:db8::1]/mail", "mysql://alice@[2001:db8::1]/mail"),
    ("sqlite:////var/lib/mail.sqlite", "sqlite:////var/lib/mail.sqlite"),
    ("mysql://db.example/mail?password=hunter2", "mysql://db.example/mail"),
]


@pytest.mark.parametrize(("uri", "driver"), DRIVERS)
def test_drivers(uri: str, driver: str) -> None:
    """A URI without a driver gets that of Waypost; MariaDB has that of MySQL."""
    assert with_driver(sa.make_url(uri)).drivername == driver


def test_options_of_the_uri_win() -> None:
    """An option that the URI sets is not set again, and an option of the caller comes first."""
    usual = connect_options(sa.make_url("mysql+pymysql://db.example/mail"))
    assert usual["charset"] == "utf8mb4"
    url = sa.make_url("mysql+pymysql://db.example/mail?charset=latin1")
    options = connect_options(url, connect_timeout=1, read_timeout=2)
    assert options == {"connect_timeout": 1, "read_timeout": 2}
    assert connect_options(sa.make_url("sqlite:///mail.sqlite")) == {}


def test_only_pymysql_needs_timeouts() -> None:
    """PyMySQL gets a limit for a silent server; libpq detects a lost server itself."""
    limits = timeout_options(sa.make_url("mysql+pymysql://db.example/mail"))
    assert limits == {"read_timeout": ANSWER_SECONDS, "write_timeout": ANSWER_SECONDS}
    assert timeout_options(sa.make_url("postgresql+psycopg://db.example/mail")) == {}


def test_missing_drivers() -> None:
    """The message about a missing driver says what to install."""
    error = ImportError(name="pymysql")
    known = driver_fix(sa.make_url("mysql+pymysql://db.example/mail"), error)
    assert known == "run pip install '.[mysql]' in the folder of Waypost's source"
    other = driver_fix(sa.make_url("mysql+mysqldb://x/y"), ImportError(name="MySQLdb"))
    assert other == "install the Python package MySQLdb"


@pytest.mark.parametrize(("uri", "shown"), SHOWN)
def test_shown_uris(uri: str, shown: str) -> None:
    """A URI in a message has no password and no query."""
    assert display_url(sa.make_url(uri)) == shown


def test_secrets_of_uris() -> None:
    """The secrets are the password, decoded, and each secret of the query."""
    uri = "postgresql://alice:hunter%402@db.example/mail?sslpassword=swordfish"
    assert {"hunter@2", "swordfish"} <= url_secrets(sa.make_url(uri))
    assert not url_secrets(sa.make_url("sqlite:///mail.sqlite"))
