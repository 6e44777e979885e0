"""The doctor's findings about certificates."""

import errno
import ssl
import time
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final

from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.codes import doctor_diagnostic

SOON_SECONDS: Final = 14 * 24 * 3600
# X509_verify_cert's results: openssl-verification-options(1), x509_vfy.h.
_CODES: Final = {
    9: "certificate-future",
    10: "certificate-expired",
    62: "certificate-name",
    64: "certificate-name",
}
# This machine has no route to the server; the server itself may be good.
_NO_ROUTE: Final = frozenset({errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})


def rejected_certificate(location: str, error: ssl.SSLCertVerificationError) -> Diagnostic:
    """Return the finding for a certificate that is refused."""
    code = _CODES.get(error.verify_code, "certificate-untrusted")
    return doctor_diagnostic(code, location, error.verify_message)


def expiring_certificate(
    location: str, connected: object, ends: dict[str, float]
) -> Iterator[Diagnostic]:
    """Yield a finding if the certificate of a connection expires soon.

    Args:
        location: the host with its port.
        connected: the socket of the connection.
        ends: receives the end of the certificate, in seconds since 1970, by its location.
    """
    if not isinstance(connected, ssl.SSLSocket):
        return
    end = (connected.getpeercert() or {}).get("notAfter")
    if not isinstance(end, str):
        return
    seconds = ssl.cert_time_to_seconds(end)
    ends[location] = min(seconds, ends.get(location, seconds))
    if seconds - time.time() < SOON_SECONDS:
        yield doctor_diagnostic("certificate-soon", location, f"on {end}")


def is_ipv6_unreachable(address: str, error: OSError) -> bool:
    """Return whether a connection failed because this machine has no IPv6."""
    return ip_address(address).version == 6 and error.errno in _NO_ROUTE
