"""The import of seeds of automx2."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from waypost.core.errors import ProvidersError
from waypost.core.model import (
    HTTP_BASIC,
    PASSWORD_CLEARTEXT,
    DirectoryPolicy,
    HostEndpoint,
    LdapServer,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
)
from waypost.importers.automx2_seed import read_any, read_seed

SEEDS = Path(__file__).parent / "seeds"
DAV = "https://dav.example.com"
MAIL = (
    Service(
        ServiceType.IMAP,
        HostEndpoint("imap.example.com", 993, Security.TLS),
        (PASSWORD_CLEARTEXT,),
    ),
    Service(
        ServiceType.SMTP,
        HostEndpoint("smtp.example.com", 465, Security.TLS),
        (PASSWORD_CLEARTEXT,),
    ),
    Service(
        ServiceType.CALDAV,
        UrlEndpoint(f"{DAV}/calendars/%EMAILADDRESS%/"),
        (HTTP_BASIC,),
        domain_required=True,
    ),
    Service(
        ServiceType.CARDDAV,
        UrlEndpoint(f"{DAV}/contacts/%EMAILADDRESS%/"),
        (HTTP_BASIC,),
        domain_required=True,
    ),
)
DIRECTORY = LdapServer(
    id=7,
    name="ldap.example.org",
    port=636,
    use_ssl=True,
    search_base="ou=accounts,dc=example,dc=org",
    search_filter="(mail={0})",
    attr_uid="uid",
    attr_cn="displayName",
    bind_user="cn=reader,dc=example,dc=org",
    bind_password="reader-secret",
)


def seed(**changes: object) -> dict[str, Any]:
    """Build a small seed of version 2; a change to None removes a key."""
    base: dict[str, Any] = {
        "version": 2,
        "provider": "Example Inc.",
        "domains": [{"name": "example.com"}],
        "servers": [{"type": "imap", "name": "imap.example.com"}],
    }
    base = copy.deepcopy({**base, **changes})
    return {key: value for key, value in base.items() if value is not None}


@pytest.mark.parametrize("version", [1, 2])
def test_seeds(version: int) -> None:
    """A seed of either version becomes a provider, its domains and all its services."""
    result = read_any(SEEDS / f"version-{version}.json")
    assert result.warnings == ()
    assert [domain.pattern.text for domain in result.catalog.domains] == [
        "example.com",
        "example.net",
        "example.org",
    ]
    for domain in result.catalog.domains:
        assert (domain.provider.name, domain.provider.short_name) == ("Example Inc.", "Example")
        assert domain.services == MAIL


def test_directory_of_version_2() -> None:
    """Version 2 has directory servers, used and unused ones, and references to them."""
    catalog = read_any(SEEDS / "version-2.json").catalog
    assert [domain.users for domain in catalog.domains] == [
        None,
        None,
        DirectoryPolicy(catalog.directories[0]),
    ]
    used, idle = catalog.directories
    assert used == DIRECTORY
    assert isinstance(idle, LdapServer)
    assert (idle.id, idle.port, idle.use_ssl) == (8, 389, False)


PORTS = [
    # type, port in the seed, endpoint
    ("imap", None, (993, Security.TLS)),
    ("imap", 143, (143, Security.STARTTLS)),
    ("pop", None, (995, Security.TLS)),
    ("pop", 110, (110, Security.STARTTLS)),
    ("smtp", None, (465, Security.TLS)),
    ("smtp", 587, (587, Security.STARTTLS)),
    ("smtp", 993, (993, Security.TLS)),
    ("smtp", 2525, (2525, Security.STARTTLS)),
]


@pytest.mark.parametrize(("kind", "port", "expected"), PORTS)
def test_ports(kind: str, port: int | None, expected: tuple[int, Security]) -> None:
    """The ports 465, 993 and 995 mean TLS and all others STARTTLS, as in automx2."""
    server = {"type": kind, "name": "h.example"} | ({} if port is None else {"port": port})
    catalog = read_seed(seed(servers=[server]), name="s").catalog
    endpoint = catalog.domains[0].services[0].endpoint
    assert endpoint == HostEndpoint("h.example", *expected)


def test_pop_is_pop3() -> None:
    """automx2's type pop is POP3."""
    servers = [{"type": "pop", "name": "h.example", "prio": 5}]
    (service,) = read_seed(seed(servers=servers), name="s").catalog.domains[0].services
    assert (service.type, service.priority) == (ServiceType.POP3, 5)


