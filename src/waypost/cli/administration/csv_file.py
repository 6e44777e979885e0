"""`waypost domain add --csv`: domains of a table, added as a whole or not at all."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from sys import intern
from typing import Final

import typer

from waypost.admin.results import BulkEnd, BulkMistake, BulkProgress
from waypost.cli.administration.connection import AnyAdmin
from waypost.cli.administration.domain_fixes import fix_of
from waypost.cli.output import EXIT_FINDINGS, EXIT_USAGE, print_stderr, quantity
from waypost.cli.progress import MIN_DOMAINS, progress
from waypost.cli.providers.plan_report import print_plan
from waypost.core.errors import InvalidObject, ObjectNotFound, ProvidersError
from waypost.providers_file.document import decode, read_bytes
from waypost.providers_file.validation import did_you_mean

COLUMNS: Final = ("domain", "provider", "like", "alias_of")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row of the file, with the line on which it ends; a column is empty if it is absent."""

    line: int
    domain: str = ""
    provider: str = ""
    like: str = ""
    alias_of: str = ""

    @property
    def models(self) -> tuple[str, ...]:
        """Return the columns that say what the domain gets."""
        return tuple(text for text in (self.provider, self.like, self.alias_of) if text)


def add_from_csv(admin: AnyAdmin, path: Path, *, dry_run: bool, as_json: bool) -> None:
    """Add all domains of a file; print the plan, or all mistakes.

    Raises:
        ProvidersError: the file cannot be read, or has mistakes.
    """
    rows = read_csv(decode(read_bytes(path), f"{path}"), f"{path}")
    mistakes = [*_problems(path, rows)]
    models = {} if mistakes else _models(admin, path, rows, mistakes)
    if mistakes:
        raise ProvidersError(mistakes)
    end: BulkEnd | None = None
    with progress(None if len(rows) >= MIN_DOMAINS else False) as step:
        for event in admin.bulk(_objects(rows, models), dry_run=dry_run):
            match event:
                case BulkProgress(done):
                    step("adding", done, len(rows))
                case BulkMistake(line, where, rule, _):
                    text = f"{_shown(where)}{rule}{fix_of(rule)}"
                    print_stderr(f"error: {path}: line {rows[line - 1].line}: {text}")
                case BulkEnd():
                    end = event
    if end is not None:
        _finish(end, dry_run=dry_run, as_json=as_json)


def read_csv(text: str, name: str) -> list[CsvRow]:
    """Parse a file with a header line; separators are commas, semicolons or tabs.

    Raises:
        ProvidersError: a column is unknown or missing, or a row has too many values.
    """
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        columns = [column.strip().lower() for column in next(reader, [])]
        problems = [
            f"{name}: line 1: unknown column {column!r}{did_you_mean(column, COLUMNS)}"
            for column in columns
            if column not in COLUMNS
        ]
        if "domain" not in columns:
            problems.append(f"{name}: line 1: the column domain is missing")
        if len(set(columns)) < len(columns):
            problems.append(f"{name}: line 1: a column appears twice")
        rows = []
        for cells in reader:
            if len(cells) > len(columns):
                problems.append(
                    f"{name}: line {reader.line_num}: has {len(cells)} values, and there are "
                    f"{len(columns)} columns"
                )
            elif any(cell.strip() for cell in cells):
                given = zip(columns, (cell.strip() for cell in cells), strict=False)
                # Many rows have the same provider.
                values = {
                    key: cell if key == "domain" else intern(cell)
                    for key, cell in given
                    if key in COLUMNS
                }
                rows.append(CsvRow(reader.line_num, **values))
    except csv.Error as error:
        raise ProvidersError([f"{name}: line {reader.line_num}: not CSV: {error}"]) from error
    if problems:
        raise ProvidersError(problems)
    return rows


def _problems(path: Path, rows: list[CsvRow]) -> Iterator[str]:
    first_lines: dict[str, int] = {}
    for row in rows:
        name = row.domain
        if not name:
            yield f"{path}: line {row.line}: domain: is missing"
            continue
        first = first_lines.setdefault(name.lower(), row.line)
        if first != row.line:
            yield f"{path}: line {row.line}: domain: {name} is also on line {first}"
        if len(row.models) != 1:
            yield f"{path}: line {row.line}: needs one of provider, like and alias_of"


def _models(
    admin: AnyAdmin, path: Path, rows: list[CsvRow], mistakes: list[str]
) -> dict[str, dict[str, object]]:
    """Return the domains of the column `like`, and report those that cannot be copied."""
    models: dict[str, dict[str, object]] = {}
    for row in rows:
        if row.like and row.like not in models:
            try:
                models[row.like] = _model(admin, row.like)
            except (ObjectNotFound, InvalidObject) as error:
                mistakes.append(f"{path}: line {row.line}: like: {error}")
    return models


def _objects(rows: list[CsvRow], models: Mapping[str, dict[str, object]]) -> Iterator[bytes]:
    for row in rows:
        given = {"provider": row.provider, "alias_of": row.alias_of}
        data: dict[str, object] = {key: text for key, text in given.items() if text}
        line = {"op": "add", "name": row.domain, **data, **models.get(row.like, {})}
        yield json.dumps(line).encode() + b"\n"


def _model(admin: AnyAdmin, name: str) -> dict[str, object]:
    data = dict(admin.get_domain(name).data)
    if "alias_of" in data:
        raise InvalidObject([("", f"{name} is an alias; use {data['alias_of']} instead")])
    del data["name"]
    return data


def _finish(end: BulkEnd, *, dry_run: bool, as_json: bool) -> None:
    if end.mistakes:
        print_stderr(f"error: {quantity(end.mistakes, 'mistake')}; nothing was changed")
        raise typer.Exit(EXIT_USAGE)
    print_plan(end.plan, as_json=as_json, dry_run=dry_run, written=end.written)
    if dry_run and not end.plan.is_empty:
        raise typer.Exit(EXIT_FINDINGS)


def _shown(path: str) -> str:
    return f"{path}: " if path else ""
