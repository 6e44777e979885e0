"""`waypost domain add --csv`: domains of a table, added as a whole or not at all."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import typer

from waypost.admin.results import BulkEnd, BulkMistake, BulkProgress
from waypost.cli.administration.connection import AnyAdmin
from waypost.cli.output import EXIT_FINDINGS, EXIT_USAGE, print_stderr, quantity
from waypost.cli.progress import MIN_DOMAINS, progress
from waypost.cli.providers.plan_report import print_plan
from waypost.core.errors import InvalidObject, ObjectNotFound, ProvidersError
from waypost.providers_file.document import decode, read_bytes
from waypost.providers_file.validation import did_you_mean

COLUMNS: Final = ("domain", "provider", "like", "alias_of")
_MODEL_COLUMNS: Final = COLUMNS[1:]


@dataclass(frozen=True, slots=True)
class CsvRow:
    """A row of the file, with the line on which it ends."""

    line: int
    values: Mapping[str, str]


def add_from_csv(admin: AnyAdmin, path: Path, *, dry_run: bool, as_json: bool) -> None:
    """Add all domains of a file; print the plan, or all mistakes.

    Raises:
        ProvidersError: the file cannot be read, or has mistakes.
    """
    rows = read_csv(decode(read_bytes(path), f"{path}"), f"{path}")
    lines = [row.line for row in rows]
    mistakes = [*_problems(path, rows)]
    objects = [*_objects(admin, path, rows, mistakes)] if not mistakes else []
    if mistakes:
        raise ProvidersError(mistakes)
    end: BulkEnd | None = None
    with progress(None if len(rows) >= MIN_DOMAINS else False) as step:
        for event in admin.bulk(objects, dry_run=dry_run):
            match event:
                case BulkProgress(done):
                    step("adding", done, len(rows))
                case BulkMistake(line, where, rule, _):
                    print_stderr(f"error: {path}: line {lines[line - 1]}: {_shown(where)}{rule}")
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
                rows.append(CsvRow(reader.line_num, {key: cell for key, cell in given if cell}))
    except csv.Error as error:
        raise ProvidersError([f"{name}: line {reader.line_num}: not CSV: {error}"]) from error
    if problems:
        raise ProvidersError(problems)
    return rows


def _problems(path: Path, rows: list[CsvRow]) -> Iterator[str]:
    first_lines: dict[str, int] = {}
    for row in rows:
        if (name := row.values.get("domain")) is None:
            yield f"{path}: line {row.line}: domain: is missing"
            continue
        first = first_lines.setdefault(name.lower(), row.line)
        if first != row.line:
            yield f"{path}: line {row.line}: domain: {name} is also on line {first}"
        given = [column for column in _MODEL_COLUMNS if column in row.values]
        if len(given) != 1:
            yield f"{path}: line {row.line}: needs one of provider, like and alias_of"


def _objects(
    admin: AnyAdmin, path: Path, rows: list[CsvRow], mistakes: list[str]
) -> Iterator[bytes]:
    models: dict[str, dict[str, object]] = {}
    for row in rows:
        values = row.values
        data: dict[str, object] = {
            key: values[key] for key in ("provider", "alias_of") if key in values
        }
        if (like := values.get("like")) is not None:
            try:
                data |= models.get(like) or models.setdefault(like, _model(admin, like))
            except (ObjectNotFound, InvalidObject) as error:
                mistakes.append(f"{path}: line {row.line}: like: {error}")
        line = {"op": "add", "name": values["domain"], **data}
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
