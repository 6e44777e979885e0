"""From options to the context of the doctor's checks, for commands and for administration."""

import ssl
from pathlib import Path
from typing import Final

from waypost.core.address import EmailAddress
from waypost.core.errors import RequestError, SettingsError
from waypost.diagnostics.comparison.server import CheckedServer
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.open_context import CheckOptions, open_context
from waypost.diagnostics.simulated_clients.urls import DATABASE_HOST
from waypost.diagnostics.transports.resolving_transport import PrivateAddresses
from waypost.net.dns.resolver import read_server

_THUNDERBIRD: Final = "thunderbird"


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return the context that checks certificates; a file adds authorities to the system's.

    Raises:
        SettingsError: the file cannot be read, or has no certificates.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                [f"--ca-file: {ca_file}: cannot read certificates (PEM): {error}"]
            ) from error
    return context


def ispdb_url(url: str) -> str:
    """Return the URL of the public database; empty for no database.

    Raises:
        RequestError: the text is not a URL.
    """
    if url == _THUNDERBIRD:
        return f"https://{DATABASE_HOST}/v1.1"
    if url:
        try:
            CheckedServer.parse(url)
        except RequestError as error:
            raise RequestError(f"--ispdb: {error}") from error
    return url


def doctor_context(
    email_address: EmailAddress,
    resolver: str,
    context: ssl.SSLContext,
    seconds: tuple[float, float],
    database_url: str,
    private: PrivateAddresses,
) -> DoctorContext:
    """Return the context of checks of the domain of an address.

    Args:
        email_address: of a user of the domain.
        resolver: the address of a resolver, with or without a port, or `system`.
        context: the context that checks certificates.
        seconds: the time limits for each answer and for all together.
        database_url: the URL of the public database; empty to ask none.
        private: when private addresses are asked.

    Raises:
        SettingsError: the resolver is not valid, or the machine has none.
    """
    timeout, total = seconds
    options = CheckOptions(read_server(resolver), context, timeout, total, database_url, private)
    return open_context(email_address.local_part, email_address.domain.ascii, options)
