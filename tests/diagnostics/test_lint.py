"""What the linter finds, and what it does not report."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.formats.test_properties import FAST
from tests.golden.cases import Case, cases
from tests.making import EXAMPLE_COM, PROVIDER, host_service, url_service
from tests.providers_file.catalogs import PROVIDERS, services
from waypost.core import clients
from waypost.core.errors import DomainNotServed, NoUsableService
from waypost.core.model import (
    ALL_FORMATS,
    CLIENT_IP_ADDRESS,
    GSSAPI,
    HTTP_BASIC,
    HTTP_DIGEST,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    TLS_CLIENT_CERT,
    AttributeRule,
    Authentication,
    AuthenticationSystem,
    DirectoryPolicy,
    Domain,
    DomainPattern,
    FileDirectory,
    Format,
    OAuth2,
    Provider,
    Service,
)
from waypost.diagnostics.client_groups import ALL_CLIENTS, client_names
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.lint.linter import lint, provider_affects_diagnostics
from waypost.diagnostics.lint.rules import RULES
from waypost.formats.pacc import document
from waypost.lookup.lookup import client_config

IMAP = host_service()
SMTP = host_service("smtp", "smtp.example.com")
JMAP = url_service("jmap", "https://jmap.example.com/session")
DAV = "https://dav.example.com/dav/%EMAILADDRESS%/"
CARDS = "https://dav.example.com"
SCRAM = Authentication("SCRAM-SHA-256", AuthenticationSystem.SASL)


def imap(host: str = "imap.example.com", port: int = 993, security: str = "tls") -> Service:
    return host_service("imap", host, port, security)


def smtp(host: str = "smtp.example.com", port: int = 465, security: str = "tls") -> Service:
    return host_service("smtp", host, port, security)


def pop3(port: int = 995, security: str = "tls", priority: int | None = None) -> Service:
    return host_service("pop3", "pop.example.com", port, security, priority=priority)


def by(*methods: Authentication, kind: str = "imap") -> Service:
    return host_service(kind, f"{kind}.example.com", authentication=methods)


def outside_autoconfig(service: Service) -> Service:
    """Keep a service out of Autoconfig."""
    return replace(service, formats=ALL_FORMATS - {Format.AUTOCONFIG})


def no_profile(service: Service) -> Service:
    """Keep a service out of profiles."""
    return replace(service, formats=ALL_FORMATS - {Format.MOBILECONFIG})


def named_service(login_name: str | None, kind: str = "imap") -> Service:
    return host_service(kind, f"{kind}.example.com", login_name=login_name)


def ldap(url: str) -> Service:
    return url_service("ldap", url, authentication=(PASSWORD_CLEARTEXT,))


U = "u%EMAILLOCALPART%"
ANOTHER_LOGIN = "login-is-address login-name-form login-names-differ"
CASES: list[tuple[str, str, Sequence[Service], Sequence[Service]]] = [
    # code, other codes found, services with the finding, similar services without it
    ("no-incoming", "", [], [IMAP]),
    ("no-incoming", "", [SMTP], [SMTP, IMAP]),
    ("no-incoming", "dav-origin", [url_service()], [url_service(), JMAP]),
    ("no-outgoing", "", [IMAP], [IMAP, SMTP]),
    ("no-outgoing", "pop3-only", [pop3()], [pop3(), SMTP]),
    ("no-outgoing", "dav-origin", [IMAP, url_service()], [IMAP, JMAP]),
    ("modern-only", "strict-section", [JMAP], [JMAP, IMAP, SMTP]),
    ("modern-only", "strict-section", [IMAP, JMAP], [IMAP, JMAP, SMTP]),
    ("modern-only", "strict-section", [JMAP, SMTP], [JMAP, pop3(), SMTP]),
    ("pop3-only", "", [pop3(), SMTP], [pop3(), IMAP, SMTP]),
    ("pop3-first", "", [IMAP, pop3(priority=1), SMTP], [pop3(), IMAP, SMTP]),
    (
        *("other-first", "strict-section"),
        [IMAP, url_service("jmap", "https://j.example.com/", priority=1), SMTP],
        [JMAP, IMAP, SMTP],
    ),
    (
        *("no-tls", "plain-section"),
        [imap(port=143, security="none"), SMTP],
        [imap(port=143, security="starttls"), SMTP],
    ),
    (
        "no-tls",
        "plain-pop3 pop3-only",
        [pop3(110, "none"), SMTP],
        [pop3(110, "none"), pop3(), SMTP],
    ),
    ("no-tls", "plain-section", [IMAP, smtp(port=587, security="none")], [IMAP, SMTP]),
    (
        *("plain-section", "plain-last"),
        [IMAP, imap(port=143, security="none"), SMTP],
        [IMAP, pop3(110, "none"), SMTP],
    ),
    (
        *("plain-last", "plain-section"),
        [IMAP, SMTP, smtp(port=587, security="none")],
        [IMAP, host_service("smtp", port=587, security="none", priority=1), SMTP],
    ),
    ("plain-last", "plain-pop3", [IMAP, pop3(), pop3(110, "none"), SMTP], [IMAP, pop3(), SMTP]),
    ("last-host", "", [IMAP, imap("b.example.com"), SMTP], [IMAP, imap(port=143), SMTP]),
    (
        *("last-smtp-host", "last-host"),
        [IMAP, SMTP, smtp("b.example.com")],
        [IMAP, imap("b.example.com"), SMTP, smtp(port=587, security="starttls")],
    ),
    (
        *("starttls-only", ""),
        [imap(port=143, security="starttls"), SMTP],
        [imap(port=143, security="starttls"), IMAP, SMTP],
    ),
    (
        *("starttls-only", ""),
        [IMAP, smtp(port=587, security="starttls")],
        [IMAP, smtp(port=587, security="starttls"), SMTP],
    ),
    (
        *("ldap-port", ""),
        [IMAP, SMTP, ldap("ldaps://l.example.com:389/dc=x??sub")],
        [IMAP, SMTP, ldap("ldap://l.example.com:389/dc=x??sub"), ldap("ldaps://%EMAILDOMAIN%:x/")],
    ),
    ("ldap-base", "", [IMAP, SMTP, ldap("ldaps://l.example.com/dc=x")], [IMAP, SMTP]),
    (
        *("ldap-base", ""),
        [IMAP, SMTP, ldap("ldaps://l.example.com/??sub")],
        [IMAP, SMTP, ldap("ldaps://l.example.com/dc=x??one")],
    ),
    ("pacc-port", "", [imap(port=1993), SMTP], [imap(port=1993), IMAP, SMTP]),
    ("pacc-port", "", [IMAP, smtp(port=2465)], [IMAP, smtp(port=2465), SMTP]),
    (
        *("pacc-login-name", "login-is-address login-names-differ"),
        [named_service("%EMAILLOCALPART%"), SMTP],
        [named_service("%emailaddress%"), SMTP],
    ),
    (
        *("pacc-login-name", ANOTHER_LOGIN),
        [named_service("%EMAILLOCALPART%@example.com"), SMTP],
        [named_service("%EMAILLOCALPART%@%EMAILDOMAIN%"), SMTP],
    ),
    (
        *("pacc-login-name", ANOTHER_LOGIN),
        [IMAP, named_service("%EMAILLOCALPART%x", "smtp")],
        [IMAP, named_service("%EMAILLOCALPART%x", "smtp"), SMTP],
    ),
    (
        *("login-is-address", "pacc-login-name"),
        [named_service("%EmailLocalPart%"), named_service("%EMAILLOCALPART%", "smtp")],
        [named_service("%EMAILLOCALPART%@%EMAILDOMAIN%"), named_service(None, "smtp")],
    ),
    (
        *("login-name-form", "login-is-address pacc-login-name"),
        [named_service("X\\%EMAILLOCALPART%"), named_service("X\\%EMAILLOCALPART%", "smtp")],
        [named_service("%emaillocalpart%"), named_service("%EMAILLOCALPART%", "smtp")],
    ),
    (
        # The last login name of the document is that of a calendar.
        *("login-names-differ", "dav-origin login-name-form login-is-address pacc-login-name"),
        [named_service(U), named_service(U, "smtp"), url_service()],
        [named_service(U), named_service(U, "smtp"), replace(url_service(), login_name=U)],
    ),
    (
        *("url-port", "dav-origin"),
        [IMAP, SMTP, url_service(url="https://dav.example.com:8443/")],
        [IMAP, SMTP, url_service(url="https://[2001:db8::1]/a:1")],
    ),
    (
        *("http-url", ""),
        [IMAP, SMTP, url_service("webdav", "HTTP://dav.example.com/")],
        [IMAP, SMTP, url_service(url="https://http.example.com/")],
    ),
    (
        *("dav-http-url", "dav-origin http-url"),
        [IMAP, SMTP, url_service("carddav", "HTTP://dav.example.com/")],
        [IMAP, SMTP, url_service("webdav", "http://dav.example.com/")],
    ),
    (
        *("dav-user-host", ""),
        [IMAP, SMTP, url_service(url="https://%EMAILLOCALPART%.example.com/")],
        [IMAP, SMTP, url_service(url="https://dav.%EMAILDOMAIN%/%EMAILADDRESS%/")],
    ),
    (
        *("odd-starttls-port", ""),
        [IMAP, SMTP, smtp(port=2587, security="starttls")],
        [IMAP, SMTP, smtp(port=25, security="starttls")],
    ),
    ("odd-tls-port", "pacc-port", [IMAP, smtp(port=587)], [IMAP, smtp(port=2587)]),
    ("odd-tls-port", "pacc-port", [imap(port=143), SMTP], [IMAP, SMTP]),
    ("odd-tls-port", "", [IMAP, SMTP, smtp(port=25)], [IMAP, SMTP]),
    (
        "same-login-name",
        f"pacc-login-name {ANOTHER_LOGIN}",
        [named_service("u1"), SMTP],
        [named_service("%emailLocalpart%"), SMTP],
    ),
    ("same-login-name", "", [IMAP, SMTP, named_service("info@%EMAILDOMAIN%")], [IMAP, SMTP]),
    (
        "same-login-name",
        "",
        [IMAP, SMTP, named_service("u1@x")],
        [IMAP, SMTP, named_service("D\\%{uid}")],
    ),
    (
        "u-label-host",
        "",
        [imap("imap.bücher.example"), SMTP],
        [imap("xn--bcher-kva.example"), SMTP],
    ),
    (
        "u-label-host",
        "dav-origin",
        [IMAP, SMTP, url_service(url="https://ü.example/")],
        [IMAP, SMTP],
    ),
    ("ip-host", "pacc-none", [imap("192.0.2.1"), SMTP], [imap("192.0.2.example"), SMTP]),
    ("ip-host", "pacc-none", [imap("2001:db8::1"), SMTP], [IMAP, SMTP]),
    (
        "ip-host",
        "dav-origin",
        [IMAP, SMTP, url_service(url="https://[2001:db8::1]/")],
        [IMAP, SMTP],
    ),
    (
        *("local-part-host", "pacc-none"),
        [imap("%EmailLocalPart%.example.com"), SMTP],
        [imap("imap.%EmailDomain%"), SMTP],
    ),
    (
        "no-login-name",
        "pacc-login-name",
        [named_service(None), SMTP],
        [named_service("alice"), SMTP],
    ),
    ("oauth2-alone", "pacc-none", [by(OAUTH2), SMTP], [by(OAUTH2, PASSWORD_CLEARTEXT), SMTP]),
    (
        *("oauth2-alone", "pacc-none"),
        [IMAP, by(OAUTH2, kind="smtp")],
        [IMAP, by(OAUTH2, kind="smtp"), SMTP],
    ),
    (
        *("pacc-none", "modern-only strict-section"),
        [url_service("jmap", "https://j.example.com/%EMAILADDRESS%/")],
        [JMAP],
    ),
    (
        *("pacc-none", "login-is-address login-names-differ strict-method"),
        [
            named_service("%EMAILLOCALPART%"),
            by(GSSAPI, kind="pop3"),
            imap(port=143, security="starttls"),
            SMTP,
        ],
        [IMAP, named_service("%EMAILLOCALPART%"), SMTP],
    ),
    (
        "pacc-none",
        "modern-only strict-section",
        [IMAP, url_service("graph", "https://g.example/")],
        [IMAP, SMTP],
    ),
    (
        *(
            "no-password",
            (
                "k9-authentication no-cleartext "
                "pacc-authentication profile-authentication strict-method"
            ),
        ),
        [by(GSSAPI), SMTP],
        [by(GSSAPI), IMAP, SMTP],
    ),
    (
        *(
            "no-password",
            "k9-authentication pacc-authentication profile-authentication strict-method",
        ),
        [IMAP, by(GSSAPI, kind="smtp")],
        [IMAP, by(CLIENT_IP_ADDRESS, kind="smtp")],
    ),
    (
        "password-later",
        "kmail-method oauth2-preferred",
        [by(OAUTH2), IMAP, SMTP],
        [IMAP, by(OAUTH2), SMTP],
    ),
    (
        *("password-later", "k9-authentication strict-method"),
        [IMAP, by(GSSAPI, kind="smtp"), SMTP],
        [IMAP, SMTP, by(GSSAPI, kind="smtp")],
    ),
    (
        *("password-later", "k9-authentication no-cleartext strict-method-ios"),
        [by(TLS_CLIENT_CERT), IMAP, SMTP],
        [by(NTLM), IMAP, SMTP],
    ),
    (
        *("no-password-last", ""),
        [IMAP, by(OAUTH2), SMTP],
        [IMAP, by(OAUTH2, PASSWORD_CLEARTEXT), SMTP],
    ),
    (
        *("no-password-last", "strict-method"),
        [IMAP, pop3(), host_service("pop3", "pop.example.com", authentication=(GSSAPI,)), SMTP],
        [IMAP, pop3(), SMTP],
    ),
    (
        "kmail-method",
        "oauth2-preferred",
        [by(OAUTH2, PASSWORD_CLEARTEXT), SMTP],
        [by(OAUTH2), SMTP],
    ),
    (
        "kmail-method",
        "oauth2-preferred",
        [by(PASSWORD_CLEARTEXT, OAUTH2), SMTP],
        [by(PASSWORD_CLEARTEXT), SMTP],
    ),
    (
        *("kmail-method", "strict-method"),
        [by(PASSWORD_CLEARTEXT, GSSAPI), SMTP],
        [by(GSSAPI, PASSWORD_CLEARTEXT), SMTP],
    ),
    (
        "kmail-method",
        "strict-method-ios",
        [IMAP, by(PASSWORD_CLEARTEXT, NTLM, kind="smtp")],
        [IMAP, SMTP],
    ),
    (
        *("password-encrypted-later", ""),
        [by(PASSWORD_CLEARTEXT, PASSWORD_ENCRYPTED), SMTP],
        [by(PASSWORD_ENCRYPTED, PASSWORD_CLEARTEXT), SMTP],
    ),
    (
        *(
            "profile-authentication",
            "k9-authentication no-cleartext strict-method unknown-authentication",
        ),
        [by(SCRAM), SMTP],
        [by(SCRAM, NTLM), SMTP],
    ),
    (
        "unknown-authentication",
        (
            "k9-authentication no-cleartext no-password "
            "outlook-authentication pacc-authentication profile-authentication strict-method-ios"
        ),
        [by(TLS_CLIENT_CERT), SMTP],
        [by(SCRAM, PASSWORD_ENCRYPTED), SMTP],
    ),
    (
        "outlook-authentication",
        (
            "k9-authentication no-password pacc-authentication "
            "profile-authentication strict-method-ios unknown-authentication"
        ),
        [IMAP, by(TLS_CLIENT_CERT, kind="smtp")],
        [IMAP, by(GSSAPI, kind="smtp")],
    ),
    (
        *("ews-authentication", "strict-section"),
        [IMAP, SMTP, url_service("ews", authentication=(HTTP_DIGEST,))],
        [IMAP, SMTP, url_service("ews", authentication=(HTTP_BASIC,))],
    ),
    (
        *(
            "pacc-authentication",
            "k9-authentication no-cleartext no-password profile-authentication strict-method",
        ),
        [by(GSSAPI), SMTP],
        [by(GSSAPI, SCRAM), SMTP],
    ),
    (
        "k9-authentication",
        "no-cleartext strict-method strict-method-ios",
        [by(NTLM, GSSAPI), SMTP],
        [by(NTLM, PASSWORD_CLEARTEXT), SMTP],
    ),
    (
        *("k9-authentication", "pacc-authentication"),
        [IMAP, by(CLIENT_IP_ADDRESS, kind="smtp")],
        [IMAP, by(NTLM, kind="pop3"), SMTP],
    ),
    ("strict-section", "", [IMAP, SMTP, JMAP], [IMAP, SMTP, url_service(url=DAV)]),
    (
        *("strict-section", ""),
        [IMAP, SMTP, url_service("ews", "https://e.example.com/")],
        [IMAP, SMTP, outside_autoconfig(url_service("ews", "https://e.example.com/"))],
    ),
    ("strict-section", "", [IMAP, SMTP, JMAP], [IMAP, SMTP, outside_autoconfig(JMAP)]),
    (
        *("strict-method", "kmail-method"),
        [by(PASSWORD_CLEARTEXT, GSSAPI), SMTP],
        [IMAP, outside_autoconfig(by(PASSWORD_CLEARTEXT, GSSAPI)), SMTP],
    ),
    ("strict-method", "", [by(PASSWORD_CLEARTEXT, SCRAM), SMTP], [IMAP, SMTP]),
    ("strict-method", "", [IMAP, SMTP, by(PASSWORD_CLEARTEXT, SCRAM, kind="pop3")], [IMAP, SMTP]),
    (
        *("strict-method-ios", "kmail-method"),
        [IMAP, by(PASSWORD_CLEARTEXT, NTLM, kind="smtp")],
        [IMAP, by(PASSWORD_CLEARTEXT, CLIENT_IP_ADDRESS, kind="smtp")],
    ),
    (
        *("strict-method-ios", ""),
        [IMAP, SMTP, by(PASSWORD_CLEARTEXT, TLS_CLIENT_CERT, kind="smtp")],
        [IMAP, SMTP],
    ),
    (
        *("plain-pop3", "plain-last"),
        [IMAP, SMTP, pop3(), pop3(110, "none")],
        [IMAP, SMTP, pop3(), outside_autoconfig(pop3(110, "none"))],
    ),
    (
        "pop3-login-name",
        "",
        [IMAP, SMTP, named_service(None, "pop3")],
        [IMAP, SMTP, named_service("x", "pop3")],
    ),
    (
        *("oauth2-preferred", "kmail-method"),
        [by(PASSWORD_CLEARTEXT, OAUTH2), SMTP],
        [IMAP, by(PASSWORD_CLEARTEXT, OAUTH2), SMTP],
    ),
    ("no-cleartext", "", [by(PASSWORD_ENCRYPTED), SMTP], [IMAP, by(PASSWORD_ENCRYPTED), SMTP]),
    (
        "login-is-address",
        "login-name-form login-names-differ same-login-name",
        [IMAP, named_service("relay", "smtp"), SMTP],
        [IMAP, named_service("%EMAILADDRESS%", "smtp"), named_service("a@b", "smtp")],
    ),
    (
        "login-is-address",
        "",
        [IMAP, SMTP, named_service("%EMAILLOCALPART%", "smtp")],
        [IMAP, SMTP, named_service("X@%EMAILDOMAIN%", "smtp")],
    ),
    (
        *("macos-carddav", ""),
        [IMAP, SMTP, url_service("carddav", DAV)],
        [IMAP, SMTP, url_service("caldav", DAV), url_service("carddav", f"{CARDS}/?u=1")],
    ),
    (
        *("macos-carddav", "dav-http-url dav-origin http-url"),
        [IMAP, SMTP, url_service("carddav", "http://dav.example.com/%EMAILDOMAIN%")],
        [IMAP, SMTP, url_service("carddav", CARDS)],
    ),
    (
        *("macos-carddav", ""),
        [IMAP, SMTP, url_service("carddav", f"{CARDS}/.well-known/carddav/")],
        [IMAP, SMTP, url_service("carddav", f"{CARDS}/.well-known/carddav")],
    ),
    (
        *("macos-carddav", "dav-origin"),
        [IMAP, SMTP, url_service("carddav", f"{CARDS}/%EMAILADDRESS%/")],
        [IMAP, SMTP, no_profile(url_service("carddav", f"{CARDS}/%EMAILADDRESS%/"))],
    ),
    ("dav-origin", "", [IMAP, SMTP, url_service()], [IMAP, SMTP, url_service(url=DAV)]),
    (
        *("dav-origin", ""),
        [IMAP, SMTP, url_service("carddav", "https://dav.example.com")],
        [IMAP, SMTP, url_service("carddav", "https://dav.example.com/a?u=%EMAILADDRESS%")],
    ),
    (
        *("dav-origin", ""),
        [IMAP, SMTP, url_service("caldav", "https://dav.example.com/?u=%EMAILADDRESS%")],
        [IMAP, SMTP, url_service("webdav", "https://dav.example.com/")],
    ),
]
NAMES = [
    # code, the name and the short name that have it
    ("long-name", "n" * 61, "s" * 20),
    ("long-short-name", "n" * 60, "s" * 21),
]
OF_USERS: list[tuple[str, str, Sequence[Service], Sequence[Service]]] = [
    # the same, where users are looked up, and one attribute of theirs has a default
    (
        *("directory-host", "directory-by-address"),
        [imap("%{box}.example"), SMTP],
        [imap("%{known}.example"), SMTP],
    ),
    (
        *("directory-host", "directory-by-address"),
        [IMAP, SMTP, url_service(url="https://a/%{box}")],
        [IMAP, SMTP],
    ),
    (
        *("directory-login-name", f"pacc-login-name directory-by-address {ANOTHER_LOGIN}"),
        [named_service("%{uid}"), SMTP],
        [named_service("%{known}"), SMTP],
    ),
    (
        *("directory-by-address", ""),
        [IMAP, SMTP],
        [named_service("%{known}"), named_service("%{known}", "smtp")],
    ),
]
KNOWN = DirectoryPolicy(
    FileDirectory("users", path="users.csv", rules=(AttributeRule("known", default="x"),))
)


DIVIDING = replace(PROVIDER, subaddress_separators="+")


def test_subaddresses() -> None:
    """Clients that ask without the address keep its detail in the login name, and so does PACC."""
    code = "subaddress-login-name"
    assert codes([IMAP, SMTP], DIVIDING) == {code}
    assert code in codes([named_service("%{login_name}@%EmailLocalPart%"), SMTP], DIVIDING)
    assert code not in codes(
        [named_service("one"), host_service("smtp", login_name="one")], DIVIDING
    )
    assert provider_affects_diagnostics(DIVIDING)
    assert not provider_affects_diagnostics(PROVIDER)


def lint_findings(
    services: Sequence[Service],
    provider: Provider | None = PROVIDER,
    users: DirectoryPolicy | None = None,
) -> list[Diagnostic]:
    return list(lint(provider, tuple(services), users))


def codes(services: Sequence[Service], provider: Provider | None = PROVIDER) -> set[str]:
    return {finding.code for finding in lint_findings(services, provider)}


@pytest.mark.rule(
    "autoconfig-plain-is-told",
    "autoconfig-sasl-alone",
    "autoconfig-oauth2-needs-a-password",
    "autoconfig-imap-first-is-told",
    "autoconfig-host-placeholder-is-told",
    "autoconfig-login-name-is-told",
    "autoconfig-then-starttls-ports",
    "autoconfig-modern-only-is-told",
    "autoconfig-strict-is-told",
)
@pytest.mark.parametrize(("code", "others", "bad", "good"), CASES)
def test_services(code: str, others: str, bad: list[Service], good: list[Service]) -> None:
    """Each finding is made where it belongs, and not for similar services."""
    assert codes(bad) == {code, *others.split()}
    assert code not in codes(good)


@pytest.mark.parametrize(("code", "others", "bad", "good"), OF_USERS)
def test_users(code: str, others: str, bad: list[Service], good: list[Service]) -> None:
    """The same for users of a directory, which PACC cannot describe at all."""
    with_users = {finding.code for finding in lint_findings(bad, users=KNOWN)}
    assert with_users == {code, "pacc-directory", *others.split()}
    assert code not in {finding.code for finding in lint_findings(good, users=KNOWN)}
    assert "pacc-directory" not in codes(bad)


@pytest.mark.rule("autoconfig-long-names")
@pytest.mark.parametrize(("code", "name", "short_name"), NAMES)
def test_names(code: str, name: str, short_name: str) -> None:
    """A name is found one character above its limit, and not at it."""
    assert codes([IMAP, SMTP], Provider(name, short_name)) == {code}
    assert provider_affects_diagnostics(Provider(name, short_name))
    assert codes([IMAP, SMTP], Provider("n" * 60, "s" * 20)) == set()
    assert not provider_affects_diagnostics(Provider("n" * 60, "s" * 20))
    assert codes([IMAP, SMTP], None) == set()


@pytest.mark.rule("pacc-no-document")
def test_oauth2_without_an_issuer() -> None:
    """OAuth2 alone is in PACC if its issuer is known; else the finding says what is missing."""
    services = [by(OAUTH2), by(OAUTH2, kind="smtp")]
    known = Provider("Ex", "Ex", oauth2=(OAuth2(issuer="https://login.example.com"),))

    assert codes(services, known) == {"oauth2-alone", "oauth2-incomplete"}
    assert provider_affects_diagnostics(known)
    for provider in (PROVIDER, None):
        (finding,) = (
            finding for finding in lint_findings(services, provider) if finding.code == "pacc-none"
        )
        assert str(finding.location).startswith(
            "imap at imap.example.com:993: it accepts neither a password"
        )


WHOLE = OAuth2("https://i.example", "https://a.example", "https://t.example", "mail")
OAUTH2_SERVERS = [
    # OAuth2 servers of a provider, what is found of them
    ((), []),
    ((WHOLE,), []),
    (
        (OAuth2(issuer="https://j.example"),),
        [("oauth2-incomplete", "oauth2 https://j.example without auth_url, token_url, scope")],
    ),
    (
        (replace(WHOLE, issuer=None), WHOLE),
        [("oauth2-incomplete", "oauth2 https://a.example without issuer")],
    ),
    (
        (WHOLE, replace(WHOLE, issuer="https://j.example")),
        [("oauth2-several", "oauth2 https://j.example")],
    ),
    (
        (WHOLE, replace(WHOLE, scope=None)),
        [("oauth2-incomplete", "oauth2 https://i.example without scope")],
    ),
    (
        (OAuth2(client_id="x"),),
        [("oauth2-incomplete", "oauth2 without issuer, auth_url, token_url, scope")],
    ),
]


@pytest.mark.rule("autoconfig-one-whole-oauth2")
@pytest.mark.parametrize(("servers", "expected"), OAUTH2_SERVERS)
def test_oauth2_servers(servers: tuple[OAuth2, ...], expected: list[tuple[str, str]]) -> None:
    """An `oAuth2` that Autoconfig leaves out is found, with the missing part."""
    provider = replace(PROVIDER, oauth2=servers)

    assert [
        (finding.code, finding.location) for finding in lint_findings([IMAP, SMTP], provider)
    ] == expected
    assert provider_affects_diagnostics(provider) == bool(servers)


def test_clients_of_a_finding() -> None:
    """A finding names the clients that read a format which describes the service, and no others."""
    plain = imap(port=143, security="none")
    outside = replace(plain, formats=frozenset({Format.PACC, Format.MOBILECONFIG}))
    for offered, expected in (
        ([IMAP, SMTP, plain], {"K-9", "Thunderbird for iOS"}),
        ([IMAP, SMTP, outside], set()),
    ):
        (names,) = [
            {client.shown for client in finding.clients}
            for finding in lint_findings(offered)
            if finding.code == "plain-section"
        ] or [set()]
        assert names == expected

    only = replace(IMAP, formats=frozenset({Format.AUTOCONFIG}))
    (finding,) = [
        finding for finding in lint_findings([only, SMTP]) if finding.code == "no-incoming"
    ]
    assert client_names(finding.clients) == ("Claws Mail", "Outlook", "Apple Mail", "PACC clients")
    assert client_names(ALL_CLIENTS) == ("every client",)


@pytest.mark.rule("pacc-no-document")
@FAST
@given(st.lists(services(), min_size=1, max_size=4), PROVIDERS)
def test_missing_pacc_document_has_a_finding(offered: list[Service], provider: Provider) -> None:
    """A domain with mail that gets 404 in place of a PACC document has a finding about PACC."""
    entry = Domain(DomainPattern("example.com"), provider, tuple(offered))
    try:
        document.compose(client_config(entry, EXAMPLE_COM, None))
    except NoUsableService:
        assert any(
            clients.PACC in finding.clients for finding in lint_findings(offered, provider)
        ) or not {one.type.value for one in offered if Format.PACC in one.formats} & {
            "imap",
            "pop3",
            "smtp",
            "jmap",
        }


def test_every_rule_has_a_case() -> None:
    """The tables above name every code, and each code is in the linter once."""
    every = [rule.code for rule in RULES]
    tested = {case[0] for case in [*CASES, *OF_USERS]} | {case[0] for case in NAMES}
    others = {"pacc-directory", "subaddress-login-name", "oauth2-incomplete", "oauth2-several"}
    assert sorted(every) == sorted(tested | others)


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_refused_configurations_have_a_finding(case: Case) -> None:
    """Autoconfig refuses a golden case if the linter finds that a service is missing."""
    try:
        services = case.config().services
    except DomainNotServed:
        return
    is_refused = case.stored("autoconfig.xml").keys() == {"autoconfig.xml.refusal"}
    assert is_refused == bool(codes(services) & {"no-incoming", "no-outgoing"})


def test_notes() -> None:
    """A rule about only PACC or an unseen redirect is a note, and no other rule."""
    notes = {rule.code for rule in RULES if rule.severity == "note"}
    of_pacc = {rule.code for rule in RULES if rule.clients == (clients.PACC,)}
    assert notes == {*of_pacc, "macos-carddav"}


def test_clients_of_rules() -> None:
    """The rules name the clients that the registry has a format for, and no others."""
    named_service = {client for rule in RULES for client in rule.clients}
    # DAVx5 is no mail client, and not meant where every client is.
    assert named_service == {*ALL_CLIENTS, clients.DAVX5}
    assert named_service == {client for client in clients.CLIENTS if client.reads is not None}
