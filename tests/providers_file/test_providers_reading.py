"""The content of a providers file, and the defaults of what it omits."""

import json
from collections.abc import Iterable

import pytest

from waypost.core.model import (
    ALL_FORMATS,
    HTTP_BASIC,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    Authentication,
    AuthenticationSystem,
    DirectoryPolicy,
    HostEndpoint,
    LdapServer,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
)
from waypost.providers_file.load import read_providers

GOOD_ENDPOINTS = [
    # service, endpoint
    ('type = "imap", host = "h.example"', HostEndpoint("h.example", 993, Security.TLS)),
    ('type = "pop3", host = "h.example"', HostEndpoint("h.example", 995, Security.TLS)),
    ('type = "pop", host = "h.example"', HostEndpoint("h.example", 995, Security.TLS)),
    ('type = "smtp", host = "h.example"', HostEndpoint("h.example", 465, Security.TLS)),
    (
        'type = "managesieve", host = "h.example"',
        HostEndpoint("h.example", 4190, Security.STARTTLS),
    ),
    ('type = "xmpp", host = "h.example"', HostEndpoint("h.example", 5222, Security.STARTTLS)),
    (
        'type = "imap", host = "h.example", security = "starttls"',
        HostEndpoint("h.example", 143, Security.STARTTLS),
    ),
    (
        'type = "pop3", host = "h.example", security = "starttls"',
        HostEndpoint("h.example", 110, Security.STARTTLS),
    ),
    (
        'type = "smtp", host = "h.example", security = "STARTTLS"',
        HostEndpoint("h.example", 587, Security.STARTTLS),
    ),
    (
        'type = "xmpp", host = "h.example", security = "tls"',
        HostEndpoint("h.example", 5223, Security.TLS),
    ),
    (
        'type = "managesieve", host = "h.example", security = "tls"',
        HostEndpoint("h.example", 4190, Security.TLS),
    ),
    (
        'type = "imap", host = "h.example", port = 143',
        HostEndpoint("h.example", 143, Security.STARTTLS),
    ),
    (
        'type = "smtp", host = "h.example", port = 25',
        HostEndpoint("h.example", 25, Security.STARTTLS),
    ),
    (
        'type = "smtp", host = "h.example", port = 587',
        HostEndpoint("h.example", 587, Security.STARTTLS),
    ),
    (
        'type = "xmpp", host = "h.example", port = 5223',
        HostEndpoint("h.example", 5223, Security.TLS),
    ),
    (
        'type = "smtp", host = "h.example", port = 2525, security = "tls"',
        HostEndpoint("h.example", 2525, Security.TLS),
    ),
    (
        'type = "smtp", host = "h.example", port = 25, security = "tls"',
        HostEndpoint("h.example", 25, Security.TLS),
    ),
    ('type = "IMAP", host = "H.Example."', HostEndpoint("h.example", 993, Security.TLS)),
    (
        'type = "imap", host = "b\u00fccher.example"',
        HostEndpoint("xn--bcher-kva.example", 993, Security.TLS),
    ),
    ('type = "imap", host = "192.0.2.1"', HostEndpoint("192.0.2.1", 993, Security.TLS)),
    ('type = "imap", host = "2001:DB8:0::1"', HostEndpoint("2001:db8::1", 993, Security.TLS)),
    (
        'type = "imap", host = "%EMAILLOCALPART%.mail.%EmailDomain%"',
        HostEndpoint("%EMAILLOCALPART%.mail.%EmailDomain%", 993, Security.TLS),
    ),
    ('type = "caldav", url = "https://d.example/"', UrlEndpoint("https://d.example/")),
    ('type = "xmpp", url = "https://d.example/bosh"', UrlEndpoint("https://d.example/bosh")),
    (
        'type = "ldap", url = "ldaps://d.example:1636/ou=%EMAILDOMAIN%??sub"',
        UrlEndpoint("ldaps://d.example:1636/ou=%EMAILDOMAIN%??sub"),
    ),
    (
        'type = "ews", url = "https://[2001:db8::1]:8443/"',
        UrlEndpoint("https://[2001:db8::1]:8443/"),
    ),
    (
        'type = "webdav", url = "HTTPS://%EMAILDOMAIN%/~%EMAILLOCALPART%/?a=b"',
        UrlEndpoint("HTTPS://%EMAILDOMAIN%/~%EMAILLOCALPART%/?a=b"),
    ),
]


def one_service(service: str) -> Service:
    """Read a file with one service."""
    text = f'[[provider]]\nname = "X"\ndomains = ["example.com"]\nservices = [{{ {service} }}]\n'
    (domain,) = read_providers(text, name="x.toml", format="toml").catalog.domains
    (found,) = domain.services
    return found


