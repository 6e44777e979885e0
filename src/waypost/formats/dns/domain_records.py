"""Build the DNS records of a domain from its configuration."""

from collections.abc import Callable, Collection, Iterator
from typing import Final
from urllib.parse import urlsplit

from waypost.core.address import DomainName
from waypost.core.errors import DomainMoved, NoUsableService
from waypost.core.model import ClientConfig, ServiceType, UrlEndpoint
from waypost.formats import autoconfig
from waypost.formats.autodiscover import pox
from waypost.formats.autodiscover.activesync import has_protected_service
from waypost.formats.dns.records import (
    CnameData,
    DnsRecords,
    Record,
    RecordData,
    SrvData,
    TxtData,
    is_valid_dns_name,
)
from waypost.formats.dns.srv_records import service_records
from waypost.formats.host_check import host_name_problem
from waypost.formats.pacc import document as pacc

DEFAULT_TTL_SECONDS: Final = 3600
NO_PUBLIC_URL: Final = "public_url is not set, so the host of Waypost is unknown"
"""Why records that name the host of Waypost are left out."""
_HTTPS_PORT: Final = 443
# Autodiscover returns these to clients that do not use mail services: MS-ASCMD s2.2.1.1, and V2.
_EXCHANGE_TYPES: Final = (ServiceType.ACTIVESYNC, ServiceType.EWS)
_AUTOCONFIG: Final = "autoconfig"
_AUTODISCOVER: Final = "autodiscover"
_PACC: Final = "ua-auto-config"


class _RecordBuilder:
    """The records and findings that are collected so far."""

    def __init__(self, domain: DomainName, ttl_seconds: int) -> None:
        self._domain = domain
        self._ttl_seconds = ttl_seconds
        self.records: list[Record] = []
        self.left_out: list[str] = []

    def add(self, label: str, data: RecordData) -> None:
        """Add a record below the domain."""
        name = self.name(label)
        if is_valid_dns_name(name):
            self.records.append(Record(name, self._ttl_seconds, data))
        else:
            self.left_out.append(f"{label}: the name would be too long for DNS")

    def name(self, label: str) -> str:
        """Return the name of a label; the empty label is the domain itself."""
        return f"{label}.{self._domain}" if label else self._domain.ascii

    def result(self) -> DnsRecords:
        """Return all records and findings.

        Raises:
            NoUsableService: there is no record.
        """
        if not self.records:
            why = "; ".join(self.left_out)
            raise NoUsableService(f"{self._domain} has nothing to publish in DNS: {why}")
        return DnsRecords(self._domain, tuple(self.records), tuple(self.left_out))


def records_of(
    config: ClientConfig,
    public_url: str | None = None,
    ttl_seconds: int = DEFAULT_TTL_SECONDS,
) -> DnsRecords:
    """Return all records that a domain should publish.

    Args:
        config: the configuration of the domain.
        public_url: the https URL of Waypost for clients; without it, the aliases for Waypost are
            left out.
        ttl_seconds: the TTL of the records, in seconds.

    Raises:
        NoUsableService: the domain has nothing to publish.
    """
    builder = _RecordBuilder(config.domain, ttl_seconds)
    rendered = dict(_rendered_formats(builder, config))
    if rendered:
        _add_aliases(builder, list(rendered), public_url, set(_hosts(config)))
    for label, data in service_records(config, builder.left_out):
        builder.add(label, data)
    if (document := rendered.get(_PACC)) is not None:
        # PACC draft, s"DNS": clients take any of several.
        for served_document in _pacc_documents(builder, config, document):
            builder.add(pacc.TXT_PREFIX.rstrip("."), TxtData(pacc.digest_record(served_document)))
    if _AUTOCONFIG in rendered:
        # wiki.mozilla.org/Thunderbird:Autoconfiguration:DNSBasedLookup
        builder.add("", TxtData(f"mailconf={_autoconfig_url(config, public_url)}"))
    return builder.result()


