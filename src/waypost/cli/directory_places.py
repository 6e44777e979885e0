"""Where a directory is, in words for people and without its secrets."""

import re
from typing import Final

from waypost.model import Directory, FileDirectory, LdapDirectory, LdapServer, Secret

MASK: Final = "***"
# Greedy up to the last @: who did not encode the @ of a password shall not read it here.
_URI: Final = re.compile(r"([A-Za-z0-9+_]+)://(?:([^:/@?]*)(:.*)?@)?([^@?]*)(?:\?.*)?", re.DOTALL)
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.%]*\]|[^:/]*)(:[0-9]*)?(/.*)?", re.DOTALL)


def place_of(directory: Directory) -> str:
    """Give the URLs of LDAP servers, the URI of a database, or the path of a file."""
    if isinstance(directory, LdapServer):
        host = f"[{directory.name}]" if ":" in directory.name else directory.name
        return f"{'ldaps' if directory.use_ssl else 'ldap'}://{host}:{directory.port}"
    if isinstance(directory, LdapDirectory):
        return ", ".join(MASK if "@" in url else url for url in directory.urls)
    if isinstance(directory, FileDirectory):
        return directory.path
    return _of_secret(directory.uri)


def _of_secret(uri: Secret) -> str:
    if uri.file is not None:
        return f"as {uri.file} says"
    if uri.variable is not None:
        return f"as the variable {uri.variable} says"
    return "(no uri)" if uri.value is None else masked_uri(uri.value)


def masked_uri(uri: str) -> str:
    """Give the URI of a database without its password and without what follows a question mark.

    What is not a URI is masked as a whole: nobody knows where in it the password is.
    """
    found = _URI.fullmatch(uri)
    if found is None:
        return MASK
    scheme, user, password, place = found.groups()
    # SQLite has a path there, all others a host.
    if not place.startswith("/") and not _HOST.fullmatch(place):
        return MASK
    named = "" if user is None else user + (f":{MASK}" if password else "") + "@"
    return f"{scheme}://{named}{place}"
