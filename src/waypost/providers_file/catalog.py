"""Read the plain data of a providers file into a catalog, and report every mistake."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from waypost.core.model import Catalog, Domain, ExternalDomains, Provider, Service, lack_of_mail
from waypost.providers_file.directories.directories import (
    USERS_KEYS,
    DirectoryReader,
    check_attributes,
)
from waypost.providers_file.domains import (
    DomainsFile,
    DomainTarget,
    Seen,
    note_domain,
    read_domains,
    read_domains_file,
)
from waypost.providers_file.domains_file import DomainBlocks, FileBlock
from waypost.providers_file.inherit import Inheritance
from waypost.providers_file.profile import read_profile
from waypost.providers_file.provider import (
    OAUTH2_KEYS,
    read_contacts,
    read_https_url,
    read_ldapservers,
    read_logos,
    read_oauth2,
    read_pages,
    read_separators,
    read_web_url,
)
from waypost.providers_file.redirects import AWAY_KEYS, read_redirect
from waypost.providers_file.services import read_patterns, read_service
from waypost.providers_file.validation import Mistakes, Table
from waypost.providers_file.validators import NAME_MAX_CHARS, SHORT_NAME_MAX_CHARS
from waypost.providers_file.webmail import read_webmail

__all__ = [
    "OAUTH2_KEYS",
    "default_short_name",
    "note_domain",
    "read_catalog",
    "read_top",
    "warn_of_unusable",
]

TOP_KEYS: Final = ("provider", "ldapserver", "directory", "template", "defaults")
PROVIDER_KEYS: Final = (
    *("name", "short_name", "domains", "services", "documentation", "oauth2"),
    *("enable", "webmail", "update_url", "logos", "developer_url", "contacts"),
    *("domains_file", "domains_from", "extends", *USERS_KEYS, *AWAY_KEYS),
    *("profile", "subaddress_separators"),
)


@dataclass(frozen=True, slots=True)
class _Offered:
    """A service of a provider, and the domains that have this service; None is all domains."""

    table: Table
    service: Service | None
    only: frozenset[str] | None


def read_catalog(top: Table, folder: Path | None = None) -> Catalog:
    """Read the top level of a file; the catalog lacks the parts that have mistakes.

    Args:
        top: the whole file.
        folder: paths of other files are relative to it; None if other files cannot be used.
    """
    top.refuse_unknown(TOP_KEYS)
    if not any(key in top for key in TOP_KEYS):
        rule = "there is no provider; begin with [[provider]], name, domains and services"
        top.problem("", rule)
    directories = DirectoryReader(top, folder, read_ldapservers(top))
    seen = Seen(folder, directories)
    inheritance = Inheritance(top)
    for table in inheritance.owners():
        # Mistakes are reported even if no provider inherits them.
        _Reader(table, seen, inheritance).note_mistakes()
    blocks: list[Sequence[Domain] | FileBlock] = []
    idle: list[Provider] = []
    external_domains: list[ExternalDomains] = []
    for table in top.tables("provider"):
        provider, found, lent = _Reader(table, seen, inheritance).read()
        blocks += found
        external_domains += lent
        has_some = any(map(len, found)) or table.raw("domains") or "domains_from" in table
        if provider is not None and not has_some:
            idle.append(provider)
    seen.refuse_twice(top.report)
    seen.refuse_circles(top.report)
    if any(isinstance(block, FileBlock) for block in blocks):
        return Catalog(
            DomainBlocks(blocks), directories.all(), tuple(idle), tuple(external_domains)
        )
    domains = tuple(one for block in blocks for one in block)
    return Catalog(domains, directories.all(), tuple(idle), tuple(external_domains))


def default_short_name(name: str) -> str:
    """Return the first word of a name, cut to the allowed length."""
    return name.split(maxsplit=1)[0][:SHORT_NAME_MAX_CHARS]


def warn_of_unusable(table: Table, domains: Sequence[Domain]) -> None:
    """Warn of domains that cannot both receive and send mail."""
    lacking: dict[str, list[str]] = {}
    for domain in domains:
        lack = None if domain.redirect else lack_of_mail(one.type for one in domain.services)
        if lack is not None:
            lacking.setdefault(lack, []).append(str(domain.pattern))
    for lack, names in lacking.items():
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        table.warn("", f"{lack} for {', '.join(names[:3])}{more}")


def _warn_of_unusable_borrowed(table: Table, external_domains: ExternalDomains) -> None:
    lack = (
        None
        if external_domains.redirect
        else lack_of_mail(one.type for one in external_domains.services)
    )
    if lack is not None:
        table.warn("", f"{lack} for the domains from {external_domains.directory.label}")


class _Reader:
    """A reader of one provider, with the keys that the provider inherits."""

    def __init__(self, table: Table, seen: Seen, inheritance: Inheritance) -> None:
        self._table = table
        self._seen = seen
        self._inheritance = inheritance

    def note_mistakes(self) -> None:
        """Read the keys that can be inherited, only to report their mistakes."""
        self._pages()
        self._seen.directories.note_mistakes(self._owner)
        self._services()

    def read(
        self,
    ) -> tuple[Provider | None, list[Sequence[Domain] | FileBlock], list[ExternalDomains]]:
        """Return the provider, its domains, and its domains from a directory."""
        table = self._table
        table.refuse_unknown(PROVIDER_KEYS)
        table.require("name")
        name = table.text("name", NAME_MAX_CHARS)
        short_name = table.text("short_name", SHORT_NAME_MAX_CHARS)
        pages = self._pages()
        default = self._seen.directories.users(self._owner)
        redirect = read_redirect(table)
        named, all_read = read_domains(table, self._seen, default, redirect)
        offered = self._services()
        sought = {text for one in offered for text in one.only or ()}
        file = read_domains_file(table, self._seen, sought, redirect)
        all_read = all_read and (file is not None or "domains_file" not in table)
        domain_source = self._seen.directories.domain_source(table)
        if all_read:
            self._refuse_others(offered, named, file)
        for one in offered:
            if one.service is not None:
                check_attributes(one.table, one.service, [default, *(n.users for n in named)])
        if name is None:
            return None, [], []
        short_name = short_name if short_name is not None else default_short_name(name)
        provider = replace(pages, name=name, short_name=short_name)
        choose = _chooser([(one.service, one.only) for one in offered if one.service is not None])
        domains = [
            Domain(one.pattern, provider, choose(one.pattern.text), one.users, one.redirect)
            for one in named
        ]
        lent = (
            []
            if domain_source is None
            else [ExternalDomains(domain_source, provider, choose(""), default, redirect)]
        )
        if all_read and all(one.service is not None for one in offered):
            for one_lent in lent:
                _warn_of_unusable_borrowed(table, one_lent)
            some = file.first if file is not None and redirect is None else ()
            of_file = [Domain(one, provider, choose(one.text)) for one in some]
            warn_of_unusable(table, [*domains, *of_file])
        blocks: list[Sequence[Domain] | FileBlock] = [domains]
        if file is not None:
            blocks.append(FileBlock(file.path, provider, choose, default, file.count, redirect))
        return provider, blocks, lent

    def _pages(self) -> Provider:
        """Read what a provider publishes about itself, still without its names."""
        return Provider(
            *("", ""),
            read_pages(self._owner("documentation"), "documentation"),
            read_oauth2(self._owner("oauth2")),
            read_pages(self._owner("enable"), "enable"),
            read_webmail(self._owner("webmail")),
            read_web_url(self._owner("update_url"), "update_url"),
            read_logos(self._owner("logos")),
            read_https_url(self._owner("developer_url"), "developer_url"),
            read_contacts(self._owner("contacts")),
            read_profile(self._owner("profile"), self._seen.folder),
            read_separators(self._owner("subaddress_separators")),
        )

    def _owner(self, key: str) -> Table:
        return self._inheritance.owner(self._table, key)

    def _services(self) -> list[_Offered]:
        owner = self._owner("services")
        found = []
        for part in owner.tables("services"):
            only = read_patterns(part)
            if owner.path != self._table.path and "domains" in part:
                continue  # The service is for the domains of the provider that it belongs to.
            full = part.with_defaults(self._inheritance.defaults_for(part))
            found.append(_Offered(part, read_service(full), only))
        return found

    def _refuse_others(
        self, offered: Sequence[_Offered], named: Sequence[DomainTarget], file: DomainsFile | None
    ) -> None:
        """Report services for domains that the provider does not have."""
        known = {one.pattern.text for one in named} | (file.found if file else set())
        for one in offered:
            for text in sorted((one.only or frozenset()) - known):
                rule = f"{text} is not one of this provider's domains"
                one.table.problem("domains", rule)


def _chooser(
    services: Sequence[tuple[Service, frozenset[str] | None]],
) -> Callable[[str], tuple[Service, ...]]:
    """Return a function from a domain to its services; equal services are the same object."""
    special = frozenset(text for _, only in services for text in only or ())
    usual = tuple(service for service, only in services if only is None)
    known: dict[tuple[Service, ...], tuple[Service, ...]] = {}

    def choose(text: str) -> tuple[Service, ...]:
        if text not in special:
            return usual
        own = tuple(service for service, only in services if only is None or text in only)
        return known.setdefault(own, own)

    return choose


def read_top(report: Mistakes, data: dict[str, object], folder: Path | None = None) -> Catalog:
    """Read plain data, and write its mistakes to a report."""
    return read_catalog(Table(report, "", data), folder)
