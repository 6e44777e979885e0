"""`waypost hostnames`: the host names that need certificates, in the formats of ACME tools."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated

import typer

from waypost.cli.options import DbUriFlag, DemoFlag, ProvidersFlag
from waypost.cli.output import in_chunks, print_stderr, print_warnings, quantity, write_document
from waypost.cli.progress import progress
from waypost.cli.sources.catalogs import stream_catalog
from waypost.cli.sources.settings import load_settings
from waypost.core.address import DomainName
from waypost.core.model import Domain, MatchKind
from waypost.formats.discovery_hosts import APEX, host_names
from waypost.settings import Settings

CertificateNames = tuple[DomainName, tuple[str, ...]]
"""A mail domain and its host names, which share a certificate; there is at least one."""


class HostnamesFormat(StrEnum):
    """One name per line, or the input of a tool."""

    LIST = "list"
    CERTBOT = "certbot"
    LEGO = "lego"
    TRAEFIK = "traefik"
    CADDY = "caddy"


def hostnames(
    output_format: Annotated[HostnamesFormat, typer.Option("--format", help="Output format.")] = (
        HostnamesFormat.LIST
    ),
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
) -> None:
    """Print the host names that need certificates.

    The option tls_names selects the names. Each domain has its own certificate, so that a domain
    that has moved to another server cannot prevent the renewal of the other certificates.
    list: one name per line. certbot, lego: a line of arguments for each certificate.
    traefik: a file for its file provider. caddy: a file to import into a Caddyfile.
    """
    settings = load_settings(providers, demo, db_uri)
    writer = _writers()[output_format]
    for part in in_chunks(writer(_certificates(settings))):
        write_document(part)


def _writers() -> Mapping[HostnamesFormat, Callable[[Iterable[CertificateNames]], Iterator[str]]]:
    return {
        HostnamesFormat.LIST: _format_list,
        HostnamesFormat.CERTBOT: _format_certbot,
        HostnamesFormat.LEGO: _format_lego,
        HostnamesFormat.TRAEFIK: _format_traefik,
        HostnamesFormat.CADDY: _format_caddy,
    }


def _certificates(settings: Settings) -> Iterator[CertificateNames]:
    """Yield the names of each domain; warn about domains that Waypost cannot list."""
    patterns = 0
    with (
        progress(None) as on_progress,
        stream_catalog(settings, on_progress, _warn_about_row) as catalog,
    ):
        for external in catalog.external_domains:
            print_warnings([f"domains from directory {external.directory.label} are left out"])
        other_domains = _domains_that_are_hosts(catalog.domains, settings.tls_names)
        for domain in catalog.domains:
            if domain.is_declined:
                continue
            if domain.pattern.kind is not MatchKind.EXACT:
                patterns += 1
            elif certificate := _certificate_names(domain, settings.tls_names, other_domains):
                yield certificate
    if patterns:
        subject = quantity(patterns, "pattern is left out", "patterns are left out")
        print_stderr(f"warning: {subject}: Waypost cannot list the domains that a pattern matches")


def _domains_that_are_hosts(domains: Iterable[Domain], kinds: Collection[str]) -> frozenset[str]:
    """Return the served domains whose name is also a host name of another domain.

    `autoconfig.example.com` may be a mail domain in addition to `example.com`; this is rare.
    """
    if APEX not in kinds:
        return frozenset()
    return frozenset(
        domain.pattern.text
        for domain in domains
        if domain.pattern.kind is MatchKind.EXACT
        and not domain.is_declined
        and domain.pattern.text.partition(".")[0] in kinds
    )


def _certificate_names(
    domain: Domain, kinds: Iterable[str], other_domains: Collection[str]
) -> CertificateNames | None:
    """Return the names of a domain, without the names of other domains: each is listed once."""
    name = DomainName(domain.pattern.text)
    certificate = tuple(
        host for host in host_names(name, kinds) if host == name.ascii or host not in other_domains
    )
    return (name, certificate) if certificate else None


def _warn_about_row(row: object) -> None:
    print_warnings([f"left out: {row}"])


def _format_list(certificates: Iterable[CertificateNames]) -> Iterator[str]:
    for _, hosts in certificates:
        yield "".join(f"{host}\n" for host in hosts)


def _format_certbot(certificates: Iterable[CertificateNames]) -> Iterator[str]:
    """Yield arguments of `certbot certonly`; a certificate keeps its name if its hosts change."""
    for _, hosts in certificates:
        yield f"--cert-name {hosts[0]} --domains {','.join(hosts)}\n"


def _format_lego(certificates: Iterable[CertificateNames]) -> Iterator[str]:
    """Yield arguments of lego, which names a certificate after its first domain."""
    for _, hosts in certificates:
        yield " ".join(f"--domains {host}" for host in hosts) + "\n"


def _format_traefik(certificates: Iterable[CertificateNames]) -> Iterator[str]:
    """Yield a router for each domain; Traefik gets certificates for the hosts of its rule.

    Traefik 2 and 3 support `||`. An empty mapping is an error for Traefik ("cannot be a standalone
    element"), and Traefik then ignores all files of that folder. A comment alone is no error.
    """
    has_router = False
    for domain, hosts in certificates:
        if not has_router:
            yield "http:\n  routers:\n"
        has_router = True
        rule = " || ".join(f"Host(`{host}`)" for host in hosts)
        yield (
            f"    waypost-{_router_name(domain)}:\n"
            f'      rule: "{rule}"\n'
            "      service: waypost\n"
            "      tls:\n"
            "        certResolver: waypost\n"
        )
    if not has_router:
        yield "# There is no domain with host names for certificates.\n"


def _router_name(domain: DomainName) -> str:
    """Return a router name without dots, which is different for each domain.

    A label neither begins nor ends with a hyphen, so one hyphen was a dot, and two in a row were
    a hyphen.
    """
    return domain.ascii.replace("-", "--").replace(".", "-")


def _format_caddy(certificates: Iterable[CertificateNames]) -> Iterator[str]:
    """Yield a site for each domain, which imports the snippet `waypost` of the Caddyfile.

    Without http:// in the list, Caddy answers plain http with 308, but Outlook's probe by plain
    http needs the 302 of Waypost (MS-OXDSCLI s3.1.5).
    """
    for _, hosts in certificates:
        site_addresses = ", ".join(f"{host}, http://{host}" for host in hosts)
        yield f"{site_addresses} {{\n\timport waypost\n}}\n"
