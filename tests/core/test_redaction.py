"""Secrets in URIs, URLs and messages: what is shown of them, and that no part of a secret is."""

import io
import json
import logging
import re
import string
from pathlib import Path
from urllib.parse import quote

import pytest
import sqlalchemy as sa
import structlog
from hypothesis import example, given
from hypothesis import strategies as st

from tests.cli.conftest import Waypost, home, waypost
from waypost.core.errors import ProvidersError, SettingsError, StoreError, StoreUnavailable
from waypost.core.redaction import redact_message, redact_uri, secrets_of
from waypost.database.display_url import display_url, url_secrets
from waypost.database.engine import open_engine, read_connection
from waypost.importers.download import download
from waypost.net.http_client import FetchLimits
from waypost.runtime.logs import configure
from waypost.settings import database_of, load, masked_text, options, rows

__all__ = ["home", "waypost"]

CERTAIN = [
    # what can be split in one way: as given, as shown
    ("", ""),
    ("sqlite://", "sqlite://"),
    ("sqlite:///:memory:", "sqlite:///:memory:"),
    ("sqlite:////var/lib/waypost/waypost.sqlite", "sqlite:////var/lib/waypost/waypost.sqlite"),
    ("sqlite:////srv/a@b:c/mail.db?timeout=3", "sqlite:////srv/a@b:c/mail.db?timeout=3"),
    ("sqlite:///C:/mail.db?key=hunter2", "sqlite:///C:/mail.db?key=***"),
    ("postgresql:///mail", "postgresql:///mail"),
    ("mysql://h/d", "mysql://h/d"),
    ("mysql+pymysql://u@h:3306/d?charset=utf8mb4", "mysql+pymysql://u@h:3306/d?charset=utf8mb4"),
    ("mysql+pymysql://u:hunter2@h/d", "mysql+pymysql://u:***@h/d"),
    ("mysql://u:hun:ter2@h/d", "mysql://u:***@h/d"),
    ("mysql://u:hunter2@[2001:db8::1]:3306/d", "mysql://u:***@[2001:db8::1]:3306/d"),
    ("postgresql://u:hun%40ter2@h/d", "postgresql://u:***@h/d"),
    ("postgresql://alice%40srv:hunter2@h/d", "postgresql://alice%40srv:***@h/d"),
    ("postgresql://u:hunter2@h1:1,h2:2/d", "postgresql://u:***@h1:1,h2:2/d"),
    ("postgresql://:hunter2@/d?host=/run", "postgresql://:***@/d?host=/run"),
    ("postgresql://u@%2Fvar%2Frun/d", "postgresql://u@%2Fvar%2Frun/d"),
    ("postgresql://h/d?user=u&password=hunter2", "postgresql://h/d?user=u&password=***"),
    (
        "postgresql://h/d?sslPassword=hunter2;sslmode=x",
        "postgresql://h/d?sslPassword=***;sslmode=x",
    ),
    ("postgresql://h/d?options=-c%20role%3Dhunter2", "postgresql://h/d?options=***"),
    ("postgresql://h/d?hunter2", "postgresql://h/d?***"),
    ("postgresql://h/d?host=a&host=b c", "postgresql://h/d?host=a&host=***"),
    ("http://h/a:b?emailaddress=a@b.example", "http://h/a:b?emailaddress=a@b.example"),
    ("https://h:443/x?token=hunter2&v=1", "https://h:443/x?token=***&v=***"),
    ("https://u:hunter2@h/x", "https://***@h/x"),
    ("https://hunter2@h/x", "https://***@h/x"),
    ("ldaps://ldap.example:636", "ldaps://ldap.example:636"),
    ("ldap://cn=u:hunter2@h/dc=x", "ldap://***@h/dc=x"),
    ("/var/lib/mail.sqlite", "/var/lib/mail.sqlite"),
    ("mail.sqlite", "mail.sqlite"),
    ("sqlite:/var/lib/mail.sqlite", "sqlite:/var/lib/mail.sqlite"),
]
UNCERTAIN = [
    # what can be split in several ways: as given, as shown
    ("postgresql://alice@srv:hunter2@db/x", "postgresql://***@db/x"),
    ("postgresql://dom/alice:hunter2@h/x", "postgresql://***@h/x"),
    ("mysql://u:hun:t/er@hunter2@h:3306/d", "mysql://u:***@h:3306/d"),
    ("mysql://u:hun/ter2?x@h/d", "mysql://u:***@h/d"),
    ("mysql://u:hun#ter2@h/d?charset=x", "mysql://u:***@h/d?charset=x"),
    ("mysql://u:hunter 2@h/d", "mysql://u:***@h/d"),
    ("mysql://u:hunter\t2@h/d?a=hunter2", "mysql://u:***@h/d?a=***"),
    ("mysql://u:123?x=y@h/hunter2", "mysql://***"),
    ("mysql://mail:hunter2", "mysql://***"),
    ("mysql://mail:123/hunter2@", "mysql://mail:***@"),
    ("mysql://mail/u:hunter2", "mysql://***"),
    ("mysql://h/d#hunter2", "mysql://***"),
    ("postgresql://alice%3Ahunter2@h/x", "postgresql://***@h/x"),
    ("postgresql://alice%3Ahunter2%40h/x", "postgresql://***"),
    ("postgresql://h/d?password=a@hunter2", "postgresql://h/d?***"),
    ("postgresql://h:1/d?password=a@hunter2", "postgresql://***"),
    ("postgresql:///mail?password=hunter2&x=a@b", "postgresql:///mail?***"),
    ("https://u:hun/ter2@h/x", "https://***@h/x"),
    ("postgresql:/u:hunter2@h/x", "postgresql:/***@h/x"),
    ("postgresql//u:hunter2@h/x", "postgresql//***@h/x"),
    ("mysql+pymysql:u:hunter2@h", "mysql+pymysql:***@h"),
    ("postgres:hunter2", "postgres:***"),
    ("u:hunter2@h", "***@h"),
    ("u:hunter2@h:hunter2", "***"),
    ("hunter2", "***"),
    ("u hunter2", "***"),
]


