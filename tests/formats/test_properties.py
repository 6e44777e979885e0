"""Any provider and any address: the answers have the configured values, correctly escaped."""

import plistlib
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.examples import examples
from tests.formats import reading
from tests.making import host_service
from tests.providers_file.catalogs import PROVIDERS, services, texts
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import AddressError, NoUsableService, RequestError
from waypost.core.model import (
    ClientConfig,
    Domain,
    DomainPattern,
    Format,
    HostEndpoint,
    Security,
    Service,
    ServiceType,
)
from waypost.core.placeholders import has_placeholder
from waypost.formats import autoconfig
from waypost.formats.autodiscover import pox
from waypost.formats.mobileconfig import profile as mobileconfig
from waypost.lookup.lookup import client_config

MAIL = {ServiceType.IMAP: "IMAP", ServiceType.POP3: "POP3", ServiceType.SMTP: "SMTP"}
SOCKET_TYPE = {Security.TLS: "SSL", Security.STARTTLS: "STARTTLS", Security.NONE: "plain"}
POX_SECURITY = {
    Security.TLS: "on SSL",
    Security.STARTTLS: "on TLS",
    Security.NONE: "off None",
}


@st.composite
def addresses(draw: st.DrawFn) -> EmailAddress:
    """Build addresses with any allowed local part."""
    local_part = draw(st.text(min_size=1, max_size=40) | texts(20))
    try:
        return EmailAddress.parse(f"{local_part}@example.com")
    except AddressError:
        assume(False)
        raise


@st.composite
def configs(draw: st.DrawFn) -> ClientConfig:
    """Build the configuration for an address."""
    address = draw(addresses())
    pair = (host_service(), host_service("smtp", "smtp.example.com"))
    found = (*draw(st.lists(services(), max_size=6)), *draw(st.sampled_from([pair, pair, ()])))
    entry = Domain(DomainPattern("example.com"), draw(PROVIDERS), found)
    config = client_config(entry, address.domain, address)
    return config.with_display_name(draw(st.none() | texts(30)))


def rendered(render: Callable[[ClientConfig], bytes], config: ClientConfig) -> bytes:
    """Return the answer, or discard a configuration that the format refuses."""
    try:
        body = render(config)
    except NoUsableService:
        assume(False)
        raise
    assert render(config) == body
    return body


FAST = hypothesis_settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def mail_services(config: ClientConfig) -> list[tuple[Service, HostEndpoint]]:
    found = config.of_type(*MAIL)
    return [(s, s.endpoint) for s in found if isinstance(s.endpoint, HostEndpoint)]


@pytest.mark.rule("autoconfig-escaped", "autoconfig-order", "autoconfig-authentication-order")
@FAST
@given(configs())
def test_autoconfig(config: ClientConfig) -> None:
    """All mail services come back from Autoconfig, in order, with every method and login name."""
    sections = reading.autoconfig(rendered(autoconfig.render, config))
    config = config.for_format(Format.AUTOCONFIG)
    mail = [section for section in sections if section.kind in {"imap", "pop3", "smtp"}]

    # Autoconfig has no type for LDAP.
    assert len(sections) == sum(one.type is not ServiceType.LDAP for one in config.services)
    assert mail == [
        reading.Section(
            service.type.value,
            endpoint.host,
            endpoint.port,
            SOCKET_TYPE[endpoint.security],
            tuple(str(method) for method in service.authentication),
            service.login_name,
        )
        for service, endpoint in mail_services(config)
    ]


@pytest.mark.rule(
    "autodiscover-type-names",
    "autodiscover-server-and-port",
    "autodiscover-tls",
    "autodiscover-starttls",
    "autodiscover-no-protection",
    "autodiscover-switches-in-lower-case",
    "autodiscover-login-name",
)
@FAST
@given(configs())
def test_autodiscover_agrees_with_autoconfig(config: ClientConfig) -> None:
    """Autodiscover has the configured values of one service of each type."""
    protocols = reading.autodiscover(rendered(pox.render, config))
    config = config.for_format(Format.AUTODISCOVER)
    configured = {
        (
            MAIL[service.type],
            endpoint.host,
            endpoint.port,
            POX_SECURITY[endpoint.security],
            service.login_name,
        )
        for service, endpoint in mail_services(config)
    }
    shown = {
        (seen.kind, seen.place, seen.port, seen.security, seen.login)
        for seen in protocols
        if seen.kind in MAIL.values()
    }

    assert shown <= configured
    # Services that accept no password are left out.
    silent = {"OAuth2", "TLS-client-cert", "X_1", "Bearer", "Negotiate", "x"}
    sayable = [
        service
        for service, _ in mail_services(config)
        if not silent.issuperset(one.method for one in service.authentication)
    ]
    assert {kind for kind, *_ in shown} == {MAIL[service.type] for service in sayable}


@pytest.mark.rule(
    "mobileconfig-hosts-and-ports",
    "mobileconfig-use-ssl",
    "mobileconfig-login-names",
    "mobileconfig-address-and-name",
)
@FAST
@given(configs())
def test_profile_agrees_with_autoconfig(config: ClientConfig) -> None:
    """The mail account of a profile has the configured values."""
    body = rendered(mobileconfig.render, config)
    config = config.for_format(Format.MOBILECONFIG)
    configured = {
        (endpoint.host, endpoint.port, endpoint.security is not Security.NONE, service.login_name)
        for service, endpoint in mail_services(config)
    }
    for payload in reading.payloads(body):
        assert str(config.address) in payload["PayloadDescription"]
        if payload["PayloadType"] != "com.apple.mail.managed":
            continue
        assert payload["EmailAddress"] == str(config.address)
        assert payload.get("EmailAccountName") == config.user.display_name
        for way in ("Incoming", "Outgoing"):
            keys = ("HostName", "PortNumber", "UseSSL", "Username")
            assert tuple(payload.get(f"{way}MailServer{key}") for key in keys) in configured


@pytest.mark.rule("mobileconfig-side-by-side")
@hypothesis_settings(FAST, max_examples=examples(30).max_examples)
@given(configs(), configs())
def test_identities(first: ClientConfig, second: ClientConfig) -> None:
    """Two addresses have different identifiers; an address keeps that of its mail account."""
    bodies = [rendered(mobileconfig.render, config) for config in (first, second)]
    uuids = [
        {part["PayloadUUID"] for part in [plistlib.loads(body), *reading.payloads(body)]}
        for body in bodies
    ]

    assert bool(uuids[0] & uuids[1]) == (first.address == second.address)


@pytest.mark.rule("autoconfig-no-placeholder-with-an-address")
@FAST
@given(configs())
def test_no_placeholder_is_left(config: ClientConfig) -> None:
    """If the address is known, no format contains a placeholder of a service."""
    for seen in reading.autoconfig(rendered(autoconfig.render, config)):
        assert not has_placeholder(f"{seen.place} {seen.login}")


@FAST
@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_any_bytes_as_a_request(body: bytes) -> None:
    """Any bytes are parsed, or refused with one of Waypost's errors."""
    try:
        asked = pox.parse_request(body)
    except (RequestError, AddressError):
        return
    assert isinstance(asked.address.domain, DomainName)
