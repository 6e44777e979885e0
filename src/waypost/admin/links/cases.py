"""The use cases about setup links: create, list and revoke."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from waypost.admin.access.duration import utc_text
from waypost.admin.audit.entries import add_entry, who
from waypost.admin.cursors import check_limit, read_cursor, write_cursor
from waypost.admin.objects import MASK
from waypost.admin.principal import Principal
from waypost.admin.results import ChangeResult, Data, StoredObject
from waypost.admin.source import AdminSource, open_source_store
from waypost.core.address import DomainName
from waypost.core.errors import (
    AccessForbidden,
    InvalidObject,
    ObjectNotFound,
    SettingsError,
)
from waypost.core.model import Domain, DomainPattern
from waypost.database.engine import Connection
from waypost.lookup.lookup import client_config
from waypost.providers_file.plan import Plan
from waypost.setup_links.link import LinkRow, LinkTarget, LinkTerms
from waypost.setup_links.links import CreatedLink, SetupLinks
from waypost.setup_links.token import link_url
from waypost.store.sql.audit_log import AuditRow
from waypost.store.sql.setup_link_rows import SetupLinkRows
from waypost.wiring.links import link_base, setup_links

_KIND: Final = "setup_link"
_CURSOR: Final = "setup-links"
_ID_MAX_DIGITS: Final = 10
_BATCH: Final = 1000
Note = Callable[[Connection, LinkRow], None]


@dataclass(frozen=True, slots=True)
class NewLink:
    """A new link.

    Attributes:
        url: opens it. It is not stored, and cannot be read later.
        data: the link as JSON data, with the URL.
        is_reusable: whether any number of devices can use it until it expires.
    """

    url: str
    data: Data
    is_reusable: bool


@dataclass(frozen=True, slots=True)
class SetupLinkCases:
    """The use cases about setup links."""

    source: AdminSource
    principal: Principal

    def create(self, target: LinkTarget, terms: LinkTerms) -> NewLink:
        """Create a link, and note it in the audit log in the same transaction.

        Raises:
            AccessForbidden: an address is not of a domain of the principal, whether or not the
                domain exists.
            DomainNotServed: the domain of the address is not served.
            LinkError: the link needs a database, and there is none.
            SettingsError: links are disabled.
        """
        provider, domain = self._checked_provider(target), target.address.domain

        def note(connection: Connection, row: LinkRow) -> None:
            self._note(connection, row, "create", provider, after=_audit_data(row))

        created = self._links(note).create(target, terms)
        url = link_url(link_base(self.source.settings, domain), created.token)
        return NewLink(url, _created_data(url, target, terms, created), created.is_reusable)

    def plan_creation(self, target: LinkTarget, terms: LinkTerms) -> ChangeResult:
        """Return what `create` would do; raises what `create` raises."""
        self._checked_provider(target)
        self._links().check(terms)
        plan = Plan((f"setup link for {target.address}",), (), ())
        new = StoredObject({**_target_data(target), "uses": terms.uses}, "")
        return ChangeResult(plan, None, new)

    def page(self, limit: int, cursor: str | None = None) -> tuple[list[Data], str | None]:
        """Return stored links, newest first, and the cursor of the next part.

        Raises:
            InvalidObject: an argument is not allowed.
            LinkError: there is no database.
        """
        check_limit(limit)
        key = read_cursor(_CURSOR, cursor)
        if key and not (key.isascii() and key.isdigit() and len(key) <= _ID_MAX_DIGITS):
            raise InvalidObject([("cursor", "is not the `next` of a list of this kind")])
        found: list[LinkRow] = []
        for row in self._visible(int(key) if key else None):
            if len(found) == limit:
                return [link_data(one) for one in found], write_cursor(_CURSOR, f"{found[-1].id}")
            found.append(row)
        return [link_data(one) for one in found], None

    def revoke(self, link_id: int) -> None:
        """Remove a link, with its password.

        Raises:
            AccessForbidden: the principal may only read.
            ObjectNotFound: there is no such link, or it is not of a domain of the principal.
        """
        provider = self._provider(self._own(link_id).target.address.domain)

        def note(connection: Connection, row: LinkRow) -> None:
            self._note(connection, row, "revoke", provider, before=_audit_data(row))

        if not self._links(note).revoke(link_id):
            raise _no_link(link_id)

    def plan_revocation(self, link_id: int) -> ChangeResult:
        """Return what `revoke` would do; raises what `revoke` raises."""
        row = self._own(link_id)
        plan = Plan((), (), (f"setup link {link_id} for {row.target.address}",))
        return ChangeResult(plan, StoredObject(link_data(row), ""), None)

    def _checked_provider(self, target: LinkTarget) -> str | None:
        """Return the provider of the domain of a person, for whom the principal may create links.

        Raises:
            AccessForbidden, DomainNotServed: see `create`.
        """
        self.principal.check_write()
        domain = target.address.domain
        entry = self._allowed(domain)
        for alias in target.aliases:
            self._allowed(alias.domain)
        # Whether the person exists is known to the directory alone.
        client_config(entry, domain, target.address)
        return None if entry is None else entry.provider.name

    def _own(self, link_id: int) -> LinkRow:
        """Return a link that the principal may revoke.

        Raises:
            AccessForbidden, ObjectNotFound: see `revoke`.
        """
        self.principal.check_write()
        row = self._links().find_id(link_id)
        if row is None or not self._sees(row, {}):
            raise _no_link(link_id)
        return row

    def _links(self, note: Note | None = None) -> SetupLinks:
        engine = self.source.engine
        rows = None if engine is None else SetupLinkRows(engine, note)
        links = setup_links(self.source.settings, rows)
        if links is None:
            message = "link_key: is not set, so setup links are disabled; set it to a random text"
            raise SettingsError([f"{message}, such as `openssl rand -base64 32` prints"])
        return links

    def _find(self, domain: DomainName) -> Domain | None:
        with open_source_store(self.source) as store:
            return store.find(domain)

    def _provider(self, domain: DomainName) -> str:
        entry = self._find(domain)
        return "" if entry is None else entry.provider.name

    def _allowed(self, domain: DomainName) -> Domain | None:
        """Return the entry of a domain that the principal may create links for, or None.

        Raises:
            AccessForbidden: the message is the same whether the domain exists or not.
        """
        entry = self._find(domain)
        provider = "" if entry is None else entry.provider.name
        if not self.principal.sees_domain(DomainPattern(domain.ascii), provider):
            raise AccessForbidden(f"{self.principal.name} may not create links for {domain}")
        return entry

    def _visible(self, before: int | None) -> Iterator[LinkRow]:
        """Yield the links that the principal sees, newest first."""
        links, providers = self._links(), dict[DomainName, str]()
        while rows := links.all(before, _BATCH):
            yield from (row for row in rows if self._sees(row, providers))
            before = rows[-1].id

    def _sees(self, row: LinkRow, providers: dict[DomainName, str]) -> bool:
        domain, principal = row.target.address.domain, self.principal
        pattern = DomainPattern(domain.ascii)
        if not principal.covers(pattern):
            return False
        if principal.provider is None:
            return True
        if domain not in providers:
            providers[domain] = self._provider(domain)
        return principal.sees_domain(pattern, providers[domain])

    def _note(
        self,
        connection: Connection,
        row: LinkRow,
        action: str,
        provider: str | None,
        *,
        before: Data | None = None,
        after: Data | None = None,
    ) -> None:
        entry = AuditRow(
            **who(self.principal),
            action=action,
            object_kind=_KIND,
            object_name=row.target.address.domain.ascii,
            provider=provider or None,
            before=None if before is None else dict(before),
            after=None if after is None else dict(after),
        )
        add_entry(connection, entry, self.source.settings.audit_retention_days)


def _no_link(link_id: int) -> ObjectNotFound:
    return ObjectNotFound(f"there is no setup link {link_id}")


def link_data(row: LinkRow) -> dict[str, object]:
    """Return a stored link as JSON data: neither its URL nor its password."""
    return {
        "id": row.id,
        **_target_data(row.target),
        "has_password": row.secret is not None,
        "uses_left": row.uses_left,
        "state": _state(row),
        "created": utc_text(row.created_at),
        "expires": utc_text(row.expires_at),
        "used": None if row.used_at is None else utc_text(row.used_at),
    }


def _state(row: LinkRow) -> str:
    if row.uses_left == 0:
        return "used"
    return "expired" if row.is_expired else "valid"


def _audit_data(row: LinkRow) -> dict[str, object]:
    """Return what the audit log has of a link. Its password is masked."""
    password = {} if row.secret is None else {"app_password": MASK}
    return {
        "id": row.id,
        **_target_data(row.target),
        **password,
        "uses": row.uses_left,
        "expires": utc_text(row.expires_at),
    }


def _created_data(
    url: str, target: LinkTarget, terms: LinkTerms, created: CreatedLink
) -> dict[str, object]:
    return {
        "url": url,
        "id": created.id,
        "address": str(target.address),
        "expires": utc_text(created.expires_at),
        "uses": None if created.is_reusable else terms.uses,
    }


def _target_data(target: LinkTarget) -> dict[str, object]:
    return {
        "address": str(target.address),
        "name": target.display_name,
        "aliases": [str(alias) for alias in target.aliases],
        "device": target.device,
    }
