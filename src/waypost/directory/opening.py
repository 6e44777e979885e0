"""Open a directory from its configuration."""

from waypost import model
from waypost.directory import Directory
from waypost.directory.file.source import FileSource
from waypost.directory.ldap.messages import Complaint, LdapFailure
from waypost.directory.ldap.target import target_of
from waypost.model import FileDirectory, LdapDirectory, LdapServer, SqlDirectory


def open_directory(directory: model.Directory, *, ldap_ca_file: str | None = None) -> Directory:
    """Open a directory; no connection is made yet.

    Args:
        directory: its configuration.
        ldap_ca_file: the authorities to trust for LDAP directories without `ca_file`.

    Raises:
        DirectoryError: a library is missing, or the configuration cannot be used.
    """
    if isinstance(directory, FileDirectory):
        return FileSource(directory)
    if isinstance(directory, SqlDirectory):
        # With a providers file, only a SQL directory needs SQLAlchemy.
        from waypost.directory.sql.source import OpenSqlDirectory  # noqa: PLC0415

        return OpenSqlDirectory(directory)
    return _open_ldap(directory, ldap_ca_file)


def _open_ldap(directory: LdapServer | LdapDirectory, ca_file: str | None) -> Directory:
    try:
        # Only an LDAP directory needs the library.
        from waypost.directory.ldap.connector import LdapConnector  # noqa: PLC0415
    except ImportError as error:
        raise no_library(error).as_error(directory.label) from error
    return LdapConnector(target_of(directory, ca_file))


def no_library(error: ImportError) -> LdapFailure:
    """Return the reason why the LDAP library cannot be used."""
    if isinstance(error, ModuleNotFoundError):
        return LdapFailure(Complaint.NO_LIBRARY)
    return LdapFailure(Complaint.BROKEN_LIBRARY, why=str(error))
