"""The directories of a providers file: each mistake is reported with its path and its rule."""

import json
from pathlib import Path
from typing import Any

import pytest

from waypost.core.errors import ProvidersError
from waypost.core.model import (
    AttributeRule,
    DirectoryLimits,
    DirectoryPolicy,
    FileDirectory,
    LdapBind,
    LdapDirectory,
    LdapScope,
    LdapSecurity,
    Secret,
    SqlDirectory,
    UnknownUser,
)
from waypost.providers_file.load import read_providers

LDAP = {"name": "people", "kind": "ldap", "urls": ["ldaps://l.example"], "search_base": "dc=x"}
QUERY = "SELECT username AS login FROM mailbox WHERE username = :address"
SQL = {"name": "people", "kind": "sql", "uri": "sqlite://", "query": QUERY}
FILE = {"name": "people", "kind": "file", "path": "/p.csv"}
IMAP = {"type": "imap", "host": "imap.example.com"}


def read(directory: dict[str, Any], /, **provider: Any) -> Any:
    """Read a file with one directory, and with a provider if the case has one."""
    data: dict[str, Any] = {"directory": [directory]}
    if provider:
        data["provider"] = [{"name": "X", "domains": ["a.example"], **provider}]
    return read_providers(json.dumps(data), name="f", format="json")


def test_all_keys_of_ldap() -> None:
    """Every key of an LDAP directory is read."""
    keys = {
        "urls": ["ldap://a.example:1389", "ldapi://%2Frun%2Fldapi"],
        "security": "none",
        "bind_user": "cn=x",
        "bind_password_env": "PASSWORD",
        "search_filter": "(|(mail={0})(&(uid={local_part})(o={domain})))",
        "scope": "one",
        "attr_uid": "sAMAccountName",
        "attr_cn": "",
        "login_pattern": "[a-z]+",
        "ca_file": "/ca.pem",
        "tls_verify": False,
        "cert_file": "/c.pem",
        "key_file": "/k.pem",
        "time_limit_seconds": 1,
        "connect_timeout_seconds": 0.5,
        "max_searches": 9,
        "ttl_seconds": 5,
        "attributes": {"mailHost": {"allowed": ["a", "b"], "default": "a"}},
    }
    result = read(LDAP | keys)

    assert result.catalog.directories == (
        LdapDirectory(
            label="people",
            urls=("ldap://a.example:1389", "ldapi://%2Frun%2Fldapi"),
            search_base="dc=x",
            search_filter="(|(mail={0})(&(uid={local_part})(o={domain})))",
            attr_uid="sAMAccountName",
            attr_cn=None,
            scope=LdapScope.ONE,
            security=LdapSecurity.NONE,
            bind=LdapBind.SIMPLE,
            bind_user="cn=x",
            bind_password=Secret(variable="PASSWORD"),
            login_pattern="[a-z]+",
            ca_file="/ca.pem",
            tls_verify=False,
            cert_file="/c.pem",
            key_file="/k.pem",
            rules=(AttributeRule("mailHost", ("a", "b"), None, "a"),),
            limits=DirectoryLimits(1.0, 0.5, 9, 5.0),
        ),
    )
    assert [warning.partition(": ")[2] for warning in result.warnings] == [
        "directory[0].security: is none: passwords and addresses can be read on the network",
        "directory[0].tls_verify: is false: an attacker on the network can impersonate the server",
    ]


def test_other_kinds() -> None:
    """SQL and file directories are read with their defaults."""
    (sql,) = read(SQL).catalog.directories
    (file,) = read(FILE).catalog.directories

    assert sql == SqlDirectory("people", Secret("sqlite://"), QUERY)
    assert file == FileDirectory("people", "/p.csv")


def test_relative_paths(tmp_path: Path) -> None:
    """Each path is relative to the folder of the providers file, and becomes absolute."""
    keys = {"bind_user": "cn=x", "bind_password_file": "secret", "ca_file": "tls/ca.pem"}
    keys |= {"cert_file": "tls/c.pem", "key_file": "/k.pem"}
    sql = {key: value for key, value in SQL.items() if key != "uri"}
    tables = [
        LDAP | keys,
        sql | {"name": "tables", "uri_file": "mail.uri"},
        FILE | {"name": "small", "path": "p.csv"},
    ]
    text = json.dumps({"directory": tables})
    found = read_providers(text, name="f", format="json", folder=tmp_path).catalog.directories

    ldap, tables_of, small = found
    assert isinstance(ldap, LdapDirectory)
    assert isinstance(tables_of, SqlDirectory)
    assert ldap.bind_password == Secret(file=f"{tmp_path}/secret")
    assert (ldap.ca_file, ldap.cert_file) == (f"{tmp_path}/tls/ca.pem", f"{tmp_path}/tls/c.pem")
    assert ldap.key_file == "/k.pem"
    assert tables_of.uri == Secret(file=f"{tmp_path}/mail.uri")
    assert small == FileDirectory("small", f"{tmp_path}/p.csv")


