"""The configuration of user directories: LDAP, SQL and files."""

import enum
import re
from dataclasses import dataclass, field
from typing import Final

ADDRESS_IN_FILTER: Final = "{0}"
"""The place of the address in a search filter, as in automx2."""
LDAPSERVER_PREFIX: Final = "ldapserver-"
"""`ldapserver-3` is the directory of row 3 in automx2's table `ldapserver`."""
DIRECTORY_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")


class DirectoryKind(enum.StrEnum):
    """The kind of a directory, spelled as in providers files."""

    LDAP = "ldap"
    SQL = "sql"
    FILE = "file"


class LdapSecurity(enum.StrEnum):
    """How a connection to an `ldap:` URL is protected; `ldaps:` and `ldapi:` imply it."""

    STARTTLS = "starttls"
    NONE = "none"


class LdapBind(enum.StrEnum):
    """How Waypost authenticates to an LDAP server (RFC 4513 s5)."""

    ANONYMOUS = "anonymous"
    SIMPLE = "simple"
    EXTERNAL = "external"
    """SASL EXTERNAL: as the user of the process (ldapi), or of the client certificate (TLS)."""


class LdapScope(enum.StrEnum):
    """How deep a search goes (RFC 4511 s4.5.1.2)."""

    BASE = "base"
    ONE = "one"
    SUB = "sub"


class UnknownUser(enum.StrEnum):
    """The answer for a user of a served domain whom the directory does not know."""

    ANSWER = "answer"
    """The same kind of answer as for all users, so that clients cannot see which users exist."""
    DECLINE = "decline"
    """No answer, as from automx2."""


@dataclass(frozen=True, slots=True, order=True)
class AttributeRule:
    """The rule for an attribute of a user that services may contain as `%{name}`.

    Attributes:
        name: of the attribute, the column or the field.
        allowed: the allowed values, in any case; None for those that `pattern` matches.
        pattern: a regular expression that matches a whole value; None if `allowed` is given.
        default: the value for users who have none, and for domains without a user.
    """

    name: str
    allowed: tuple[str, ...] | None = None
    pattern: str | None = None
    default: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Secret:
    """A secret text, or where to read it. At most one of the three is given.

    Attributes:
        value: the text itself; it is stored, and exported only on request.
        file: the path of a file whose first line is the text, read for each connection.
        variable: the environment variable that contains it.
    """

    value: str | None = field(default=None, repr=False)
    file: str | None = None
    variable: str | None = None

    def __bool__(self) -> bool:
        """Return whether anything is given."""
        return (self.value, self.file, self.variable) != (None, None, None)


@dataclass(frozen=True, slots=True, order=True)
class DirectoryLimits:
    """Limits for searches in a directory, and for how long its answers are cached.

    Attributes:
        time_limit_seconds: how long a client waits before it gets the domain's general answer.
        connect_timeout_seconds: for a connection, TLS and bind.
        max_searches: the number of simultaneous searches of each worker.
        ttl_seconds: how long an answer is cached, for known and unknown users.
    """

    time_limit_seconds: float = 2.0
    connect_timeout_seconds: float = 2.0
    max_searches: int = 4
    ttl_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class LdapServer:
    """A row of automx2's table `ldapserver`.

    Attributes:
        id: automx2's number; domains refer to it.
        name: the host.
        search_filter: an RFC 4515 filter with `{0}` for the address.
        attr_uid: attribute with the login name.
        attr_cn: attribute with the full name, or None.
        bind_password: never shown, logged or exported; None keeps the stored one.
    """

    id: int
    name: str
    port: int
    use_ssl: bool
    search_base: str
    search_filter: str
    attr_uid: str
    attr_cn: str | None = None
    bind_user: str | None = None
    bind_password: str | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """Return the name of this directory in messages and in providers files."""
        return f"{LDAPSERVER_PREFIX}{self.id}"

    @property
    def kind(self) -> DirectoryKind:
        """Return the kind of the directory."""
        return DirectoryKind.LDAP

    @property
    def rules(self) -> tuple[AttributeRule, ...]:
        """Return no rules: automx2 has no attributes for templates."""
        return ()

    @property
    def limits(self) -> DirectoryLimits:
        """Return the default limits: automx2 has no columns for them."""
        return DirectoryLimits()


