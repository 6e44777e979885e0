"""The mail servers of a domain, from everything that the domain has published already.

The sources, the best one first: what the operator named, the Autoconfig document of the domain, the
public database (ISPDB) for the domain and for its MX hosts, SRV records (RFC 6186, RFC 8314), and
host names that many domains have. Each server is checked as `waypost doctor` checks it.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DomainError, NamesUnavailable, ProvidersError
from waypost.core.model import (
    EMAIL_ADDRESS,
    PASSWORD_CLEARTEXT,
    Domain,
    DomainPattern,
    HostEndpoint,
    Provider,
    Security,
    Service,
    ServiceType,
    missing_mail_service,
)
from waypost.core.preference import ordered
from waypost.diagnostics.comparison.answers import ParsedService
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.mail_servers import (
    MailResult,
    describe_service,
    fetch_autoconfig,
    services_of_srv_records,
)
from waypost.diagnostics.simulated_clients.dns import DnsLookup, RecordType
from waypost.diagnostics.simulated_clients.session import ClientRequest, ServerAnswer, describe
from waypost.importers.ispdb.document import read_ispdb
from waypost.providers_file.catalog import default_short_name
from waypost.providers_file.validators import is_same_for_all
from waypost.setup.probing import is_probed, parsed_service, probe, usual_servers, with_methods

MX_HOSTS_MAX: Final = 3
SERVICES_MAX: Final = 20
NOTES_MAX: Final = 10
_DOMAIN_PLACEHOLDER: Final = re.compile("%EMAILDOMAIN%", re.IGNORECASE)
_EXISTENCE: Final[tuple[RecordType, ...]] = ("MX", "NS", "A", "AAAA")


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found about a domain.

    Attributes:
        domain: the entry for the providers file; its services may be incomplete or empty.
        sources: where the services are from, one line each.
        notes: what was found and cannot be used, one line each.
        findings: what is wrong with the mail servers.
    """

    domain: Domain
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Diagnostic, ...] = ()

    @property
    def missing(self) -> str | None:
        """Return which mail service is missing; None if clients can set up an account."""
        return missing_mail_service(service.type for service in self.domain.services)


@dataclass(slots=True)
class _Search:
    """What has been found so far."""

    domain: DomainName
    provider: Provider
    services: list[Service] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)
    checked: set[ServiceType] = field(default_factory=set)

    @property
    def is_complete(self) -> bool:
        return missing_mail_service(service.type for service in self.services) is None

    def add_document(self, found: Domain, source: str) -> None:
        """Add the services of a document, except for types that are known already."""
        known = {service.type for service in self.services}
        new = [service for service in found.services if service.type not in known]
        if not new:
            return
        if len(new) > SERVICES_MAX:
            self.notes.append(
                f"{source}: has {len(new)} services; the first {SERVICES_MAX} are used"
            )
            new = new[:SERVICES_MAX]
        if not self.sources:
            self.provider = replace(found.provider, name=self.provider.name or found.provider.name)
        self.services += [
            self._with_general_login(self._with_own_host(service), source) for service in new
        ]
        self.sources.append(source)

    def add(self, services: Sequence[Service], source: str) -> None:
        if services:
            self.services += services
            self.sources.append(source)

    def _with_own_host(self, service: Service) -> Service:
        """Return a service whose host has the name of the domain instead of its placeholder."""
        endpoint = service.endpoint
        if not isinstance(endpoint, HostEndpoint):
            return service
        host = _DOMAIN_PLACEHOLDER.sub(self.domain.ascii, endpoint.host)
        return replace(service, endpoint=replace(endpoint, host=host))

    def _with_general_login(self, service: Service, source: str) -> Service:
        login = service.login_name
        if login is None or not is_same_for_all(login):
            return service
        self.notes.append(
            f"{source}: all users would get the login name {login!r}; the address is used instead"
        )
        return replace(service, login_name=EMAIL_ADDRESS)

    def result(self) -> Discovery:
        name = self.provider.name or self.domain.unicode
        provider = replace(
            self.provider,
            name=name,
            short_name=self.provider.short_name or default_short_name(name),
        )
        services = tuple(self.services[:SERVICES_MAX])
        return Discovery(
            Domain(DomainPattern(self.domain.ascii), provider, services),
            tuple(self.sources),
            tuple(self.notes[:NOTES_MAX]),
            tuple(dict.fromkeys(self.findings)),
        )


