"""The steps of the doctor, one after the other."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from waypost.diagnostics.conformance.reports import (
    ConformanceReport,
    reports_of_clients,
    reports_of_probes,
)
from waypost.diagnostics.conformance.schema_probes import PROBES
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.account_checks import MailServers
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.diagnostics.doctor.context import DoctorContext
from waypost.diagnostics.doctor.dns_records import zone_findings
from waypost.diagnostics.doctor.host_names import name_findings
from waypost.diagnostics.doctor.mail_servers import autoconfig_of, offers_by_dns, offers_of
from waypost.diagnostics.doctor.public_database import database_findings
from waypost.diagnostics.doctor.unanswered_lookups import resolver_findings
from waypost.diagnostics.simulated_clients import CLIENTS
from waypost.formats.dns import Record

# Rules about the documents, and about what keeps clients from them. Rules about requests that no
# client sends are checked by conformance only.
_RULES: Final = frozenset(
    {"autoconfig", "autodiscover", "agreement", "services", "pacc", "redirect-loop"}
)

ExpectedRecords = Callable[[bytes], Sequence[Record]]


ExaminationStep = Sequence[Diagnostic | ConformanceReport]


def examine(
    context: DoctorContext, wanted: ExpectedRecords, database: str = ""
) -> Iterator[ExaminationStep]:
    """Check names, DNS, mail servers and the public database, then let every client search.

    Args:
        context: the domain; its time limits the whole check.
        wanted: returns the records that should be published, from the Autoconfig document found.
        database: the URL of a public database; empty to ask none.
    """
    yield list(name_findings(context))
    response = autoconfig_of(context)
    body = response.body if response.is_success else b""
    yield list(zone_findings(context, wanted(body)))
    offers = offers_of(context)
    if not offers.held and not offers.unknown:
        yield [doctor_diagnostic("mail-none", context.domain)]
    servers = MailServers(context)
    for offer in offers.held or offers_by_dns(context):
        servers.examine(offer)
        yield servers.new_findings()
    if database and not offers.unknown:
        yield list(database_findings(context, database, offers.held))
    for report in reports_of_clients(context.target, servers.check):
        yield [*servers.new_findings(), report]
    for report in reports_of_probes([one for one in PROBES if one.key in _RULES], context.target):
        yield [report]
    yield list(resolver_findings(context.unanswered))


def steps() -> int:
    """Return about how many steps there will be."""
    return len(CLIENTS) + len(_RULES) + 5