def redirect_records_of(
    domain: DomainName,
    moved: DomainMoved,
    public_url: str | None = None,
    ttl_seconds: int = DEFAULT_TTL_SECONDS,
) -> DnsRecords:
    """Return the records of a domain that redirects to another domain or to another service.

    Args:
        domain: the old domain.
        moved: the redirect.
        public_url: the https URL of Waypost for clients.
        ttl_seconds: the TTL of the records, in seconds.

    Raises:
        NoUsableService: `public_url` is missing, so there is no record.
    """
    builder = _RecordBuilder(domain, ttl_seconds)
    # Autoconfig can redirect to another domain, but not to another Autodiscover service.
    labels = [_AUTODISCOVER] if moved.url is not None else [_AUTOCONFIG, _AUTODISCOVER]
    _add_aliases(builder, labels, public_url)
    return builder.result()


def _rendered_formats(builder: _RecordBuilder, config: ClientConfig) -> Iterator[tuple[str, bytes]]:
    """Yield the label of each format that has an answer for the domain, with the answer."""
    formats: dict[str, Callable[[ClientConfig], bytes]] = {
        _AUTOCONFIG: autoconfig.render,
        _AUTODISCOVER: _render_autodiscover,
        _PACC: pacc.render,
    }
    for label, render in formats.items():
        try:
            yield label, render(config)
        except NoUsableService as error:
            builder.left_out.append(f"{label}: {error}")


def _render_autodiscover(config: ClientConfig) -> bytes:
    """Return Outlook's answer, or an empty one if only Exchange clients get an answer.

    Raises:
        NoUsableService: no client gets an answer.
    """
    try:
        return pox.render(config)
    except NoUsableService:
        if any(has_protected_service(config, kind) for kind in _EXCHANGE_TYPES):
            return b""
        raise


def _pacc_documents(
    builder: _RecordBuilder, config: ClientConfig, served: bytes
) -> Iterator[bytes]:
    """Yield the PACC document that is served, and the one that is served after unpinning."""
    yield served
    try:
        after = pacc.compose(config)
    except NoUsableService as error:
        builder.left_out.append(f"{_PACC}, after the document is unpinned: {error}")
        return
    if after != served:
        yield after


def _add_aliases(
    builder: _RecordBuilder,
    labels: list[str],
    public_url: str | None,
    services: Collection[str] = (),
) -> None:
    """Add aliases for Waypost at the names that clients ask, except for hosts of services."""
    names = " and ".join(labels)
    if public_url is None:
        builder.left_out.append(f"{names}: {NO_PUBLIC_URL}; set public_url in the settings")
        return
    parts = urlsplit(public_url)
    host = (parts.hostname or "").rstrip(".")
    if (reason := host_name_problem(host)) is not None:
        builder.left_out.append(f"{names}: public_url: {reason}")
        return
    for label in labels:
        if host == builder.name(label):
            builder.left_out.append(f"{label}: it is the host of public_url itself")
        elif builder.name(label) in services:
            # RFC 2782, "Target": no alias. The alias would also hide the host of a service's URL.
            builder.left_out.append(f"{label}: a service of the domain is at {builder.name(label)}")
        else:
            builder.add(label, CnameData(host))
    if _AUTODISCOVER in labels:
        # MS-OXDISCO s3.1.5.3: the host and the port of autodiscover.xml.
        builder.add("_autodiscover._tcp", SrvData(0, 0, parts.port or _HTTPS_PORT, host))


def _hosts(config: ClientConfig) -> Iterator[str]:
    """Yield the host of each service as a DNS name, or as a text with a placeholder."""
    for service in config.services:
        endpoint = service.endpoint
        if isinstance(endpoint, UrlEndpoint):
            host = urlsplit(endpoint.url).hostname or ""
        else:
            host = endpoint.host
        yield host.lower().rstrip(".")


def _autoconfig_url(config: ClientConfig, public_url: str | None) -> str:
    if public_url is None:
        return f"https://{_AUTOCONFIG}.{config.domain}/mail/config-v1.1.xml"
    return f"{public_url.rstrip('/')}/v1.1/{config.domain}"
