import os
import pickle
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from tests.settings.machine import Machine
from waypost.settings import SourceKind, default_db_uri, options
from waypost.settings.profiles import RISKS


def test_defaults_need_nothing(machine: Machine) -> None:
    """Without file, variable and flag, the database is a file in the user's state folder."""
    loaded = machine.load()
    assert loaded.file is None
    assert loaded.warnings == ()
    assert loaded.settings.db_uri == (
        f"sqlite:///{machine.home}/.local/state/waypost/waypost.sqlite"
    )
    assert (loaded.settings.host, loaded.settings.port) == ("127.0.0.1", 4243)
    assert {source.kind for source in loaded.sources.values()} == {SourceKind.DEFAULT}


@pytest.mark.parametrize(
    ("given", "folder"),
    [("/state", "/state"), ("state", "{home}/.local/state"), ("", "{home}/.local/state")],
)
def test_state_folder(machine: Machine, given: str, folder: str) -> None:
    """XDG_STATE_HOME moves the default database, unless it is not absolute."""
    machine.environ["XDG_STATE_HOME"] = given
    expected = f"sqlite:///{folder.format(home=machine.home)}/waypost/waypost.sqlite"
    assert machine.load().settings.db_uri == expected


def test_loading_touches_nothing(machine: Machine) -> None:
    """Loading creates neither the state folder nor any other file."""
    machine.load()
    assert list(machine.root.iterdir()) == []


def test_precedence(machine: Machine) -> None:
    """A flag has precedence over the environment, then comes the file, then the default."""
    file = machine.write("work/waypost.toml", "max_age = 1\nport = 1\nworkers = 2\n")
    machine.environ |= {"WAYPOST_PORT": "2", "WAYPOST_WORKERS": "3"}
    loaded = machine.load({"workers": 4, "port": None})
    settings = loaded.settings
    assert (settings.cache_ttl, settings.max_age, settings.port, settings.workers) == (10, 1, 2, 4)
    names = ("cache_ttl", "max_age", "port", "workers")
    assert [str(loaded.sources[name]) for name in names] == [
        "default",
        f"{file}:1",
        "WAYPOST_PORT",
        "--workers",
    ]
    assert [loaded.sources[name].kind for name in names] == [
        SourceKind.DEFAULT,
        SourceKind.FILE,
        SourceKind.ENVIRONMENT,
        SourceKind.FLAG,
    ]


def test_false_flag_wins(machine: Machine) -> None:
    """A negative flag counts as given."""
    machine.environ["WAYPOST_INITDB"] = "yes"
    assert machine.load({"initdb": False}).settings.initdb is False


