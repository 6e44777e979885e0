"""Read the directories of a providers file, and the keys that refer to a directory."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from waypost.core.model import (
    DIRECTORY_NAME,
    LDAPSERVER_PREFIX,
    AttributeRule,
    Directory,
    DirectoryKind,
    DirectoryLimits,
    DirectoryPolicy,
    FileDirectory,
    Service,
    SqlDirectory,
    UnknownUser,
    UrlEndpoint,
)
from waypost.core.placeholders import LOGIN_NAME, attributes_in
from waypost.providers_file.directories.ldap import LDAP_KEYS, read_ldap
from waypost.providers_file.directories.parts import (
    LIMITS,
    read_checked,
    read_choice,
    read_limits,
    read_path,
    read_rules,
    read_uri,
)
from waypost.providers_file.directories.queries import check_domains_query, check_query
from waypost.providers_file.directories.validators import QUERY_MAX_CHARS
from waypost.providers_file.validation import Table, nearest
from waypost.providers_file.validators import INTEGER_MAX

LABEL_MAX_CHARS: Final = 64
COMMON_KEYS: Final = ("name", "kind", "attributes", *LIMITS)
SQL_KEYS: Final = ("uri", "uri_file", "uri_env", "query", "domains_query")
FILE_KEYS: Final = ("path",)
KIND_KEYS: Final = {
    DirectoryKind.LDAP: LDAP_KEYS,
    DirectoryKind.SQL: SQL_KEYS,
    DirectoryKind.FILE: FILE_KEYS,
}
DIRECTORY_KEYS: Final = tuple(dict.fromkeys((*COMMON_KEYS, *LDAP_KEYS, *SQL_KEYS, *FILE_KEYS)))
USERS_KEYS: Final = ("directory", "ldapserver", "unknown_user", "show_display_name")
"""The keys of a provider about the users of its domains."""
POINTER_KEYS: Final = ("directory", "ldapserver")
_SUFFIXES: Final = (".csv", ".toml")


class DirectoryReader:
    """The directories of a providers file, by label.

    Attributes:
        known: the directories without mistakes.
    """

    def __init__(self, top: Table, folder: Path | None, ldapservers: Sequence[Directory]) -> None:
        """Read the directories, and report their mistakes.

        Args:
            top: the whole file.
            folder: paths are relative to it; None if only absolute paths can be used.
            ldapservers: automx2's servers, which are read already.
        """
        self.known: dict[str, Directory] = {one.label: one for one in ldapservers}
        self._numbers = _ldapserver_ids(top)
        self._labels: dict[str, str] = {}
        # The labels of directories with a domains_query, valid or not.
        self._lenders: set[str] = set()
        for table in top.tables("directory"):
            label = _label(table, self._labels)
            directory = _read(table, label or "?", folder)
            if label is not None and directory is not None:
                self.known[label] = directory
            if label is not None and "domains_query" in table:
                self._lenders.add(label)

    def all(self) -> tuple[Directory, ...]:
        """Return all directories, automx2's servers first."""
        return tuple(self.known.values())

    def note_mistakes(self, owner: Callable[[str], Table]) -> None:
        """Read the keys that can be inherited, only to report their mistakes."""
        self.users(owner)

    def users(self, owner: Callable[[str], Table]) -> DirectoryPolicy | None:
        """Read the keys of a provider about the users of its domains.

        Args:
            owner: returns the table that sets a key, inherited or not.
        """
        return self._users(owner, None)

    def domain_users(self, entry: Table, default: DirectoryPolicy | None) -> DirectoryPolicy | None:
        """Read the keys of a domain about its users; missing keys come from its provider."""
        return self._users(lambda _key: entry, default)

    def _users(
        self, owner: Callable[[str], Table], default: DirectoryPolicy | None
    ) -> DirectoryPolicy | None:
        label = self.pointer(owner("directory"))
        policy = read_choice(owner("unknown_user"), "unknown_user", UnknownUser)
        shown = owner("show_display_name").flag("show_display_name")
        directory = default.directory if default is not None else None
        if label is not None:
            directory = self.known.get(label)
        if directory is None:
            return None
        users = default or DirectoryPolicy(directory)
        return DirectoryPolicy(
            directory,
            users.unknown_user if policy is None else policy,
            users.show_display_name if shown is None else shown,
        )

    def domain_source(self, table: Table) -> SqlDirectory | None:
        """Read the directory that supplies domains of a provider; return None if there is none."""
        label = table.text("domains_from", LABEL_MAX_CHARS)
        if label is None:
            return None
        directory = self.known.get(label)
        if isinstance(directory, SqlDirectory) and directory.domains_query is not None:
            return directory
        if directory is not None and label not in self._lenders:
            table.problem("domains_from", f"directory {label} has no domains_query")
        elif directory is None and label not in self._labels:
            self._refuse_unknown(table, "domains_from", label)
        return None

    def _refuse_unknown(self, table: Table, key: str, label: str) -> None:
        near = _near(label, [*self._labels, *self.known])
        table.problem(key, f"there is no [[directory]] with this name{near}")

    def pointer(self, table: Table) -> str | None:
        """Return the label of a table's directory: "" for no directory, None if no key is set."""
        if "directory" in table and "ldapserver" in table:
            rule = "cannot be combined with ldapserver; a domain has one directory"
            table.problem("directory", rule)
        if "ldapserver" in table:
            number = table.integer("ldapserver", 0, INTEGER_MAX)
            if number is not None and number not in self._numbers:
                table.problem("ldapserver", f"there is no [[ldapserver]] with id = {number}")
            return None if number is None else f"{LDAPSERVER_PREFIX}{number}"
        label = table.text("directory", LABEL_MAX_CHARS, may_be_empty=True)
        if label and label not in self._labels and label not in self.known:
            self._refuse_unknown(table, "directory", label)
        return label


