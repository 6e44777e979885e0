"""Objects as plain JSON data, both ways, by the models of the providers file."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from waypost.admin.results import Data, StoredObject
from waypost.core.errors import InvalidObject
from waypost.core.model import (
    LDAPSERVER_PREFIX,
    Directory,
    DirectoryPolicy,
    Domain,
    DomainPattern,
    HostEndpoint,
    LdapServer,
    Provider,
    Secret,
    Service,
    SqlDirectory,
)
from waypost.providers_file.attributes import check_attributes
from waypost.providers_file.catalog import default_short_name, warn_of_unusable_domains
from waypost.providers_file.domains import check_redirect
from waypost.providers_file.models.base import read_table, serialize_keys
from waypost.providers_file.models.directory import directories_data, table_of_kind
from waypost.providers_file.models.domain import RedirectTable, UsersTable, parse_pattern
from waypost.providers_file.models.ldap import LdapServerTable
from waypost.providers_file.models.objects import DomainObject, ProviderObject, ServicesObject
from waypost.providers_file.models.provider import PagesTable
from waypost.providers_file.models.rules import FileContext
from waypost.providers_file.models.service import ServiceTable
from waypost.providers_file.validation import Mistakes
from waypost.providers_file.validators import RuleBroken

MASK: Final = "********"
"""In the place of a secret that is set; a change with this value keeps the secret."""


MISTAKES_MAX: Final = 1000
"""How many mistakes of an object are reported."""


class ObjectMistakes(Mistakes):
    """The mistakes and the warnings of one object, each with its path."""

    def __init__(self) -> None:
        """Create an empty report."""
        super().__init__("")
        self.found: dict[tuple[str, str], None] = {}
        self.warnings: dict[str, None] = {}

    def problem(self, path: str, rule: str) -> None:
        """Report a mistake."""
        if len(self.found) < MISTAKES_MAX:
            self.found.setdefault((path, rule))
        else:
            self.found.setdefault(("", f"has more than {MISTAKES_MAX} mistakes"))

    def warn(self, path: str, text: str) -> None:
        """Report a value that is allowed, but perhaps not intended."""
        self.warnings.setdefault(f"{path}: {text}" if path else text)

    def check(self) -> None:
        """Raise all mistakes.

        Raises:
            InvalidObject: there are any.
        """
        if self.found:
            raise InvalidObject(self.found)


def read_name(text: str, path: str = "name") -> DomainPattern:
    """Parse the name of a domain.

    Raises:
        InvalidObject: the text is not a domain.
    """
    try:
        return parse_pattern(text)
    except RuleBroken as error:
        raise InvalidObject([(path, str(error))]) from error


def domain_data(domain: Domain) -> Data:
    """Return a domain as JSON data."""
    data: Data = {"name": domain.pattern.text, "provider": domain.provider.name}
    if domain.alias_of is not None:
        return data | {"alias_of": domain.alias_of}
    return data | served_data(domain)


def served_data(domain: Domain) -> Data:
    """Return the keys that an alias shares with its other domain."""
    data: Data = {
        "services": [ServiceTable.serialize(one) for one in in_stored_order(domain.services)]
    }
    if domain.users is not None:
        data["users"] = UsersTable.serialize_policy(domain.users)
    return data | RedirectTable.serialize_redirect(domain.redirect)


def in_stored_order(services: tuple[Service, ...]) -> tuple[Service, ...]:
    """Return services as a database orders them: those with a host first, then those with a URL."""
    hosts = tuple(one for one in services if isinstance(one.endpoint, HostEndpoint))
    return hosts + tuple(one for one in services if not isinstance(one.endpoint, HostEndpoint))


def domain_object(domain: Domain) -> StoredObject:
    """Return a domain with its version."""
    data = domain_data(domain)
    return StoredObject(data, version_of(data))


def read_domain(
    data: Mapping[str, object], directories: Sequence[Directory], report: ObjectMistakes
) -> DomainObject | None:
    """Read a domain, and report its mistakes.

    Args:
        data: the object.
        directories: those that the domain may use.
        report: receives the mistakes.
    """
    return read_table(DomainObject, data, report, "", file_context(directories))


def read_services(services: object, report: ObjectMistakes) -> tuple[Service, ...]:
    """Read a list of services, and report its mistakes."""
    table = read_table(ServicesObject, {"services": services}, report, "", FileContext())
    return () if table is None else tuple(service.build() for service in table.services)


def build_policy(
    table: UsersTable | None, directories: Sequence[Directory]
) -> DirectoryPolicy | None:
    """Return how users are looked up, or None."""
    if table is None or not (label := table.directory_label()):
        return None
    directory = next((one for one in directories if one.label == label), None)
    if directory is None:
        return None
    policy = DirectoryPolicy(directory)
    return DirectoryPolicy(
        directory, table.unknown_user or policy.unknown_user, bool(table.show_display_name)
    )


def check_domain(domain: Domain, report: ObjectMistakes) -> None:
    """Report what is wrong between the parts of a domain."""
    for index, service in enumerate(domain.services):
        check_attributes(report, f"services[{index}]", service, [domain.users])
    if domain.redirect is not None:
        key = "redirect_address" if domain.redirect.url is None else "redirect_url"
        check_redirect(report, key, domain.pattern, domain.redirect)
    warn_of_unusable_domains(report, "services", [domain])


def file_context(directories: Sequence[Directory]) -> FileContext:
    """Return what a table needs to know about directories."""
    return FileContext(
        None,
        {
            one.label: isinstance(one, SqlDirectory) and one.domains_query is not None
            for one in directories
            if not isinstance(one, LdapServer)
        },
        frozenset(one.id for one in directories if isinstance(one, LdapServer)),
    )


def provider_data(provider: Provider) -> Data:
    """Return a provider as JSON data, without its domains."""
    data: Data = {"name": provider.name}
    if provider.short_name != default_short_name(provider.name):
        data["short_name"] = provider.short_name
    return data | serialize_keys(PagesTable, provider)


def read_provider(name: str, data: Mapping[str, object], report: ObjectMistakes) -> Provider | None:
    """Read a provider, and report its mistakes."""
    table = read_table(ProviderObject, {**data, "name": name}, report, "", FileContext())
    if table is None:
        return None
    values = table.values_for(Provider, without=("name", "short_name"))
    return Provider(name, table.short_name or default_short_name(name), **values)


def directory_data(directory: Directory) -> Data:
    """Return a directory as JSON data, with a mark in the place of its secret."""
    ((_, (data,)),) = directories_data([directory], with_secrets=False).items()
    found: Data = dict(data) if isinstance(data, dict) else {}
    if isinstance(directory, LdapServer):
        found = {"name": directory.label, "kind": "ldapserver"} | {
            "host" if key == "name" else key: value for key, value in found.items() if key != "id"
        }
    if secret_value(directory) is not None:
        found[secret_key(directory) or ""] = MASK
    return found


def read_directory(
    label: str, data: Mapping[str, object], report: ObjectMistakes
) -> Directory | None:
    """Read a directory, and report its mistakes. A marked secret is not known.

    Args:
        label: its name, from the URL.
        data: the object.
        report: receives the mistakes.
    """
    keys = {key: value for key, value in data.items() if value != MASK}
    if not label.startswith(LDAPSERVER_PREFIX):
        kind = table_of_kind(keys.get("kind"))
        table = read_table(kind, {**keys, "name": label}, report, "", FileContext())
        built: Directory | None = None if table is None or report.found else table.build()
        return built
    number = label.removeprefix(LDAPSERVER_PREFIX)
    if not number.isascii() or not number.isdigit() or str(int(number)) != number:
        report.problem("name", f"must be {LDAPSERVER_PREFIX} and a number")
        return None
    keys = {"name" if key == "host" else key: value for key, value in keys.items() if key != "name"}
    keys = {key: value for key, value in keys.items() if key != "kind"}
    server = read_table(LdapServerTable, {**keys, "id": int(number)}, report, "", FileContext())
    return None if server is None else server.build()


def secret_key(directory: Directory) -> str | None:
    """Return the key of the secret of a directory; None if its kind has none."""
    if isinstance(directory, SqlDirectory):
        return "uri"
    return "bind_password" if hasattr(directory, "bind_password") else None


def secret_value(directory: Directory) -> str | None:
    """Return the secret that is stored with a directory, or None."""
    key = secret_key(directory)
    secret = None if key is None else getattr(directory, key)
    value: str | None = secret.value if isinstance(secret, Secret) else secret
    return value


def version_of(data: Mapping[str, Any], secret: str | None = None) -> str:
    """Return a strong validator of an object (RFC 9110 s8.8.1).

    Args:
        data: the object.
        secret: a secret that is not in the object, but belongs to it.
    """
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    if secret is not None:
        # Slow, so that a weak secret cannot be guessed from versions.
        raw = secret.encode("utf-8", "surrogatepass")
        digest.update(b"\0" + hashlib.scrypt(raw, salt=digest.digest(), n=2**13, r=8, p=1))
    return digest.hexdigest()[:32]


def merge_patch(target: object, patch: object) -> Any:  # noqa: ANN401 -- JSON
    """Return an object after a merge patch (RFC 7396 s2)."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