@dataclass(frozen=True, slots=True)
class LdapDirectory:
    """A directory on one or more LDAP servers with the same entries.

    Attributes:
        label: unique among directories.
        urls: `ldaps://HOST[:PORT]`, `ldap://HOST[:PORT]` or `ldapi://PATH` with its slashes
            encoded; used in this order, the next one if one does not answer.
        security: of `ldap:` URLs.
        bind: how Waypost authenticates.
        bind_user: a distinguished name, or a user principal name for Active Directory.
        search_base: a distinguished name.
        search_filter: an RFC 4515 filter with `{0}` for the address; `{local_part}` and
            `{domain}` are replaced as well.
        attr_uid: attribute with the login name.
        attr_cn: attribute with the full name, or None.
        login_pattern: a regular expression; of several login names the first match is used. None
            uses the first login name.
        ca_file: the authorities to trust instead of the system's.
        tls_verify: False accepts any certificate; for emergencies such as an expired one.
        cert_file: the client certificate, with `key_file`.
    """

    label: str
    urls: tuple[str, ...]
    search_base: str
    search_filter: str = "(mail={0})"
    attr_uid: str = "uid"
    attr_cn: str | None = "cn"
    scope: LdapScope = LdapScope.SUB
    security: LdapSecurity = LdapSecurity.STARTTLS
    bind: LdapBind = LdapBind.ANONYMOUS
    bind_user: str | None = None
    bind_password: Secret = Secret()
    login_pattern: str | None = None
    ca_file: str | None = None
    tls_verify: bool = True
    cert_file: str | None = None
    key_file: str | None = None
    rules: tuple[AttributeRule, ...] = ()
    limits: DirectoryLimits = DirectoryLimits()

    @property
    def kind(self) -> DirectoryKind:
        """Return the kind of the directory."""
        return DirectoryKind.LDAP


@dataclass(frozen=True, slots=True)
class SqlDirectory:
    """A directory in another database, such as the mail server's. It is only read.

    Attributes:
        label: unique among directories.
        uri: in SQLAlchemy's form.
        query: a SELECT with the parameters `:address`, `:local_part` and `:domain`. Its columns
            `login` and `display_name` are the user's names; others are attributes.
        domains_query: a SELECT with the parameter `:domain`; it finds a row if the domain exists.
    """

    label: str
    uri: Secret
    query: str | None = None
    domains_query: str | None = None
    rules: tuple[AttributeRule, ...] = ()
    limits: DirectoryLimits = DirectoryLimits()

    @property
    def kind(self) -> DirectoryKind:
        """Return the kind of the directory."""
        return DirectoryKind.SQL


@dataclass(frozen=True, slots=True)
class FileDirectory:
    """A file with one line (CSV) or one table (TOML) for each user; read again when it changes.

    Attributes:
        label: unique among directories.
        path: absolute. The ending is `.csv` or `.toml`.
    """

    label: str
    path: str
    rules: tuple[AttributeRule, ...] = ()
    limits: DirectoryLimits = DirectoryLimits()

    @property
    def kind(self) -> DirectoryKind:
        """Return the kind of the directory."""
        return DirectoryKind.FILE


Directory = LdapServer | LdapDirectory | SqlDirectory | FileDirectory
"""The configuration of one directory; `label` is its name."""


@dataclass(frozen=True, slots=True)
class DirectoryPolicy:
    """How the users of a domain are looked up.

    Attributes:
        directory: the directory to search.
        unknown_user: the answer for an unknown user.
        show_display_name: whether answers contain the full names of users.
    """

    directory: Directory
    unknown_user: UnknownUser = UnknownUser.ANSWER
    show_display_name: bool = False

    @property
    def key(self) -> tuple[str, UnknownUser, bool]:
        """Return the value for comparisons: a directory that changes keeps its label."""
        return self.directory.label, self.unknown_user, self.show_display_name


def users_key(users: DirectoryPolicy | None) -> tuple[str, UnknownUser, bool] | None:
    """Return the key, or None if there is no directory."""
    return None if users is None else users.key