_ROLES = {"a": "read *.b.example"}
_ROLES_TEXT = '{"a": "write"}'
_OIDC: dict[str, object] = {
    "oidc_issuer": "https://l",
    "oidc_client_id": "w",
    "oidc_roles": _ROLES_TEXT,
}
_SIGN_IN: dict[str, object] = {
    "public_url": "https://setup.example.com",
    "link_key": "k" * 32,
}
EVERY_VALUE: dict[str, tuple[str, str, Any]] = {
    # option: as TOML, as a variable, as Waypost holds it
    "host": ('"::1"', "::1", "::1"),
    "port": ("80", "80", 80),
    "unix_socket": ('"/a/b.sock"', "/a/b.sock", Path("/a/b.sock")),
    "workers": ("8", "8", 8),
    "public_url": (
        '"https://Setup.example.com/"',
        "https://setup.example.com",
        "https://setup.example.com",
    ),
    "metrics_listen": ('"[::1]:9243"', "[::1]:9243", "[::1]:9243"),
    "providers": ('"/a/b.toml"', "/a/b.toml", Path("/a/b.toml")),
    "demo": ("true", "Yes", True),
    "db_uri": ('"mysql+pymysql://u@h/d"', "mysql+pymysql://u@h/d", "mysql+pymysql://u@h/d"),
    "db_read_uri": (
        '"mysql+pymysql://u@h2/d"',
        "mysql+pymysql://u@h2/d",
        "mysql+pymysql://u@h2/d",
    ),
    "db_echo": ("true", "on", True),
    "initdb": ("false", "0", False),
    "languages_dir": ('"/a/languages"', "/a/languages", Path("/a/languages")),
    "cache_ttl": ("1", "1.5", 1.5),
    "cache_size": ("5", "5", 5),
    "cache_negative_size": ("6", "6", 6),
    "directory_cache_size": ("7", "7", 7),
    "stale_if_error": ("60.5", "60.5", 60.5),
    "max_age": ("0", "0", 0),
    "ldap_ca_file": ('"/a/ca.pem"', "/a/ca.pem", Path("/a/ca.pem")),
    "permit_missing_libraries": ("true", "true", True),
    "proxy_count": ("2", "2", 2),
    "trusted_proxies": (
        '["127.0.0.0/8", "2001:db8::/32"]',
        "127.0.0.0/8, 2001:db8::/32",
        (ip_network("127.0.0.0/8"), ip_network("2001:db8::/32")),
    ),
    "loglevel": ('"WARN"', "Warning", "warning"),
    "log_format": ('"JSON"', "json", "json"),
    "trace_endpoint": ('"http://h:4318/v1"', "http://h:4318/v1", "http://h:4318/v1"),
    "log_addresses": ("true", "TRUE", True),
    "log_key": ('"0123456789abcdef"', "0123456789abcdef", "0123456789abcdef"),
    "rate_limit": ("0.5", "0.5", 0.5),
    "rate_limit_burst": ("100", "100", 100),
    "rate_limit_query_cost": ("0", "0", 0),
    "rate_limit_exempt": (
        '["private", "203.0.113.0/24"]',
        "private, 203.0.113.0/24",
        ("private", ip_network("203.0.113.0/24")),
    ),
    "max_connections_per_network": ("0", "0", 0),
    "profile_cert": ('"/a/cert.pem"', "/a/cert.pem", Path("/a/cert.pem")),
    "profile_key": ('"/a/key.pem"', "/a/key.pem", Path("/a/key.pem")),
    "profile_chain": ('"/a/chain.pem"', "/a/chain.pem", Path("/a/chain.pem")),
    "profile_organization": ('"Ä & Co"', "Ä & Co", "Ä & Co"),
    "profile_description": ('"""a\nb"""', "a\nb", "a\nb"),
    "profile_consent": (
        '{ default = "Yes?", pt-BR = "Sim?" }',
        '{"default": "Yes?", "pt-BR": "Sim?"}',
        {"default": "Yes?", "pt-BR": "Sim?"},
    ),
    "profile_removable": ("false", "no", False),
    "profile_days": ("30", "30", 30),
    "profile_expires": ('"2030-12-31"', "2030-12-31", date(2030, 12, 31)),
    "permit_cleartext_passwords": (f'"{RISKS}"', RISKS, RISKS),
    "link_key": (f'"{"k" * 32}"', "k" * 32, "k" * 32),
    "link_key_file": ('"/a/link.key"', "/a/link.key", Path("/a/link.key")),
    "app_password_hook": ('"https://h/p"', "https://h/p", "https://h/p"),
    "app_password_hook_key": (f'"{"h" * 32}"', "h" * 32, "h" * 32),
    "app_password_command": ('["/bin/x", "-v"]', "/bin/x -v", ("/bin/x", "-v")),
    "app_password_seconds": ("2.5", "2.5", 2.5),
    "sign_in": ('"imap"', "imap", "imap"),
    "sign_in_oidc_issuer": ('"https://l/r/"', "https://l/r/", "https://l/r/"),
    "sign_in_oidc_client_id": ('"w"', "w", "w"),
    "sign_in_oidc_client_secret": ('"s3"', "s3", "s3"),
    "sign_in_oidc_claim": ('"upn"', "upn", "upn"),
    "admin_host": ('"::1"', "::1", "::1"),
    "admin_port": ("0", "0", 0),
    "audit_retention_days": ("30", "30", 30),
    "admin_url": (
        '"https://admin.example.com"',
        "https://admin.example.com",
        "https://admin.example.com",
    ),
    "tls_names": ('["apex", "mta-sts"]', "apex mta-sts", ("apex", "mta-sts")),
    "oidc_issuer": ('"https://l/r/"', "https://l/r/", "https://l/r/"),
    "oidc_client_id": ('"w"', "w", "w"),
    "oidc_client_secret": ('"s3"', "s3", "s3"),
    "oidc_groups_claim": ('"roles"', "roles", "roles"),
    "oidc_roles": ('{ a = "read *.b.example" }', '{"a": "read *.b.example"}', _ROLES),
    "monitor_interval": ("60", "60", 60.0),
    "monitor_rate": ("0.5", "0.5", 0.5),
    "monitor_port": ("0", "0", 0),
    "monitor_state": ('"/a/state"', "/a/state", Path("/a/state")),
    "monitor_notify": ('["/a/b", "-x"]', "/a/b -x", ("/a/b", "-x")),
}
# What is nothing alone, and what it needs.
NEEDED: dict[str, dict[str, object]] = {
    "db_read_uri": {"demo": True},  # With a database, it needs a `db_uri` that is no flag.
    "profile_cert": {"profile_key": "/a/key.pem"},
    "profile_key": {"profile_cert": "/a/cert.pem"},
    "profile_chain": {"profile_cert": "/a/cert.pem", "profile_key": "/a/key.pem"},
    "app_password_hook": {"app_password_hook_key": "h" * 32},
    "oidc_issuer": {"oidc_client_id": "w", "oidc_roles": _ROLES_TEXT},
    "oidc_client_id": {"oidc_issuer": "https://l", "oidc_roles": _ROLES_TEXT},
    "oidc_client_secret": _OIDC,
    "oidc_roles": {"oidc_issuer": "https://l", "oidc_client_id": "w"},
    "sign_in_oidc_issuer": {"sign_in_oidc_client_id": "w", **_SIGN_IN},
    "sign_in_oidc_client_id": {"sign_in_oidc_issuer": "https://l", **_SIGN_IN},
    "sign_in_oidc_client_secret": {
        "sign_in_oidc_issuer": "https://l",
        "sign_in_oidc_client_id": "w",
        **_SIGN_IN,
    },
}


