"""The steps of the doctor, one after the other."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from waypost.diagnostics.conformance.reports import (
    ConformanceReport,
    client_reports,
    probe_reports,
)
from waypost.diagnostics.conformance.schema_probes import PROBES
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.account_checks import CheckedMailServers
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.dns_records import record_findings
from waypost.diagnostics.doctor.host_names import host_name_findings
from waypost.diagnostics.doctor.mail_servers import (
    fetch_autoconfig,
    services_of_documents,
    services_of_srv_records,
)
from waypost.diagnostics.doctor.public_database import database_findings
from waypost.diagnostics.doctor.unanswered_lookups import unanswered_lookup_findings
from waypost.diagnostics.simulated_clients import CLIENTS
from waypost.formats.dns import Record

# Rules about the documents, and about what keeps clients from them. Rules about requests that no
# client sends are checked by conformance only.
_RULE_KEYS: Final = frozenset(
    {"autoconfig", "autodiscover", "agreement", "services", "pacc", "redirect-loop"}
)

ExpectedRecords = Callable[[bytes], Sequence[Record]]


CheckStep = Sequence[Diagnostic | ConformanceReport]


def run_checks(
    context: DoctorContext, expected_records: ExpectedRecords, database: str = ""
) -> Iterator[CheckStep]:
    """Check names, DNS, mail servers and the public database, then let every client search.

    Args:
        context: the domain; its time limits the whole check.
        expected_records: returns the records to publish, from the Autoconfig document found.
        database: the URL of a public database; empty to ask none.
    """
    yield list(host_name_findings(context))
    response = fetch_autoconfig(context)
    body = response.body if response.is_success else b""
    yield list(record_findings(context, expected_records(body)))
    document_services = services_of_documents(context)
    if not document_services.services and not document_services.unknown_reason:
        yield [doctor_diagnostic("mail-none", context.domain)]
    servers = CheckedMailServers(context)
    for service in document_services.services or services_of_srv_records(context):
        servers.check_service(service)
        yield servers.new_findings()
    if database and not document_services.unknown_reason:
        yield list(database_findings(context, database, document_services.services))
    for report in client_reports(context.target, servers.check):
        yield [*servers.new_findings(), report]
    for report in probe_reports(
        [probe for probe in PROBES if probe.key in _RULE_KEYS], context.target
    ):
        yield [report]
    yield list(unanswered_lookup_findings(context.unanswered))


def step_count() -> int:
    """Return about how many steps there will be."""
    return len(CLIENTS) + len(_RULE_KEYS) + 5
