"""Read the tables of a providers file, one after the other, and report their mistakes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waypost.core.model import LDAPSERVER_PREFIX, Directory
from waypost.providers_file.models.base import TableModel, read_table, table_type_in
from waypost.providers_file.models.directory import table_of_kind
from waypost.providers_file.models.file import FileModel
from waypost.providers_file.models.rules import FileContext
from waypost.providers_file.validation import Mistakes, type_name

TABLES: Final = FileModel.model_fields


@dataclass(frozen=True, slots=True)
class ParsedTable:
    """A table as it is written, and as it was read.

    Attributes:
        path: where it is in the file.
        data: plain data.
        model: None if the table has mistakes.
    """

    path: str
    data: Mapping[str, object]
    model: TableModel | None


def file_context(data: Mapping[str, object], folder: Path | None) -> FileContext:
    """Return what the tables need to know about each other, also about tables with mistakes."""

    def entries(key: str) -> list[dict[str, object]]:
        tables = value if isinstance(value := data.get(key), list) else []
        return [table for table in tables if isinstance(table, dict)]

    names = ((table.get("name"), "domains_query" in table) for table in entries("directory"))
    ids = (table.get("id") for table in entries("ldapserver"))
    return FileContext(
        folder,
        {name: has_domains for name, has_domains in names if isinstance(name, str)},
        frozenset(number for number in ids if isinstance(number, int)),
    )


def read_tables(
    report: Mistakes, data: Mapping[str, object], key: str, context: FileContext
) -> list[ParsedTable]:
    """Read a list of tables.

    Args:
        report: receives the mistakes.
        data: the plain data of the file.
        key: the key of the list, for example `provider`.
        context: what the tables need to know about the rest of the file.
    """
    items = data.get(key, [])
    if not isinstance(items, list):
        report.problem(key, f"must be a list, not {type_name(items)}")
        return []
    model = table_type_in(TABLES[key].annotation)
    tables = []
    for index, item in enumerate(items):
        path = f"{key}[{index}]"
        entry = item if isinstance(item, dict) else {}
        table_type: type[TableModel] | None = (
            table_of_kind(entry.get("kind")) if key == "directory" else model
        )
        if table_type is not None:
            tables.append(
                ParsedTable(path, entry, read_table(table_type, item, report, path, context))
            )
    return tables


def read_defaults(
    report: Mistakes, data: Mapping[str, object], context: FileContext
) -> ParsedTable | None:
    """Read the table `defaults`, and return None if there is none."""
    model = table_type_in(TABLES["defaults"].annotation)
    if "defaults" not in data or model is None:
        return None
    raw = data["defaults"]
    table = read_table(model, raw, report, "defaults", context)
    return ParsedTable("defaults", raw if isinstance(raw, dict) else {}, table)


def read_directories(
    report: Mistakes, data: Mapping[str, object], context: FileContext
) -> dict[str, Directory]:
    """Return the directories without mistakes by label, automx2's servers first."""
    directories: dict[str, Directory] = {}
    for key, name, plural in (("ldapserver", "id", "ids"), ("directory", "name", "names")):
        paths: dict[object, str] = {}
        for table in read_tables(report, data, key, context):
            value, path = table.data.get(name), f"{table.path}.{name}"
            if not isinstance(value, int | str):
                continue
            if (earlier := paths.setdefault(value, path)) != path:
                rule = f"{value} is also at {earlier}; {plural} must be unique"
                report.problem(path, rule)
            elif table.model is not None:
                label = f"{LDAPSERVER_PREFIX}{value}" if key == "ldapserver" else str(value)
                directories[label] = table.model.build()
    return directories
