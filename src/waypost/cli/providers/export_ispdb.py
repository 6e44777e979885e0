"""`waypost export --format ispdb`: one provider as a document for Thunderbird's ISPDB."""

from collections.abc import Sequence

from waypost.cli.output import print_warnings, quantity, write_document
from waypost.core.address import DomainName
from waypost.core.errors import ProvidersError
from waypost.core.model import Catalog, Domain, Format, MatchKind
from waypost.core.preference import is_protected
from waypost.formats.autoconfig import render_submission
from waypost.providers_file.validation import nearest


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
    chosen = [one for one in _chosen(catalog, provider, domain) if one.redirect is None]
    if not chosen:
        raise ProvidersError(
            ["--format ispdb: these domains have no services here; they are moved or declined"]
        )
    named = [domain for domain in chosen if domain.pattern.kind is MatchKind.EXACT]
    if not named:
        name = chosen[0].provider.name
        raise ProvidersError([f"{name}: has only patterns, and the ISPDB accepts only domains"])
    names = [DomainName.parse(domain.pattern.text) for domain in named]
    document = render_submission(named[0].provider, names, named[0].services)
    print_warnings(_advice(chosen, named))
    write_document(document)


def _chosen(catalog: Catalog, provider: str | None, domain: str | None) -> list[Domain]:
    if provider is None and domain is None:
        raise ProvidersError(["--format ispdb requires --provider NAME or --domain DOMAIN"])
    found = list(catalog.domains)
    if provider is not None:
        found = _of_provider(catalog, provider)
    if domain is not None:
        return _like(found, DomainName.parse(domain), provider)
    providers = list(dict.fromkeys(domain.provider for domain in found))
    if len(providers) > 1:
        firsts = [next(domain for domain in found if domain.provider == each) for each in providers]
        several = quantity(len(providers), "provider has that name", "providers have that name")
        raise ProvidersError([_choose(several, firsts)])
    kinds = list(dict.fromkeys(domain.services for domain in found))
    if len(kinds) > 1:
        firsts = [next(domain for domain in found if domain.services == each) for each in kinds]
        reason = f"its domains have {len(kinds)} sets of services, and a document can have only one"
        raise ProvidersError([_choose(reason, firsts)])
    return found


def _of_provider(catalog: Catalog, provider: str) -> list[Domain]:
    wanted = provider.casefold()
    for match in (
        [domain for domain in catalog.domains if domain.provider.name == provider],
        [domain for domain in catalog.domains if domain.provider.name.casefold() == wanted],
        [domain for domain in catalog.domains if domain.provider.short_name.casefold() == wanted],
    ):
        if match:
            return match
    if any(domain.name == provider for domain in catalog.unused_providers):
        raise ProvidersError([f"--provider: {provider} has no domain"])
    names = list(dict.fromkeys(domain.provider.name for domain in catalog.domains))
    if not names:
        raise ProvidersError(["--provider: there are no providers; see `waypost apply --help`"])
    shown = nearest(provider, names) if len(names) <= 20 else nearest(provider, names)[:500]
    raise ProvidersError([f"--provider: there is no provider of that name{shown}"])


def _like(found: Sequence[Domain], domain: DomainName, provider: str | None) -> list[Domain]:
    first = next((one for one in found if one.pattern.text == domain.ascii), None)
    if first is None:
        of = f" of {provider}" if provider is not None else ""
        raise ProvidersError([f"--domain: there is no domain {domain}{of}"])
    same = [
        domain
        for domain in found
        if domain.provider == first.provider and domain.services == first.services
    ]
    return [first, *(domain for domain in same if domain is not first)]


def _choose(reason: str, firsts: Sequence[Domain]) -> str:
    options = " or ".join(f"--domain {domain.pattern}" for domain in firsts[:5])
    return f"--provider: {reason}; choose with {options}"


def _advice(chosen: Sequence[Domain], named: Sequence[Domain]) -> list[str]:
    """Return what the ISPDB's reviewers will ask, so that users can answer in advance."""
    found = [
        f"{domain.pattern} is left out: it is a pattern" for domain in chosen if domain not in named
    ]
    first = named[0]
    if not first.provider.documentation:
        found.append(
            "the ISPDB's reviewers compare the document with a public page of the provider: add "
            "documentation to the provider"
        )
    if first.provider.subaddress_separators:
        found.append(
            "the login name of a sub-address will contain its detail, because an ISPDB document "
            "cannot remove it"
        )
    listed = [domain for domain in first.services if Format.AUTOCONFIG in domain.formats]
    if len(listed) < len(first.services):
        found.append("services are left out if their formats do not include autoconfig")
    if first.provider.oauth2 not in ((), (first.provider.complete_oauth2,)):
        found.append(
            "each oauth2 without issuer, scope, auth_url or token_url is left out, and each after "
            "the first"
        )
    if not all(map(is_protected, listed)):
        found.append(
            "a service has neither TLS nor STARTTLS; the ISPDB wants protected services first"
        )
    return found
