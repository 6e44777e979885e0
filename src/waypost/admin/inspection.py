"""Inspect one domain: previews, DNS records, host names, lint and doctor."""

from dataclasses import dataclass
from functools import cache
from typing import Final

from waypost.admin.checks.client_views import ClientView, client_views
from waypost.admin.checks.live_dns import LiveRecord, live_records
from waypost.admin.lookups import config_of_entry
from waypost.admin.objects import read_name
from waypost.admin.previews import preview
from waypost.admin.principal import Principal
from waypost.admin.readers import open_reader
from waypost.admin.results import Preview
from waypost.admin.source import AdminSource, open_source_store
from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import (
    AddressError,
    DomainMoved,
    InvalidObject,
    ObjectNotFound,
)
from waypost.core.model import ClientConfig, Domain, DomainPattern, MatchKind
from waypost.diagnostics.conformance.reports import ConformanceReport
from waypost.diagnostics.diagnostic import Diagnostic
from waypost.diagnostics.doctor.report_json import report_json
from waypost.diagnostics.doctor.runner import run_checks
from waypost.diagnostics.doctor.setup import doctor_context, tls_context
from waypost.diagnostics.lint.domains import lint_domain
from waypost.diagnostics.simulated_clients.session import ClientUser
from waypost.diagnostics.transports.resolving_transport import PrivateAddresses
from waypost.formats.discovery_hosts import APEX, host_names
from waypost.formats.dns import records_of, redirect_records_of, write
from waypost.formats.dns.records import DnsRecords
from waypost.formats.dns.zone_formats import ZONE_FORMATS
from waypost.store.protocol import Store

TTL_MAX_SECONDS: Final = 2**31 - 1
_ANSWER_SECONDS: Final = 10.0
_DOCTOR_SECONDS: Final = 300.0


