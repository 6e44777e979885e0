"""The sources of a database's URI, and the errors for a URI that cannot be used."""

from contextlib import closing
from pathlib import Path

import pytest

from tests.directory.sql.conftest import ALICE, WRONG, Opened, configured, said
from tests.directory.sql.schemas import SCHEMAS
from tests.servers.postgresql import PostgreSql
from waypost.core.errors import DirectoryError, DirectoryUnavailable
from waypost.core.model import Secret
from waypost.directory.sql.source import OpenSqlDirectory


def test_uri_from_a_file(sqlite: Path, opened: Opened, tmp_path: Path) -> None:
    """The first line of a file is the URI."""
    file = tmp_path / "uri"
    file.write_text(f"sqlite:///{sqlite}\nmore\n", encoding="utf-8")
    assert opened(Secret(file=str(file))).find(ALICE) is not None


def test_uri_from_the_environment(
    sqlite: Path, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An environment variable has the URI."""
    monkeypatch.setenv("MAIL_URI", f"sqlite:///{sqlite}")
    assert opened(Secret(variable="MAIL_URI")).find(ALICE) is not None


@pytest.mark.servers
def test_password_that_changes(
    postgresql_server: PostgreSql, opened: Opened, tmp_path: Path
) -> None:
    """A changed password in the file is used from the next connection on."""
    name = postgresql_server.fresh()
    postgresql_server.sql(SCHEMAS["postfixadmin"]["postgresql"], name, "waypost")
    file = tmp_path / "uri"
    file.write_text(postgresql_server.tcp_uri(name, password=WRONG), encoding="utf-8")
    people = opened(Secret(file=str(file)))
    assert "check the user and the password" in said(people)
    file.write_text(postgresql_server.tcp_uri(name), encoding="utf-8")
    assert people.find(ALICE) is not None


BAD_URIS = [
    # the source of the URI, the error
    (Secret(), "no uri is set; set uri, uri_file or uri_env"),
    (Secret(file="/nosuch/uri"), "uri_file: /nosuch/uri cannot be read: No such file or directory"),
    (Secret(file="/dev/null"), "uri_file: the first line of /dev/null is empty"),
    (Secret(file="/dev/zero"), "uri_file: /dev/zero cannot be read: is a FIFO, a socket or a dev"),
    (Secret(variable="WAYPOST_NOSUCH"), "the environment variable WAYPOST_NOSUCH is not set"),
    (Secret("s3cret"), "uri: is not a database URI; write dialect+driver://"),
    (Secret("postgresql://u:s3cret@h:port/d"), "uri: is not a database URI"),
    (Secret("nosuch://u:s3cret@h/d"), "uri: Waypost does not support the database 'nosuch'"),
    (Secret("mysql+mysqldb://u:s3cret@h/d"), "mysql+mysqldb is not installed; install the Python"),
    (Secret("sqlite://"), "uri: must name an existing SQLite file"),
    (Secret("sqlite:///:memory:"), "uri: must name an existing SQLite file"),
    (Secret("sqlite://host/a"), "uri: must name an existing SQLite file"),
    (Secret("sqlite://u:s3cret@/a"), "uri: must name an existing SQLite file"),
    (Secret("sqlite:////nosuch/a.sqlite"), "uri: /nosuch/a.sqlite: unable to open database file"),
    (Secret("sqlite:////etc/passwd"), "uri: /etc/passwd: file is not a database; name a SQLite"),
    (Secret("mysql://u:s3cret@h/d?nosuch=1"), "uri: the driver rejects the host or the options"),
    (Secret("mysql://u:s3cret@h/d?charset=no"), "uri: the driver rejects the host or the o"),
    (Secret("postgresql+psycopg2://u:s3cret@h/d?nosuch=1"), "options: invalid dsn: invalid conn"),
    (Secret("postgresql+psycopg://u:s3cret@127.0.0.1:1/d?nosuch=1"), "options: invalid connection"),
]


@pytest.mark.parametrize(("uri", "text"), BAD_URIS)
def test_bad_uris(uri: Secret, text: str) -> None:
    """The error about a bad URI says what is wrong, and never contains the password."""
    with (
        pytest.raises((DirectoryError, DirectoryUnavailable)) as caught,
        closing(OpenSqlDirectory(configured(uri))) as people,
    ):
        people.find(ALICE)
    assert str(caught.value).startswith("directory people: ")
    assert text in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_missing_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error about a missing driver says what to install."""
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    with pytest.raises(DirectoryError, match=r"run pip install '\.\[postgresql\]' in the folder"):
        OpenSqlDirectory(configured("postgresql+psycopg://u:s3cret@h/d"))


def test_missing_file_is_not_made(tmp_path: Path, opened: Opened) -> None:
    """A missing SQLite file is not created."""
    path = tmp_path / "a ?#%.sqlite"
    people = opened(Secret(f"sqlite:///{tmp_path}/a%20%3F%23%25.sqlite"))
    said(people)
    assert not path.exists()
    assert list(tmp_path.iterdir()) == []
