"""What a command prints about a change."""

import typer

from waypost.admin.results import ChangeResult
from waypost.cli.output import EXIT_FINDINGS, print_warnings
from waypost.cli.providers.plan_report import print_plan


def report_change(result: ChangeResult, *, as_json: bool, dry_run: bool) -> None:
    """Print the plan and the warnings; exit code 1 for a dry run with changes."""
    print_warnings(result.warnings)
    print_plan(result.plan, as_json=as_json, dry_run=dry_run, written=result.written)
    if dry_run and not result.plan.is_empty:
        raise typer.Exit(EXIT_FINDINGS)