USE_SSL = [
    # port, use_ssl, meaning
    (636, None, True),
    (389, None, False),
    (389, "yes", True),
    (389, "TRUE", True),
    (389, 1, True),
    (389, True, True),
    (636, "no", False),
    (636, 0, False),
    (636, False, False),
]


@pytest.mark.parametrize(("port", "use_ssl", "expected"), USE_SSL)
def test_use_ssl(port: int, use_ssl: object, expected: bool) -> None:
    """Port 636 means TLS unless `use_ssl` is false, in any of automx2's words."""
    server = {"id": 1, "name": "h.example", "port": port, "search_base": "x"}
    server |= {"bind_user": "u", "bind_password": "p"}
    if use_ssl is not None:
        server["use_ssl"] = use_ssl
    (found,) = read_seed(seed(ldapservers=[server]), name="s").catalog.directories
    assert isinstance(found, LdapServer)
    assert found.use_ssl is expected


SERVER = {"id": 1, "name": "h.example", "search_base": "x", "bind_user": "u", "bind_password": "p"}
BAD = [
    # change to the seed, problems
    ({"provider": None}, ["s: provider: is missing"]),
    ({"domains": None}, ["s: domains: is missing"]),
    ({"servers": None}, ["s: servers: is missing"]),
    ({"provider": 1}, ["s: provider: must be a string, not a whole number"]),
    (
        {"version": 3},
        ["s: version: must be 2; remove it for the form of automx2 2026.0 and older"],
    ),
    ({"version": "2"}, ["s: version: must be a whole number from 1 to 2147483647, not a string"]),
    ({"domains": []}, ["s: domains: is empty; a seed has at least one domain"]),
    (
        {"domains": ["example.com", "a..b", 5]},
        [
            "s: domains[1]: the domain has an empty label (two dots in a row, or a dot in front)",
            (
                "s: domains[2]: must be a string (version 1) or a table (version 2), "
                "not a whole number"
            ),
        ],
    ),
    (
        {"domains": ["example.com", {"name": "Example.COM"}]},
        ["s: domains[1]: example.com is also at domains[0]; list each domain only once"],
    ),
    (
        {"domains": [{"name": "example.com", "ldapserver_id": 7}]},
        ["s: domains[0].ldapserver_id: there is no LDAP server with id 7 in `ldapservers`"],
    ),
    (
        {"servers": [{"type": "imap"}, {"type": "caldav"}, {"name": "x"}]},
        [
            "s: servers[0].name: is missing",
            "s: servers[1].url: is missing",
            "s: servers[2].type: is missing",
        ],
    ),
    (
        {"servers": [{"type": "INVALID", "name": "a"}, {"type": "imaps", "name": "a"}]},
        [
            "s: servers[0].type: unknown server type; use one of imap, pop, smtp, caldav, carddav",
            "s: servers[1].type: unknown server type; did you mean imap?",
        ],
    ),
    ({"servers": []}, ["s: servers: must have at least one of type imap, pop or smtp"]),
    (
        {"servers": [{"type": "caldav", "url": "https://a.example/"}]},
        ["s: servers: must have at least one of type imap, pop or smtp"],
    ),
    (
        {"servers": [{"type": "imap", "name": "a", "port": "993", "prio": -1}]},
        [
            "s: servers[0].port: must be a whole number from 1 to 65535, not a string",
            "s: servers[0].prio: must be a whole number from 0 to 2147483647",
        ],
    ),
    (
        {"ldapservers": [{}]},
        [
            "s: ldapservers[0].id: is missing",
            "s: ldapservers[0].search_base: is missing",
            "s: ldapservers[0].bind_user: is missing",
            "s: ldapservers[0].bind_password: is missing",
            "s: ldapservers[0].name: is missing",
        ],
    ),
    (
        {"ldapservers": [SERVER, {**SERVER, "use_ssl": "maybe"}]},
        [
            "s: ldapservers[1].id: 1 appears twice; ids must be unique",
            's: ldapservers[1].use_ssl: must be true or false (or "yes", "no", 1, 0)',
        ],
    ),
]


