"""Reports about any server: which simulated clients can set up an account, or why not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from waypost.core.errors import AddressError, NamesUnavailable
from waypost.diagnostics.conformance.account_checks import (
    AccountCheck,
    CheckAccount,
    port_mismatches,
    servers_without_tls,
    skip_account_check,
)
from waypost.diagnostics.conformance.client_codes import NO_ACCOUNT, client_diagnostic
from waypost.diagnostics.conformance.client_runs import (
    are_all_requests_refused,
    run_client,
    unknown_reason,
)
from waypost.diagnostics.conformance.probes import Probe
from waypost.diagnostics.conformance.rule_codes import RULE_CODES
from waypost.diagnostics.conformance.schema_probes import PROBES
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.diagnostic import Diagnostic, explain_command
from waypost.diagnostics.simulated_clients import CLIENTS
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    Outcome,
    Transcript,
)

UNSERVED: Final = "waypost-conformance.invalid"
FINDINGS_MAX: Final = 12
_NO_EXCHANGE: Final = "it asks for Exchange, and is refused as it should be"
_DNS_ALONE: Final = "it asks only DNS, which is not asked without --resolver"

Verdict = Literal["works", "works with warnings", "fails", "not offered", "not checked"]


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """The result for one client or one probe.

    Attributes:
        kind: `client` or `server`.
        diagnostics: what was found.
        account: the account of the client; None if there is none, or for a probe.
        other_services: the other services of the client, a type and a URL each.
        source: the URL or the records that the account comes from; empty without an account.
        unresponsive_hosts: the hosts that the client asked and that did not answer.
        paths: the paths of the URLs that the client requested.
        remark: why the verdict is "not checked" or "not offered"; empty for other verdicts.
        topic: the argument of `waypost explain`; empty if it is the key.
    """

    kind: Literal["client", "server"]
    key: str
    name: str
    verdict: Verdict
    diagnostics: tuple[Diagnostic, ...] = ()
    account: Account | None = None
    other_services: tuple[str, ...] = ()
    source: str = ""
    unresponsive_hosts: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    remark: str = ""
    topic: str = ""

    @property
    def findings(self) -> tuple[str, ...]:
        """Return the findings, one line each."""
        lines = tuple(diagnostic.line for diagnostic in self.diagnostics)
        return (*lines, self.remark) if self.remark else lines

    @property
    def link(self) -> str:
        """Return the command that explains the client or the rule."""
        return explain_command(self.topic or self.key)


def reports(target: ConformanceTarget) -> Iterator[ConformanceReport]:
    """Yield the report of every client, then of every probe."""
    yield from client_reports(target)
    yield from probe_reports(_probes(target), target)


def client_reports(
    target: ConformanceTarget, check: CheckAccount = skip_account_check
) -> Iterator[ConformanceReport]:
    """Yield the report of every client.

    Args:
        target: the domain.
        check: checks the mail servers of each account.
    """
    for client in CLIENTS:
        if client.needs_dns and target.resolver is None:
            yield _report_on(client, "not offered", remark=_DNS_ALONE)
        else:
            yield client_report(client, target, check)


def probe_reports(
    probes: Iterable[Probe], target: ConformanceTarget
) -> Iterator[ConformanceReport]:
    """Yield the report of each probe."""
    for probe in probes:
        yield probe_report(probe, target)


def report_count(target: ConformanceTarget) -> int:
    """Return how many reports there will be."""
    return len(CLIENTS) + len(_probes(target))


def _probes(target: ConformanceTarget) -> list[Probe]:
    return [probe for probe in PROBES if target.resolver is not None or not probe.needs_dns]


def probe_report(probe: Probe, target: ConformanceTarget) -> ConformanceReport:
    """Check one rule, if the server has what the rule is about."""

    def report(verdict: Verdict, lines: Iterable[str] = (), remark: str = "") -> ConformanceReport:
        definition = RULE_CODES[probe.key]
        diagnostics = tuple(Diagnostic(definition, detail=text) for text in lines)
        return ConformanceReport(
            "server", probe.key, probe.description, verdict, diagnostics, remark=remark
        )

    unknown_before = len(target.http.unknown_reasons)
    try:
        is_applicable = probe.is_applicable(target)
        findings = tuple(probe.check(target))[:FINDINGS_MAX] if is_applicable else ()
    except NamesUnavailable as error:
        return report("not checked", remark=f"{error}")
    unknown = tuple(dict.fromkeys(target.http.unknown_reasons[unknown_before:]))
    # A finding that only says that a request could not be sent is no finding.
    findings = tuple(
        finding for finding in findings if not any(reason in finding for reason in unknown)
    )
    if unknown and not findings:
        return report("not checked", remark=unknown[0])
    if not is_applicable:
        return report("not offered")
    return report("fails" if findings else "works", findings)


def client_report(
    client: SimulatedClient, target: ConformanceTarget, check: CheckAccount = skip_account_check
) -> ConformanceReport:
    """Return the report of one client, for an address and other forms of the address.

    Args:
        client: which one.
        target: the domain.
        check: checks the mail servers of its account.
    """
    transcript, unknown = run_client(client, target, target.address)
    outcome = transcript.outcome
    if reason := unknown_reason(transcript, unknown):
        return _report_on(client, "not checked", remark=reason)
    verdict, findings, remark = _without_account(client, transcript) or _verdict(
        client, target, outcome, check
    )
    is_activesync_server = outcome.account is None and outcome.source
    other_services = (
        (f"activesync {outcome.source}",) if is_activesync_server else outcome.other_services
    )
    return replace(
        _report_on(client, verdict, remark=remark),
        diagnostics=tuple(findings),
        account=outcome.account,
        other_services=other_services,
        source=outcome.source,
        unresponsive_hosts=frozenset(
            request.host for request, answer in transcript.exchanges if not answer.status
        ),
        paths=frozenset(request.path for request, _ in transcript.exchanges),
    )


def _report_on(client: SimulatedClient, verdict: Verdict, remark: str) -> ConformanceReport:
    return ConformanceReport(
        "client", client.key, client.name, verdict, remark=remark, topic=client.topic
    )


_VerdictWithFindings = tuple[Verdict, list[Diagnostic], str]


def _without_account(
    client: SimulatedClient, transcript: Transcript
) -> _VerdictWithFindings | None:
    """Return the verdict of a search without a result; None if it has a result."""
    outcome = transcript.outcome
    has_result = outcome.account or outcome.other_services
    if client.needs and not has_result and are_all_requests_refused(transcript):
        return "not offered", [], f"the server does not have {client.needs}"
    has_no_account = outcome.account is None and not outcome.source
    if (client.expects_account and has_no_account) or outcome.has_stopped:
        return (
            "fails",
            [client_diagnostic(NO_ACCOUNT, reason) for reason in _limited(outcome.reasons)],
            "",
        )
    return None


def _verdict(
    client: SimulatedClient, target: ConformanceTarget, outcome: Outcome, check: CheckAccount
) -> _VerdictWithFindings:
    """Return the verdict of a search that ended with an account, a server, or as it should."""
    findings = [client_diagnostic("client-trouble", warning) for warning in outcome.warnings]
    account_check = check(outcome.account) if outcome.account else AccountCheck()
    findings += [
        *account_check.diagnostics,
        *port_mismatches(outcome.account, account_check.working),
    ]
    findings += servers_without_tls(outcome.account)
    unknown_reasons = [account_check.unknown_reason] if account_check.unknown_reason else []
    findings += _unserved_domain_findings(client, target, unknown_reasons)
    if outcome.account:
        findings += _address_variant_findings(client, target, outcome.account, unknown_reasons)
    if any(finding.severity == "error" for finding in findings):
        return "fails", sorted(findings, key=lambda finding: finding.severity != "error"), ""
    if unknown_reasons:
        return "not checked", findings, unknown_reasons[0]
    if outcome.account is None and (outcome.source or outcome.other_services):
        return "works", [], ""
    if not client.expects_account:
        missing = f"the server does not have {client.needs}" if client.needs else _NO_EXCHANGE
        return "not offered", [], missing
    return ("works with warnings" if findings else "works"), findings, ""


def _limited(reasons: tuple[str, ...]) -> tuple[str, ...]:
    if len(reasons) > FINDINGS_MAX:
        return (*reasons[:FINDINGS_MAX], f"and {len(reasons) - FINDINGS_MAX} more")
    return reasons or ("it finds nothing",)


def _unserved_domain_findings(
    client: SimulatedClient, target: ConformanceTarget, unknown_reasons: list[str]
) -> Iterator[Diagnostic]:
    """Yield what is wrong for the client at a domain that is not served: its search must go on.

    The reason for a request that could not be sent is added to `unknowns`.
    """
    if target.serves_every_domain():
        return
    transcript, unknown = run_client(
        client, target, f"{target.local_part}@{target.unserved_domain}"
    )
    # This server cannot change what DNS says about a domain that is not served.
    if unanswered_requests := [
        reason for request, reason in unknown.items() if isinstance(request, ClientRequest)
    ]:
        unknown_reasons.append(unanswered_requests[0])
        return
    if transcript.outcome.account:
        yield client_diagnostic("stranger-account", f"{transcript.outcome.account}")
    elif transcript.outcome.has_stopped:
        yield client_diagnostic("stranger-stops", next(iter(transcript.outcome.reasons[-1:]), ""))


def _address_variant_findings(
    client: SimulatedClient,
    target: ConformanceTarget,
    expected: Account,
    unknown_reasons: list[str],
) -> Iterator[Diagnostic]:
    variants = {"+tag": f"{target.local_part}+tag@{target.domain}"}
    if client.keeps_case:
        variants["a domain in capitals"] = f"{target.local_part}@{target.domain.upper()}"
    for variant, typed_address in variants.items():
        try:
            transcript, unknown = run_client(client, target, typed_address)
        except AddressError:
            continue  # The tag makes the address too long.
        if reason := unknown_reason(transcript, unknown):
            unknown_reasons.append(reason)
            continue
        variant_outcome = transcript.outcome
        if variant_outcome.account is None:
            reasons = "; ".join(_limited(variant_outcome.reasons)[:3])
            yield client_diagnostic("client-variant", f"with {variant}: {reasons}")
        elif _endpoints(variant_outcome.account) != _endpoints(expected):
            yield client_diagnostic(
                "client-other-account", f"with {variant}: {variant_outcome.account}"
            )
        elif " " in variant_outcome.account.incoming.login:
            yield client_diagnostic("client-login-space", f"with {variant}")


def _endpoints(account: Account) -> tuple[tuple[str, str, int, str], ...]:
    servers = account.incoming, account.outgoing
    return tuple((server.kind, server.host, server.port, server.security) for server in servers)