URIS = [
    # value, meaning; {} is the folder of the providers file
    ("sqlite:///mail.db", "sqlite:///{}/mail.db"),
    ("sqlite+pysqlite:///a/../mail.db?timeout=1", "sqlite+pysqlite:///{}/a/../mail.db?timeout=1"),
    ("sqlite:///file:mail.db?mode=ro&uri=true", "sqlite:///file:{}/mail.db?mode=ro&uri=true"),
    ("sqlite:////mail.db", "sqlite:////mail.db"),
    ("sqlite:///file:/mail.db?uri=true", "sqlite:///file:/mail.db?uri=true"),
    ("sqlite://", "sqlite://"),
    ("sqlite:///", "sqlite:///"),
    ("sqlite:///:memory:", "sqlite:///:memory:"),
    ("sqlite:///file::memory:?uri=true", "sqlite:///file::memory:?uri=true"),
    ("postgresql:///mail?host=sock", "postgresql:///mail?host=sock"),
    ("no uri", "no uri"),
]


@pytest.mark.parametrize(("text", "meant"), URIS)
def test_relative_uris(tmp_path: Path, text: str, meant: str) -> None:
    """A SQLite file in a URI is also relative to the folder of the providers file."""
    top = json.dumps({"directory": [SQL | {"uri": text}]})
    (found,) = read_providers(top, name="f", format="json", folder=tmp_path).catalog.directories

    assert isinstance(found, SqlDirectory)
    assert found.uri == Secret(meant.format(tmp_path))


MISTAKES = [
    # directory, problems
    ({}, ["name: is missing", "kind: is missing"]),
    (FILE | {"name": "People"}, ["name: must be lowercase letters, digits, dots, hyphens"]),
    (FILE | {"name": "ldapserver-1"}, ["name: must not begin with ldapserver-"]),
    (FILE | {"kind": "nis"}, ["kind: is not known"]),
    (FILE | {"uri": "x"}, ["uri: unknown key"]),
    # There is one TTL for all users: with two, the time of an answer would show who exists.
    (
        FILE | {"negative_ttl_seconds": 5},
        ["negative_ttl_seconds: unknown key; did you mean ttl_seconds?"],
    ),
    (FILE | {"path": "people.csv"}, ["path: must be an absolute path here"]),
    (LDAP | {"ca_file": "ca.pem"}, ["ca_file: must be an absolute path here"]),
    (
        LDAP | {"bind_user": "cn=x", "bind_password_file": "x"},
        ["bind_password_file: must be an absolute path here"],
    ),
    (SQL | {"uri": "sqlite:///mail.db"}, ["uri: must be an absolute path here"]),
    (
        SQL | {"uri_file": "x"},
        ["uri_file: must be an absolute path here", "uri_file: cannot be combined with uri"],
    ),
    (FILE | {"path": "/people.xls"}, ["path: must end with .csv or .toml"]),
    (LDAP | {"urls": []}, ["urls: is empty"]),
    (LDAP | {"urls": ["ldap.example"]}, ["urls[0]: must begin with ldaps://"]),
    (LDAP | {"urls": ["ldaps://"]}, ["urls[0]: must have a host"]),
    (LDAP | {"urls": ["ldaps://a.example/dc=x"]}, ["urls[0]: must be a scheme, a host and a port"]),
    (LDAP | {"urls": ["ldaps://u:p@a.example"]}, ["urls[0]: must be a scheme, a host and a port"]),
    (LDAP | {"urls": ["ldaps://a.example:99999"]}, ["urls[0]: is not a URL"]),
    (LDAP | {"urls": ["ldapi:///run/ldapi"]}, ["urls[0]: must name a socket"]),
    (LDAP | {"urls": [1]}, ["urls[0]: must be a string"]),
    (LDAP | {"security": "none"}, ["security: is only for ldap:// URLs"]),
    (LDAP | {"search_filter": "(mail=x)"}, ["search_filter: must contain {0}"]),
    (LDAP | {"search_filter": "(mail={0}"}, ["search_filter: is not a filter"]),
    (LDAP | {"search_filter": "mail={0}"}, ["search_filter: is not a filter"]),
    (LDAP | {"scope": "tree"}, ["scope: is not known"]),
    (LDAP | {"attr_uid": "a b"}, ["attr_uid: is not an attribute name"]),
    (LDAP | {"login_pattern": "["}, ["login_pattern: is not a regular expression"]),
    (LDAP | {"cert_file": "/c"}, ["cert_file: must be set together with key_file"]),
    (LDAP | {"bind": "simple"}, ["bind_user: is missing"]),
    (LDAP | {"bind": "external", "bind_user": "x"}, ["bind_user: has no effect"]),
    (
        LDAP | {"bind_user": "x", "bind_password": "a", "bind_password_file": "/b"},
        ["bind_password_file: cannot be combined with bind_password"],
    ),
    (LDAP | {"max_searches": 0}, ["max_searches: must be a whole number from 1 to 256"]),
    (LDAP | {"ttl_seconds": "1"}, ["ttl_seconds: must be a number from 0 to 86400, not a string"]),
    (LDAP | {"ttl_seconds": -1}, ["ttl_seconds: must be a number from 0"]),
    (LDAP | {"attributes": {"a": 1}}, ["attributes.a: must be a table"]),
    (LDAP | {"attributes": {"a b": {"pattern": "x"}}}, ["attributes.a b: is not a name"]),
    (LDAP | {"attributes": {"a": {}}}, ["attributes.a: must limit the values"]),
    (
        LDAP | {"attributes": {"a": {"pattern": "x", "allowed": ["x"]}}},
        ["attributes.a.pattern: cannot be combined with allowed"],
    ),
    (LDAP | {"attributes": {"a": {"allowed": []}}}, ["attributes.a.allowed: is empty"]),
    (LDAP | {"attributes": {"a": {"allowed": [1]}}}, ["attributes.a.allowed[0]: must be a string"]),
    (LDAP | {"attributes": {"a": {"pattern": "("}}}, ["attributes.a.pattern: is not a regular"]),
    ({"name": "p", "kind": "sql", "uri": "sqlite://"}, ["has neither query nor domains_query"]),
    (SQL | {"query": "DELETE FROM mailbox"}, ["query: must be a SELECT"]),
]


