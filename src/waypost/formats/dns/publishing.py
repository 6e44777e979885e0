"""Build the DNS records of a domain from its configuration."""

from collections.abc import Callable, Collection, Iterator
from typing import Final
from urllib.parse import urlsplit

from waypost.core.address import DomainName
from waypost.core.errors import DomainMoved, NoUsableService
from waypost.core.model import ClientConfig, ServiceType, UrlEndpoint
from waypost.formats import autoconfig
from waypost.formats.autodiscover import pox
from waypost.formats.autodiscover.activesync import is_offered
from waypost.formats.dns.records import Alias, Data, Published, Record, ServiceAt, Text, fits
from waypost.formats.dns.services import located
from waypost.formats.host_check import why_no_name
from waypost.formats.pacc import document as pacc

DEFAULT_TTL_SECONDS: Final = 3600
_HTTPS_PORT: Final = 443
# Autodiscover returns these to clients that do not use mail services: MS-ASCMD s2.2.1.1, and V2.
_OF_EXCHANGE: Final = (ServiceType.ACTIVESYNC, ServiceType.EWS)
_AUTOCONFIG: Final = "autoconfig"
_AUTODISCOVER: Final = "autodiscover"
_PACC: Final = "ua-auto-config"


class _Draft:
    """The records and findings that are collected so far."""

    def __init__(self, domain: DomainName, ttl_seconds: int) -> None:
        self._domain = domain
        self._ttl_seconds = ttl_seconds
        self.records: list[Record] = []
        self.left_out: list[str] = []

    def add(self, label: str, data: Data) -> None:
        """Add a record below the domain."""
        name = self.name(label)
        if fits(name):
            self.records.append(Record(name, self._ttl_seconds, data))
        else:
            self.left_out.append(f"{label}: the name would be too long for DNS")

    def name(self, label: str) -> str:
        """Return the name of a label; the empty label is the domain itself."""
        return f"{label}.{self._domain}" if label else self._domain.ascii

    def done(self) -> Published:
        """Return all records and findings.

        Raises:
            NoUsableService: there is no record.
        """
        if not self.records:
            why = "; ".join(self.left_out)
            raise NoUsableService(f"{self._domain} has nothing to publish in DNS: {why}")
        return Published(self._domain, tuple(self.records), tuple(self.left_out))


def publish(
    config: ClientConfig,
    public_url: str | None = None,
    ttl_seconds: int = DEFAULT_TTL_SECONDS,
) -> Published:
    """Return all records that a domain should publish.

    Args:
        config: the configuration of the domain.
        public_url: the https URL of Waypost for clients; without it, the aliases for Waypost are
            left out.
        ttl_seconds: the TTL of the records, in seconds.

    Raises:
        NoUsableService: the domain has nothing to publish.
    """
    draft = _Draft(config.domain, ttl_seconds)
    answers = dict(_answers(draft, config))
    if answers:
        _names(draft, list(answers), public_url, set(_hosts(config)))
    for label, data in located(config, draft.left_out):
        draft.add(label, data)
    if (document := answers.get(_PACC)) is not None:
        # PACC draft, s"DNS": clients take any of several.
        for one in _documents(draft, config, document):
            draft.add(pacc.TXT_PREFIX.rstrip("."), Text(pacc.digest_record(one)))
    if _AUTOCONFIG in answers:
        # wiki.mozilla.org/Thunderbird:Autoconfiguration:DNSBasedLookup
        draft.add("", Text(f"mailconf={_autoconfig_url(config, public_url)}"))
    return draft.done()


def publish_moved(
    domain: DomainName,
    moved: DomainMoved,
    public_url: str | None = None,
    ttl_seconds: int = DEFAULT_TTL_SECONDS,
) -> Published:
    """Return the records of a domain that redirects to another domain or to another service.

    Args:
        domain: the old domain.
        moved: the redirect.
        public_url: the https URL of Waypost for clients.
        ttl_seconds: the TTL of the records, in seconds.

    Raises:
        NoUsableService: `public_url` is missing, so there is no record.
    """
    draft = _Draft(domain, ttl_seconds)
    # Autoconfig can redirect to another domain, but not to another Autodiscover service.
    labels = [_AUTODISCOVER] if moved.url is not None else [_AUTOCONFIG, _AUTODISCOVER]
    _names(draft, labels, public_url)
    return draft.done()


def _answers(draft: _Draft, config: ClientConfig) -> Iterator[tuple[str, bytes]]:
    """Yield the label of each format that has an answer for the domain, with the answer."""
    formats: dict[str, Callable[[ClientConfig], bytes]] = {
        _AUTOCONFIG: autoconfig.render,
        _AUTODISCOVER: _autodiscover,
        _PACC: pacc.render,
    }
    for label, render in formats.items():
        try:
            yield label, render(config)
        except NoUsableService as error:
            draft.left_out.append(f"{label}: {error}")


def _autodiscover(config: ClientConfig) -> bytes:
    """Return Outlook's answer, or an empty one if only Exchange clients get an answer.

    Raises:
        NoUsableService: no client gets an answer.
    """
    try:
        return pox.render(config)
    except NoUsableService:
        if any(is_offered(config, kind) for kind in _OF_EXCHANGE):
            return b""
        raise


def _documents(draft: _Draft, config: ClientConfig, served: bytes) -> Iterator[bytes]:
    """Yield the PACC document that is served, and the one that is served after unpinning."""
    yield served
    try:
        after = pacc.compose(config)
    except NoUsableService as error:
        draft.left_out.append(f"{_PACC}, after the document is unpinned: {error}")
        return
    if after != served:
        yield after


def _names(
    draft: _Draft, labels: list[str], public_url: str | None, services: Collection[str] = ()
) -> None:
    """Add aliases for Waypost at the names that clients ask, except for hosts of services."""
    names = " and ".join(labels)
    if public_url is None:
        draft.left_out.append(
            f"{names}: public_url is not set, so the host of Waypost is unknown; "
            "set it in the settings, or use --public-url"
        )
        return
    parts = urlsplit(public_url)
    host = (parts.hostname or "").rstrip(".")
    if (reason := why_no_name(host)) is not None:
        draft.left_out.append(f"{names}: public_url: {reason}")
        return
    for label in labels:
        if host == draft.name(label):
            draft.left_out.append(f"{label}: it is the host of public_url itself")
        elif draft.name(label) in services:
            # RFC 2782, "Target": no alias. The alias would also hide the host of a service's URL.
            draft.left_out.append(f"{label}: a service of the domain is at {draft.name(label)}")
        else:
            draft.add(label, Alias(host))
    if _AUTODISCOVER in labels:
        # MS-OXDISCO s3.1.5.3: the host and the port of autodiscover.xml.
        draft.add("_autodiscover._tcp", ServiceAt(0, 0, parts.port or _HTTPS_PORT, host))


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
