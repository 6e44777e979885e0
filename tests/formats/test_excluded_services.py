"""Services that are excluded from some formats: no format describes an excluded service."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.making import ALICE, EXAMPLE_COM, domain, host_service, url_service
from waypost.core.errors import NoUsableService, ServiceNotOffered
from waypost.core.model import (
    ALL_FORMATS,
    FORMATS_OF,
    HOST_BASED,
    PASSWORD_CLEARTEXT,
    ClientConfig,
    Format,
    Service,
    ServiceType,
)
from waypost.formats import autoconfig, dns
from waypost.formats.autodiscover import activesync, pox
from waypost.formats.autodiscover import json as autodiscover_json
from waypost.formats.autodiscover.json import Protocol
from waypost.formats.mobileconfig import profile as mobileconfig
from waypost.formats.pacc import document
from waypost.lookup.lookup import client_config

PLACE = "kept.example.net"
IMAP = host_service()
SMTP = host_service("smtp", "smtp.example.com")
URLS = {ServiceType.LDAP: f"ldaps://{PLACE}/dc=x??sub"}


def the_service(kind: ServiceType) -> Service:
    """Build the preferred service of its type, with a unique host."""
    if kind in HOST_BASED:
        # SRV records have no label for ManageSieve with TLS, PACC has none for any other.
        return host_service(kind.value, PLACE, priority=1)
    url = URLS.get(kind, f"https://{PLACE}/x/")
    return url_service(kind.value, url, authentication=(PASSWORD_CLEARTEXT,), priority=1)


def asked(*services: Service, alone: bool = False) -> ClientConfig:
    entry = domain("example.com", *services)
    return client_config(entry, EXAMPLE_COM, None if alone else ALICE)


def answers(form: Format, *services: Service) -> bytes:
    """Return the answer of a format for some services, with an IMAP and an SMTP service."""
    config = asked(IMAP, SMTP, *services)
    alone = asked(IMAP, SMTP, *services, alone=True)
    every: dict[Format, list[Callable[[], bytes]]] = {
        Format.AUTOCONFIG: [lambda: autoconfig.render(config)],
        Format.AUTODISCOVER: [
            lambda: pox.render(config),
            lambda: activesync.render(config),
            lambda: autodiscover_json.render(config, Protocol.EWS, "https://e.example/"),
            lambda: autodiscover_json.render(config, Protocol.ACTIVESYNC, "https://e.example/"),
        ],
        Format.MOBILECONFIG: [lambda: mobileconfig.render(config)],
        Format.PACC: [lambda: document.render(alone)],
        Format.DNS: [lambda: srv_records(alone)],
    }
    return b"".join(_answer(one) for one in every[form])


def srv_records(config: ClientConfig) -> bytes:
    """Return the records of services, without the aliases and the digest of other formats."""
    records = dns.records_of(config, "https://w.example.net").records
    own = [one for one in records if one.name.startswith("_") and "auto" not in one.name]
    return "\n".join(f"{one.name} {one.data}" for one in own).encode()


def _answer(render: Callable[[], bytes]) -> bytes:
    try:
        return render()
    except (NoUsableService, ServiceNotOffered):
        return b""


def only_in(service: Service, *formats: Format) -> Service:
    return replace(service, formats=frozenset(formats))


def dns_form(service: Service, form: Format) -> Service:
    """Return ManageSieve with the protection that the format can express."""
    if service.type is ServiceType.MANAGESIEVE and form is Format.DNS:
        return host_service("managesieve", PLACE, security="starttls", priority=1)
    return service


@pytest.mark.parametrize("form", Format)
@pytest.mark.parametrize("kind", ServiceType)
def test_table_of_formats(kind: ServiceType, form: Format) -> None:
    """The table of formats is right, and a format leaves out services for other formats only."""
    service = dns_form(the_service(kind), form)
    others = ALL_FORMATS - {form}

    assert (PLACE.encode() in answers(form, service)) == (form in FORMATS_OF[kind])
    assert answers(form, only_in(service, form)) == answers(form, service)
    # SRV records would say "not offered" for a kind of service that is not configured at all.
    if form is not Format.DNS:
        assert answers(form, only_in(service, *others)) == answers(form)
    assert PLACE.encode() not in answers(form, only_in(service, *others))


def test_excluded_services_are_not_denied_in_dns() -> None:
    """A kind of service that is excluded from DNS has no record with a dot as target."""
    starttls = host_service(port=143, security="starttls")
    kept = only_in(starttls, Format.AUTOCONFIG)
    zone = dns.records_of(asked(IMAP, kept, SMTP, alone=True)).records
    labels = {record.name.partition(".")[0] for record in zone}

    assert "_imaps" in labels
    assert "_imap" not in labels
    assert {"_pop3", "_pop3s"} <= labels


def test_all_mail_can_be_excluded() -> None:
    """A domain whose mail services are excluded from a format has no answer in it."""
    services = [only_in(IMAP, Format.AUTODISCOVER), only_in(SMTP, Format.AUTODISCOVER)]
    config, alone = asked(*services), asked(*services, alone=True)

    assert pox.render(config) == pox.render(asked(IMAP, SMTP))
    for render, one in (
        (autoconfig.render, config),
        (mobileconfig.render, config),
        (document.render, alone),
        (document.compose, alone),
    ):
        with pytest.raises(NoUsableService):
            render(one)
    assert document.findings(alone) == ()
    labels = {
        record.name.partition(".")[0] for record in dns.records_of(alone, "https://w.x").records
    }
    assert labels == {"autodiscover", "_autodiscover"}


def test_json_has_no_url_of_an_error() -> None:
    """Autodiscover's JSON has no URL of the XML form if that has no answer."""
    config = asked(only_in(IMAP, Format.PACC), SMTP)

    with pytest.raises(ServiceNotOffered):
        autodiscover_json.render(config, Protocol.AUTODISCOVER_V1, "https://w.example.net/x")


def test_excluded_jmap_does_not_replace_smtp() -> None:
    """JMAP that is excluded from Autoconfig does not replace a missing SMTP service there."""
    jmap = the_service(ServiceType.JMAP)

    assert autoconfig.render(asked(IMAP, jmap))
    with pytest.raises(NoUsableService):
        autoconfig.render(asked(IMAP, only_in(jmap, Format.PACC)))


def test_a_submission_is_autoconfig() -> None:
    """A document for the ISPDB leaves out the same services as the domain's own document."""
    jmap = only_in(the_service(ServiceType.JMAP), Format.DNS)
    config = asked(IMAP, SMTP)

    found = autoconfig.render_submission(config.provider, [EXAMPLE_COM], [IMAP, jmap, SMTP])

    assert found == autoconfig.render_submission(config.provider, [EXAMPLE_COM], [IMAP, SMTP])