def _near(label: str, known: Sequence[str]) -> str:
    return nearest(label, known) if known else ""


def _ldapserver_ids(top: Table) -> frozenset[int]:
    """Return the ids of all of automx2's servers, also of servers with other mistakes."""
    value = top.raw("ldapserver")
    entries = value if isinstance(value, list) else []
    numbers = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    return frozenset(number for number in numbers if isinstance(number, int))


def _label(table: Table, places: dict[str, str]) -> str | None:
    label = table.text("name", LABEL_MAX_CHARS) if table.require("name") else None
    if label is None:
        return None
    if not DIRECTORY_NAME.fullmatch(label):
        table.problem("name", "must be lowercase letters, digits, dots, hyphens and underscores")
    if label.startswith(LDAPSERVER_PREFIX):
        table.problem("name", f"must not begin with {LDAPSERVER_PREFIX}, as [[ldapserver]] uses it")
    if (earlier := places.setdefault(label, table.at("name"))) != table.at("name"):
        table.problem("name", f"{label} is also at {earlier}; names must be unique")
    return label


def _read(table: Table, label: str, folder: Path | None) -> Directory | None:
    kind = read_choice(table, "kind", DirectoryKind) if table.require("kind") else None
    if kind is None:
        return None
    table.refuse_unknown((*COMMON_KEYS, *KIND_KEYS[kind]))
    rules, limits = read_rules(table), read_limits(table)
    if kind is DirectoryKind.LDAP:
        return read_ldap(table, label, folder, rules, limits)
    if kind is DirectoryKind.SQL:
        return _sql(table, label, folder, rules, limits)
    return _file(table, label, folder, rules, limits)


def _sql(
    table: Table,
    label: str,
    folder: Path | None,
    rules: tuple[AttributeRule, ...],
    limits: DirectoryLimits,
) -> SqlDirectory:
    uri = read_uri(table, folder)
    if not uri:
        table.warn("", "has no uri; Waypost keeps a uri that is stored in the database")
    query = read_checked(table, "query", QUERY_MAX_CHARS, check_query)
    domains_query = read_checked(table, "domains_query", QUERY_MAX_CHARS, check_domains_query)
    if "query" not in table and "domains_query" not in table:
        table.problem("", "has neither query nor domains_query; set at least one")
    return SqlDirectory(label, uri, query, domains_query, rules, limits)


def _file(
    table: Table,
    label: str,
    folder: Path | None,
    rules: tuple[AttributeRule, ...],
    limits: DirectoryLimits,
) -> FileDirectory | None:
    path = read_path(table, "path", folder) if table.require("path") else None
    if path is None:
        return None
    if Path(path).suffix.lower() not in _SUFFIXES:
        table.problem("path", f"must end with {' or '.join(_SUFFIXES)}, which sets the format")
    return FileDirectory(label, path, rules, limits)


def check_attributes(
    table: Table, service: Service, asked: Sequence[DirectoryPolicy | None]
) -> None:
    """Report each attribute of users that a service needs and that their directory lacks.

    Args:
        table: the table of the service.
        service: the service that was read from the table.
        asked: the directories of the domains that may have this service.
    """
    endpoint = service.endpoint
    key = "url" if isinstance(endpoint, UrlEndpoint) else "host"
    place = endpoint.url if isinstance(endpoint, UrlEndpoint) else endpoint.host
    wanted = [(key, name) for name in attributes_in(place)]
    wanted += [("login_name", name) for name in attributes_in(service.login_name or "")]
    if not wanted:
        return
    known = dict.fromkeys(None if one is None else one.directory for one in asked)
    directories = [one for one in known if one is not None]
    for at, name in wanted:
        if at == "host" and name == LOGIN_NAME:
            table.problem(at, f"%{{{name}}} can be used only in URLs and login names")
        elif name != LOGIN_NAME and not directories:
            table.problem(at, f"%{{{name}}} requires a directory, but no directory is set")
        elif name != LOGIN_NAME:
            for directory in directories:
                _check_rule(table, at, name, directory)


def _check_rule(table: Table, at: str, name: str, directory: Directory) -> None:
    rule = next((rule for rule in directory.rules if rule.name == name), None)
    if rule is None:
        table.problem(at, f"directory {directory.label} does not list {name} in its attributes")
    elif rule.default is None and at != "login_name":
        # Without a default, the answer for unknown users would differ from that for known users.
        table.problem(at, f"attribute {name} of directory {directory.label} requires a default")
