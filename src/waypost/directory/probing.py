"""One lookup step by step, for people who want to know why a user is not found."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from waypost import model
from waypost.address import EmailAddress
from waypost.directory.opening import no_library
from waypost.model import FileDirectory, LdapDirectory, LdapServer, SqlDirectory


@dataclass(frozen=True, slots=True)
class Step:
    """What was tried, and what came of it.

    Attributes:
        name: a few words: `resolve`, `connect`, `tls`, `bind`, `base`, `search`, `entry`, ….
        ok: whether it went well; after a step that did not, no other follows, unless another
            server is tried.
        text: one line for people: what was found, or what went wrong and what to do about it.
        details: the same for scripts; no secret is in it.
        seconds: how long it took.
    """

    name: str
    ok: bool
    text: str
    details: dict[str, object] = field(default_factory=dict)
    seconds: float = 0.0


def probe(
    directory: model.Directory, address: EmailAddress, *, ldap_ca_file: str | None = None
) -> Iterator[Step]:
    """Ask a directory for one user with new connections, and tell each step as it is done.

    Args:
        directory: what is configured.
        address: whom to look for.
        ldap_ca_file: the authorities to trust for LDAP directories that name none.
    """
    # Each kind makes steps, and so needs this module.
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
