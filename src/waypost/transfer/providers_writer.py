"""Writing a catalog as a providers file: one canonical text for one catalog."""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final

from waypost.model import (
    DEFAULT_PRIORITY,
    EMAIL_ADDRESS,
    HTTP_BASIC,
    PASSWORD_CLEARTEXT,
    Catalog,
    Documentation,
    Domain,
    LdapServer,
    OAuth2,
    Provider,
    Service,
    UrlEndpoint,
)
from waypost.transfer.directory_servers import (
    DEFAULT_CN,
    DEFAULT_FILTER,
    DEFAULT_PORT,
    DEFAULT_UID,
)
from waypost.transfer.document import Format
from waypost.transfer.ports import needed_keys
from waypost.transfer.providers_schema import OAUTH2_KEYS, default_short_name
from waypost.transfer.services import POP3_KEYS
from waypost.transfer.sharing import share
from waypost.transfer.toml_text import toml_text

Value = str | int | bool | list[object] | dict[str, object]
_LISTED_LINE_BY_LINE: Final = frozenset({"services", "documentation", "oauth2"})


def write_providers(catalog: Catalog, format: Format) -> str:  # noqa: A002 -- its name
    """Write a catalog, without what follows from the rest and without bind passwords.

    The text ends with a line end. Reading it gives the same catalog (bind passwords excepted), and
    writing that gives the same text.
    """
    data = _catalog(catalog)
    if format == "json":
        return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    return toml_text(data)


def _catalog(catalog: Catalog) -> dict[str, object]:
    providers = [_provider(provider, ()) for provider in catalog.idle_providers]
    # Domains keep their order, so a provider whose domains stand apart is written more than once.
    for provider, domains in groupby(catalog.domains, key=lambda domain: domain.provider):
        providers.append(_provider(provider, tuple(domains)))
    data: dict[str, object] = {"provider": providers}
    if catalog.ldapservers:
        data["ldapserver"] = [_ldapserver(server) for server in catalog.ldapservers]
    return data


def _provider(provider: Provider, domains: Sequence[Domain]) -> dict[str, object]:
    data: dict[str, object] = {"name": provider.name}
    if provider.short_name != default_short_name(provider.name):
        data["short_name"] = provider.short_name
    if domains:
        data["domains"] = [_domain(domain) for domain in domains]
        if services := list(_services(domains)):
            data["services"] = services
    if provider.documentation:
        data["documentation"] = [_documentation(part) for part in provider.documentation]
    if provider.oauth2:
        data["oauth2"] = [_oauth2(part) for part in provider.oauth2]
    return data


def _domain(domain: Domain) -> object:
    if domain.ldapserver_id is None:
        return domain.pattern.text
    return {"name": domain.pattern.text, "ldapserver": domain.ldapserver_id}


def _services(domains: Sequence[Domain]) -> Iterator[dict[str, object]]:
    for service, owners in share([domain.services for domain in domains]):
        data = _service(service)
        if len(owners) < len(domains):
            data["domains"] = [domains[index].pattern.text for index in owners]
        yield data


def _service(service: Service) -> dict[str, object]:
    data: dict[str, object] = {"type": service.type.value}
    default = PASSWORD_CLEARTEXT
    if isinstance(service.endpoint, UrlEndpoint):
        data["url"] = service.endpoint.url
        default = HTTP_BASIC
    else:
        data["host"] = service.endpoint.host
        needs_port, needs_security = needed_keys(service.type, service.endpoint)
        if needs_port:
            data["port"] = service.endpoint.port
        if needs_security:
            data["security"] = service.endpoint.security.value
    methods = [str(method) for method in service.authentication]
    if service.authentication != (default,):
        data["authentication"] = methods[0] if len(methods) == 1 else methods
    if service.login_name != EMAIL_ADDRESS:
        data["login_name"] = service.login_name or ""
    if service.priority not in {None, DEFAULT_PRIORITY}:
        data["priority"] = service.priority
    if service.domain_required:
        data["domain_required"] = True
    if service.pop3 is not None:
        options = {key: getattr(service.pop3, key) for key in POP3_KEYS}
        data["pop3"] = {key: value for key, value in options.items() if value is not None}
    return data


def _documentation(documentation: Documentation) -> dict[str, object]:
    data: dict[str, object] = {"url": documentation.url}
    if documentation.descriptions:
        data["descriptions"] = {
            language or "": text for language, text in documentation.descriptions
        }
    return data


def _oauth2(oauth2: OAuth2) -> dict[str, object]:
    values = {key: getattr(oauth2, key) for key in OAUTH2_KEYS}
    return {key: value for key, value in values.items() if value is not None}


def _ldapserver(server: LdapServer) -> dict[str, object]:
    data: dict[str, object] = {"id": server.id, "name": server.name}
    if server.port != DEFAULT_PORT:
        data["port"] = server.port
    if server.use_ssl != (server.port == DEFAULT_PORT):
        data["use_ssl"] = server.use_ssl
    data["search_base"] = server.search_base
    if server.search_filter != DEFAULT_FILTER:
        data["search_filter"] = server.search_filter
    if server.attr_uid != DEFAULT_UID:
        data["attr_uid"] = server.attr_uid
    if server.attr_cn != DEFAULT_CN:
        data["attr_cn"] = server.attr_cn or ""
    if server.bind_user is not None:
        data["bind_user"] = server.bind_user
    return data