def test_table_of_values_is_complete() -> None:
    """The tests below have every option."""
    assert list(EVERY_VALUE) == [option.name for option in options()]


@pytest.mark.parametrize("name", EVERY_VALUE)
def test_every_option_by_variable(machine: Machine, name: str) -> None:
    """Every option can be set by its variable."""
    machine.environ[f"WAYPOST_{name.upper()}"] = EVERY_VALUE[name][1]
    assert getattr(machine.load(NEEDED.get(name)).settings, name) == EVERY_VALUE[name][2]


@pytest.mark.parametrize("name", EVERY_VALUE)
def test_every_option_by_file(machine: Machine, name: str) -> None:
    """Every option can be set in the TOML file, with the same name."""
    machine.write("etc/waypost/waypost.toml", f"{name} = {EVERY_VALUE[name][0]}\n")
    expected = 1.0 if name == "cache_ttl" else EVERY_VALUE[name][2]
    value = getattr(machine.load(NEEDED.get(name)).settings, name)
    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize("name", EVERY_VALUE)
def test_every_option_by_flag(machine: Machine, name: str) -> None:
    """Every option can be set by a flag, with its own type."""
    value = EVERY_VALUE[name][2]
    flags = {name: value} | NEEDED.get(name, {})
    assert getattr(machine.load(flags).settings, name) == value


def test_settings_travel(machine: Machine) -> None:
    """Settings can be sent to another process unchanged."""
    settings = machine.load({"trusted_proxies": ["::1/128"], "log_key": "k" * 16}).settings
    assert pickle.loads(pickle.dumps(settings)) == settings  # noqa: S301 (our own bytes)


def test_settings_cannot_change(machine: Machine) -> None:
    """Settings cannot change after they are loaded."""
    with pytest.raises(ValueError, match="frozen"):
        machine.load().settings.port = 1


def test_repr_has_no_secret(machine: Machine) -> None:
    """The repr of the settings shows neither the key nor the database's password."""
    machine.environ |= {"WAYPOST_LOG_KEY": "s3cret" * 4, "WAYPOST_DB_URI": "mysql://u:s3cret@h/d"}
    assert "s3cret" not in repr(machine.load().settings)


@pytest.mark.parametrize("name", ["providers", "profile_key", "unix_socket"])
@pytest.mark.parametrize("url", ["mysql://u:s3cret@h/d", "file:///s3cret", "https://u:s3cret@h/"])
def test_url_in_place_of_a_path(machine: Machine, name: str, url: str) -> None:
    """A URL is not a path, and its password is not shown as a part of one."""
    machine.environ[f"WAYPOST_{name.upper()}"] = url
    found = " ".join(machine.problems({}))
    assert f"WAYPOST_{name.upper()}: {name} is " in found
    assert ":s3cret" not in found


