"""The mail servers of a domain, from everything that the domain has published already.

The sources, the best one first: what the operator named, the Autoconfig document of the domain, the
public database (ISPDB) for the domain and for its MX hosts, SRV records (RFC 6186, RFC 8314),
another domain of the operator with the same MX host, and host names that many domains have. Each
server is checked as `waypost doctor` checks it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import product
from typing import Final

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DomainError, NamesUnavailable, ProvidersError
from waypost.core.model import (
    PASSWORD_CLEARTEXT,
    Domain,
    HostEndpoint,
    MatchKind,
    Provider,
    Security,
    Service,
    ServiceType,
    missing_mail_types,
)
from waypost.core.preference import ordered
from waypost.diagnostics.comparison.answers import ParsedService
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.mail_servers import (
    MailResult,
    describe_service,
    services_of_srv_records,
)
from waypost.diagnostics.simulated_clients import urls
from waypost.diagnostics.simulated_clients.dns import DnsLookup, RecordType
from waypost.diagnostics.simulated_clients.documents import DOCUMENT_MAX_BYTES
from waypost.diagnostics.simulated_clients.session import ClientRequest, ServerAnswer, describe
from waypost.importers.ispdb.document import read_ispdb
from waypost.setup.probing import (
    is_probed,
    parsed_service,
    probe,
    usual_servers,
    with_methods,
)
from waypost.setup.search import Discovery, Search, parent_domains

MX_HOSTS_MAX: Final = 3
FindOthers = Callable[[Sequence[str]], Iterable[Domain]]
"""Finds domains of the operator that may have the servers of some MX hosts, the best one first."""
_ABSENT: Final = frozenset({404, 410})
_SCHEMES: Final[tuple[urls.Scheme, ...]] = ("https", "http")
_HTTP_NOTE: Final = "http has no protection against changes on the way; compare the host names"
_PORT: Final = re.compile(r"port \d+ at ")
"""The part of a failure that differs for https and http."""
_EXISTENCE: Final[tuple[RecordType, ...]] = ("MX", "NS", "A", "AAAA")


def discover(
    context: DoctorContext,
    domain: DomainName,
    *,
    given: Sequence[Service] = (),
    name: str = "",
    database: str = "",
    find_others: FindOthers | None = None,
) -> Discovery:
    """Find the mail servers of a domain, and check them.

    Args:
        context: the domain, and the limits of time.
        domain: the same domain.
        given: services that the operator named; other services of these types are not searched.
        name: the display name of the provider; empty for that of a document, or the domain.
        database: the URL of the public database; empty to ask none.
        find_others: finds domains of the operator, whose services the domain gets if the same host
            receives their mail.

    Raises:
        DomainError: DNS has no such domain.
        NamesUnavailable: DNS does not answer, and the operator named no servers.
    """
    search = Search(domain, Provider(name, ""))
    search.add(given, "the command line")
    if not search.is_complete:
        _require_domain(context)
        _read_autoconfig(context, search)
    if not search.is_complete and database:
        for asked in (domain.ascii, *_mail_hosters(context, search)):
            _read_database(context, search, database, asked)
    in_records = () if search.is_complete else _read_srv_records(context, search)
    if find_others is not None:
        _copy_services(context, search, find_others)
    known = [service for service in search.services if is_probed(service)]
    results = probe(context, [parsed_service(service) for service in known])
    for service, result in zip(known, results, strict=True):
        search.add_result(service, result)
        _add_result(search, service, result, is_published=service not in in_records)
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
        raise NamesUnavailable(f"{context.domain}: {failure}") from failure
    if services_of_srv_records(context):
        return
    raise DomainError(
        f"DOMAIN: DNS has no domain {context.domain} (no MX, NS, A and AAAA records); correct the "
        "name, or register the domain first"
    )


def _read_autoconfig(context: DoctorContext, search: Search) -> None:
    """Read the document at autoconfig.D, or else at D: by https, and then by http, as clients do.

    Many providers have this document by http only. Anyone between could have changed it, so a note
    says so. A redirect from https to http is not followed, because http is asked afterwards.
    """
    query = urls.address_query(context.target.address)
    unusable: set[str] = set()
    failures: set[tuple[str, str]] = set()
    for scheme, make_request in product(_SCHEMES, (urls.autoconfig, urls.well_known)):
        request = make_request(context.domain, scheme, query)
        if request.host in unusable:
            continue
        is_http = scheme == "http"
        answer = context.target.send_following_redirects(request, allow_downgrade=is_http)
        if answer.is_success:
            by = " (by http)" if is_http else ""
            source = f"the Autoconfig document of {search.domain}{by}"
            if _add_answer(context, search, answer, source):
                search.notes += [f"{source}: {_HTTP_NOTE}"] if by else []
                return
            unusable.add(request.host)
        elif _is_remarkable(context, request, answer):
            failure = request.host, _PORT.sub("", describe(answer))
            if failure not in failures:
                search.notes.append(f"{scheme}://{request.host}{request.path}: {describe(answer)}")
            failures.add(failure)


def _is_remarkable(context: DoctorContext, request: ClientRequest, answer: ServerAnswer) -> bool:
    """Return whether a missing document is worth a note: not if DNS or the server has none."""
    if answer.status in _ABSENT:
        return False
    with suppress(NamesUnavailable):
        return bool(answer.status or context.resolve_addresses(request.host))
    return True


def _read_database(context: DoctorContext, search: Search, url: str, asked: str) -> None:
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


def _add_answer(context: DoctorContext, search: Search, answer: ServerAnswer, source: str) -> bool:
    """Add the services of a document, and return whether the document can be used."""
    if len(answer.body) > DOCUMENT_MAX_BYTES:  # The rest was not read.
        search.notes.append(f"{source}: is larger than {DOCUMENT_MAX_BYTES} bytes")
        return False
    address = EmailAddress.parse(context.target.address)
    try:
        result = read_ispdb(answer.body, name=source, domains=(search.domain,), address=address)
    except ProvidersError as error:
        search.notes += error.problems
        return False
    search.notes += [
        str(note)
        for note in (*result.left_out, *result.warnings)
        # The host gets the name of the domain again: see `with_own_host`.
        if note.what != "hostname" or "LOCALPART" in note.why
    ]
    search.add_document(result.catalog.domains[0], source)
    return True


def _mail_hosters(context: DoctorContext, search: Search) -> Iterator[str]:
    """Yield the domains of the hosts that receive the domain's mail, for the public database.

    Thunderbird asks for the same domains (seen with 153.8), with a list of public suffixes.
    """
    known = {search.domain.ascii}
    for host in _mail_exchangers(context, search):
        parents = parent_domains(host)
        for parent in (*parents[:1], *parents[-1:]):
            if parent not in known:
                known.add(parent)
                yield parent


def _mail_exchangers(context: DoctorContext, search: Search) -> tuple[str, ...]:
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


def _copy_services(context: DoctorContext, search: Search, find_others: FindOthers) -> None:
    """Add the services of the first other domain whose mail the same host receives.

    A second one may belong to another customer, whose servers do not fit to those of the first.
    """
    own = () if search.is_complete else _mail_exchangers(context, search)
    for other in find_others(own) if own else ():
        if other.pattern.kind is not MatchKind.EXACT or not other.services:
            continue
        if why := _relation(context, other, own):
            search.add_document(other, f"the services of {other.pattern.text}, {why}")
            return


def _relation(context: DoctorContext, other: Domain, exchangers: Sequence[str]) -> str:
    """Return why a domain probably has the same servers as one with these MX hosts, or ""."""
    own_hosts = {
        service.endpoint.host.lower()
        for service in other.services
        if isinstance(service.endpoint, HostEndpoint)
    }
    hosts = [host.lower() for host in exchangers]
    for host in hosts:
        if other.pattern.text in parent_domains(host):
            return f"which the MX host {host} is in"
        if host in own_hosts:
            return f"which has services at the MX host {host}"
    with suppress(NamesUnavailable):
        records = context.records(DnsLookup("MX", other.pattern.text))
        if shared := sorted(set(hosts).intersection(record.data.lower() for record in records)):
            return f"which has the same MX host {shared[0]}"
    return ""


def _read_srv_records(context: DoctorContext, search: Search) -> list[Service]:
    """Add the services that SRV records name, and return them."""
    known = {service.type for service in search.services}
    services = [
        service
        for found in services_of_srv_records(context)
        if (service := _service(found, search)) is not None and service.type not in known
    ]
    search.add(services, f"the SRV records of {search.domain}")
    return services


def _service(found: ParsedService, search: Search) -> Service | None:
    """Return the service of a server without a document; None if its name is not valid."""
    try:
        host = DomainName.parse(found.host_or_url).ascii
    except DomainError as error:
        search.notes.append(f"{describe_service(found)}: {error}")
        return None
    endpoint = HostEndpoint(host, found.port, Security(found.security))
    return Service(ServiceType(found.kind), endpoint, (PASSWORD_CLEARTEXT,))


def _add_result(
    search: Search, service: Service, result: MailResult, *, is_published: bool
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


def _guess(context: DoctorContext, search: Search) -> None:
    """Check host names that many domains have, and the MX hosts, for missing services."""
    types = missing_mail_types(service.type for service in search.services)
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
    search: Search, service_type: ServiceType, pairs: Sequence[tuple[Service, MailResult]]
) -> None:
    """Add the ports of the first host that works; without one, keep what is wrong with the hosts.

    A host that is only guessed may have no mail server at all, which is no finding.
    """
    working = [(service, result) for service, result in pairs if result.is_working]
    if not working:
        tried = dict.fromkeys(parsed_service(service).host_or_url for service, _ in pairs)
        hosts = ", ".join(tried) or "no host: DNS has neither an MX host nor a usual name"
        search.notes.append(f"no {service_type} server was found; tried: {hosts}")
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
            search.add_result(service, result)
            search.findings += [one for one in result.findings if one.code != "mail-authentication"]
