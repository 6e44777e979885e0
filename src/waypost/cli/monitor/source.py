"""The domains that the monitor checks, from the samples, a providers file or the database."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

from waypost.cli.output import quantity
from waypost.cli.sources.catalogs import stream_catalog
from waypost.core.address import DomainName
from waypost.core.errors import DomainNotServed
from waypost.core.model import MatchKind
from waypost.monitor.checks import ServedDomain
from waypost.monitor.plan import CheckPlan, Selection, make_plan
from waypost.monitor.served import served_domain
from waypost.settings import Settings
from waypost.store.protocol import Store
from waypost.wiring.stores import open_store

FindDomain = Callable[[str], ServedDomain | None]


@contextmanager
def open_source(settings: Settings, selection: Selection) -> Iterator[tuple[CheckPlan, FindDomain]]:
    """Read the names of all domains, and yield the plan and a function that finds a domain.

    The database is read once, and then asked for each domain when the domain is checked: a run of
    many domains takes hours, and must not keep a transaction open.

    Raises:
        DomainNotServed: a domain or a provider of the selection is not served.
        ProvidersError: mistakes in the providers file.
        StoreError: the database cannot be used as it is.
        StoreUnavailable: the database does not answer.
    """
    with stream_catalog(settings) as catalog:
        plan = make_plan(catalog, selection)
    with closing(open_store(settings)) as store:
        plan = _with_matched_domains(plan, selection, store)
        _check_selection(plan, selection)

        def find(name: str) -> ServedDomain | None:
            domain = DomainName(name)
            return served_domain(store.find(domain), domain, settings.public_url)

        yield plan, find


def left_out(plan: CheckPlan) -> Iterator[str]:
    """Yield what a run does not check, and why."""
    if plan.patterns:
        yield (
            f"{quantity(plan.patterns, 'pattern is', 'patterns are')} left out, because their "
            "domains cannot be listed; --domain checks one of them"
        )
    for directory in plan.directories:
        yield f"domains from directory {directory} are left out, because they cannot be listed"


def _with_matched_domains(plan: CheckPlan, selection: Selection, store: Store) -> CheckPlan:
    """Add the domains of the selection that a pattern or a directory serves."""
    known = set(plan.domains)
    added = [
        pattern.text
        for pattern in selection.patterns
        if pattern.kind is MatchKind.EXACT
        and pattern.text not in known
        and _is_selected(store, pattern.text, selection)
    ]
    return replace(plan, domains=[*plan.domains, *added])


def _is_selected(store: Store, name: str, selection: Selection) -> bool:
    entry = store.find(DomainName(name))
    if entry is None or entry.is_declined:
        raise DomainNotServed(f"--domain: {name} is not served here")
    return not selection.providers or entry.provider.name in selection.providers


def _check_selection(plan: CheckPlan, selection: Selection) -> None:
    """Check that each provider has a domain, and that there is a domain at all."""
    for name in selection.providers:
        if name not in plan.providers and not selection.patterns:
            raise DomainNotServed(
                f"--provider: no provider with the name {name} has a domain that can be listed"
            )
    if not selection.is_all and not plan.domains:
        raise DomainNotServed("--domain, --provider: no domain is selected")
