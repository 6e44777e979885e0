"""The JSON Schema of providers files, compared with the reader."""

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.providers_file.catalogs import catalogs
from tests.providers_file.json_schema import is_valid
from waypost.core.errors import ProvidersError
from waypost.core.model import Catalog
from waypost.providers_file.load import read_providers, write_providers
from waypost.providers_file.models.file import json_schema

SCHEMA = json_schema()
GOLDEN = (Path(__file__).parent / "golden" / "providers.toml").read_text(encoding="utf-8")
DEMO = files("waypost.demo").joinpath("providers.toml").read_text(encoding="utf-8")
INHERITING = '''
[defaults]
documentation = [{ url = "https://help.example/", descriptions = { "" = "Help", de = "Hilfe" } }]
enable = [{ url = "https://mail.example/imap", descriptions = { en = "Switch IMAP on" } }]
webmail = { url = "https://mail.example/", login = { url = "https://mail.example/in" } }
update_url = "https://mail.example/config.xml"
logos = [{ url = "https://mail.example/l.png", content_type = "image/png", width = 1 }]
developer_url = "https://mail.example/"
subaddress_separators = "!#$%&'*+-/=?^_`{|}~"
contacts = ["mailto:a@b.example", "tel:+1-2", "https://b.example/"]
page = { color = "#FA0", welcome = { "" = "Hello", pt-BR = "Bem-vindo" }, help = { de = "Hilfe" } }
ldapserver = 0
[defaults.service]
login_name = ""
authentication = ["OAuth2", "sasl:PLAIN"]
[[template]]
name = "T"
services = [{ type = "pop", host = "pop.example", port = 110, security = "starttls" }]
[[provider]]
name = "P"
extends = "T"
domains = ["*.example", { name = "example.com", ldapserver = 0 }]
[[ldapserver]]
id = 0
name = "ldap.example"
search_base = ""
[[provider]]
name = "Q"
directory = "people"
unknown_user = "decline"
show_display_name = true
domains = ["q.example", { name = "r.example", directory = "", show_display_name = false }]
services = [{ type = "imap", host = "%{mailHost}" }]
[[directory]]
name = "people"
kind = "ldap"
urls = ["ldaps://ldap.example", "ldap://ldap2.example:1389"]
search_base = "dc=example"
time_limit_seconds = 0.5
ttl_seconds = 30
attributes = { mailHost = { pattern = "mx[0-9]+", default = "mx" } }
[[directory]]
name = "mailserver"
kind = "sql"
uri_env = "URI"
query = """
SELECT username AS login, name AS display_name
FROM mailbox WHERE username = :address AND active
"""
[[directory]]
name = "small"
kind = "file"
path = "/etc/waypost/people.csv"
'''


@pytest.mark.parametrize("text", [GOLDEN, DEMO, INHERITING], ids=["golden", "demo", "inheriting"])
def test_samples_are_valid(text: str) -> None:
    """A file that the reader accepts is valid by the schema."""
    assert read_providers(text, name="f", format="toml").catalog.domains
    assert is_valid(tomllib.loads(text), SCHEMA, SCHEMA)


@given(catalog=catalogs())
def test_exports_are_valid(catalog: Catalog) -> None:
    """Every export is valid by the schema."""
    assert is_valid(json.loads(write_providers(catalog, "json")), SCHEMA, SCHEMA)


def provider(**keys: Any) -> dict[str, Any]:
    """Build a file with one provider."""
    return {"provider": [{"name": "X", **keys}]}


def service(**keys: Any) -> dict[str, Any]:
    """Build a file with one service."""
    return provider(domains=["example.com"], services=[keys])


def people(**keys: Any) -> dict[str, Any]:
    """Build a file with one directory."""
    return {"directory": [{"name": "people", **keys}]}


