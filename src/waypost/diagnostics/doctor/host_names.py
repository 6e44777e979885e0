"""Checks of the host names that clients ask: addresses, TLS, certificates, plain http."""

import http.client
import ssl
from collections.abc import Iterator
from contextlib import suppress

from waypost.core.errors import NamesUnavailable
from waypost.diagnostics.comparison.server import CheckedServer
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor import certificates
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.document_checks.pacc import HOST_LABEL, PATH, TXT_LABEL
from waypost.diagnostics.simulated_clients import urls
from waypost.diagnostics.simulated_clients.dns import DnsLookup
from waypost.diagnostics.simulated_clients.session import ClientRequest, describe
from waypost.net.deadline import Deadline
from waypost.net.failures import failure_reason, tls_reason


def host_name_findings(
    context: DoctorContext, failed_addresses: dict[str, str] | None = None
) -> Iterator[Diagnostic]:
    """Yield findings for each name, beginning with the one that most clients ask.

    There is no finding for a name if DNS does not answer.

    Args:
        context: the domain.
        failed_addresses: the addresses that do not answer over https, with the reasons; they are
            not asked again, and new ones are added. None if none is known.
    """
    domain = context.domain
    failed_addresses = {} if failed_addresses is None else failed_addresses
    for host, path in (
        (f"autoconfig.{domain}", urls.AUTOCONFIG_PATH),
        (f"autodiscover.{domain}", urls.AUTODISCOVER_PATH),
        (f"{HOST_LABEL}.{domain}", PATH),
        (domain, urls.WELL_KNOWN_PATH),
    ):
        with suppress(NamesUnavailable):
            is_required = _has_pacc(context) if path == PATH else host != domain
            yield from _host_findings(
                context, host, path, failed_addresses, is_required=is_required
            )


def _has_pacc(context: DoctorContext) -> bool:
    published = context.records(DnsLookup("TXT", f"{TXT_LABEL}.{context.domain}"))
    return any(record.data.lower().startswith("v=uaac1") for record in published)


def _host_findings(
    context: DoctorContext,
    host: str,
    path: str,
    failed_addresses: dict[str, str],
    *,
    is_required: bool,
) -> Iterator[Diagnostic]:
    """Check a name; `silent` contains the addresses that did not answer for another name."""
    addresses = context.resolve_addresses(host)
    if not addresses:
        yield doctor_diagnostic(
            "name-missing" if is_required else "name-unused", host, "no A or AAAA record"
        )
        return
    for address in addresses:
        yield from _https_findings(
            context, host, address, failed_addresses, is_required=is_required
        )
    # MS-OXDISCO s3.1.5.4: Outlook expects a redirect. A closed port 80 is as good as one.
    # The other paths may be answered: clients of Autoconfig that use plain http need the document.
    if path != urls.AUTODISCOVER_PATH or not context.seconds_left():
        return
    response = context.target.http.send(ClientRequest("GET", "http", host, path))
    if response.status and not response.location.startswith("https://"):
        yield doctor_diagnostic("http-plain", f"{host}:80", describe(response))


def _https_findings(
    context: DoctorContext,
    host: str,
    address: str,
    failed_addresses: dict[str, str],
    *,
    is_required: bool,
) -> Iterator[Diagnostic]:
    no_answer = "name-silent" if is_required else "name-unused"
    if address in failed_addresses:
        yield doctor_diagnostic(
            no_answer, f"{host}:443", f"at {address}: {failed_addresses[address]}"
        )
        return
    seconds = context.seconds_left()
    if not seconds:
        return
    location = f"{host}:443"
    address_text = f"at {address}"
    try:
        server = CheckedServer(True, address, 443, "")
        with server.connect(host, Deadline(seconds), context.tls_context) as connection:
            expiring = list(
                certificates.expiring_certificate(
                    location, connection.sock, context.certificate_ends
                )
            )
        yield from expiring
    except ssl.SSLCertVerificationError as error:
        yield certificates.rejected_certificate(location, error)
    except ssl.SSLError as error:
        code = "name-tls" if is_required else "name-unused"
        yield doctor_diagnostic(code, location, f"{address_text}: {tls_reason(error)}")
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, OSError) and certificates.is_ipv6_unreachable(address, error):
            return
        failed_addresses[address] = failure_reason(error)
        yield doctor_diagnostic(no_answer, location, f"{address_text}: {failed_addresses[address]}")
