"""All use cases for one principal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Unpack

from waypost.admin.audit.cases import AuditCases
from waypost.admin.bulk import BulkChange
from waypost.admin.changes import ChangeOptions
from waypost.admin.checks.client_views import ClientView
from waypost.admin.checks.directory_test import DirectoryTestCases
from waypost.admin.checks.discovery import CheckedServices, DiscoveryCases, Proposal
from waypost.admin.checks.live_dns import LiveRecord
from waypost.admin.checks.lookup_report import LookupReport
from waypost.admin.directories import DirectoryCases
from waypost.admin.domains import DomainCases
from waypost.admin.inspection import InspectionCases
from waypost.admin.links.cases import SetupLinkCases
from waypost.admin.principal import Principal
from waypost.admin.providers import ProviderCases
from waypost.admin.results import (
    NEW_OBJECT,
    AuditPage,
    BulkEvent,
    ChangeArguments,
    ChangeResult,
    Data,
    DeleteArguments,
    Page,
    Preview,
    StoredObject,
)
from waypost.admin.source import AdminSource
from waypost.admin.with_provider import DomainWithProviderCases
from waypost.store.sql.listing import DomainFilter

JsonObject = Mapping[str, object]


class Admin:
    """All use cases for one principal; cheap to create for each request.

    Every method raises StoreUnavailable if the database does not answer, and every change raises
    StoreReadOnly if the domains are in a providers file.
    """

    def __init__(self, source: AdminSource, principal: Principal) -> None:
        """Create the use cases.

        Args:
            source: the domains; the same object for all requests of a process.
            principal: who makes the request.
        """
        self.source = source
        self.principal = principal
        self._domains = DomainCases(source, principal)
        self._providers = ProviderCases(source, principal)
        self._directories = DirectoryCases(source, principal)
        self._audit = AuditCases(source, principal)
        self._inspection = InspectionCases(source, principal)
        self._discovery = DiscoveryCases(source, principal)
        self._directory_test = DirectoryTestCases(source, principal)
        self._with_provider = DomainWithProviderCases(source, principal)
        self.setup_links = SetupLinkCases(source, principal)

    def list_domains(
        self,
        *,
        prefix: str = "",
        provider: str | None = None,
        host: str | None = None,
        finding: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page:
        """Return domains, sorted by name.

        Args:
            prefix: only domains whose names begin with this text.
            provider: only domains of this provider.
            host: only domains with a service on this host, or with a URL on it.
            finding: only domains about which the linter finds this code; a part may then have few
                items, or none, also if it is not the last one.
            limit: of the items, at most 1000.
            cursor: `next` of the part before.

        Raises:
            InvalidObject: an argument is not allowed; the path is its name.
            ObjectNotFound: the principal sees no provider of this name.
        """
        wanted = DomainFilter(prefix, provider, host)
        return self._domains.page(wanted, limit, cursor, finding)

    def get_domain(self, name: str) -> StoredObject:
        """Return a domain or a pattern.

        Raises:
            ObjectNotFound: there is none.
            InvalidObject: `name` is not a domain.
        """
        return self._domains.get(name)

    def put_domain(
        self, name: str, data: JsonObject, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Create or replace a domain.

        Args:
            name: the domain.
            data: the object. Without `services`, the domain gets those of the provider's other
                domains, and without `users` then also their directory.
            how: how the change is made.

        Raises:
            InvalidObject: all mistakes at once.
            AccessForbidden: the principal may not change this domain.
            VersionConflict: `if_match` or `if_none_match` does not hold.
            ConfirmationNeeded: the domain has aliases, which would change with it.
        """
        return self._domains.put(name, data, ChangeOptions(**how))

    def add_domain_with_provider(
        self, name: str, data: JsonObject, *, dry_run: bool = False
    ) -> ChangeResult:
        """Create a domain together with its provider; undo of the domain takes back both.

        Raises:
            InvalidObject: all mistakes at once.
            AccessForbidden: the principal may not create providers.
            VersionConflict: the domain or the provider exists.
        """
        options = ChangeOptions(if_none_match=NEW_OBJECT, dry_run=dry_run)
        return self._with_provider.add(name, data, options)

    def copy_domain(self, name: str, like: str, **how: Unpack[ChangeArguments]) -> ChangeResult:
        """Create or replace a domain with the provider, services and directory of another one.

        Raises:
            InvalidObject: the other domain does not exist, is an alias, or is not served itself.
        """
        return self._domains.copy(name, like, ChangeOptions(**how))

    def patch_domain(
        self, name: str, patch: JsonObject, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Change a domain by a merge patch (RFC 7396); raises what `put_domain` raises."""
        return self._domains.patch(name, patch, ChangeOptions(**how))

    def delete_domain(self, name: str, **how: Unpack[DeleteArguments]) -> ChangeResult:
        """Delete a domain.

        Raises:
            ObjectInUse: another domain is an alias of this one.
        """
        return self._domains.delete(name, ChangeOptions(**how))

    def rename_domain(
        self, name: str, new_name: str, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Give a domain another name; its aliases follow it, if that is confirmed."""
        return self._domains.rename(name, new_name, ChangeOptions(**how))

    def list_providers(
        self, *, prefix: str = "", limit: int = 50, cursor: str | None = None
    ) -> Page:
        """Return providers, sorted by name."""
        return self._providers.page(prefix, limit, cursor)

    def provider_names(self) -> list[str]:
        """Return the names of all providers, sorted; faster than a list with their domains."""
        return self._providers.names()

    def get_provider(self, name: str) -> StoredObject:
        """Return a provider, with `domains`, the number of its domains."""
        return self._providers.get(name)

    def put_provider(
        self, name: str, data: JsonObject, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Create or replace a provider.

        Raises:
            ConfirmationNeeded: how many domains would change.
        """
        return self._providers.put(name, data, ChangeOptions(**how))

    def patch_provider(
        self, name: str, patch: JsonObject, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Change a provider by a merge patch (RFC 7396)."""
        return self._providers.patch(name, patch, ChangeOptions(**how))

    def delete_provider(self, name: str, **how: Unpack[DeleteArguments]) -> ChangeResult:
        """Delete a provider.

        Raises:
            ObjectInUse: it has domains.
        """
        return self._providers.delete(name, ChangeOptions(**how))

    def rename_provider(
        self, name: str, new_name: str, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Give a provider another name."""
        return self._providers.rename(name, new_name, ChangeOptions(**how))

    def list_directories(
        self, *, prefix: str = "", limit: int = 50, cursor: str | None = None
    ) -> Page:
        """Return directories, sorted by label.

        A tenant gets only the labels that its domains use.
        """
        return self._directories.page(prefix, limit, cursor)

    def get_directory(self, label: str) -> StoredObject:
        """Return a directory, without its secret."""
        return self._directories.get(label)

    def put_directory(
        self, label: str, data: JsonObject, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Create or replace a directory; without a secret, the stored one stays."""
        return self._directories.put(label, data, ChangeOptions(**how))

    def patch_directory(
        self, label: str, patch: JsonObject, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Change a directory by a merge patch (RFC 7396)."""
        return self._directories.patch(label, patch, ChangeOptions(**how))

    def delete_directory(self, label: str, **how: Unpack[DeleteArguments]) -> ChangeResult:
        """Delete a directory.

        Raises:
            ObjectInUse: domains use it.
        """
        return self._directories.delete(label, ChangeOptions(**how))

    def put_service(
        self, name: str, index: int, service: JsonObject | None, **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Change one service of one domain; other domains keep theirs.

        Args:
            name: the domain.
            index: in `services`; their number adds one.
            service: the object; None removes the service.
            how: how the change is made; `if_match` is the version of the domain.
        """
        return self._domains.put_service(name, index, service, ChangeOptions(**how))

    def put_provider_services(
        self, name: str, services: Iterable[JsonObject], **how: Unpack[ChangeArguments]
    ) -> ChangeResult:
        """Set the services of all domains of a provider.

        Raises:
            ConfirmationNeeded: how many domains would change.
        """
        return self._providers.put_services(name, services, ChangeOptions(**how))

    def bulk(
        self, lines: Iterable[bytes], *, confirm: bool = False, dry_run: bool = False
    ) -> Iterator[BulkEvent]:
        """Change many domains in one transaction; all of them or none.

        Args:
            lines: JSON objects (NDJSON): a domain with its `name`, and `op`: `put` (the default),
                `add`, `patch` (RFC 7396) or `delete`.
            confirm: also change the aliases of the domains.
            dry_run: only plan the changes.

        Yields:
            Progress, then mistakes, then the end.
        """
        options = ChangeOptions(confirm=confirm, dry_run=dry_run)
        return BulkChange(self.source, self.principal, options).run(lines)

    def export(self) -> Iterator[StoredObject]:
        """Yield all domains that the principal may see, by name."""
        return self._domains.export()

    def audit(
        self,
        *,
        object: str | None = None,  # noqa: A002 -- its name in the API
        since: datetime | None = None,
        limit: int = 50,
        cursor: str | None = None,
        include_access: bool = True,
    ) -> AuditPage:
        """Return the audit log, newest entries first.

        A tenant gets the entries of its domains, and those about its own token or its own sign-ins.

        Args:
            object: `domain:NAME`, `provider:NAME`, `directory:LABEL`, `setup_link:DOMAIN`,
                `token:NAME`, `sign_in_link:NAME`, `session:NAME`, or the name of a domain.
            since: only entries at this time or later.
            limit: of the items, at most 1000.
            cursor: `next` of the part before.
            include_access: also entries about tokens, sign-in links and sessions.
        """
        return self._audit.page(object, since, limit, cursor, include_access=include_access)

    def undo(self, audit_id: int, *, confirm: bool = False, dry_run: bool = False) -> ChangeResult:
        """Undo a change.

        Raises:
            ObjectNotFound: there is no such entry.
            UndoRefused: the object has changed since, or a secret cannot be restored.
        """
        return self._audit.undo(audit_id, ChangeOptions(confirm=confirm, dry_run=dry_run))

    def preview(self, address: str, format: str) -> Preview:  # noqa: A002 -- its name in the API
        """Return the answer that a client gets, byte for byte.

        Args:
            address: of a user; a domain alone is enough for autoconfig and pacc.
            format: `autoconfig`, `autodiscover`, `autodiscover-json`, `activesync`,
                `mobileconfig` or `pacc`.

        Raises:
            InvalidObject: the address or the format is not allowed.
            ObjectNotFound: the domain is not served for this principal.
            NoUsableService, ServiceNotOffered, UserDeclined, DomainMoved: the answer has no
                document.
        """
        return self._inspection.preview(address, format)

    def dns(self, domain: str, format: str = "json", ttl: int = 3600) -> Preview:  # noqa: A002 -- its name in the API
        """Return the DNS records of a domain, as `waypost show dns` prints them."""
        return self._inspection.dns(domain, format, ttl)

    def names(self, domain: str) -> tuple[str, ...]:
        """Return the host names of a domain that need a certificate."""
        return self._inspection.names(domain)

    def lint(self, domain: str) -> dict[str, object]:
        """Return what `waypost lint --domain --json` prints."""
        return self._inspection.lint(domain)

    def doctor(self, domain: str) -> dict[str, object]:
        """Return what `waypost doctor --json` prints for a user of a domain."""
        return self._inspection.doctor(domain)

    def clients(self, address: str) -> tuple[ClientView, ...]:
        """Return what each recorded mail client sets up for a user, without the network."""
        return self._inspection.clients(address)

    def live_dns(self, domain: str) -> tuple[LiveRecord, ...]:
        """Return the DNS records of a domain, and which of them are published now."""
        return self._inspection.live_dns(domain)

    def propose(
        self,
        domain: str,
        *,
        asks_database: bool = True,
        searches: bool = True,
        allow_private: bool = False,
    ) -> Proposal:
        """Propose the services of a new domain; a search takes up to 15 seconds.

        Raises:
            InvalidObject: the text is not a domain.
            AccessForbidden: the principal may not create it.
        """
        return self._discovery.propose(
            domain,
            asks_database=asks_database,
            searches=searches,
            allow_private=allow_private,
        )

    def check_services(
        self, domain: str, services: Sequence[Data], *, allow_private: bool = False
    ) -> CheckedServices:
        """Check the services of a new domain as the doctor does; this takes up to 15 seconds.

        Raises:
            InvalidObject: the text is not a domain, or a service is not valid.
            AccessForbidden: the principal may not create it.
        """
        return self._discovery.check(domain, services, allow_private=allow_private)

    def test_directory(self, label: str, address: str) -> LookupReport:
        """Look up a user in a directory, step by step.

        Raises:
            AccessForbidden: the principal is a tenant, or may only read.
            InvalidObject: the text is not an address.
            ObjectNotFound: there is no such directory.
        """
        return self._directory_test.run(label, address)
