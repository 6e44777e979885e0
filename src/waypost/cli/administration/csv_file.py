"""`waypost domain add --csv`: domains of a table, added as a whole or not at all."""

import csv
import io
import json
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import typer

from waypost.admin.results import BulkEnd, BulkMistake, BulkProgress
from waypost.cli.administration.connection import AnyAdmin, similar_domain
from waypost.cli.administration.domain_fixes import fix_of
from waypost.cli.output import EXIT_FINDINGS, quantity
from waypost.cli.progress import MIN_DOMAINS, progress
from waypost.cli.providers.plan_report import print_plan
from waypost.core.errors import InvalidObject, ObjectNotFound, ProvidersError
from waypost.providers_file.document import check_text, read_bytes
from waypost.providers_file.validation import did_you_mean

COLUMNS: Final = ("domain", "provider", "like", "alias_of")
MISTAKES_MAX: Final = 1000
"""How many mistakes of a file are printed."""
SIMILAR_MAX: Final = 20
"""After so many mistakes no similar domains are searched."""
_Models = Mapping[str, dict[str, object]]


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


@dataclass(frozen=True, slots=True)
class CsvFile:
    """A file with a good header; its rows are parsed again each time.

    The bytes of the file are in memory. The check keeps names and line numbers only.

    Attributes:
        name: for messages.
        raw: its bytes, which are UTF-8.
        separator: between the values.
        columns: of the header line.
    """

    name: str
    raw: bytes
    separator: str
    columns: tuple[str, ...]

    def rows(self, report: Callable[[int, str], None]) -> Iterator[CsvRow]:
        """Yield the rows that are not empty; one with too many values is reported instead.

        Args:
            report: gets the number of a line, and what is wrong with it.

        Raises:
            ProvidersError: a row is not CSV.
        """
        reader = csv.reader(_lines(self.raw), delimiter=self.separator, strict=True)
        try:
            next(reader)
            for cells in reader:
                line = reader.line_num
                if len(cells) > len(self.columns):
                    columns = f"and there are {len(self.columns)} columns"
                    report(line, f"has {len(cells)} values, {columns}")
                elif any(cell.strip() for cell in cells):
                    given = zip(self.columns, (cell.strip() for cell in cells), strict=False)
                    yield CsvRow(line, **dict(given))
        except csv.Error as error:
            message = f"{self.name}: line {reader.line_num}: not CSV: {error}"
            raise ProvidersError([message]) from error


@dataclass(slots=True)
class _Checked:
    """What is known of a file after its rows were read once.

    Attributes:
        name: of the file, for messages.
        models: the values of the column `like`, with their first line.
        wrong: the lines with a mistake in the file itself, which are not sent.
        mistakes: the first ones, each with its line.
        count: of all mistakes.
    """

    name: str
    models: dict[str, int] = field(default_factory=dict)
    wrong: set[int] = field(default_factory=set)
    mistakes: list[tuple[int, str]] = field(default_factory=list)
    count: int = 0

    def report(self, line: int, mistake: str) -> None:
        """Keep a mistake."""
        self.count += 1
        if len(self.mistakes) < MISTAKES_MAX:
            self.mistakes.append((line, mistake))

    def report_row(self, line: int, mistake: str) -> None:
        """Keep a mistake in the file itself."""
        self.wrong.add(line)
        self.report(line, mistake)

    def raise_mistakes(self) -> None:
        """Raise all mistakes, sorted by line.

        Raises:
            ProvidersError: there are some.
        """
        if not self.count:
            return
        texts = [f"{self.name}: line {line}: {text}" for line, text in sorted(self.mistakes)]
        unnamed = self.count - len(texts)
        more = [f"and {quantity(unnamed, 'more mistake')}"] if unnamed else []
        end = f"{quantity(self.count, 'mistake')}; nothing was changed"
        raise ProvidersError([*texts, *more, end])


def add_from_csv(admin: AnyAdmin, path: Path, *, dry_run: bool, as_json: bool) -> None:
    """Add all domains of a file; print the plan, or all mistakes.

    Raises:
        ProvidersError: the file cannot be read, or has mistakes.
    """
    file = read_csv(read_bytes(path), f"{path}")
    checked = _check(file)
    models = _models(admin, checked)
    lines = array("L", (row.line for row in _good_rows(file, checked, models)))
    objects = map(partial(_object, models), _good_rows(file, checked, models))
    # After a mistake in the file itself, the other rows are still checked: all mistakes at once.
    in_file = checked.count
    is_planned = dry_run or in_file > 0
    end: BulkEnd | None = None
    with progress(None if len(lines) >= MIN_DOMAINS else False) as step:
        for event in admin.bulk(objects, dry_run=is_planned):
            match event:
                case BulkProgress(done):
                    step("adding", done, len(lines))
                case BulkMistake(line, where, rule, _):
                    checked.report(lines[line - 1], f"{_shown(where)}{rule}{_fix_of(rule)}")
                case BulkEnd():
                    end, checked.count = event, in_file + event.mistakes
    checked.raise_mistakes()
    if end is not None:
        _finish(end, dry_run=dry_run, as_json=as_json)