CONTRADICTIONS = [
    # flags, what is said
    (
        {"demo": True, "providers": "a.toml"},
        "--demo, --providers: demo and providers exclude each other; set only one of them",
    ),
    (
        {"proxy_count": 1, "trusted_proxies": ["::1"]},
        (
            "--proxy-count, --trusted-proxies: proxy_count and trusted_proxies exclude each other; "
            "set only one of them"
        ),
    ),
    (
        {"profile_cert": "/a.pem"},
        "--profile-cert: profile_cert requires profile_key",
    ),
    (
        {"profile_key": "/a.pem"},
        "--profile-key: profile_key requires profile_cert",
    ),
    (
        {"profile_chain": "/a.pem"},
        "--profile-chain: profile_chain requires profile_cert",
    ),
    (
        {"db_uri": "postgresql://h/d", "db_read_uri": "mysql://h/d"},
        (
            "--db-read-uri, --db-uri: db_read_uri and db_uri must both be URIs for PostgreSQL, or "
            "both for MariaDB"
        ),
    ),
    (
        {"db_uri": "sqlite:////a.db", "db_read_uri": "sqlite:////b.db"},
        (
            "--db-read-uri, --db-uri: db_read_uri and db_uri must both be URIs for PostgreSQL, or "
            "both for MariaDB"
        ),
    ),
    (
        {"workers": 2, "db_uri": "sqlite://"},
        (
            "--workers, --db-uri: several workers cannot share a database in memory; "
            "set workers to 1, or set db_uri to a file or a server"
        ),
    ),
]


@pytest.mark.parametrize(("flags", "problem"), CONTRADICTIONS)
def test_conflicting_options(machine: Machine, flags: dict[str, object], problem: str) -> None:
    """Options that exclude each other are refused, with both sources."""
    assert machine.problems(flags) == (problem,)


def test_replica_belongs_to_its_database(machine: Machine) -> None:
    """A flag that names another database disables the replica of the settings file."""
    machine.write(
        "work/waypost.toml", 'db_uri = "postgres://h/d"\ndb_read_uri = "postgresql://h2/d"\n'
    )
    assert machine.load().settings.db_read_uri == "postgresql://h2/d"
    assert machine.load({"db_uri": "postgresql://h3/d"}).settings.db_read_uri is None
    assert machine.load({"db_uri": "sqlite:////a.db"}).settings.db_read_uri is None


@pytest.mark.parametrize(
    "uri",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite+pysqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
    ],
)
def test_database_in_memory_is_warned_of(machine: Machine, uri: str) -> None:
    """A database in memory is accepted, with a warning."""
    machine.environ["WAYPOST_DB_URI"] = uri
    loaded = machine.load()
    assert loaded.settings.db_uri == uri
    assert loaded.warnings == (
        "WAYPOST_DB_URI: db_uri is a database in memory; its content is lost when the process ends",
    )


@pytest.mark.parametrize("uri", ["sqlite:////a.db", "sqlite:///a.db", "mysql://h/:memory:"])
def test_other_databases_are_not_warned_of(machine: Machine, uri: str) -> None:
    """A database in a file or on a server has no warning."""
    assert machine.load({"db_uri": uri}).warnings == ()


def test_all_mistakes_at_once(machine: Machine) -> None:
    """All mistakes of all sources are reported, each with its place and the allowed values."""
    machine.write("work/waypost.toml", 'port = "1"\nprot = 2\n')
    machine.environ |= {"WAYPOST_WORKERS": "0", "WAYPOST_DB_URL": "sqlite://"}
    assert machine.problems({"cache_ttl": -1, "colour": True}) == (
        "ROOT/work/waypost.toml:2: prot is not an option; did you mean port?",
        "WAYPOST_DB_URL: not an option; did you mean WAYPOST_DB_URI?",
        "--colour: not an option; `waypost config sample` lists all options",
        'ROOT/work/waypost.toml:1: port is "1", but must be a whole number from 0 to 65535',
        'WAYPOST_WORKERS: workers is "0", but must be a whole number from 1 to 1024',
        "--cache-ttl: cache_ttl is -1, but must be a number of seconds from 0 to 86400",
    )


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://setup.example.com", "https://setup.example.com"),
        ("HTTPS://Setup.Example.com:8443/", "https://setup.example.com:8443"),
        ("https://192.0.2.1", "https://192.0.2.1"),
        ("https://[2001:DB8::1]:443", "https://[2001:db8::1]:443"),
    ],
)
def test_public_url(machine: Machine, url: str, kept: str) -> None:
    """The public URL is a host with https, in one normal form."""
    assert machine.load({"public_url": url}).settings.public_url == kept