@pytest.mark.parametrize(("service", "endpoint"), GOOD_ENDPOINTS)
def test_endpoints(service: str, endpoint: HostEndpoint | UrlEndpoint) -> None:
    """Missing port and security follow from other keys, and hosts become canonical."""
    assert one_service(service).endpoint == endpoint


GOOD_METHODS = [
    # value, methods
    ('"oauth2"', (OAUTH2,)),
    ('["OAUTH2", "Password-Cleartext"]', (OAUTH2, PASSWORD_CLEARTEXT)),
    ('"plain"', (PASSWORD_CLEARTEXT,)),
    ('"HTTP:basic"', (HTTP_BASIC,)),
    ('"http:Bearer"', (Authentication("Bearer", AuthenticationSystem.HTTP),)),
    ('"sasl:scram-sha-256"', (Authentication("SCRAM-SHA-256", AuthenticationSystem.SASL),)),
]


@pytest.mark.parametrize(("value", "methods"), GOOD_METHODS)
def test_authentication(value: str, methods: tuple[Authentication, ...]) -> None:
    """Authentication methods are read in any case, alone or as a list in order."""
    service = one_service(f'type = "imap", host = "h.example", authentication = {value}')
    assert service.authentication == methods


def test_defaults_of_a_host_based_service() -> None:
    """A service with only a host has a clear-text password, and the address as login name."""
    service = one_service('type = "imap", host = "h.example"')
    endpoint = HostEndpoint("h.example", 993, Security.TLS)
    assert service == Service(ServiceType.IMAP, endpoint, (PASSWORD_CLEARTEXT,), "%EMAILADDRESS%")


def test_defaults_of_an_address_book() -> None:
    """LDAP has its own passwords, not those of HTTP."""
    service = one_service('type = "ldap", url = "ldap://d.example/dc=x??one"')
    assert service.authentication == (PASSWORD_CLEARTEXT,)
    assert service.login_name == "%EMAILADDRESS%"


def test_defaults_of_a_url_based_service() -> None:
    """A service with only a URL has HTTP Basic, and the address as login name."""
    service = one_service('type = "carddav", url = "https://d.example/"')
    endpoint = UrlEndpoint("https://d.example/")
    assert service == Service(ServiceType.CARDDAV, endpoint, (HTTP_BASIC,), "%EMAILADDRESS%")


def test_all_keys_of_a_service() -> None:
    """Login name, priority and domain_required are read unchanged."""
    service = one_service(
        'type = "imap", host = "h.example", login_name = "%EMAILLOCALPART%", priority = 0, '
        "domain_required = true"
    )
    assert (service.login_name, service.priority, service.domain_required) == (
        "%EMAILLOCALPART%",
        0,
        True,
    )


FORMATS = [
    # as written, as read
    ("", ALL_FORMATS),
    (', formats = ["autodiscover", "pacc", "dns"]', {"autodiscover", "pacc", "dns"}),
    (', formats = ["DNS", "Pacc"]', {"pacc", "dns"}),
    (
        ', formats = ["autoconfig", "autodiscover", "mobileconfig", "pacc", "dns"]',
        ALL_FORMATS,
    ),
]


@pytest.mark.parametrize(("written", "formats"), FORMATS)
def test_formats(written: str, formats: Iterable[str]) -> None:
    """A service has the formats that it lists, in any case, or all formats."""
    service = one_service(f'type = "imap", host = "h.example"{written}')
    assert service.formats == set(formats)


def test_default_priority_is_none() -> None:
    """The default priority means no priority, because automx2's database has no other value."""
    assert one_service('type = "imap", host = "h.example", priority = 10').priority is None


def test_empty_login_name_asks_the_user() -> None:
    """An empty login name means that the client asks the user."""
    assert one_service('type = "imap", host = "h.example", login_name = ""').login_name is None


def test_services_for_some_domains() -> None:
    """A service with `domains` is only for these domains, in any spelling."""
    text = """
        [[provider]]
        name = "X"
        domains = ["example.com", "b\u00fccher.example", "*"]
        services = [
          { type = "imap", host = "a.example" },
          { type = "imap", host = "b.example", domains = ["xn--BCHER-kva.example", "*"] },
        ]
    """
    catalog = read_providers(text, name="x", format="toml").catalog
    assert [
        (domain.pattern.text, [getattr(one.endpoint, "host", "") for one in domain.services])
        for domain in catalog.domains
    ] == [
        ("example.com", ["a.example"]),
        ("xn--bcher-kva.example", ["a.example", "b.example"]),
        ("*", ["a.example", "b.example"]),
    ]


NAMES = [
    # name, default short name
    ("Example Inc.", "Example"),
    ("Example", "Example"),
    ("E" * 40, "E" * 32),
    ("Two\u00a0Words", "Two"),
]


@pytest.mark.parametrize(("name", "short_name"), NAMES)
def test_short_name_follows_from_the_name(name: str, short_name: str) -> None:
    """The short name is the first word of the name, cut to the width of the column."""
    text = json.dumps({"provider": [{"name": name}]})
    (provider,) = read_providers(text, name="x", format="json").catalog.unused_providers
    assert provider.short_name == short_name