def discover(
    context: DoctorContext,
    domain: DomainName,
    *,
    given: Sequence[Service] = (),
    name: str = "",
    database: str = "",
) -> Discovery:
    """Find the mail servers of a domain, and check them.

    Args:
        context: the domain, and the limits of time.
        domain: the same domain.
        given: services that the operator named; other services of these types are not searched.
        name: the display name of the provider; empty for that of a document, or the domain.
        database: the URL of the public database; empty to ask none.

    Raises:
        DomainError: DNS has no such domain.
        NamesUnavailable: DNS does not answer, and the operator named no servers.
    """
    search = _Search(domain, Provider(name, ""))
    search.add(given, "the command line")
    if not search.is_complete:
        _require_domain(context)
        _read_autoconfig(context, search)
    if not search.is_complete and database:
        for asked in (domain.ascii, *_mail_hosters(context, search)):
            _read_database(context, search, database, asked)
    documented = tuple(search.services)
    if not search.is_complete:
        _read_srv_records(context, search)
    known = [service for service in search.services if is_probed(service)]
    results = probe(context, [parsed_service(service) for service in known])
    for service, result in zip(known, results, strict=True):
        _add_result(search, service, result, is_published=service in documented)
    if not search.is_complete:
        _guess(context, search)
    search.services = list(ordered(search.services))
    return search.result()


def _require_domain(context: DoctorContext) -> None:
    """Check that the domain exists.

    Raises:
        DomainError: DNS has no such domain.
        NamesUnavailable: DNS does not answer.
    """
    failure: NamesUnavailable | None = None
    for record_type in _EXISTENCE:
        try:
            if context.records(DnsLookup(record_type, context.domain)):
                return
        except NamesUnavailable as error:
            failure = error
    if failure is not None:
        raise NamesUnavailable(
            f"{context.domain}: {failure}; try another resolver with --resolver, or name the mail "
            "servers with --imap and --smtp"
        ) from failure
    if services_of_srv_records(context):
        return
    raise DomainError(
        f"DOMAIN: DNS has no domain {context.domain} (no MX, NS, A and AAAA records); correct the "
        "name, or register the domain first"
    )


def _read_autoconfig(context: DoctorContext, search: _Search) -> None:
    answer = fetch_autoconfig(context)
    _add_answer(context, search, answer, f"the Autoconfig document of {search.domain}")


def _read_database(context: DoctorContext, search: _Search, url: str, asked: str) -> None:
    if search.is_complete:
        return
    request = ClientRequest.get(f"{url.rstrip('/')}/{asked}")
    answer = context.target.send_following_redirects(request)
    if answer.status == 404:
        return
    if not answer.is_success:
        search.notes.append(f"the public database at {request.host}: {describe(answer)}")
        return
    _add_answer(context, search, answer, f"the public database, for {asked}")


def _add_answer(context: DoctorContext, search: _Search, answer: ServerAnswer, source: str) -> None:
    if not answer.is_success:
        return
    address = EmailAddress.parse(context.target.address)
    try:
        result = read_ispdb(answer.body, name=source, domains=(search.domain,), address=address)
    except ProvidersError as error:
        search.notes += error.problems
        return
    search.notes += [str(note) for note in (*result.left_out, *result.warnings)]
    search.add_document(result.catalog.domains[0], source)


