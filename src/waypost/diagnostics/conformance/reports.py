"""Reports about any server: which simulated clients can set up an account, or why not."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal

from waypost.core.errors import AddressError, NamesUnavailable
from waypost.diagnostics.conformance.account_checks import (
    AccountCheck,
    CheckAccount,
    unchecked,
    without_connection,
    without_protection,
)
from waypost.diagnostics.conformance.client_codes import NO_ACCOUNT, client_diagnostic
from waypost.diagnostics.conformance.probes import Probe
from waypost.diagnostics.conformance.rule_codes import RULE_CODES
from waypost.diagnostics.conformance.schema_probes import PROBES
from waypost.diagnostics.conformance.target import ConformanceTarget
from waypost.diagnostics.diagnostic import Diagnostic, explain_command
from waypost.diagnostics.simulated_clients import CLIENTS
from waypost.diagnostics.simulated_clients.client import SimulatedClient
from waypost.diagnostics.simulated_clients.dns import DnsAnswer, DnsLookup
from waypost.diagnostics.simulated_clients.session import (
    Account,
    ClientRequest,
    ClientUser,
    Outcome,
    RequestOrLookup,
    Transcript,
    run_session,
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
        silent: the hosts that the client asked and that did not answer.
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
    silent: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    remark: str = ""
    topic: str = ""

    @property
    def findings(self) -> tuple[str, ...]:
        """Return the findings, one line each."""
        lines = tuple(one.line for one in self.diagnostics)
        return (*lines, self.remark) if self.remark else lines

    @property
    def link(self) -> str:
        """Return the command that explains the client or the rule."""
        return explain_command(self.topic or self.key)


def reports(target: ConformanceTarget) -> Iterator[ConformanceReport]:
    """Yield the report of every client, then of every probe."""
    yield from reports_of_clients(target)
    yield from reports_of_probes(_probes(target), target)


def reports_of_clients(
    target: ConformanceTarget, check: CheckAccount = unchecked
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
            yield of_client(client, target, check)


def reports_of_probes(
    probes: Iterable[Probe], target: ConformanceTarget
) -> Iterator[ConformanceReport]:
    """Yield the report of each probe."""
    for probe in probes:
        yield of_probe(probe, target)


def steps(target: ConformanceTarget) -> int:
    """Return how many reports there will be."""
    return len(CLIENTS) + len(_probes(target))


def _probes(target: ConformanceTarget) -> list[Probe]:
    return [one for one in PROBES if target.resolver is not None or not one.needs_dns]


def of_probe(probe: Probe, target: ConformanceTarget) -> ConformanceReport:
    """Check one rule, if the server has what the rule is about."""

    def report(verdict: Verdict, seen: Iterable[str] = (), remark: str = "") -> ConformanceReport:
        about = RULE_CODES[probe.key]
        held = tuple(Diagnostic(about, detail=text) for text in seen)
        return ConformanceReport("server", probe.key, probe.about, verdict, held, remark=remark)

    already = len(target.http.unknown_reasons)
    try:
        applies = probe.applies(target)
        findings = tuple(probe.finds(target))[:FINDINGS_MAX] if applies else ()
    except NamesUnavailable as error:
        return report("not checked", remark=f"{error}")
    unknown = tuple(dict.fromkeys(target.http.unknown_reasons[already:]))
    # A finding that only says that a request could not be sent is no finding.
    findings = tuple(one for one in findings if not any(why in one for why in unknown))
    if unknown and not findings:
        return report("not checked", remark=unknown[0])
    if not applies:
        return report("not offered")
    return report("fails" if findings else "works", findings)


def of_client(
    client: SimulatedClient, target: ConformanceTarget, check: CheckAccount = unchecked
) -> ConformanceReport:
    """Return the report of one client, for an address and other forms of the address.

    Args:
        client: which one.
        target: the domain.
        check: checks the mail servers of its account.
    """
    heard, unknown = _hear(client, target, target.address)
    outcome = heard.outcome
    if why := reason_of_doubt(heard, unknown):
        return _report_on(client, "not checked", remark=why)
    verdict, found, remark = _without_account(client, heard) or _verdict(
        client, target, outcome, check
    )
    is_server = outcome.account is None and outcome.source
    other_services = (f"activesync {outcome.source}",) if is_server else outcome.other_services
    return replace(
        _report_on(client, verdict, remark=remark),
        diagnostics=tuple(found),
        account=outcome.account,
        other_services=other_services,
        source=outcome.source,
        silent=frozenset(one.host for one, answer in heard.exchanges if not answer.status),
        paths=frozenset(one.path for one, _ in heard.exchanges),
    )


def _report_on(client: SimulatedClient, verdict: Verdict, remark: str) -> ConformanceReport:
    return ConformanceReport(
        "client", client.key, client.name, verdict, remark=remark, topic=client.topic
    )


_Judged = tuple[Verdict, list[Diagnostic], str]


def _without_account(client: SimulatedClient, heard: Transcript) -> _Judged | None:
    """Return the verdict of a search without a result; None if it has a result."""
    outcome = heard.outcome
    has_found = outcome.account or outcome.other_services
    if client.needs and not has_found and _refused(heard):
        return "not offered", [], f"the server does not have {client.needs}"
    nothing = outcome.account is None and not outcome.source
    if (client.expects_account and nothing) or outcome.has_stopped:
        return (
            "fails",
            [client_diagnostic(NO_ACCOUNT, one) for one in _shortened(outcome.reasons)],
            "",
        )
    return None


def _verdict(
    client: SimulatedClient, target: ConformanceTarget, outcome: Outcome, check: CheckAccount
) -> _Judged:
    """Return the verdict of a search that ended with an account, a server, or as it should."""
    found = [client_diagnostic("client-trouble", one) for one in outcome.warnings]
    checked = check(outcome.account) if outcome.account else AccountCheck()
    found += [*checked.diagnostics, *without_connection(outcome.account, checked.good)]
    found += without_protection(outcome.account)
    unknowns = [checked.unknown] if checked.unknown else []
    found += _for_strangers(client, target, unknowns)
    if outcome.account:
        found += _for_variants(client, target, outcome.account, unknowns)
    if any(one.severity == "error" for one in found):
        return "fails", sorted(found, key=lambda one: one.severity != "error"), ""
    if unknowns:
        return "not checked", found, unknowns[0]
    if outcome.account is None and (outcome.source or outcome.other_services):
        return "works", [], ""
    if not client.expects_account:
        missing = f"the server does not have {client.needs}" if client.needs else _NO_EXCHANGE
        return "not offered", [], missing
    return ("works with warnings" if found else "works"), found, ""


Unknown = Mapping[RequestOrLookup, str]
"""The requests and look-ups that could not be sent, each with the reason."""


def reason_of_doubt(heard: Transcript, unknown: Unknown) -> str:
    """Return why the outcome of a search is unknown; empty if the outcome is reliable.

    A question that could not be asked makes the outcome unknown, unless the client had found its
    account before that question.
    """
    outcome = heard.outcome
    has_found = outcome.account is not None or outcome.source or outcome.other_services
    for question, why in unknown.items():
        if not has_found or not _is_later(question, heard):
            return why
    return ""


def _is_later(question: RequestOrLookup, heard: Transcript) -> bool:
    source = heard.outcome.source
    for one in heard.requests:
        if one == question:
            return False
        if isinstance(one, ClientRequest) and one.url == source:
            return True
    return False


def _hear(
    client: SimulatedClient, target: ConformanceTarget, typed: str
) -> tuple[Transcript, Unknown]:
    unknown: dict[RequestOrLookup, str] = {}

    def resolve(lookup: DnsLookup) -> tuple[DnsAnswer, ...]:
        try:
            return target.resolve(lookup)
        except NamesUnavailable as error:
            unknown[lookup] = f"{error}"
            return ()

    heard = run_session(client.search(ClientUser.parse(typed)), target.http.send, resolve)
    unknown |= {request: one.reason for request, one in heard.exchanges if one.is_unknown}
    return heard, unknown


def _refused(heard: Transcript) -> bool:
    return all(400 <= response.status < 500 for _, response in heard.exchanges)


def _shortened(reasons: tuple[str, ...]) -> tuple[str, ...]:
    if len(reasons) > FINDINGS_MAX:
        return (*reasons[:FINDINGS_MAX], f"and {len(reasons) - FINDINGS_MAX} more")
    return reasons or ("it finds nothing",)


def _for_strangers(
    client: SimulatedClient, target: ConformanceTarget, unknowns: list[str]
) -> Iterator[Diagnostic]:
    """Yield what is wrong for the client at a domain that is not served: its search must go on.

    The reason for a request that could not be sent is added to `unknowns`.
    """
    if target.serves_every_domain():
        return
    heard, unknown = _hear(client, target, f"{target.local_part}@{target.unserved}")
    # This server cannot change what DNS says about a domain that is not served.
    if unanswered := [why for one, why in unknown.items() if isinstance(one, ClientRequest)]:
        unknowns.append(unanswered[0])
        return
    if heard.outcome.account:
        yield client_diagnostic("stranger-account", f"{heard.outcome.account}")
    elif heard.outcome.has_stopped:
        yield client_diagnostic("stranger-stops", next(iter(heard.outcome.reasons[-1:]), ""))


def _for_variants(
    client: SimulatedClient, target: ConformanceTarget, expected: Account, unknowns: list[str]
) -> Iterator[Diagnostic]:
    variants = {"+tag": f"{target.local_part}+tag@{target.domain}"}
    if client.keeps_case:
        variants["a domain in capitals"] = f"{target.local_part}@{target.domain.upper()}"
    for what, typed in variants.items():
        try:
            heard, unknown = _hear(client, target, typed)
        except AddressError:
            continue  # The tag makes the address too long.
        if why := reason_of_doubt(heard, unknown):
            unknowns.append(why)
            continue
        found = heard.outcome
        if found.account is None:
            reasons = "; ".join(_shortened(found.reasons)[:3])
            yield client_diagnostic("client-variant", f"with {what}: {reasons}")
        elif _places(found.account) != _places(expected):
            yield client_diagnostic("client-other-account", f"with {what}: {found.account}")
        elif " " in found.account.incoming.login:
            yield client_diagnostic("client-login-space", f"with {what}")


def _places(account: Account) -> tuple[tuple[str, str, int, str], ...]:
    servers = account.incoming, account.outgoing
    return tuple((one.kind, one.host, one.port, one.security) for one in servers)