def test_directory_server() -> None:
    """A directory server has automx2's defaults, and domains refer to its id."""
    text = """
        [[provider]]
        name = "X"
        domains = [{ name = "example.com", ldapserver = 42 }]
        [[ldapserver]]
        id = 42
        name = "ldap.example.com"
        search_base = "dc=example"
        bind_password = "secret"
    """
    catalog = read_providers(text, name="x", format="toml").catalog
    assert catalog.domains[0].users == DirectoryPolicy(catalog.directories[0])
    assert catalog.directories == (
        LdapServer(
            id=42,
            name="ldap.example.com",
            port=636,
            use_ssl=True,
            search_base="dc=example",
            search_filter="(mail={0})",
            attr_uid="uid",
            attr_cn="cn",
            bind_password="secret",
        ),
    )


SECURITY = "provider[0].services[0].security"
WARNINGS = [
    # service, path and text of the warning
    *(
        (
            f'type = "{kind}", host = "h.example", port = {port}, security = "tls"',
            f"{SECURITY}: port {port} usually starts without TLS; check that tls is right",
        )
        for kind, port in (("imap", 143), ("pop3", 110), ("smtp", 587), ("smtp", 25))
    ),
    *(
        (
            f'type = "smtp", host = "h.example", port = 465, security = "{security}"',
            f"{SECURITY}: port 465 usually starts with TLS; check that {security} is right",
        )
        for security in ("starttls", "none")
    ),
    (
        'type = "imap", host = "h.example", security = "none"',
        "provider[0].services[0].security: is none: passwords and mail can be read on the network",
    ),
    (
        'type = "imap", host = "h.example", authentication = "plain"',
        "provider[0].services[0].authentication: plain is read as password-cleartext",
    ),
    (
        'type = "caldav", url = "http://d.example/"',
        "provider[0].services[0].url: is not encrypted; passwords can be read on the network",
    ),
    (
        'type = "imap", host = "h.example", login_name = "%USERNAME%"',
        (
            "provider[0].services[0].login_name: %USERNAME% is not a placeholder; "
            "clients receive it unchanged"
        ),
    ),
    (
        'type = "smtp", host = "h.example"',
        "provider[0]: no incoming mail service for example.com",
    ),
    (
        'type = "caldav", url = "https://d.example/"',
        "provider[0]: no incoming and no outgoing mail service for example.com",
    ),
    (
        'type = "jmap", url = "https://j.example/", formats = ["mobileconfig", "autodiscover"]',
        (
            "provider[0].services[0].formats: none of these formats can describe a service of "
            "type jmap; use autoconfig, pacc, dns"
        ),
    ),
    (
        'type = "imap", host = "h.example"',
        "provider[0]: no outgoing mail service for example.com",
    ),
]


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('webmail = "https://w.example/%USERNAME%"', "webmail"),
        ('update_url = "https://w.example/%USERNAME%"', "update_url"),
        ('documentation = [{ url = "https://w.example/%USERNAME%" }]', "documentation[0].url"),
        ('enable = [{ url = "https://w.example/%USERNAME%" }]', "enable[0].url"),
        ('oauth2 = [{ auth_url = "https://w.example/%USERNAME%" }]', "oauth2[0].auth_url"),
    ],
)
def test_unknown_placeholders_of_a_provider(line: str, key: str) -> None:
    """A word in a provider's URL that only looks like a placeholder is reported."""
    text = f'[[provider]]\nname = "A"\ndomains = []\n{line}\n'
    (warning,) = read_providers(text, name="p.toml", format="toml").warnings
    assert (
        f"provider[0].{key}: %USERNAME% is not a placeholder; clients receive it unchanged"
        in warning
    )
    known = text.replace("%USERNAME%", "%EmailDomain%/%c3%bc%41")
    assert read_providers(known, name="p.toml", format="toml").warnings == ()


@pytest.mark.parametrize(("service", "warning"), WARNINGS)
def test_warnings(service: str, warning: str) -> None:
    """A value that is valid but perhaps not intended gets a warning with its path."""
    text = f'[[provider]]\nname = "X"\ndomains = ["example.com"]\nservices = [{{ {service} }}]\n'
    expected = f"x.toml: {warning} (this provider begins on line 1)"
    assert expected in read_providers(text, name="x.toml", format="toml").warnings


def test_no_warning_without_a_reason() -> None:
    """A provider with incoming and outgoing mail has no warning."""
    text = """
        [[provider]]
        name = "X"
        domains = ["example.com"]
        services = [{ type = "jmap", url = "https://a.example/" }, { type = "smtp", host = "b" }]
    """
    assert read_providers(text, name="x", format="toml").warnings == ()
