"""Open a directory from its configuration, or check whether its library is installed."""

from waypost.core import model
from waypost.core.errors import DirectoryError
from waypost.core.model import FileDirectory, LdapDirectory, LdapServer, SqlDirectory
from waypost.directory.file.source import FileSource
from waypost.directory.ldap.errors import LdapFailure, LdapProblem
from waypost.directory.ldap.options import connection_options
from waypost.directory.protocol import DirectorySource


def open_directory(
    directory: model.Directory, *, ldap_ca_file: str | None = None
) -> DirectorySource:
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


def _open_ldap(directory: LdapServer | LdapDirectory, ca_file: str | None) -> DirectorySource:
    try:
        # Only an LDAP directory needs the library.
        from waypost.directory.ldap.client import LdapClient  # noqa: PLC0415
    except ImportError as error:
        raise library_failure(error).as_error(directory.label) from error
    return LdapClient(connection_options(directory, ca_file))


def library_failure(error: ImportError) -> LdapFailure:
    """Return the reason why the LDAP library cannot be used."""
    if isinstance(error, ModuleNotFoundError):
        return LdapFailure(LdapProblem.NO_LIBRARY)
    return LdapFailure(LdapProblem.BROKEN_LIBRARY, why=str(error))


def missing_library(directory: model.Directory) -> str | None:
    """Check that the library of a directory loads; no connection is made.

    Args:
        directory: its configuration.

    Returns:
        A line with the name of the directory and the command that installs the library, if the
        library is missing or does not load; else None. Other errors are not reported here.
    """
    try:
        open_directory(directory).close()
    except DirectoryError as error:
        if isinstance(error.__cause__, ImportError):
            return f"{error}; until then no login name is looked up for its users"
    return None