def _mail_hosters(context: DoctorContext, search: _Search) -> Iterator[str]:
    """Yield the domains of the hosts that receive the domain's mail, for the public database.

    Thunderbird asks for the same domains (seen with 153.8), with a list of public suffixes.
    """
    known = {search.domain.ascii}
    for host in _mail_exchangers(context, search):
        labels = host.split(".")
        for parent in (".".join(labels[1:]), ".".join(labels[-2:])):
            if parent.count(".") and parent not in known and _is_domain(parent):
                known.add(parent)
                yield parent


def _is_domain(text: str) -> bool:
    """Return whether a name from DNS, which may hold any character, can be part of a URL."""
    with suppress(DomainError):
        return DomainName.parse(text).ascii == text
    return False


def _mail_exchangers(context: DoctorContext, search: _Search) -> tuple[str, ...]:
    with suppress(NamesUnavailable):
        records = sorted(
            context.records(DnsLookup("MX", context.domain)), key=lambda one: one.priority
        )
        if records and not any(record.data for record in records):
            note = f"{context.domain}: its MX record says that it receives no mail (RFC 7505)"
            if note not in search.notes:
                search.notes.append(note)
        return tuple(record.data for record in records if record.data)[:MX_HOSTS_MAX]
    return ()


def _read_srv_records(context: DoctorContext, search: _Search) -> None:
    known = {service.type for service in search.services}
    services = [
        service
        for found in services_of_srv_records(context)
        if (service := _service(found, search)) is not None and service.type not in known
    ]
    search.add(services, f"the SRV records of {search.domain}")


def _service(found: ParsedService, search: _Search) -> Service | None:
    """Return the service of a server without a document; None if its name is not valid."""
    try:
        host = DomainName.parse(found.host_or_url).ascii
    except DomainError as error:
        search.notes.append(f"{describe_service(found)}: {error}")
        return None
    endpoint = HostEndpoint(host, found.port, Security(found.security))
    return Service(ServiceType(found.kind), endpoint, (PASSWORD_CLEARTEXT,))


def _add_result(
    search: _Search, service: Service, result: MailResult, *, is_published: bool
) -> None:
    """Keep the findings, and the login methods of a server that no document describes."""
    if result.unknown_reason:
        search.notes.append(f"{describe_service(parsed_service(service))}: {result.unknown_reason}")
    if is_published or not result.is_working:
        search.findings += result.findings
        return
    position = search.services.index(service)
    search.services[position] = with_methods(service, result)
    search.findings += [one for one in result.findings if one.code != "mail-authentication"]


def _guess(context: DoctorContext, search: _Search) -> None:
    """Check host names that many domains have, and the MX hosts, for missing services."""
    missing = missing_mail_service(service.type for service in search.services) or ""
    types = [
        service_type
        for service_type, word in ((ServiceType.IMAP, "incoming"), (ServiceType.SMTP, "outgoing"))
        if word in missing
    ]
    exchangers = _mail_exchangers(context, search)
    candidates = [
        server
        for service_type in types
        for server in usual_servers(context, service_type, exchangers)
    ]
    results = probe(context, [parsed_service(service) for service in candidates])
    for service_type in types:
        pairs = [
            (service, result)
            for service, result in zip(candidates, results, strict=True)
            if service.type is service_type
        ]
        _add_guess(search, service_type, pairs)


def _add_guess(
    search: _Search, service_type: ServiceType, pairs: Sequence[tuple[Service, MailResult]]
) -> None:
    """Add the ports of the first host that works; without one, keep what is wrong with the hosts.

    A host that is only guessed may have no mail server at all, which is no finding.
    """
    working = [(service, result) for service, result in pairs if result.is_working]
    if not working:
        search.findings += [
            finding
            for _, result in pairs
            for finding in result.findings
            if finding.code not in {"mail-silent", "mail-missing"}
        ]
        return
    host = parsed_service(working[0][0]).host_or_url
    services = [
        with_methods(service, result)
        for service, result in working
        if parsed_service(service).host_or_url == host
    ]
    search.add(services, f"{service_type} answers at {host}")
    for service, result in working:
        if parsed_service(service).host_or_url == host:
            search.findings += [one for one in result.findings if one.code != "mail-authentication"]