def read_csv(raw: bytes, name: str) -> CsvFile:
    """Read the header line of a file; separators are commas, semicolons or tabs.

    Raises:
        ProvidersError: the file is not text, or a column is unknown or missing.
    """
    check_text(raw, name)
    header = next(_lines(raw), "")
    separator = max(",;\t", key=header.count)
    try:
        cells = next(csv.reader(_lines(raw), delimiter=separator, strict=True), [])
    except csv.Error as error:
        raise ProvidersError([f"{name}: line 1: not CSV: {error}"]) from error
    columns = tuple(column.strip().lower() for column in cells)
    problems = [
        f"{name}: line 1: unknown column {column!r}{did_you_mean(column, COLUMNS)}"
        for column in columns
        if column not in COLUMNS
    ]
    if "domain" not in columns:
        problems.append(f"{name}: line 1: the column domain is missing")
    if len(set(columns)) < len(columns):
        problems.append(f"{name}: line 1: a column appears twice")
    if problems:
        raise ProvidersError(problems)
    return CsvFile(name, raw, separator, columns)


def _lines(raw: bytes) -> Iterator[str]:
    return io.TextIOWrapper(io.BytesIO(raw), "utf-8-sig", newline="")


def _check(file: CsvFile) -> _Checked:
    """Read all rows once, and report what is wrong in the file itself."""
    checked = _Checked(file.name)
    first_lines: dict[str, int] = {}
    for row in file.rows(checked.report_row):
        if row.like:
            checked.models.setdefault(row.like, row.line)
        if not row.domain:
            checked.report_row(row.line, "domain: is missing")
            continue
        first = first_lines.setdefault(row.domain.lower(), row.line)
        if first != row.line:
            checked.report_row(row.line, f"domain: {row.domain} is also on line {first}")
        if len(row.models) != 1:
            checked.report_row(row.line, "needs one of provider, like and alias_of")
    return checked


def _models(admin: AnyAdmin, checked: _Checked) -> dict[str, dict[str, object]]:
    """Return the domains of the column `like`, and report those that cannot be copied."""
    models: dict[str, dict[str, object]] = {}
    for name, line in checked.models.items():
        try:
            models[name] = _model(admin, name)
        except InvalidObject as error:
            checked.report(line, f"like: {error}")
        except ObjectNotFound as error:
            # The search for a similar name has some queries.
            hint = similar_domain(admin, name) if checked.count < SIMILAR_MAX else ""
            checked.report(line, f"like: {error}{hint}")
    return models


def _good_rows(file: CsvFile, checked: _Checked, models: _Models) -> Iterator[CsvRow]:
    """Yield the rows without a mistake in the file itself."""
    for row in file.rows(lambda *_: None):
        if row.line not in checked.wrong and (not row.like or row.like in models):
            yield row


def _object(models: _Models, row: CsvRow) -> bytes:
    """Return the line of a bulk change for a row."""
    given = {"provider": row.provider, "alias_of": row.alias_of}
    data: dict[str, object] = {key: text for key, text in given.items() if text}
    line = {"op": "add", "name": row.domain, **data, **models.get(row.like, {})}
    return json.dumps(line).encode() + b"\n"


def _model(admin: AnyAdmin, name: str) -> dict[str, object]:
    data = dict(admin.get_domain(name).data)
    if "alias_of" in data:
        raise InvalidObject([("", f"{name} is an alias; use {data['alias_of']} instead")])
    del data["name"]
    return data


def _finish(end: BulkEnd, *, dry_run: bool, as_json: bool) -> None:
    print_plan(end.plan, as_json=as_json, dry_run=dry_run, written=end.written)
    if dry_run and not end.plan.is_empty:
        raise typer.Exit(EXIT_FINDINGS)


def _fix_of(rule: str) -> str:
    """Return what to do about a broken rule, in the words of the file."""
    return fix_of(rule).replace("with --like", "in the column like")


def _shown(path: str) -> str:
    return f"{path}: " if path else ""
