"""One lookup step by step, for an operator who asks why a user is not found."""

from collections.abc import Iterator

from waypost.core import model
from waypost.core.address import EmailAddress
from waypost.core.model import FileDirectory, LdapDirectory, LdapServer, SqlDirectory
from waypost.directory.factory import library_failure
from waypost.directory.file.probe import probe_file
from waypost.directory.sql.probe import probe_sql
from waypost.directory.step import Step


def probe(
    directory: model.Directory, address: EmailAddress, *, ldap_ca_file: str | None = None
) -> Iterator[Step]:
    """Yield each step of a lookup of one user, with new connections.

    Args:
        directory: its configuration.
        address: the address of the user.
        ldap_ca_file: the authorities to trust for LDAP directories without `ca_file`.
    """
    if isinstance(directory, FileDirectory):
        yield from probe_file(directory, address)
    elif isinstance(directory, SqlDirectory):
        yield from probe_sql(directory, address)
    else:
        yield from _probe_ldap(directory, address, ldap_ca_file)


def _probe_ldap(
    directory: LdapServer | LdapDirectory, address: EmailAddress, ca_file: str | None
) -> Iterator[Step]:
    try:
        from waypost.directory.ldap.probe import probe_ldap  # noqa: PLC0415 -- needs a library
    except ImportError as error:
        yield Step("library", False, str(library_failure(error)))
        return
    yield from probe_ldap(directory, address, ca_file=ca_file)
