"""Read the password of a bind from the configuration, a file or the environment."""

import os

from waypost.core.model import Secret
from waypost.directory.ldap.errors import LdapFailure, LdapProblem
from waypost.runtime.regular_file import read_first_line, reason_of


def password(secret: Secret) -> str:
    """Return a password; a file is read each time, so that a change needs no restart.

    Raises:
        LdapFailure: the password cannot be read, or is empty.
    """
    text = secret.value or ""
    if secret.file is not None:
        text = _first_line(secret.file)
    elif secret.variable is not None:
        value = os.environ.get(secret.variable)
        if value is None:
            raise LdapFailure(LdapProblem.NO_PASSWORD_VARIABLE, variable=secret.variable)
        text = value
    if not text:
        # RFC 4513 s5.1.2: clients should refuse an empty password.
        raise LdapFailure(LdapProblem.NO_PASSWORD)
    return text


def _first_line(file: str) -> str:
    try:
        return read_first_line(file)
    except (OSError, UnicodeDecodeError) as error:
        why = reason_of(error) if isinstance(error, OSError) else "it is not UTF-8"
        raise LdapFailure(LdapProblem.NO_PASSWORD_FILE, file=file, why=why) from None
