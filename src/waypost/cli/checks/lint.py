"""`waypost lint`: find configuration that breaks mail clients, before a user does."""

from typing import Annotated

import typer

from waypost.cli.checks.report import MAX_PLACES, CheckReport, print_report, severity_counts
from waypost.cli.logs import log_only_warnings
from waypost.cli.options import DbUriFlag, DemoFlag, JsonFlag, ProvidersFlag, VerboseFlag
from waypost.cli.output import EXIT_FINDINGS, print_json, print_stderr, print_warnings, quantity
from waypost.cli.sources.catalogs import stream_catalog
from waypost.cli.sources.libraries import missing_libraries
from waypost.cli.sources.settings import load_settings
from waypost.core.address import DomainName
from waypost.core.errors import DomainNotServed
from waypost.core.model import Catalog, DomainPattern, MatchKind
from waypost.diagnostics.lint.domains import DIAGNOSTICS_KEPT, LintResult, lint_catalog, lint_domain
from waypost.settings import Settings

DomainFlag = Annotated[
    str | None,
    typer.Option(
        "--domain", metavar="DOMAIN", help="Check only this domain or pattern, in any form."
    ),
]
AllFlag = Annotated[
    bool,
    typer.Option("--all", help=f"Print all places of a code, not only the first {MAX_PLACES}."),
]


def lint(  # noqa: PLR0913, PLR0917 -- one for each flag
    domain: DomainFlag = None,
    show_all: AllFlag = False,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    verbose: VerboseFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Find configuration that breaks mail clients.

    Exit code 1 if there is a finding.
    """
    pattern = None if domain is None else DomainPattern.parse(domain)
    settings = load_settings(providers, demo, db_uri)
    max_places_kept = None if show_all else DIAGNOSTICS_KEPT
    if pattern is None:
        with stream_catalog(settings) as catalog:
            result = lint_catalog(catalog, max_places_kept)
            missing = _missing_libraries(settings, catalog)
    elif pattern.kind is MatchKind.EXACT:
        result, missing = _lint_domain(settings, DomainName.parse(pattern.text))
    else:
        result, missing = _lint_pattern(settings, pattern)
    _print(result, as_json, verbose, show_all)
    print_warnings(missing)
    if result.count or missing:
        raise typer.Exit(EXIT_FINDINGS)


def _missing_libraries(settings: Settings, catalog: Catalog) -> tuple[str, ...]:
    """Return the libraries that are missing; do not read a providers file again."""
    if settings.uses_providers_file:
        return missing_libraries(catalog.directories)
    from waypost.cli.sources.database_libraries import missing_libraries_of_database  # noqa: PLC0415 -- loads SQLAlchemy

    return missing_libraries_of_database(settings)


def _lint_domain(settings: Settings, name: DomainName) -> tuple[LintResult, tuple[str, ...]]:
    from waypost.cli.sources.database_libraries import missing_libraries_of_store  # noqa: PLC0415 -- loads SQLAlchemy
    from waypost.wiring.stores import open_store  # noqa: PLC0415 -- loads SQLAlchemy

    log_only_warnings()
    store = open_store(settings, print_warnings)
    try:
        entry = store.find(name)
        missing = missing_libraries_of_store(store)
    finally:
        store.close()
    if entry is None:
        raise DomainNotServed(f"{name} is not served here")
    return lint_domain(entry), missing


def _lint_pattern(settings: Settings, pattern: DomainPattern) -> tuple[LintResult, tuple[str, ...]]:
    with stream_catalog(settings) as catalog:
        entry = next((domain for domain in catalog.domains if domain.pattern == pattern), None)
        missing = _missing_libraries(settings, catalog)
    if entry is None:
        raise DomainNotServed(f"no provider has the pattern {pattern} in its domains")
    return lint_domain(entry), missing


def _print(result: LintResult, as_json: bool, verbose: bool, show_all: bool) -> None:
    groups = result.groups
    verdict = severity_counts(groups) or "nothing found"
    subject = quantity(result.domains, "domain")
    if as_json:
        print_json(
            {
                "domains": result.domains,
                "count": result.count,
                "findings": result.to_json(),
            }
        )
        return
    print_report(CheckReport(subject, verdict, groups), verbose=verbose, show_all=show_all)
    if any(group.count > MAX_PLACES for group in groups) and not show_all:
        print_stderr("--all lists all places")