LDAP = {"kind": "ldap", "urls": ["ldaps://a.example"], "search_base": "dc=x"}
LOGIN = {"url": "https://a.example/"}
IMAP = {"type": "imap", "host": "h.example"}
BROKEN: list[dict[str, Any]] = [
    {},
    {"providers": []},
    {"provider": {}},
    {"provider": [{}]},
    {"provider": [1]},
    provider(name=""),
    provider(name="x" * 129),
    provider(short_name="x" * 33),
    provider(domain=["example.com"]),
    provider(domains="example.com"),
    provider(domains=[1]),
    provider(domains=[{}]),
    provider(domains=[{"name": "a.example", "ldap": 1}]),
    provider(domains_file=1),
    provider(extends=1),
    provider(services=["imap"]),
    service(host="h.example"),
    service(type="imap"),
    service(type="imapp", host="h.example"),
    service(**IMAP, port=0),
    service(**IMAP, port="993"),
    service(**IMAP, port=True),
    service(**IMAP, security="ssl"),
    service(**IMAP, url="https://a.example/"),
    service(**IMAP, authentication=[]),
    service(**IMAP, authentication="nonsense"),
    service(**IMAP, authentication=["OAuth2", "OAuth2"]),
    service(**IMAP, login_name="x" * 65),
    service(**IMAP, priority=-1),
    service(**IMAP, domain_required="yes"),
    service(**IMAP, formats="dns"),
    service(**IMAP, formats=[]),
    service(**IMAP, formats=["activesync"]),
    service(**IMAP, formats=["dns", "dns"]),
    service(**IMAP, domains=[]),
    service(**IMAP, domains=["example.com", "example.com"]),
    service(type="caldav"),
    service(type="caldav", host="h.example"),
    service(type="caldav", url="ftp://a.example/"),
    service(type="caldav", url="ldaps://a.example/"),
    service(type="ldap", url="https://a.example/"),
    service(type="ldap", host="a.example"),
    service(type="caldav", url="https://a.example/", port=443),
    provider(documentation=[{}]),
    provider(documentation=[{"url": "https://a.example", "descriptions": {"e n": "x"}}]),
    provider(documentation=[{"url": "https://a.example", "descriptions": {"en": 1}}]),
    provider(enable=[{}]),
    provider(webmail="a.example"),
    provider(webmail={}),
    provider(webmail={"url": "https://a.example", "login": {}}),
    provider(webmail={"url": "https://a.example", "login": {"url": "http://a.example"}}),
    provider(webmail={"url": "https://a.example", "login": {**LOGIN, "login_button": {}}}),
    provider(webmail={"url": "https://a.example", "login": {**LOGIN, "password_field": "x"}}),
    provider(update_url=1),
    provider(logos=[{"url": "https://a.example", "content_type": "text/html"}]),
    provider(logos=[{"url": "http://a.example", "content_type": "image/png"}]),
    provider(developer_url="http://a.example"),
    provider(subaddress_separators="."),
    provider(subaddress_separators="+x"),
    provider(subaddress_separators=["+"]),
    provider(contacts=["a@b.example"]),
    provider(page={}),
    provider(page={"color": "blue"}),
    provider(page={"logo": ""}),
    provider(page={"welcome": {}}),
    provider(page={"help": {"e n": "x"}}),
    provider(profile=[]),
    provider(profile={"certificate": "/a"}),
    provider(profile={"cert": "/a"}),
    provider(profile={"key": "/a"}),
    provider(profile={"chain": "/a"}),
    provider(profile={"cert": "/a", "key": ""}),
    provider(profile={"organization": "x" * 129}),
    provider(profile={"consent": {}}),
    provider(profile={"consent": {"e n": "x"}}),
    provider(profile={"consent": {"Default": "x"}}),
    provider(profile={"consent": {"de": 1}}),
    provider(profile={"removable": "no"}),
    provider(profile={"days": 0}),
    provider(profile={"expires": "tomorrow"}),
    {"template": [{"name": "T", "profile": {"days": 0}}]},
    {"defaults": {"profile": {"days": 0}}},
    provider(oauth2=[{}]),
    provider(oauth2=[{"issuer": "x"}]),
    {"template": [{"name": "T", "domains": ["example.com"]}]},
    {"template": [{}]},
    {"defaults": {"name": "X"}},
    {"defaults": {"service": {"host": "h.example"}}},
    {"defaults": {"service": {"priority": "x"}}},
    provider(unknown_user="refuse"),
    provider(show_display_name="yes"),
    provider(domains=[{"name": "a.example", "directory": 1}]),
    people(),
    people(kind="nis"),
    people(kind="ldap", urls=["ldaps://a.example"]),
    people(kind="ldap", search_base=""),
    people(**LDAP | {"urls": []}),
    people(**LDAP | {"urls": ["http://a.example"]}),
    people(**LDAP | {"search_filter": "(mail=x)"}),
    people(**LDAP | {"scope": "tree"}),
    people(**LDAP | {"uri": "sqlite://"}),
    people(**LDAP | {"time_limit_seconds": 0}),
    people(**LDAP | {"time_limit_seconds": "2"}),
    people(**LDAP | {"max_searches": 1.5}),
    people(**LDAP | {"attributes": {"a b": {"allowed": ["x"]}}}),
    people(**LDAP | {"attributes": {"a": {}}}),
    people(**LDAP | {"attributes": {"a": {"allowed": []}}}),
    people(**LDAP | {"attributes": {"a": {"allowed": [1]}}}),
    people(**LDAP | {"attributes": {"a": {"pattern": 1}}}),
    people(kind="sql", uri="sqlite://"),
    people(kind="sql", uri=1, query="SELECT 1 AS login FROM t WHERE a = :address"),
    people(kind="file"),
    people(kind="file", path="/people.txt"),
    people(name="People", kind="file", path="/people.csv"),
    {"ldapserver": [{"id": 1, "name": "a.example"}]},
    {"ldapserver": [{"id": -1, "name": "a.example", "search_base": ""}]},
    {"ldapserver": [{"id": 1, "name": "a.example", "search_base": "", "search_filter": "x"}]},
]


@pytest.mark.parametrize("data", BROKEN, ids=json.dumps)
def test_mistakes_break_both(data: dict[str, Any]) -> None:
    """The schema and the reader both refuse what a schema can refuse."""
    with pytest.raises(ProvidersError):
        read_providers(json.dumps(data), name="f", format="json")
    assert not is_valid(data, SCHEMA, SCHEMA)