@pytest.mark.parametrize(("uri", "expected"), CERTAIN + UNCERTAIN)
def test_shown_uris(uri: str, expected: str) -> None:
    """A URI is shown except for all that may be a password."""
    assert redact_uri(uri) == expected
    assert "hun" not in redact_uri(uri)
    assert "ter2" not in redact_uri(uri)


@pytest.mark.parametrize(("uri", "expected"), CERTAIN + UNCERTAIN)
def test_settings_show_the_same_form(uri: str, expected: str) -> None:
    """The settings show a database in the same form as this function."""
    (option,) = (option for option in options() if option.name == "db_uri")
    assert masked_text(option, uri) == expected


SECRET = "Zq7xKw"
_SIGNS = st.text(alphabet=string.ascii_lowercase + string.digits + ":/@?#&=;% +", max_size=6)
_NAMES = st.text(alphabet="ab/@.%", max_size=4)
PLACES = ["db/x", "[::1]:5432/x", "db:5432", "db/x?charset=y", ""]


@given(
    before=_SIGNS, after=_SIGNS, user=_NAMES, place=st.sampled_from(PLACES), encoded=st.booleans()
)
@example(before="", after="", user="alice@srv", place="db/x", encoded=False)
@example(before="", after="", user="dom/alice", place="db/x", encoded=False)
def test_no_password_is_shown(
    before: str, after: str, user: str, place: str, encoded: bool
) -> None:
    """A password with any character, after any user, is neither shown nor left in a message."""
    password = quote(f"{before}{SECRET}{after}", safe="") if encoded else f"{before}{SECRET}{after}"
    uri = f"postgresql://{user}:{password}@{place}"
    assert SECRET not in redact_uri(uri)
    parts = re.split("[:/@?#&=; ]", f"{before}{SECRET}{after}")
    said = " ".join(f'"{part}"' for part in [uri, password, *parts])
    assert SECRET not in redact_message(said, secrets_of(uri))


@given(before=_SIGNS, after=_SIGNS, scheme=st.sampled_from(["postgresql", "mysql", "https"]))
def test_no_value_of_a_query_is_shown(before: str, after: str, scheme: str) -> None:
    """A password in a parameter that is not known to be harmless is not shown."""
    value = f"{before}{SECRET}{after}".replace("&", "").replace(";", "")
    for name in ("password", "options", "sslpassword", "x"):
        assert SECRET not in redact_uri(f"{scheme}://u:p@h/d?{name}={value}&charset=y")