@pytest.mark.parametrize(("directory", "said"), MISTAKES, ids=repr)
def test_mistakes(directory: dict[str, Any], said: list[str]) -> None:
    """Each mistake is one line with its path and its rule."""
    with pytest.raises(ProvidersError) as caught:
        read(directory)
    problems = caught.value.problems
    assert len(problems) == len(said)
    for problem, part in zip(problems, said, strict=True):
        assert part in problem
        assert problem.startswith("f: directory[0]")


def test_names_are_unique() -> None:
    """Two directories with one name are a mistake."""
    data = {"directory": [FILE, FILE]}
    with pytest.raises(ProvidersError, match=r"people is also at directory\[0\].name"):
        read_providers(json.dumps(data), name="f", format="json")


def test_provider_and_domain() -> None:
    """A domain inherits each key that it does not set from its provider."""
    catalog = read(
        FILE,
        directory="people",
        unknown_user="decline",
        domains=[
            "a.example",
            {"name": "b.example", "unknown_user": "answer", "show_display_name": True},
            {"name": "c.example", "directory": ""},
        ],
        services=[IMAP],
    ).catalog
    (people,) = catalog.directories

    assert [one.users for one in catalog.domains] == [
        DirectoryPolicy(people, UnknownUser.DECLINE),
        DirectoryPolicy(people, UnknownUser.ANSWER, show_display_name=True),
        None,
    ]


RULES = {"shard": {"pattern": ".*"}, "mailHost": {"pattern": ".*", "default": "m.example"}}
POINTERS = [
    # directory, provider, problem
    (FILE, {"directory": "peple"}, "directory: there is no [[directory]] with this name"),
    (
        FILE,
        {"directory": "people", "ldapserver": 1},
        "directory: cannot be combined with ldapserver",
    ),
    (FILE, {"ldapserver": 1}, "ldapserver: there is no [[ldapserver]] with id = 1"),
    (FILE, {"directory": "people", "unknown_user": "deny"}, "unknown_user: is not known"),
    (FILE, {"services": [IMAP | {"host": "%{x}"}]}, "host: %{x} requires a directory"),
    (
        FILE,
        {"directory": "people", "services": [IMAP | {"host": "%{x}.example"}]},
        "host: directory people does not list x in its attributes",
    ),
    (
        FILE | {"attributes": RULES},
        {"directory": "people", "services": [IMAP | {"host": "%{shard}.example"}]},
        "host: attribute shard of directory people requires a default",
    ),
    (
        FILE,
        {"directory": "people", "services": [IMAP | {"host": "%{login_name}.example"}]},
        "host: %{login_name} can be used only in URLs and login names",
    ),
    (
        FILE,
        {"directory": "people", "services": [IMAP | {"login_name": "%{x}"}]},
        "login_name: directory people does not list x in its attributes",
    ),
]


@pytest.mark.parametrize(("directory", "provider", "said"), POINTERS, ids=repr)
def test_bad_references(directory: dict[str, Any], provider: dict[str, Any], said: str) -> None:
    """A reference to a missing directory, or to a missing attribute, is reported."""
    with pytest.raises(ProvidersError) as caught:
        read(directory, **provider)
    assert said in str(caught.value)


def test_attributes_in_services() -> None:
    """Attributes with a default are allowed in hosts and URLs, all others only in login names."""
    services = [
        {"type": "imap", "host": "%{mailHost}", "login_name": "%{shard}-%EMAILLOCALPART%"},
        {"type": "smtp", "host": "smtp.%{mailHost}"},
        {"type": "caldav", "url": "https://%{mailHost}/%{login_name}/"},
    ]
    result = read(FILE | {"attributes": RULES}, directory="people", services=services)

    assert len(result.catalog.domains[0].services) == 3
    assert not result.warnings
