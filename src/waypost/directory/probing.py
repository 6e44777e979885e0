"""One lookup step by step, for an operator who asks why a user is not found."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from waypost import model
from waypost.address import EmailAddress
from waypost.directory.opening import no_library
from waypost.model import FileDirectory, LdapDirectory, LdapServer, SqlDirectory


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a lookup, with its result.

    Attributes:
        name: a short name: `resolve`, `connect`, `tls`, `bind`, `base`, `search`, `entry`, ….
        ok: whether the step succeeded. After a failed step no other step follows, unless
            another server is tried.
        text: one line for people: what was found, or what failed and how to fix it.
        details: the same for scripts, without secrets.
        seconds: how long the step took.
    """

    name: str
    ok: bool
    text: str
    details: dict[str, object] = field(default_factory=dict)
    seconds: float = 0.0


def probe(
    directory: model.Directory, address: EmailAddress, *, ldap_ca_file: str | None = None
) -> Iterator[Step]:
    """Yield each step of a lookup of one user, with new connections.

    Args:
        directory: its configuration.
        address: the address of the user.
        ldap_ca_file: the authorities to trust for LDAP directories without `ca_file`.
    """
    # Imported here, because each kind imports `Step` from this module.
    if isinstance(directory, FileDirectory):
        from waypost.directory.file.probing import probe_file  # noqa: PLC0415

        yield from probe_file(directory, address)
    elif isinstance(directory, SqlDirectory):
        from waypost.directory.sql.probing import probe_sql  # noqa: PLC0415

        yield from probe_sql(directory, address)
    else:
        yield from _probe_ldap(directory, address, ldap_ca_file)


def _probe_ldap(
    directory: LdapServer | LdapDirectory, address: EmailAddress, ca_file: str | None
) -> Iterator[Step]:
    try:
        from waypost.directory.ldap import probing  # noqa: PLC0415 -- needs a library
    except ImportError as error:
        yield Step("library", False, str(no_library(error)))
        return
    yield from probing.probe(directory, address, ca_file=ca_file)