@given(
    before=_SIGNS,
    after=_SIGNS,
    user=_NAMES,
    place=st.sampled_from(PLACES),
    begin=st.sampled_from(["postgresql://", "mysql:/", "", "postgres//"]),
)
def test_settings_show_no_password(
    before: str, after: str, user: str, place: str, begin: str
) -> None:
    """The output of `config show`, and its errors, have no password."""
    uri = f"{begin}{user}:{before}{SECRET}{after}@{place}"
    for source in ({"WAYPOST_DB_URI": uri}, {"WAYPOST_PUBLIC_URL": uri}, {"WAYPOST_HOST": uri}):
        assert SECRET not in said_by_settings(source)


def said_by_settings(environ: dict[str, str]) -> str:
    """Return all output about the settings, good or bad."""
    missing = Path("/absent")
    try:
        loaded = load(environ, {}, missing, missing, missing)
    except SettingsError as error:
        return str(error)
    return " ".join([f"{database_of(loaded, missing)}", *(row.value for row in rows(loaded))])


REFUSED = [
    # option, an invalid value, what is shown
    ("db_uri", "mail.sqlite", '"mail.sqlite"'),
    ("db_uri", "postgresql:/u:hunter2@h/x", '"postgresql:/***@h/x"'),
    ("db_uri", "u:hunter2@h", '"***@h"'),
    ("db_uri", "hunter2", '"***"'),
    ("public_url", "https://u:hunter2@h", '"https://***@h"'),
    ("public_url", "https://h/?token=hunter2", '"https://h/?token=***"'),
    ("host", "http://u:hunter2@h", '"http://***@h"'),
    ("metrics_listen", "u:hunter2@h:1", '"***@h:1"'),
    ("trusted_proxies", ["http://u:hunter2@h", "::1"], '["http://***@h", "::1"]'),
    ("profile_consent", '{"default": "https://u:hunter2@h\\u0000"}', "***"),
    ("log_key", "hunter2", "***"),
]


@pytest.mark.parametrize(("option", "value", "expected"), REFUSED)
def test_refused_values(option: str, value: object, expected: str) -> None:
    """A refused value is shown without its password, so that the operator sees the error."""
    missing = Path("/absent")
    with pytest.raises(SettingsError) as caught:
        load({}, {option: value}, missing, missing, missing)
    assert f"{option} is {expected}" in str(caught.value) or expected == "***"
    assert "hunter2" not in str(caught.value)


FETCHED = [
    # a URL of a document, what is shown
    ("ftp://u:hunter2@h/x", "ftp://u:***@h/x: must be a whole URL"),
    ("http://u:hun/ter2@h/x", "http://***@h/x: is not a URL"),
    ("http://127.0.0.1:1/x?token=hunter2", "http://127.0.0.1:1/x?token=***: cannot be fetched"),
    ("http://u:hunter2@127.0.0.1:1/x", "must not contain a user name or a password"),
]


