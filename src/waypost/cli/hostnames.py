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


class NamesFormat(StrEnum):
    """One name per line, or the input of a tool."""

    LIST = "list"
    CERTBOT = "certbot"
    LEGO = "lego"
    TRAEFIK = "traefik"
    CADDY = "caddy"


def hostnames(
    form: Annotated[NamesFormat, typer.Option("--format", help="Output format.")] = (
        NamesFormat.LIST
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
    writer = _writers()[form]
    for part in in_chunks(writer(_certificates(settings))):
        write_document(part)


def _writers() -> Mapping[NamesFormat, Callable[[Iterable[CertificateNames]], Iterator[str]]]:
    return {
        NamesFormat.LIST: _list,
        NamesFormat.CERTBOT: _certbot,
        NamesFormat.LEGO: _lego,
        NamesFormat.TRAEFIK: _traefik,
        NamesFormat.CADDY: _caddy,
    }


def _certificates(settings: Settings) -> Iterator[CertificateNames]:
    """Yield the names of each domain; warn about domains that Waypost cannot list."""
    patterns = 0
    with progress(None) as step, stream_catalog(settings, step, _left_out) as catalog:
        for external in catalog.external_domains:
            print_warnings([f"domains from directory {external.directory.label} are left out"])
        taken = _bare_names(catalog.domains, settings.tls_names)
        for domain in catalog.domains:
            if domain.is_declined:
                continue
            if domain.pattern.kind is not MatchKind.EXACT:
                patterns += 1
            elif found := _names(domain, settings.tls_names, taken):
                yield found
    if patterns:
        subject = quantity(patterns, "pattern is left out", "patterns are left out")
        print_stderr(f"warning: {subject}: Waypost cannot list the domains that a pattern matches")


def _bare_names(domains: Iterable[Domain], kinds: Collection[str]) -> frozenset[str]:
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


def _names(domain: Domain, kinds: Iterable[str], taken: Collection[str]) -> CertificateNames | None:
    """Return the names of a domain, without the names of other domains: each is listed once."""
    name = DomainName(domain.pattern.text)
    found = tuple(
        host for host in host_names(name, kinds) if host == name.ascii or host not in taken
    )
    return (name, found) if found else None


def _left_out(row: object) -> None:
    print_warnings([f"left out: {row}"])


def _list(certificates: Iterable[CertificateNames]) -> Iterator[str]:
    for _, hosts in certificates:
        yield "".join(f"{host}\n" for host in hosts)


def _certbot(certificates: Iterable[CertificateNames]) -> Iterator[str]:
    """Yield arguments of `certbot certonly`; a certificate keeps its name if its hosts change."""
    for _, hosts in certificates:
        yield f"--cert-name {hosts[0]} --domains {','.join(hosts)}\n"


def _lego(certificates: Iterable[CertificateNames]) -> Iterator[str]:
    """Yield arguments of lego, which names a certificate after its first domain."""
    for _, hosts in certificates:
        yield " ".join(f"--domains {host}" for host in hosts) + "\n"


def _traefik(certificates: Iterable[CertificateNames]) -> Iterator[str]:
    """Yield a router for each domain; Traefik gets certificates for the hosts of its rule.

    Traefik 2 and 3 support `||`. An empty mapping is an error for Traefik ("cannot be a standalone
    element"), and Traefik then ignores all files of that folder. A comment alone is no error.
    """
    some = False
    for domain, hosts in certificates:
        if not some:
            yield "http:\n  routers:\n"
        some = True
        rule = " || ".join(f"Host(`{host}`)" for host in hosts)
        yield (
            f"    waypost-{_router(domain)}:\n"
            f'      rule: "{rule}"\n'
            "      service: waypost\n"
            "      tls:\n"
            "        certResolver: waypost\n"
        )
    if not some:
        yield "# There is no domain with host names for certificates.\n"


def _router(domain: DomainName) -> str:
    """Return a router name without dots, which is different for each domain.

    A label neither begins nor ends with a hyphen, so one hyphen was a dot, and two in a row were
    a hyphen.
    """
    return domain.ascii.replace("-", "--").replace(".", "-")


def _caddy(certificates: Iterable[CertificateNames]) -> Iterator[str]:
    """Yield a site for each domain, which imports the snippet `waypost` of the Caddyfile.

    Without http:// in the list, Caddy answers plain http with 308, but Outlook's probe by plain
    http needs the 302 of Waypost (MS-OXDSCLI s3.1.5).
    """
    for _, hosts in certificates:
        places = ", ".join(f"{host}, http://{host}" for host in hosts)
        yield f"{places} {{\n\timport waypost\n}}\n"
