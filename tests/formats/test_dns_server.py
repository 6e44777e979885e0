"""A real name server loads the records of a domain, and has exactly these."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lxml import etree

from tests.formats import dns_forms
from tests.golden.cases import Case, cases
from tests.making import EXAMPLE_COM
from tests.providers_file.catalogs import PROVIDERS, services
from tests.servers.named import Named, named
from tests.servers.requirements import program
from waypost.core.errors import NoUsableService
from waypost.core.model import (
    ALL_FORMATS,
    ClientConfig,
    Domain,
    DomainPattern,
    Format,
    HostEndpoint,
    Security,
    ServiceType,
)
from waypost.core.placeholders import has_placeholder
from waypost.formats import autoconfig, dns
from waypost.formats.pacc import document
from waypost.lookup.lookup import client_config

pytestmark = pytest.mark.servers

PUBLIC_URL = "https://waypost.example.net:8443"
CASES = [case for case in cases() if "dns.zone" in case.stored("dns.zone")]
MAIL = {"imap": ("_imap", "_imaps"), "pop3": ("_pop3", "_pop3s")}
MAIL["smtp"] = ("_submission", "_submissions")
MAIL_TYPES = (ServiceType.IMAP, ServiceType.POP3, ServiceType.SMTP, ServiceType.JMAP)


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[Named]:
    names = {case.config(alone=True).domain.ascii for case in CASES}
    with named(sorted(names | {"example.com"}), updated=["updated.example"]) as server:
        yield server


def targets(published: dns.DnsRecords) -> set[str]:
    found = [one.data for one in published.records]
    return {data.target for data in found if not isinstance(data, dns.TxtData) and data.target}


@pytest.mark.rule("dns-zone-loads")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden_zones(server: Named, case: Case) -> None:
    """Each golden zone has no warning, and the server has the published records."""
    config = case.config(alone=True)
    published = dns.records_of(config, "https://waypost.example.net")
    text = case.stored("dns.zone")["dns.zone"].decode()
    zone = server.load(config.domain.ascii, text, targets(published))

    assert dns_forms.of_server(zone) == dns_forms.of_records(published.records)


@st.composite
def configs(draw: st.DrawFn) -> ClientConfig:
    """Build the configuration of a domain."""
    found = tuple(draw(st.lists(services(), min_size=1, max_size=8)))
    entry = Domain(DomainPattern("example.com"), draw(PROVIDERS), found)
    return client_config(entry, EXAMPLE_COM, None)


def mail_targets(config: ClientConfig) -> set[tuple[str, str, int]]:
    """Return the required records for mail: a label, a host and a port for each service."""
    found = set()
    for service in config.services:
        endpoint = service.endpoint
        if service.type.value not in MAIL or not isinstance(endpoint, HostEndpoint):
            continue
        is_name = not has_placeholder(endpoint.host) and ":" not in endpoint.host
        if is_name and not endpoint.host.rpartition(".")[2].isdigit():
            label = MAIL[service.type.value][endpoint.security is Security.TLS]
            found.add((f"{label}._tcp.example.com.", f"{endpoint.host}.", endpoint.port))
    return found


URLS = {
    ("jmap", "https"): "_jmap",
    ("caldav", "https"): "_caldavs",
    ("caldav", "http"): "_caldav",
    ("carddav", "https"): "_carddavs",
    ("carddav", "http"): "_carddav",
}
HOSTS = {
    ("managesieve", False): "_sieve",
    ("xmpp", False): "_xmpp-client",
    ("xmpp", True): "_xmpps-client",
}


def other_targets(config: ClientConfig) -> set[tuple[str, str, int]]:
    """Return the allowed other records: labels, hosts and ports of https URLs and of hosts."""
    found = set()
    for service in config.services:
        kind, endpoint = service.type.value, service.endpoint
        if isinstance(endpoint, HostEndpoint):
            label = HOSTS.get((kind, endpoint.security is Security.TLS))
            place = f"{endpoint.host}.", endpoint.port
        else:
            parts = urlsplit(endpoint.url)
            label = URLS.get((kind, parts.scheme))
            place = f"{parts.hostname}.", parts.port or (80 if parts.scheme == "http" else 443)
        if label is not None:
            found.add((f"{label}._tcp.example.com.", *place))
    return found


def autoconfig_targets(config: ClientConfig) -> set[tuple[str, str, int]]:
    """Read the mail services from the Autoconfig document, in the form of `mail_targets`."""
    found = set()
    for server in etree.fromstring(autoconfig.render(config)).iter(
        "incomingServer", "outgoingServer"
    ):
        kind, host = server.get("type", ""), server.findtext("hostname", "")
        if kind in MAIL and not has_placeholder(host):
            label = MAIL[kind][server.findtext("socketType") == "SSL"]
            port = int(server.findtext("port", ""))
            found.add((f"{label}._tcp.example.com.", f"{host}.", port))
    return found


def pacc_targets(config: ClientConfig) -> set[tuple[str, str, int]]:
    """Read the mail services from the PACC document."""
    shown = json.loads(document.render(config))["protocols"]
    ports = {"imap": 993, "pop3": 995, "smtp": 465}
    return {
        (f"{MAIL[kind][True]}._tcp.example.com.", f"{shown[kind]['host']}.", port)
        for kind, port in ports.items()
        if kind in shown
    }


@pytest.mark.rule("dns-mail-labels", "dns-not-offered", "dns-not-offered-only-there")
@hypothesis_settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(config=configs())
def test_all_zone_formats_agree_with_the_server(server: Named, config: ClientConfig) -> None:
    """The server has the services of the other formats, and each form has the same records."""
    in_dns = config.for_format(Format.DNS)
    everywhere = replace(
        in_dns, services=tuple(replace(one, formats=ALL_FORMATS) for one in in_dns.services)
    )
    try:
        published = dns.records_of(config, PUBLIC_URL, 300)
    except NoUsableService:
        told_elsewhere = config.for_format(Format.AUTOCONFIG)
        assert not told_elsewhere.of_type(
            ServiceType.EWS, ServiceType.GRAPH, ServiceType.ACTIVESYNC
        )
        assert not mail_targets(in_dns)
        return
    text = dns.write(published, "zone").decode()
    held = dns_forms.of_server(server.load("example.com", text, targets(published)))

    srv = [(name, data.split()) for name, _, kind, data in held if kind == "SRV"]
    labels = {f"{label}._tcp.example.com." for pair in MAIL.values() for label in pair}
    shown = {(name, target, int(port)) for name, (_, _, port, target) in srv if name in labels}
    offered = {one for one in shown if one[1] != "."}
    assert offered == mail_targets(in_dns)
    with suppress(NoUsableService):
        assert offered <= autoconfig_targets(everywhere)
    with suppress(NoUsableService):
        assert pacc_targets(everywhere) <= offered
    others = {(name, target, int(port)) for name, (_, _, port, target) in srv if name not in labels}
    assert {one for one in others if "_autodiscover" not in one[0]} <= other_targets(in_dns)
    refused = {name for name, target, _ in shown if target == "."}
    assert not refused & {name for name, target, _ in shown if target != "."}
    if in_dns.of_type(*MAIL_TYPES):
        assert refused == labels - {
            f"{MAIL[one.type.value][one.endpoint.security is Security.TLS]}._tcp.example.com."
            for one in config.services
            if one.type.value in MAIL and isinstance(one.endpoint, HostEndpoint)
        }
    for form, read in dns_forms.READERS.items():
        rows = read(dns.write(published, form).decode(), "example.com")
        whole = form in {"terraform", "octodns"}
        missing = {one for one in held if one[0] == "example.com."} if whole else set()
        assert rows == held - missing, form


# The records before: a server silently ignores an alias at a name with other records.
OLD = (
    ("_imaps._tcp", "SRV 0 0 993 old.example.net."),
    ("_pop3._tcp", "CNAME _pop3._tcp.old.example.net."),
    ("_jmap._tcp", 'TXT "path=/old/"'),
    ("autoconfig", "A 192.0.2.7"),
    ("more.autoconfig", 'TXT "stays"'),
)


@pytest.mark.rule("dns-update")
def test_nsupdate(server: Named) -> None:
    """The script for nsupdate sets all names, also if run twice, and changes no others."""
    (case,) = (case for case in CASES if case.name == "everything")
    provider = case.config(alone=True)
    entry = Domain(DomainPattern("updated.example"), provider.provider, provider.services)
    domain = type(EXAMPLE_COM).parse("updated.example")
    published = dns.records_of(client_config(entry, domain, None), PUBLIC_URL)
    spf = 'update add updated.example. 60 TXT "v=spf1 -all"\nsend\n'
    old = (
        "".join(f"update add {name}.updated.example. 60 {data}\n" for name, data in OLD) + "send\n"
    )
    script = dns.write(published, "nsupdate").decode()
    for text in (spf, old, script, script):
        subprocess.run(
            [program("nsupdate")],
            input=f"server 127.0.0.1 {server.port}\n{text}",
            check=True,
            capture_output=True,
            text=True,
        )

    held = dns_forms.of_server(server.zone("updated.example"))
    kept = {one for one in held if one[3] == "v=spf1 -all" or one[0].startswith("more.")}
    assert len(kept) == 2
    assert {one[0::2] + one[3:] for one in held - kept} == {
        one[0::2] + one[3:] for one in dns_forms.of_records(published.records)
    }
