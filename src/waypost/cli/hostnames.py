"""`waypost hostnames`: the host names that need certificates, as different tools read them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Final

import typer

from waypost.address import DomainName
from waypost.cli.progress import progress
from waypost.cli.reporting import note, quantity, warn, write_document
from waypost.cli.sources import (
    DbUriFlag,
    DemoFlag,
    ProvidersFlag,
    catalog_reading,
    settings_for,
)
from waypost.host_names import APEX, host_names
from waypost.model import Domain, MatchKind

if TYPE_CHECKING:
    from waypost.settings import Settings

EXAMPLE: Final = "Example: waypost hostnames --format certbot --demo"

Certificate = tuple[DomainName, tuple[str, ...]]
"""A mail domain, and its host names: at least one, and they share a certificate."""


class NamesFormat(StrEnum):
    """One name a line, or the input of a tool."""

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
    """Print the host names that need certificates; the option `tls_names` says which.

    Each domain has a certificate of its own, so that a domain that has moved to another server
    cannot prevent the renewal of the others.
    list: one name a line. certbot, lego: a line of arguments for each certificate.
    traefik: a file for its file provider. caddy: a file to import into a Caddyfile.
    """
    settings = settings_for(providers, demo, db_uri)
    writer = _writers()[form]
    for part in _parts(writer(_certificates(settings))):
        write_document(part)


def _writers() -> Mapping[NamesFormat, Callable[[Iterable[Certificate]], Iterator[str]]]:
    return {
        NamesFormat.LIST: _list,
        NamesFormat.CERTBOT: _certbot,
        NamesFormat.LEGO: _lego,
        NamesFormat.TRAEFIK: _traefik,
        NamesFormat.CADDY: _caddy,
    }


def _certificates(settings: "Settings") -> Iterator[Certificate]:
    """Yield the names of each domain, with a warning for those that nobody can list."""
    patterns = 0
    with progress(None) as step, catalog_reading(settings, step, _left_out) as catalog:
        for one in catalog.borrowed:
            warn([f"the domains from directory {one.directory.label} are left out"])
        taken = _bare_names(catalog.domains, settings.tls_names)
        for domain in catalog.domains:
            if domain.is_declined:
                continue
            if domain.pattern.kind is not MatchKind.EXACT:
                patterns += 1
            elif found := _names(domain, settings.tls_names, taken):
                yield found
    if patterns:
        subject = quantity(patterns, "pattern stands", "patterns stand")
        note(f"warning: {subject} for domains that nobody can list; they are left out")


def _bare_names(domains: Iterable[Domain], kinds: Collection[str]) -> frozenset[str]:
    """Return the apex names that are names of another domain as well, if that is served.

    `autoconfig.example.com` may be a mail domain beside `example.com`; there are few of these.
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


def _names(domain: Domain, kinds: Iterable[str], taken: Collection[str]) -> Certificate | None:
    """Return the names of a domain, without the apex names of other ones: each is listed once."""
    name = DomainName(domain.pattern.text)
    found = tuple(
        host for host in host_names(name, kinds) if host == name.ascii or host not in taken
    )
    return (name, found) if found else None


def _left_out(row: object) -> None:
    warn([f"left out: {row}"])


def _list(certificates: Iterable[Certificate]) -> Iterator[str]:
    for _, hosts in certificates:
        yield "".join(f"{host}\n" for host in hosts)


def _certbot(certificates: Iterable[Certificate]) -> Iterator[str]:
    """Yield arguments of `certbot certonly`; a certificate keeps its name where names change."""
    for _, hosts in certificates:
        yield f"--cert-name {hosts[0]} --domains {','.join(hosts)}\n"


def _lego(certificates: Iterable[Certificate]) -> Iterator[str]:
    """Yield arguments of lego, which calls a certificate after its first domain."""
    for _, hosts in certificates:
        yield " ".join(f"--domains {host}" for host in hosts) + "\n"


def _traefik(certificates: Iterable[Certificate]) -> Iterator[str]:
    """Yield a router for each domain; Traefik gets certificates for the hosts of its rule.

    `||` is understood by its versions 2 and 3. An empty mapping is a mistake to it ("cannot be a
    standalone element") for which it takes no file of that folder at all; a comment alone is none.
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
        yield "# No domain is served by a name of its own.\n"


def _router(domain: DomainName) -> str:
    """Return a name for a router without a dot; no two domains have the same.

    A label neither begins nor ends with a hyphen: one alone was a dot, two in a row were one.
    """
    return domain.ascii.replace("-", "--").replace(".", "-")


def _caddy(certificates: Iterable[Certificate]) -> Iterator[str]:
    """Yield a site for each domain; what it does is the snippet `waypost` of the Caddyfile.

    Where http:// does not stand there, Caddy answers it by a 308, and Outlook's probe by plain http
    needs the 302 that comes from Waypost (MS-OXDSCLI s3.1.5).
    """
    for _, hosts in certificates:
        places = ", ".join(f"{host}, http://{host}" for host in hosts)
        yield f"{places} {{\n\timport waypost\n}}\n"


def _parts(texts: Iterator[str]) -> Iterator[str]:
    """Put many short texts together into fewer."""
    while part := "".join(islice(texts, 10_000)):
        yield part