@dataclass(frozen=True, slots=True)
class InspectionCases:
    """The use cases that inspect one domain."""

    source: AdminSource
    principal: Principal

    def preview(self, address: str, preview_format: str) -> Preview:
        """Return the answer that a client gets."""
        target: EmailAddress | DomainName
        try:
            is_address = "@" in address
            target = EmailAddress.parse(address) if is_address else DomainName.parse(address)
        except AddressError as error:
            raise InvalidObject([("address", str(error))]) from error
        domain = target.domain if isinstance(target, EmailAddress) else target
        return preview(self.source.settings, self._entry(domain), target, preview_format)

    def dns(self, domain: str, zone_format: str, ttl: int) -> Preview:
        """Return the DNS records of a domain in one of the formats of the command."""
        name = _exact(domain)
        if zone_format not in ZONE_FORMATS:
            raise InvalidObject([("format", f"must be one of {', '.join(ZONE_FORMATS)}")])
        if not 1 <= ttl <= TTL_MAX_SECONDS:
            raise InvalidObject([("ttl", f"must be a whole number from 1 to {TTL_MAX_SECONDS}")])
        config = self._config(name)
        published = published_records(name, config, self.source.settings.public_url, ttl)
        is_json = zone_format == "json"
        content_type = "application/json" if is_json else "text/plain; charset=utf-8"
        return Preview(content_type, write(published, zone_format))

    def names(self, domain: str) -> tuple[str, ...]:
        """Return the host names of a domain that need a certificate."""
        name, kinds = _exact(domain), self.source.settings.tls_names
        if self._entry(name).is_declined:
            return ()
        with open_source_store(self.source) as store:
            return tuple(
                host
                for host in host_names(name, kinds)
                if APEX not in kinds or host == name.ascii or not _is_served(store, host)
            )

    def lint(self, domain: str) -> dict[str, object]:
        """Return the findings of the linter about a domain or a pattern."""
        pattern = read_name(domain, "domain")
        if pattern.kind is MatchKind.EXACT:
            entry = self._entry(DomainName(pattern.text))
        else:
            with open_reader(self.source) as reader:
                entry = self._visible(pattern, reader.domain(pattern))
        result = lint_domain(entry)
        return {"domains": result.domains, "count": result.count, "findings": result.to_json()}

    def doctor(self, domain: str) -> dict[str, object]:
        """Return the findings of the doctor about a domain; this takes up to minutes."""
        name = _exact(domain)
        config, url = self._config(name), self.source.settings.public_url
        records = published_records(name, config, url).records
        address = EmailAddress.parse(f"postmaster@{name}")
        context = doctor_context(
            address,
            "system",
            tls_context(None),
            seconds=(_ANSWER_SECONDS, _DOCTOR_SECONDS),
            database_url="",
            # A tenant chooses names and ports, and must not learn about the operator's network.
            private=PrivateAddresses.NEVER
            if self.principal.is_tenant
            else PrivateAddresses.UNTIL_PUBLIC,
        )
        findings: list[Diagnostic] = []
        reports: list[ConformanceReport] = []
        for step in run_checks(context, lambda _document: records):
            for result in step:
                if isinstance(result, ConformanceReport):
                    reports.append(result)
                else:
                    findings.append(result)
        is_complete = not context.target.http.is_exhausted and not context.unanswered
        about = {"address": f"{address}", "domain": name.ascii, "complete": is_complete}
        return about | report_json(findings, reports)

    def clients(self, address: str) -> tuple[ClientView, ...]:
        """Return what each recorded client sets up for a user."""
        try:
            user = ClientUser.parse(address)
        except AddressError as error:
            raise InvalidObject([("address", str(error))]) from error
        domain = user.address.domain
        entry, config = self._entry(domain), self._config(domain)
        records = published_records(domain, config, self.source.settings.public_url).records

        @cache  # Several clients get the same answer, and a directory is asked for each.
        def preview_of(target: str, preview_format: str) -> Preview:
            parsed = EmailAddress.parse(target) if "@" in target else DomainName.parse(target)
            return preview(self.source.settings, entry, parsed, preview_format)

        return client_views(user, preview_of, records)

    def live_dns(self, domain: str) -> tuple[LiveRecord, ...]:
        """Return the DNS records of a domain, and which of them are published now."""
        name = _exact(domain)
        config = self._config(name)
        records = published_records(name, config, self.source.settings.public_url).records
        return tuple(live_records(records))

    def _entry(self, name: DomainName) -> Domain:
        """Return the entry that serves a domain.

        Raises:
            ObjectNotFound: there is none, or the principal must not see it.
        """
        with open_source_store(self.source) as store:
            entry = store.find(name)
        return self._visible(DomainPattern(name.ascii), entry)

    def _visible(self, pattern: DomainPattern, entry: Domain | None) -> Domain:
        if entry is None or not self.principal.sees_domain(pattern, entry.provider.name):
            raise ObjectNotFound(f"{pattern} is not served here")
        return entry

    def _config(self, name: DomainName) -> ClientConfig | DomainMoved:
        entry = self._entry(name)
        try:
            return config_of_entry(entry, name, self.source.settings, lambda _line: None)
        except DomainMoved as moved:
            return moved


def published_records(
    name: DomainName, config: ClientConfig | DomainMoved, public_url: str | None, ttl: int = 3600
) -> DnsRecords:
    """Return the DNS records that a domain should publish.

    Args:
        name: the domain.
        config: its configuration, or where it has moved.
        public_url: where clients of all domains reach Waypost, or None.
        ttl: of the records, in seconds.
    """
    if isinstance(config, DomainMoved):
        return redirect_records_of(name, config, public_url, ttl)
    return records_of(config, public_url, ttl)


def _exact(text: str) -> DomainName:
    pattern = read_name(text, "domain")
    if pattern.kind is not MatchKind.EXACT:
        rule = "a pattern publishes nothing; use a domain that the pattern matches"
        raise InvalidObject([("domain", rule)])
    return DomainName(pattern.text)


def _is_served(store: Store, host: str) -> bool:
    """Return whether a host name is also a mail domain, which has its own certificate."""
    entry = store.find(DomainName(host))
    return entry is not None and entry.pattern.text == host and not entry.is_declined
