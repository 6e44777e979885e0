"""Add imported providers to the database, or print them as a providers file."""

from collections.abc import Sequence
from typing import Annotated

import typer

from waypost.cli.output import (
    EXIT_FINDINGS,
    print_json,
    print_line,
    print_stderr,
    print_warnings,
    write_document,
)
from waypost.cli.sources.settings import load_settings
from waypost.core.errors import ProvidersError
from waypost.core.model import Catalog, missing_mail_service
from waypost.diagnostics.lint.domains import lint_catalog
from waypost.importers.import_result import ImportResult
from waypost.providers_file.load import write_providers
from waypost.providers_file.plan import Plan

PrintFlag = Annotated[bool, typer.Option("--print", help="Print a providers file (TOML) instead.")]


def merge_catalogs(sources: Sequence[ImportResult]) -> Catalog:
    """Return the domains of several sources as one catalog.

    Raises:
        ProvidersError: two sources contain the same domain.
    """
    problems: list[str] = []
    source_numbers: dict[str, int] = {}
    domains = []
    for number, source in enumerate(sources):
        for domain in source.catalog.domains:
            if source_numbers.setdefault(domain.pattern.text, number) != number:
                problems.append(
                    f"domain {domain.pattern}: is in two of the sources; import only one of them"
                )
            domains.append(domain)
    if problems:
        raise ProvidersError(problems)
    return Catalog(tuple(domains))


def import_providers(
    sources: Sequence[ImportResult],
    *,
    print_file: bool,
    dry_run: bool,
    db_uri: str | None,
    as_json: bool,
) -> None:
    """Add providers to the database, or print them; list what could not be imported.

    Findings of lint are warnings, as those of `waypost apply`.

    Raises:
        ProvidersError: a domain is already served with other services. Nothing was changed.
        Exit: code 1 if a dry run finds changes, or if clients cannot set up an account for a
            domain.
    """
    catalog = merge_catalogs(sources)
    unusable = [
        *_unusable_lines(catalog),
        *(_lost_line(source) for source in sources if source.lost),
    ]
    print_warnings(lint_catalog(catalog, skip_minor=True).lines())
    if print_file:
        _print_losses(sources, unusable)
        write_document(write_providers(catalog, "json" if as_json else "toml").encode())
    else:
        from waypost.cli.import_.database import add_to_database  # noqa: PLC0415 -- loads SQLAlchemy

        plan = add_to_database(load_settings(db_uri=db_uri), catalog, dry_run)
        if as_json:
            _print_result_json(sources, plan, unusable, written=not (dry_run or plan.is_empty))
        else:
            _print_losses(sources, unusable)
            for item in plan.added:
                print_line(f"+ {item}")
            count = f"{len(plan.added)} {'to add' if dry_run else 'added'}"
            print_stderr("nothing to do" if plan.is_empty else count)
        if dry_run and not plan.is_empty:
            raise typer.Exit(EXIT_FINDINGS)
    if unusable:
        raise typer.Exit(EXIT_FINDINGS)


def _unusable_lines(catalog: Catalog) -> list[str]:
    """Return a line for each provider and kind of missing service that prevents accounts."""
    domains_by_problem: dict[tuple[str, str], list[str]] = {}
    for domain in catalog.domains:
        problem = missing_mail_service(service.type for service in domain.services)
        if problem is not None:
            domains_by_problem.setdefault((domain.provider.name, problem), []).append(
                domain.pattern.text
            )
    return [
        f"{first}{f' and {len(more)} more' if more else ''}: {problem}, so no client can set up an "
        "account (404); add the service, or remove the domain"
        for (_, problem), (first, *more) in domains_by_problem.items()
    ]


def _lost_line(source: ImportResult) -> str:
    first, *more = source.lost
    names = f"{first}{f' and {len(more)} more' if more else ''}"
    return f"{names}: no service could be imported, so clients get 404"


def _print_losses(sources: Sequence[ImportResult], unusable: Sequence[str]) -> None:
    for source in sources:
        for item in source.left_out:
            print_stderr(f"left out: {item}")
        for warning in source.warnings:
            print_stderr(f"warning: {warning}")
    print_warnings(unusable)


def _print_result_json(
    sources: Sequence[ImportResult], plan: Plan, unusable: Sequence[str], *, written: bool
) -> None:
    print_json(
        {
            "added": plan.added,
            "left_out": [str(item) for source in sources for item in source.left_out],
            "warnings": [str(warning) for source in sources for warning in source.warnings],
            "unusable": unusable,
            "written": written,
        }
    )
