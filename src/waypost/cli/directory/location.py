"""The location of a directory, as a text without secrets."""

from waypost.core.model import Directory, FileDirectory, LdapDirectory, LdapServer, Secret
from waypost.core.redaction import redact_uri


def location_of(directory: Directory) -> str:
    """Return the URLs of LDAP servers, the URI of a database, or the path of a file."""
    if isinstance(directory, LdapServer):
        host = f"[{directory.name}]" if ":" in directory.name else directory.name
        return f"{'ldaps' if directory.use_ssl else 'ldap'}://{host}:{directory.port}"
    if isinstance(directory, LdapDirectory):
        return ", ".join(redact_uri(url) for url in directory.urls)
    if isinstance(directory, FileDirectory):
        return directory.path
    return _location_of_secret(directory.uri)


def _location_of_secret(uri: Secret) -> str:
    if uri.file is not None:
        return f"URI in file {uri.file}"
    if uri.variable is not None:
        return f"URI in variable {uri.variable}"
    return "(no uri)" if uri.value is None else redact_uri(uri.value).partition("?")[0]