@pytest.mark.parametrize(
    "url",
    [
        *("", "setup.example.com", "http://setup.example.com", "https://"),
        *("https://setup.example.com/path", "https://setup.example.com/?a=b"),
        *("https://setup.example.com#x", "https://user@setup.example.com", "https://a b"),
        *("https://setup.example.com:0", "https://setup.example.com:70000", "https://-a"),
        *("https://setup.example.com\n", "https://%EMAILDOMAIN%"),
    ],
)
def test_bad_public_url(machine: Machine, url: str) -> None:
    """A public URL that is not https, or has more than a host and a port, is refused."""
    (problem,) = machine.problems({"public_url": url})
    assert problem.startswith("--public-url: public_url is ")
    assert "must be an https URL without a path" in problem


STATE = [
    # STATE_DIRECTORY, XDG_STATE_HOME, the home, the default database
    ("/var/lib/waypost", "", "/home/a", "/var/lib/waypost/waypost.sqlite"),
    ("/var/lib/waypost:/var/lib/other", "/xdg", "/home/a", "/var/lib/waypost/waypost.sqlite"),
    ("waypost", "", "/home/a", "/home/a/.local/state/waypost/waypost.sqlite"),
    ("", "", "/home/a", "/home/a/.local/state/waypost/waypost.sqlite"),
    ("", "", "/", "/var/lib/waypost/waypost.sqlite"),
    ("", "", "/nonexistent", "/var/lib/waypost/waypost.sqlite"),
    ("", "/xdg", "/", "/xdg/waypost/waypost.sqlite"),
]


@pytest.mark.parametrize(("state", "xdg", "home", "path"), STATE)
def test_default_database(state: str, xdg: str, home: str, path: str) -> None:
    """The default is in the folder of the unit, then of the user, then of the service."""
    environ = {"STATE_DIRECTORY": state, "XDG_STATE_HOME": xdg}
    assert default_db_uri(environ, Path(home)) == f"sqlite:///{path}"


@pytest.mark.parametrize(
    ("user", "owner", "is_used"), [(0, 0, True), (0, 990, True), (990, 990, True), (1, 990, False)]
)
def test_database_of_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: int, owner: int, is_used: bool
) -> None:
    """Root and the user of the service find the database of the service without a variable."""
    folder = tmp_path / "service"
    folder.mkdir()
    status = os.stat_result((0o40750, 0, 0, 1, owner, owner, 0, 0, 0, 0))
    monkeypatch.setattr(Path, "stat", lambda *_args, **_options: status)
    monkeypatch.setattr(os, "geteuid", lambda: user)
    own = Path("/home/a/.local/state/waypost")
    found = default_db_uri({}, Path("/home/a"), folder)
    assert found == f"sqlite:///{folder if is_used else own}/waypost.sqlite"
    found = default_db_uri({"XDG_STATE_HOME": "/xdg"}, Path("/home/a"), folder)
    assert found == "sqlite:////xdg/waypost/waypost.sqlite"


def test_no_folder_of_the_service(tmp_path: Path) -> None:
    """On a machine without the folder of the service, the database of root is in root's home."""
    found = default_db_uri({}, Path("/root"), tmp_path / "missing")
    assert found == "sqlite:////root/.local/state/waypost/waypost.sqlite"


@pytest.mark.parametrize(
    "url",
    [
        *("", "127.0.0.1:4318", "grpc://127.0.0.1:4317", "http://", "http://h:0/", "http://a b/"),
        *("http://user:password@h/v1/traces", "http://h/v1/traces?token=password", "http://h/\n"),
    ],
)
def test_bad_trace_endpoint(machine: Machine, url: str) -> None:
    """The URL of a collector has neither user nor query, and the error shows no password."""
    (problem,) = machine.problems({"trace_endpoint": url})
    assert problem.startswith("--trace-endpoint: trace_endpoint is ")
    assert "password" not in problem.replace("without user and password", "")