@pytest.mark.parametrize(("url", "expected"), FETCHED)
def test_downloads(url: str, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document that cannot be fetched is named without the secrets of its URL and of a proxy."""
    for proxy in (None, "http://p:hunter2@127.0.0.1:1", "http://p:hun/ter2@127.0.0.1:1"):
        if proxy is not None:
            monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(ProvidersError) as caught:
            download(url, FetchLimits(1000))
        assert expected in str(caught.value)
        assert "hun" not in str(caught.value)
        assert "ter2" not in str(caught.value)


@pytest.mark.parametrize(
    "command",
    [
        ("compare", "--old", "https://u:hunter2@h", "--new", "http://h"),
        ("conformance", "https://u:hunter2@h", "example.com"),
        ("doctor", "a@example.com", "--ispdb", "https://u:hunter2@h"),
        ("show", "dns", "example.com", "--demo", "--public-url", "https://u:hunter2@h"),
        ("import", "ispdb", "ftp://u:hunter2@h/x"),
        ("import", "automx2", "--from-uri", "mysql://u:p@h:hunter2/x"),
        ("import", "automx2", "--from-uri", "u:hunter2@h"),
        ("db", "status", "--db-uri", "postgresql://127.0.0.1/u:hunter2@h/x"),
        ("db", "status", "--db-uri", "postgresql://u:p@127.0.0.1:1/x?optionz=hunter2"),
        ("db", "status", "--db-uri", "u:hunter2@h"),
        ("apply", "--demo", "--db-uri", "mysql://u:p@127.0.0.1:1/x?connect_timeout=hunter2!"),
        ("serve", "--admin-port", "0", "--db-uri", "nothing://dom/u:hunter2@h/x"),
        ("serve", "--admin-port", "0", "--db-uri", "mysql://u:p@h:hunter2/x"),
    ],
    ids=" ".join,
)
def test_commands(waypost: Waypost, command: tuple[str, ...]) -> None:
    """No command repeats the password of a URL that it was given."""
    outcome = waypost(*command)
    assert outcome.code == 2
    assert "hunter2" not in f"{outcome}"
    assert "Traceback" not in outcome.err


URIS = [
    f"postgresql://alice@srv:{SECRET}@127.0.0.1:1/x",
    f"postgresql://127.0.0.1/alice:{SECRET}@h/x",
    f"postgresql+psycopg2://127.0.0.1:1/alice:{SECRET}@h/x",
    f"postgresql://u@127.0.0.1:1/x?options=-c%20a={SECRET}",
    f"postgresql://u:p@127.0.0.1:1/x?optionz={SECRET}",
    f"postgresql+psycopg2://u:p@127.0.0.1:1/x?optionz={SECRET}",
    f"mysql://u:p/{SECRET}@h.invalid:1/x",
    f"mysql://u:p@{SECRET}@127.0.0.1:1/x",
    f"mysql://127.0.0.1/u:{SECRET}@h/x",
    f"mysql://u:p@127.0.0.1:1/x?optionz={SECRET}",
    f"mysql://u:p@127.0.0.1:1/x?connect_timeout={SECRET}!",
    f"postgresql://u:p@h:{SECRET}/x",
    f"postgresql://u:{SECRET}",
    f"u:{SECRET}@h",
    f"nothing://u:{SECRET}@h/x",
    f"{SECRET}",
]


@pytest.mark.parametrize("uri", URIS)
def test_errors_show_no_password(uri: str) -> None:
    """For any message of a library or a driver about a URI, its password is not in the error."""
    with pytest.raises((StoreError, StoreUnavailable)) as caught:  # noqa: PT012 -- one or the other
        engine = open_engine(uri)
        with read_connection(engine):
            pass
    assert SECRET.lower() not in str(caught.value).lower()


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_log_shows_no_password(log_format: str) -> None:
    """No line of the log has the password, not in a value, a list, or a traceback."""
    stream = io.StringIO()
    uri = f"postgresql://dom/alice:{SECRET}@h/x"
    configure("debug", log_format, stream, secrets_of(uri))  # type: ignore[arg-type]
    log = structlog.get_logger("a")
    log.info("failed", reason=f"no {uri}", all=[uri, 3], number=3)
    try:
        int(uri)
    except ValueError:
        log.exception("failed")
        logging.getLogger("library").exception("%s failed", uri)
    text = stream.getvalue()
    assert SECRET not in text
    assert text.count("***") >= 4
    if log_format == "json":
        assert [json.loads(line)["level"] for line in text.splitlines()] == ["info"] + ["error"] * 2


def test_short_secrets_are_masked_as_words() -> None:
    """A short password is masked as a word, and does not cut other words."""
    assert redact_message("a pass for a", {"a"}) == "*** pass for ***"
    assert redact_message("nothing", set()) == "nothing"


def test_url_of_the_library() -> None:
    """A URI that the library has split is shown as it was typed."""
    url = sa.make_url(f"postgresql://dom/alice:{SECRET}@h/x?options={SECRET}&options=b")
    assert display_url(url) == "postgresql://***@h/x"
    assert SECRET in url_secrets(url)
    assert (
        display_url(sa.make_url("mysql://u:p@[::1]:3306/d?charset=x"))
        == "mysql://u:***@[::1]:3306/d"
    )