@pytest.mark.parametrize(("changes", "problems"), BAD)
def test_mistakes(changes: dict[str, object], problems: list[str]) -> None:
    """All mistakes of a seed are reported at once, each with its path and its rule."""
    with pytest.raises(ProvidersError) as caught:
        read_seed(seed(**changes), name="s")
    assert list(caught.value.problems) == problems


WARNINGS = [
    # change to the seed, warning
    ({"colour": 1}, "s: 'colour': unknown key; use one of version, provider, domains, servers, "),
    (
        {"servers": [{"type": "imap", "name": "a", "socket_type": "plain"}]},
        "s: servers[0]: 'socket_type': unknown key; use one of type, name, port, prio; ",
    ),
    (
        {
            "servers": [
                {"type": "imap", "name": "a"},
                {"type": "caldav", "url": "https://a.example/", "port": 8443},
            ]
        },
        "s: servers[1].port: is 8443, but the URL has 443; Waypost uses the URL",
    ),
    (
        {
            "servers": [
                {"type": "imap", "name": "a"},
                {"type": "carddav", "url": "http://a.example/", "port": 80},
            ]
        },
        "s: servers[1].url: is not encrypted; passwords can be read on the network",
    ),
    ({}, "s: no outgoing mail service for example.com"),
]


@pytest.mark.parametrize(("changes", "warning"), WARNINGS)
def test_warnings(changes: dict[str, object], warning: str) -> None:
    """What automx2 accepts silently is accepted with a warning."""
    warnings = read_seed(seed(**changes), name="s").warnings
    assert any(one.startswith(warning) for one in warnings), warnings


def test_comments_are_ignored() -> None:
    """Keys that begin with an underscore are comments."""
    smtp = {"type": "smtp", "name": "a", "_comment": "x"}
    servers = [{"type": "imap", "name": "a"}, smtp]
    assert read_seed(seed(servers=servers, _comment="x"), name="s").warnings == ()


@pytest.mark.parametrize("none", [None, 0, ""])
def test_no_directory_server(none: object) -> None:
    """The values that mean no directory server to automx2 mean the same here."""
    domains = [{"name": "example.com", "ldapserver_id": none}]
    catalog = read_seed(seed(domains=domains), name="s").catalog
    assert catalog.domains[0].users is None


def test_text_and_bytes() -> None:
    """A seed may be a string, bytes or plain data."""
    text = json.dumps(seed())
    expected = read_seed(seed(), name="s")
    assert read_seed(text, name="s") == expected
    assert read_seed(text.encode(), name="s") == expected


@pytest.mark.parametrize("data", [b"\xff", b"{", b"[]", b"", b"\0"])
def test_bytes_that_are_not_json(data: bytes) -> None:
    """Bytes that are not a JSON object are refused; the error has the name of the file."""
    with pytest.raises(ProvidersError, match=r"^s: "):
        read_seed(data, name="s")


KINDS = [
    # name, text, is it a seed?
    ("a.json", json.dumps(seed()), True),
    ("a.json", json.dumps(seed(version=None)), True),
    ("a.json", json.dumps(seed(provider=None)), True),
    ("a", json.dumps(seed()), True),
    ("a.json", '{"provider": [{"name": "X"}]}', False),
    ("a.json", '{"provider": [{"name": "X"}], "version": 2}', False),
    ("a.json", "{}", False),
    ("a.toml", "[[provider]]\nname = 'X'", False),
]


@pytest.mark.parametrize(("name", "text", "is_seed"), KINDS)
def test_seeds_and_providers_files_are_distinguished(
    tmp_path: Path, name: str, text: str, is_seed: bool
) -> None:
    """A JSON file whose provider is not a list, or that has a key of seeds, is a seed."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    try:
        result = read_any(path)
        shown = str(result.catalog.domains)
        assert bool(result.catalog.domains) is is_seed
    except ProvidersError as error:
        shown = str(error)
    assert ("example.com" in shown or "provider: is missing" in shown) is is_seed
