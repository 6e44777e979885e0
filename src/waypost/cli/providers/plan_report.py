"""The changes of the database that a command made, or would make."""

from waypost.cli.output import print_json, print_line, print_stderr
from waypost.providers_file.plan import Plan


def print_plan(
    plan: Plan, *, as_json: bool, dry_run: bool, written: bool, creates_tables: bool = False
) -> None:
    """Print the changes, and how many there are.

    Args:
        plan: the changes.
        as_json: print JSON.
        dry_run: the changes were not made.
        written: the changes were made.
        creates_tables: the database had no tables.
    """
    added, changed, removed = plan.counts
    unused = len(plan.unused_rows) + plan.more_unused_rows
    skipped = len(plan.skipped_domains) + plan.more_skipped_domains
    if as_json:
        print_json(
            {
                "added": plan.added,
                "changed": plan.changed,
                "removed": plan.removed,
                "skipped": plan.skipped_domains,
                "unused_rows": plan.unused_rows,
                "counts": {
                    "added": added,
                    "changed": changed,
                    "removed": removed,
                    "skipped": skipped,
                    "unused_rows": unused,
                },
                "creates_tables": creates_tables,
                "written": written,
            }
        )
        return
    changes = (
        *(("+", plan.added), ("~", plan.changed), ("-", plan.removed)),
        *(("=", plan.skipped_domains), ("=", plan.unused_rows)),
    )
    more_of = (*plan.more, plan.more_skipped_domains, plan.more_unused_rows)
    for (symbol, items), more in zip(changes, more_of, strict=True):
        for item in items:
            print_line(f"{symbol} {item}")
        if more:
            print_line(f"{symbol} and {more} more; --all lists them")
    if dry_run and creates_tables:
        print_stderr(
            "the database has no tables yet; without --dry-run, Waypost creates them first"
        )
    counts = (
        f"{added} to add, {changed} to change, {removed} to remove"
        if dry_run
        else f"{added} added, {changed} changed, {removed} removed"
    )
    unused_text = f"; unused rows not removed: {unused}" if unused else ""
    skipped_text = f"; existing domains not changed: {skipped}" if skipped else ""
    print_stderr(f"{'nothing to do' if plan.is_empty else counts}{unused_text}{skipped_text}")
