"""Read the plain data of a providers file into a catalog, and report every mistake."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waypost.core.address import DomainName
from waypost.core.model import (
    Catalog,
    Directory,
    DirectoryPolicy,
    Domain,
    DomainPattern,
    ExternalDomains,
    Provider,
    Redirect,
    Service,
    SqlDirectory,
    missing_mail_service,
)
from waypost.providers_file.aliases import AliasEntry, with_aliases
from waypost.providers_file.attributes import check_attributes
from waypost.providers_file.domains import (
    DomainsFile,
    KnownDomains,
    check_redirect,
    read_domains_file,
    register_domain,
)
from waypost.providers_file.domains_file import DomainBlocks, FileBlock
from waypost.providers_file.inherit import Inheritance
from waypost.providers_file.models.domain import DomainTable, UsersTable
from waypost.providers_file.models.provider import PagesTable, ProviderTable
from waypost.providers_file.models.rules import FileContext
from waypost.providers_file.models.service import unusable_formats
from waypost.providers_file.tables import (
    TABLES,
    ParsedTable,
    file_context,
    read_defaults,
    read_directories,
    read_tables,
)
from waypost.providers_file.validation import Mistakes, printable_key, unknown_keys
from waypost.providers_file.validators import SHORT_NAME_MAX_CHARS

_USER_KEYS: Final = ("directory", "unknown_user", "show_display_name")


@dataclass(frozen=True, slots=True)
class _ServiceEntry:
    """A service of a provider, and the domains that have this service; None is all domains."""

    path: str
    service: Service
    domains: frozenset[str] | None


def read_catalog(report: Mistakes, data: Mapping[str, object], folder: Path | None) -> Catalog:
    """Read a whole file; the catalog lacks the parts that have mistakes.

    Args:
        report: receives the mistakes.
        data: the plain data of the file.
        folder: paths of other files are relative to it; None if other files cannot be used.
    """
    for key, rule in unknown_keys(data, tuple(TABLES)):
        report.problem(printable_key(key), rule)
    if not any(key in data for key in TABLES):
        report.problem(
            "", "there is no provider; begin with [[provider]], name, domains and services"
        )
    context = file_context(data, folder)
    directories = read_directories(report, data, context)
    templates = read_tables(report, data, "template", context)
    providers = read_tables(report, data, "provider", context)
    defaults = read_defaults(report, data, context)
    inheritance = Inheritance(report, templates, providers, defaults)
    known_domains = KnownDomains()
    reader = _Reader(report, known_domains, inheritance, directories, context)
    blocks: list[Sequence[Domain] | FileBlock] = []
    unused: list[Provider] = []
    external_domains: list[ExternalDomains] = []
    for table in providers:
        provider, provider_blocks, external = reader.read(table)
        blocks += provider_blocks
        external_domains += external
        if provider is not None and not external and not any(map(len, provider_blocks)):
            unused.append(provider)
    blocks = with_aliases(report, blocks, reader.aliases, known_domains.domains)
    known_domains.report_duplicates(report)
    known_domains.report_loops(report)
    parts = (tuple(directories.values()), tuple(unused), tuple(external_domains))
    if any(isinstance(block, FileBlock) for block in blocks):
        return Catalog(DomainBlocks(blocks), *parts)
    return Catalog(tuple(domain for block in blocks for domain in block), *parts)


def default_short_name(name: str) -> str:
    """Return the first word of a name, cut to the allowed length."""
    return name.split(maxsplit=1)[0][:SHORT_NAME_MAX_CHARS]


def warn_of_unusable_domains(report: Mistakes, path: str, domains: Sequence[Domain]) -> None:
    """Warn of domains that cannot both receive and send mail."""
    domains_by_lack: dict[str, list[str]] = {}
    for domain in domains:
        lack = (
            None
            if domain.redirect
            else missing_mail_service(service.type for service in domain.services)
        )
        if lack is not None:
            domains_by_lack.setdefault(lack, []).append(str(domain.pattern))
    for lack, names in domains_by_lack.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        report.warn(path, f"{lack} for {', '.join(names[:3])}{more}")


class _Reader:
    """A reader of providers whose tables have no mistakes in themselves."""

    def __init__(
        self,
        report: Mistakes,
        known_domains: KnownDomains,
        inheritance: Inheritance,
        directories: Mapping[str, Directory],
        context: FileContext,
    ) -> None:
        self._report = report
        self._known_domains = known_domains
        self._inheritance = inheritance
        self._directories = directories
        self._file_context = context
        self.aliases: list[AliasEntry] = []

    def read(
        self, table: ParsedTable
    ) -> tuple[Provider | None, list[Sequence[Domain] | FileBlock], list[ExternalDomains]]:
        """Return the provider, its domains, and its domains from a directory."""
        model = table.model
        provider = self._provider(table)
        if not isinstance(model, ProviderTable) or provider is None:
            self._register_domains(table)
            return None, [], []
        users = self._users(lambda key: self._inheritance.users(table, key), None)
        redirect = model.redirect()
        entries = list(self._services(table))
        select_services = _service_selector([(entry.service, entry.domains) for entry in entries])
        domains, registered = self._domains(table, model, provider, users, select_services)
        file = self._domains_file(table, model, entries, redirect)
        all_registered = len(registered) == len(model.domains)
        if all_registered and (file is not None or model.domains_file is None):
            self._report_unknown_domains(entries, registered | (file.matches if file else set()))
        for entry in entries:
            policies = [users, *(domain.users for domain in domains)]
            check_attributes(self._report, entry.path, entry.service, policies)
        blocks: list[Sequence[Domain] | FileBlock] = [domains]
        if file is not None:
            blocks.append(
                FileBlock(file.path, provider, select_services, users, file.count, redirect)
            )
        first_patterns = file.first if file is not None and redirect is None else ()
        first_of_file = [
            Domain(pattern, provider, select_services(pattern.text)) for pattern in first_patterns
        ]
        warn_of_unusable_domains(self._report, table.path, [*domains, *first_of_file])
        return (
            provider,
            blocks,
            self._external_domains(table, model, provider, select_services(""), users),
        )

    def _provider(self, table: ParsedTable) -> Provider | None:
        """Return the provider with what it inherits; None if one of the tables has mistakes."""
        if not isinstance(table.model, ProviderTable):
            return None
        values = table.model.values_for(Provider, without=("name", "short_name"))
        for key in PagesTable.model_fields if self._inheritance.inherits(table) else ():
            _, pages = self._inheritance.pages(table, key)
            if pages is None:
                return None
            if key in values:
                values[key] = pages.value_of(key)
        name, short_name = table.model.name, table.model.short_name
        return Provider(
            name, default_short_name(name) if short_name is None else short_name, **values
        )

    def _users(
        self, owner: Callable[[str], UsersTable | None], default: DirectoryPolicy | None
    ) -> DirectoryPolicy | None:
        """Return how users are looked up.

        Args:
            owner: returns the table that sets a key, or None if that table has mistakes.
            default: for keys that no table sets.
        """
        directory_owner, unknown_user_owner, display_name_owner = map(owner, _USER_KEYS)
        if directory_owner is None or unknown_user_owner is None or display_name_owner is None:
            return None
        label = directory_owner.directory_label()
        directory = default.directory if default is not None else None
        if label is not None:
            directory = self._directories.get(label)
        if directory is None:
            return None
        users = default or DirectoryPolicy(directory)
        show_display_name = display_name_owner.show_display_name
        return DirectoryPolicy(
            directory,
            unknown_user_owner.unknown_user or users.unknown_user,
            users.show_display_name if show_display_name is None else show_display_name,
        )

    def _domains(
        self,
        table: ParsedTable,
        model: ProviderTable,
        provider: Provider,
        users: DirectoryPolicy | None,
        select_services: Callable[[str], tuple[Service, ...]],
    ) -> tuple[list[Domain], set[str]]:
        """Return the domains that are not aliases, and the names of all that are new."""
        domains = []
        registered = set()
        redirect = model.redirect()
        for index, item in enumerate(model.domains):
            path = f"{table.path}.domains[{index}]"
            pattern, own_users, own_redirect = item, users, redirect
            if isinstance(item, DomainTable):
                pattern, own_redirect = item.name, item.redirect(redirect)
                own_users = self._users(dict.fromkeys(_USER_KEYS, item).get, users)
            if not isinstance(pattern, DomainPattern) or not register_domain(
                self._report, path, pattern, self._known_domains.domains
            ):
                continue
            registered.add(pattern.text)
            if isinstance(item, DomainTable) and item.alias_of is not None:
                self.aliases.append(AliasEntry(path, pattern, item.alias_of))
                continue
            if own_redirect is not None:
                check_redirect(self._report, path, pattern, own_redirect)
                if own_redirect.address_domain is not None:
                    self._known_domains.redirects[pattern.text] = DomainName(
                        own_redirect.address_domain
                    )
            domains.append(
                Domain(pattern, provider, select_services(pattern.text), own_users, own_redirect)
            )
        return domains, registered

    def _register_domains(self, table: ParsedTable) -> None:
        """Note where the domains of a provider with mistakes are."""
        items = table.data.get("domains")
        for index, item in enumerate(items if isinstance(items, list) else ()):
            text = item.get("name") if isinstance(item, dict) else item
            pattern = self._file_context.patterns.get(text) if isinstance(text, str) else None
            if pattern is not None:
                path = f"{table.path}.domains[{index}]"
                register_domain(self._report, path, pattern, self._known_domains.domains)

    def _domains_file(
        self,
        table: ParsedTable,
        model: ProviderTable,
        entries: Sequence[_ServiceEntry],
        redirect: Redirect | None,
    ) -> DomainsFile | None:
        path = model.domains_file
        if path is None:
            return None
        search_for = {text for entry in entries for text in entry.domains or ()}
        file = read_domains_file(self._report, path, self._known_domains, search_for, redirect)
        if file is not None and not file.count:
            self._report.warn(f"{table.path}.domains_file", f"{path} contains no domain")
        return file

    def _external_domains(
        self,
        table: ParsedTable,
        model: ProviderTable,
        provider: Provider,
        services: tuple[Service, ...],
        users: DirectoryPolicy | None,
    ) -> list[ExternalDomains]:
        """Return the domains that a directory supplies."""
        directory = self._directories.get(model.domains_from or "")
        if not isinstance(directory, SqlDirectory):
            return []
        redirect = model.redirect()
        lack = None if redirect else missing_mail_service(service.type for service in services)
        if lack is not None:
            self._report.warn(table.path, f"{lack} for the domains from {directory.label}")
        return [ExternalDomains(directory, provider, services, users, redirect)]

    def _services(self, table: ParsedTable) -> Iterator[_ServiceEntry]:
        owner, pages = self._inheritance.pages(table, "services")
        for index, service in enumerate(pages.services if pages is not None else ()):
            if owner.path != table.path and service.domains is not None:
                continue  # The service is for the domains of the provider that it belongs to.
            path = f"{owner.path}.services[{index}]"
            full = service.with_defaults(self._inheritance.service)
            if "formats" not in service.model_fields_set:
                for key, text in unusable_formats(full.type, full.formats):
                    self._report.warn(f"{path}.{key}", text)
            yield _ServiceEntry(path, full.build(), service.domains)

    def _report_unknown_domains(
        self, entries: Sequence[_ServiceEntry], known: AbstractSet[str]
    ) -> None:
        """Report services for domains that the provider does not have."""
        for entry in entries:
            for text in sorted((entry.domains or frozenset()) - known):
                rule = f"{text} is not one of this provider's domains"
                self._report.problem(f"{entry.path}.domains", rule)


def _service_selector(
    services: Sequence[tuple[Service, frozenset[str] | None]],
) -> Callable[[str], tuple[Service, ...]]:
    """Return a function from a domain to its services; equal services are the same object."""
    named_domains = frozenset(text for _, domains in services for text in domains or ())
    common = tuple(service for service, domains in services if domains is None)
    known: dict[tuple[Service, ...], tuple[Service, ...]] = {}

    def select_services(text: str) -> tuple[Service, ...]:
        if text not in named_domains:
            return common
        selected = tuple(
            service for service, domains in services if domains is None or text in domains
        )
        return known.setdefault(selected, selected)

    return select_services
