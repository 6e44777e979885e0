"""`waypost export --format ispdb`: one provider as a document for Thunderbird's ISPDB."""

from collections.abc import Sequence

from waypost.cli.output import print_warnings, quantity, write_document
from waypost.core.address import DomainName
from waypost.core.errors import ProvidersError
from waypost.core.model import Catalog, Domain, Format, MatchKind
from waypost.core.preference import is_protected
from waypost.formats.autoconfig import render_submission
from waypost.providers_file.validation import did_you_mean


def export_ispdb(catalog: Catalog, provider: str | None, domain: str | None) -> None:
    """Print the document.

    Args:
        catalog: all domains and providers.
        provider: the name or the short name, in upper or lower case.
        domain: a domain of the provider; the name of the provider is not needed then.

    Raises:
        ProvidersError: no provider or several providers match, or it has no whole domain.
        NoUsableService: its services are not enough for a mail account.
    """
    selected = [
        each for each in _select_domains(catalog, provider, domain) if each.redirect is None
    ]
    if not selected:
        raise ProvidersError(
            ["--format ispdb: these domains have no services here; they are moved or declined"]
        )
    exact = [domain for domain in selected if domain.pattern.kind is MatchKind.EXACT]
    if not exact:
        name = selected[0].provider.name
        raise ProvidersError([f"{name}: has only patterns, and the ISPDB accepts only domains"])
    names = [DomainName.parse(domain.pattern.text) for domain in exact]
    document = render_submission(exact[0].provider, names, exact[0].services)
    print_warnings(_reviewer_warnings(selected, exact))
    write_document(document)


def _select_domains(catalog: Catalog, provider: str | None, domain: str | None) -> list[Domain]:
    if provider is None and domain is None:
        raise ProvidersError(["--format ispdb requires --provider NAME or --domain DOMAIN"])
    domains = list(catalog.domains)
    if provider is not None:
        domains = _domains_of_provider(catalog, provider)
    if domain is not None:
        return _domains_with_same_services(domains, DomainName.parse(domain), provider)
    providers = list(dict.fromkeys(domain.provider for domain in domains))
    if len(providers) > 1:
        examples = [
            next(domain for domain in domains if domain.provider == each) for each in providers
        ]
        reason = quantity(len(providers), "provider has that name", "providers have that name")
        raise ProvidersError([_ambiguity(reason, examples)])
    service_sets = list(dict.fromkeys(domain.services for domain in domains))
    if len(service_sets) > 1:
        examples = [
            next(domain for domain in domains if domain.services == each) for each in service_sets
        ]
        sets = f"its domains have {len(service_sets)} sets of services"
        reason = f"{sets}, and a document can have only one"
        raise ProvidersError([_ambiguity(reason, examples)])
    return domains


def _domains_of_provider(catalog: Catalog, provider: str) -> list[Domain]:
    folded_name = provider.casefold()
    for match in (
        [domain for domain in catalog.domains if domain.provider.name == provider],
        [domain for domain in catalog.domains if domain.provider.name.casefold() == folded_name],
        [
            domain
            for domain in catalog.domains
            if domain.provider.short_name.casefold() == folded_name
        ],
    ):
        if match:
            return match
    if any(unused.name == provider for unused in catalog.unused_providers):
        raise ProvidersError([f"--provider: {provider} has no domain"])
    names = list(dict.fromkeys(domain.provider.name for domain in catalog.domains))
    if not names:
        raise ProvidersError(["--provider: there are no providers; see `waypost apply --help`"])
    shown = (
        did_you_mean(provider, names) if len(names) <= 20 else did_you_mean(provider, names)[:500]
    )
    raise ProvidersError([f"--provider: there is no provider of that name{shown}"])


def _domains_with_same_services(
    domains: Sequence[Domain], domain: DomainName, provider: str | None
) -> list[Domain]:
    first = next((each for each in domains if each.pattern.text == domain.ascii), None)
    if first is None:
        of = f" of {provider}" if provider is not None else ""
        raise ProvidersError([f"--domain: there is no domain {domain}{of}"])
    similar = [
        domain
        for domain in domains
        if domain.provider == first.provider and domain.services == first.services
    ]
    return [first, *(domain for domain in similar if domain is not first)]


def _ambiguity(reason: str, examples: Sequence[Domain]) -> str:
    options = " or ".join(f"--domain {domain.pattern}" for domain in examples[:5])
    return f"--provider: {reason}; choose with {options}"


def _reviewer_warnings(selected: Sequence[Domain], exact: Sequence[Domain]) -> list[str]:
    """Return what the ISPDB's reviewers will ask, so that users can answer in advance."""
    warnings = [
        f"{domain.pattern} is left out: it is a pattern"
        for domain in selected
        if domain not in exact
    ]
    first = exact[0]
    if not first.provider.documentation:
        warnings.append(
            "the ISPDB's reviewers compare the document with a public page of the provider: add "
            "documentation to the provider"
        )
    if first.provider.subaddress_separators:
        warnings.append(
            "the login name of a sub-address will contain its detail, because an ISPDB document "
            "cannot remove it"
        )
    published = [service for service in first.services if Format.AUTOCONFIG in service.formats]
    if len(published) < len(first.services):
        warnings.append("services are left out if their formats do not include autoconfig")
    if first.provider.oauth2 not in ((), (first.provider.complete_oauth2,)):
        warnings.append(
            "each oauth2 without issuer, scope, auth_url or token_url is left out, and each after "
            "the first"
        )
    if not all(map(is_protected, published)):
        warnings.append(
            "a service has neither TLS nor STARTTLS; the ISPDB wants protected services first"
        )
    return warnings
