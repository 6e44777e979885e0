"""List, read and change directories. Secrets are written, and never given back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from waypost.admin.changes import ChangeOptions, PlannedChange, counted, run_change
from waypost.admin.cursors import check_limit, read_cursor, write_cursor
from waypost.admin.objects import (
    MASK,
    ObjectMistakes,
    directory_data,
    merge_patch,
    read_directory,
    secret_key,
    secret_value,
    version_of,
)
from waypost.admin.principal import Principal
from waypost.admin.readers import open_reader, similar_name
from waypost.admin.results import ChangeResult, Data, Page, StoredObject
from waypost.admin.source import AdminSource
from waypost.core.errors import InvalidObject, ObjectInUse, ObjectNotFound
from waypost.core.model import (
    Catalog,
    Directory,
    LdapDirectory,
    LdapServer,
    Secret,
    SqlDirectory,
)
from waypost.database.engine import Connection
from waypost.providers_file.plan import Plan, compare, with_stored_secret
from waypost.store.sql.sync.one_directory import (
    count_users_of,
    forget_secret,
    remove_directory,
    stored_directory,
    write_directory,
)
from waypost.store.sql.sync.reader import SharedRows

Planning = Callable[[Connection], PlannedChange]
_ON_THE_MACHINE: Final = "only the command `waypost directory set` on the machine of Waypost may"


def directory_object(directory: Directory) -> StoredObject:
    """Return a directory with its version, which also changes with the secret."""
    data = directory_data(directory)
    return StoredObject(data, version_of(data, secret_value(directory)))


@dataclass(frozen=True, slots=True)
class DirectoryCases:
    """The use cases about directories."""

    source: AdminSource
    principal: Principal

    def page(self, prefix: str, limit: int, cursor: str | None) -> Page:
        """Return the directories that the principal sees, by label."""
        check_limit(limit)
        after = read_cursor("directories", cursor)
        with open_reader(self.source) as reader:
            known = sorted(reader.directories(self.principal), key=lambda one: one.label)
        found = [one for one in known if one.label.startswith(prefix) and one.label > after]
        key = found[limit - 1].label if len(found) > limit else None
        return Page(tuple(map(self._object, found[:limit])), write_cursor("directories", key))

    def get(self, label: str) -> StoredObject:
        """Return a directory that the principal sees."""
        with open_reader(self.source) as reader:
            known = reader.directories(self.principal)
        for directory in known:
            if directory.label == label:
                return self._object(directory)
        raise unknown_directory(label, known)

    def put(self, label: str, data: Mapping[str, object], options: ChangeOptions) -> ChangeResult:
        """Create or replace a directory."""
        return self._run(
            label,
            options,
            lambda connection: self._change(connection, label, options).put(data, "put"),
        )

    def patch(
        self, label: str, patch: Mapping[str, object], options: ChangeOptions
    ) -> ChangeResult:
        """Change a directory by a merge patch; null for the secret removes it."""

        def plan(connection: Connection) -> PlannedChange:
            change = self._change(connection, label, options)
            key = secret_key(change.existing())
            forget = key is not None and key in patch and patch[key] is None
            data = merge_patch(directory_data(change.existing()), patch)
            return change.put(data, "patch", forget=forget)

        return self._run(label, options, plan)

    def delete(self, label: str, options: ChangeOptions) -> ChangeResult:
        """Delete a directory."""
        return self._run(
            label,
            options,
            lambda connection: self._change(connection, label, options).delete(),
        )

    def _change(
        self, connection: Connection, label: str, options: ChangeOptions
    ) -> "DirectoryChange":
        return DirectoryChange(connection, self.principal, label, options)

    def _run(self, label: str, options: ChangeOptions, plan: Planning) -> ChangeResult:
        self.principal.check_everything(f"change directory {label!r}")
        return run_change(self.source, self.principal, options, plan)

    def _object(self, directory: Directory) -> StoredObject:
        if not self.principal.is_tenant:
            return directory_object(directory)
        data = {"name": directory.label}
        return StoredObject(data, version_of(data))


class DirectoryChange:
    """The change of one directory, in a transaction."""

    def __init__(
        self, connection: Connection, principal: Principal, label: str, options: ChangeOptions
    ) -> None:
        """Read the directory."""
        self._connection = connection
        self._principal = principal
        self._label = label
        self._options = options
        self._old = stored_directory(connection, label, lock=not options.dry_run)
        self._old_object = None if self._old is None else directory_object(self._old)
        options.check_version(f"directory {label!r}", self._old_object)

    @property
    def old_data(self) -> Data | None:
        """The object before the change."""
        return None if self._old_object is None else self._old_object.data

    def existing(self) -> Directory:
        """Return the directory.

        Raises:
            ObjectNotFound: there is none; with the most similar one.
        """
        if self._old is None:
            raise unknown_directory(self._label, SharedRows(self._connection, []).directories)
        return self._old

    def put(
        self, data: Mapping[str, object], action: str, *, forget: bool = False
    ) -> PlannedChange:
        """Plan to create or replace the directory.

        Args:
            data: the object; without its secret, the stored one stays.
            action: for the audit log.
            forget: whether the stored secret is removed instead.
        """
        report = ObjectMistakes()
        if data.get("name", self._label) != self._label:
            report.problem("name", f"must be {self._label!r}, which cannot change")
        given = read_directory(self._label, data, report)
        report.check()
        if given is None:
            raise InvalidObject([("", "cannot be used")])
        old = self._old
        new = given if old is None or forget else with_stored_secret(given, old)
        if self._principal.kind != "command":
            check_secret_use(given, new, old)
        warnings = tuple(one for one in report.warnings if "has no uri" not in one)
        count = 0 if old is None else count_users_of(self._connection, old)
        is_same = new == old
        self._options.check_confirmed(
            f"this changes {counted(count, 'domain')} of directory {self._label!r}",
            [],
            0 if is_same else count,
        )
        plan = compare(_catalog(old), _catalog(new))
        if not is_same and plan.is_empty:  # Only the secret is removed.
            plan = Plan((), (f"directory {self._label}: the secret is removed",), ())

        def write() -> None:
            if forget or (old is not None and old.kind is not new.kind):
                forget_secret(self._connection, new)
            write_directory(self._connection, new)

        return PlannedChange(
            action=action,
            kind="directory",
            name=self._label,
            plan=plan,
            old=self._old_object,
            new=directory_object(new),
            write=write,
            warnings=warnings,
            is_same=is_same,
        )

    def delete(self) -> PlannedChange:
        """Plan to delete the directory."""
        old = self.existing()
        if count := count_users_of(self._connection, old):
            raise ObjectInUse(
                f"{counted(count, 'domain')} of directory {self._label!r} must change first"
            )
        return PlannedChange(
            action="delete",
            kind="directory",
            name=self._label,
            plan=compare(_catalog(old), Catalog()),
            old=self._old_object,
            new=None,
            write=lambda: remove_directory(self._connection, old),
        )


def unknown_directory(label: str, known: Iterable[Directory]) -> ObjectNotFound:
    """Return the error for a directory that does not exist.

    Args:
        label: of the directory.
        known: the directories that the principal sees; the error has the most similar one.
    """
    hint = similar_name(label, [one.label for one in known])
    return ObjectNotFound(f"there is no directory {label!r}{hint}")


def check_secret_use(given: Directory, new: Directory, old: Directory | None) -> None:
    """Refuse a change that could show a secret of this machine to a person who cannot read it.

    A token or a person chooses the servers of a directory. So Waypost sends a stored secret only to
    the servers that it was stored for, and reads neither a file nor a variable as a secret, nor a
    SQLite file as a database, that no command on this machine has named.

    Args:
        given: the directory of the request.
        new: the same with the stored secret.
        old: the stored directory, or None.

    Raises:
        InvalidObject: the change is not allowed.
    """
    key = secret_key(new) or ""
    was, given_secret, secret = _secret(old), _secret(given), _secret(new)
    is_other = old is not None and _servers(old) != _servers(new)
    if secret and not given_secret and is_other:
        raise InvalidObject([(key, "must be given again, because the servers or their TLS change")])
    for suffix, source in (("file", secret.file), ("env", secret.variable)):
        if source is not None and (secret != was or is_other):
            raise InvalidObject([(f"{key}_{suffix}", f"{_ON_THE_MACHINE} set this")])
    is_file = isinstance(new, SqlDirectory) and (secret.value or "").lower().startswith("sqlite")
    if is_file and secret != was:
        raise InvalidObject([(key, f"{_ON_THE_MACHINE} set the path of a SQLite file")])


def _secret(directory: Directory | None) -> Secret:
    if isinstance(directory, LdapServer):
        return Secret(directory.bind_password)
    if isinstance(directory, LdapDirectory):
        return directory.bind_password
    return directory.uri if isinstance(directory, SqlDirectory) else Secret()


def _servers(directory: Directory) -> tuple[object, ...]:
    """Return where the secret is sent to, and how it is protected on the way."""
    if isinstance(directory, LdapServer):
        return directory.kind, directory.name, directory.port, directory.use_ssl
    if isinstance(directory, LdapDirectory):
        tls = directory.security, directory.tls_verify, directory.ca_file
        return directory.kind, directory.urls, *tls
    return (directory.kind,)


def lost_secret(data: Mapping[str, object]) -> str | None:
    """Return the key of the masked secret of a directory in the audit log, or None."""
    return next((key for key, value in data.items() if value == MASK), None)


def _catalog(directory: Directory | None) -> Catalog:
    return Catalog(directories=() if directory is None else (directory,))
