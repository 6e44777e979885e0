"""Any server, seen through all recorded clients: which can set up an account, and why not."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

from waypost.check.probes import Asked, Probe
from waypost.check.recorded import CLIENTS
from waypost.check.recorded.client import Client
from waypost.check.recorded.conversation import Account, Heard, User, converse
from waypost.check.schema_probes import PROBES
from waypost.check.structure import BEGINS_PLAIN, FROM_THE_START
from waypost.check.wire import NOT_ASKED
from waypost.errors import AddressError

UNSERVED: Final = "waypost-conformance.invalid"
FINDINGS_MAX: Final = 12

Verdict = Literal["works", "works with warnings", "fails", "not offered", "not asked"]


@dataclass(frozen=True, slots=True)
class Report:
    """What was found about one client, or by one probe.

    Attributes:
        kind: `client` or `server`.
        account: what the client ends with; None where it is none, or for a probe.
        findings: why it does not simply work, a line each.
        beside: what else the client ends with, a type and a URL each.
    """

    kind: Literal["client", "server"]
    key: str
    name: str
    verdict: Verdict
    findings: tuple[str, ...] = ()
    account: Account | None = None
    beside: tuple[str, ...] = ()

    @property
    def link(self) -> str:
        """Where the client or the rule is told about."""
        page = "clients" if self.kind == "client" else "conformance"
        return f"docs/{page}.md#{self.key}"


def reports(asked: Asked) -> Iterator[Report]:
    """Let every client ask, then every probe; bounded by the limits of the wire."""
    yield from reports_of_clients(asked)
    yield from reports_of_probes(_probes(asked), asked)


def reports_of_clients(asked: Asked) -> Iterator[Report]:
    """Let every client ask."""
    for client in CLIENTS:
        yield _whole(of_client(client, asked), asked)


def reports_of_probes(probes: Iterable[Probe], asked: Asked) -> Iterator[Report]:
    """Try some rules."""
    for probe in probes:
        yield _whole(of_probe(probe, asked), asked)


def _whole(report: Report, asked: Asked) -> Report:
    """Blame nobody for what was not asked any more."""
    if not asked.wire.is_exhausted:
        return report
    is_seen = report.kind == "server" and report.findings
    if is_seen and not any(NOT_ASKED in finding for finding in report.findings):
        return report
    return Report(report.kind, report.key, report.name, "not asked")


def steps(asked: Asked) -> int:
    """Tell how many reports there will be."""
    return len(CLIENTS) + len(_probes(asked))


def _probes(asked: Asked) -> list[Probe]:
    return [one for one in PROBES if asked.resolver is not None or not one.needs_dns]


def of_probe(probe: Probe, asked: Asked) -> Report:
    """Try one rule, where the server has what it is about."""
    if not probe.applies(asked):
        return Report("server", probe.key, probe.about, "not offered")
    findings = tuple(probe.finds(asked))[:FINDINGS_MAX]
    return Report("server", probe.key, probe.about, "fails" if findings else "works", findings)


def of_client(client: Client, asked: Asked) -> Report:
    """Let one client search for an address, and for its variants."""
    heard = _hear(client, asked, asked.address)
    outcome = heard.outcome

    def report(verdict: Verdict, findings: Iterable[str]) -> Report:
        told, account = tuple(findings), outcome.account
        is_server = account is None and outcome.source
        beside = (f"activesync {outcome.source}",) if is_server else outcome.beside
        return Report("client", client.key, client.name, verdict, told, account, beside)

    if client.needs and outcome.account is None and _refused(heard):
        return report("not offered", [f"the server has not {client.needs}"])
    nothing = outcome.account is None and not outcome.source
    if (client.expects_account and nothing) or outcome.has_stopped:
        return report("fails", _shortened(outcome.reasons))
    warnings = list(outcome.warnings)
    warnings += _without_protection(outcome.account)
    warnings += _without_connection(outcome.account)
    wrong = list(_for_strangers(client, asked))
    if outcome.account:
        warnings += _for_variants(client, asked, outcome.account)
    if wrong:
        return report("fails", wrong + warnings)
    if outcome.account is None and outcome.source:
        return report("works", [])
    if not client.expects_account:
        return report("not offered", ["it looks for Exchange, and is refused as it should be"])
    return report("works with warnings" if warnings else "works", warnings)


def _hear(client: Client, asked: Asked, typed: str) -> Heard:
    return converse(client.asks(User.typing(typed)), asked.wire.answer, asked.resolve)


def _refused(heard: Heard) -> bool:
    return all(400 <= response.status < 500 for _, response in heard.exchanges)


def _shortened(reasons: tuple[str, ...]) -> tuple[str, ...]:
    if len(reasons) > FINDINGS_MAX:
        return (*reasons[:FINDINGS_MAX], f"and {len(reasons) - FINDINGS_MAX} more")
    return reasons or ("it finds nothing",)


def _without_protection(account: Account | None) -> Iterator[str]:
    for server in (account.incoming, account.outgoing) if account else ():
        if server.security == "none":
            yield f"without TLS: {server.kind} {server.host}:{server.port}"


def _without_connection(account: Account | None) -> Iterator[str]:
    """Tell where client and server wait for each other, or talk past each other (RFC 8314 s7.3)."""
    for server in (account.incoming, account.outgoing) if account else ():
        place = f"{server.kind} {server.host}:{server.port}"
        if server.security == "starttls" and server.port in FROM_THE_START:
            yield f"STARTTLS on a port where TLS is there from the start, so it waits: {place}"
        if server.security == "tls" and server.port in BEGINS_PLAIN:
            yield f"TLS from the start on a port where it comes by STARTTLS: {place}"


def _for_strangers(client: Client, asked: Asked) -> Iterator[str]:
    """Let it search for a domain that the server does not know: it must go on elsewhere."""
    if asked.serves_strangers():
        return
    heard = _hear(client, asked, f"{asked.local_part}@{asked.unserved}")
    if heard.outcome.account:
        yield f"it gets an account for a domain that is not served: {heard.outcome.account}"
    elif heard.outcome.has_stopped:
        why = next(iter(heard.outcome.reasons[-1:]), "")
        yield f"for a domain that is not served its search ends: {why}"


def _for_variants(client: Client, asked: Asked, expected: Account) -> Iterator[str]:
    variants = {"+tag": f"{asked.local_part}+tag@{asked.domain}"}
    if client.keeps_case:
        variants["a domain in capitals"] = f"{asked.local_part}@{asked.domain.upper()}"
    for what, typed in variants.items():
        try:
            found = _hear(client, asked, typed).outcome
        except AddressError:
            continue  # The tag makes it too long.
        if found.account is None:
            reasons = "; ".join(_shortened(found.reasons)[:3])
            yield f"no account for an address with {what}: {reasons}"
        elif _places(found.account) != _places(expected):
            yield f"another account for an address with {what}: {found.account}"
        elif " " in found.account.incoming.login:
            yield f"a login name with a space for an address with {what}"


def _places(account: Account) -> tuple[tuple[str, str, int, str], ...]:
    servers = account.incoming, account.outgoing
    return tuple((one.kind, one.host, one.port, one.security) for one in servers)
