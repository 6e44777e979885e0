"""Where to ask who a user is: what is configured of a directory, whatever speaks to it later."""

import enum
import re
from dataclasses import dataclass, field
from typing import Final

ADDRESS_IN_FILTER: Final = "{0}"
"""Where the address goes in a search filter, as in automx2."""
LDAPSERVER_PREFIX: Final = "ldapserver-"
"""`ldapserver-3` is the directory that automx2's row 3 of `ldapserver` describes."""
DIRECTORY_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?")


class DirectoryKind(enum.StrEnum):
    """What a directory speaks, spelled as in providers files."""

    LDAP = "ldap"
    SQL = "sql"
    FILE = "file"


class LdapSecurity(enum.StrEnum):
    """How a connection to an `ldap:` URL is protected; `ldaps:` and `ldapi:` say it themselves."""

    STARTTLS = "starttls"
    NONE = "none"


class LdapBind(enum.StrEnum):
    """Who Waypost is for an LDAP server (RFC 4513 s5)."""

    ANONYMOUS = "anonymous"
    SIMPLE = "simple"
    EXTERNAL = "external"
    """SASL EXTERNAL: who the process is (ldapi), or whose the client certificate is (TLS)."""


class LdapScope(enum.StrEnum):
    """How deep a search goes (RFC 4511 s4.5.1.2)."""

    BASE = "base"
    ONE = "one"
    SUB = "sub"


class UnknownUser(enum.StrEnum):
    """What a client gets for a user of a served domain whom the directory does not know."""

    ANSWER = "answer"
    """The same kind of answer as for everybody: nobody learns who exists."""
    DECLINE = "decline"
    """None, as from automx2."""


@dataclass(frozen=True, slots=True, order=True)
class AttributeRule:
    """An attribute of a user that services may hold as `%{name}`.

    Attributes:
        name: of the attribute, the column or the field.
        allowed: the values that may be used, in any case; None for those that `pattern` fits.
        pattern: a regular expression that fits a whole value; None where `allowed` says it.
        default: stands for users who have no such value, and for domains without a user.
    """

    name: str
    allowed: tuple[str, ...] | None = None
    pattern: str | None = None
    default: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Secret:
    """A text that is shown to nobody, or where it stands. At most one of the three is given.

    Attributes:
        value: the text itself; it is stored, and exported only on request.
        file: a path whose first line it is, read whenever a connection is made.
        variable: the environment variable that holds it.
    """

    value: str | None = field(default=None, repr=False)
    file: str | None = None
    variable: str | None = None

    def __bool__(self) -> bool:
        """Return whether anything is given."""
        return (self.value, self.file, self.variable) != (None, None, None)


@dataclass(frozen=True, slots=True, order=True)
class Limits:
    """How much a directory is asked, and for how long its answers are kept.

    Attributes:
        time_limit_seconds: a client waits no longer; then it gets the domain's general answer.
        connect_timeout_seconds: for a connection, TLS and bind.
        max_searches: how many questions go on at once, from each worker.
        ttl_seconds: how long an answer is kept, be the user known or not.
    """

    time_limit_seconds: float = 2.0
    connect_timeout_seconds: float = 2.0
    max_searches: int = 4
    ttl_seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class LdapServer:
    """A row of automx2's table `ldapserver`.

    Attributes:
        id: automx2's number; domains point to it.
        name: the host.
        search_filter: an RFC 4515 filter with `{0}` for the address.
        attr_uid: attribute with the login name.
        attr_cn: attribute with the name for people, or None.
        bind_password: never shown, logged or exported; None keeps the one that is stored.
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
        """Return the name by which people and other parts call this directory."""
        return f"{LDAPSERVER_PREFIX}{self.id}"

    @property
    def kind(self) -> DirectoryKind:
        """Return what it speaks."""
        return DirectoryKind.LDAP

    @property
    def rules(self) -> tuple[AttributeRule, ...]:
        """Return what templates may use: automx2 knows no attributes."""
        return ()

    @property
    def limits(self) -> Limits:
        """Return the usual ones: automx2 knows none."""
        return Limits()


@dataclass(frozen=True, slots=True)
class LdapDirectory:
    """LDAP servers that say the same.

    Attributes:
        label: unique among directories.
        urls: `ldaps://HOST[:PORT]`, `ldap://HOST[:PORT]` or `ldapi://PATH` with its slashes
            encoded; asked in this order, the next one where one does not answer.
        security: of `ldap:` URLs.
        bind: who Waypost is there.
        bind_user: a distinguished name, or a user principal name for Active Directory.
        search_base: a distinguished name.
        search_filter: an RFC 4515 filter with `{0}` for the address; `{local_part}` and
            `{domain}` are known as well.
        attr_uid: attribute with the login name.
        attr_cn: attribute with the name for people, or None.
        login_pattern: a regular expression; of several login names the first that it fits is
            taken. None takes the first.
        ca_file: the authorities to trust instead of the system's.
        tls_verify: False takes any certificate; for the day on which it has expired.
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
    limits: Limits = Limits()

    @property
    def kind(self) -> DirectoryKind:
        """Return what it speaks."""
        return DirectoryKind.LDAP


@dataclass(frozen=True, slots=True)
class SqlDirectory:
    """Another database, which the mail server has already. It is only read.

    Attributes:
        label: unique among directories.
        uri: as SQLAlchemy writes it.
        query: a SELECT with `:address`, `:local_part` and `:domain` where the user's go. Its
            columns `login` and `display_name` are what they are called; others are attributes.
        domains_query: a SELECT with `:domain`, which finds a row where that domain exists.
    """

    label: str
    uri: Secret
    query: str | None = None
    domains_query: str | None = None
    rules: tuple[AttributeRule, ...] = ()
    limits: Limits = Limits()

    @property
    def kind(self) -> DirectoryKind:
        """Return what it speaks."""
        return DirectoryKind.SQL


@dataclass(frozen=True, slots=True)
class FileDirectory:
    """A file with a user a line (CSV) or a table a user (TOML); read again when it changes.

    Attributes:
        label: unique among directories.
        path: absolute. The ending `.csv` or `.toml` says which it is.
    """

    label: str
    path: str
    rules: tuple[AttributeRule, ...] = ()
    limits: Limits = Limits()

    @property
    def kind(self) -> DirectoryKind:
        """Return what it speaks."""
        return DirectoryKind.FILE


Directory = LdapServer | LdapDirectory | SqlDirectory | FileDirectory
"""All that is configured of one directory, whose `label` is its name."""


@dataclass(frozen=True, slots=True)
class Users:
    """How a domain's users are looked up.

    Attributes:
        directory: who is asked.
        unknown_user: what an unknown one gets.
        show_display_name: whether clients are told the names of people.
    """

    directory: Directory
    unknown_user: UnknownUser = UnknownUser.ANSWER
    show_display_name: bool = False

    @property
    def key(self) -> tuple[str, UnknownUser, bool]:
        """Return what two of them are compared by: a directory that changes keeps its label."""
        return self.directory.label, self.unknown_user, self.show_display_name


def users_key(users: Users | None) -> tuple[str, UnknownUser, bool] | None:
    """Return the key of what may be absent."""
    return None if users is None else users.key
