"""Convert directories to the plain data of a providers file."""

from collections.abc import Mapping, Sequence
from typing import Final

from waypost.core.model import (
    AttributeRule,
    Directory,
    DirectoryLimits,
    DirectoryPolicy,
    FileDirectory,
    LdapBind,
    LdapDirectory,
    LdapScope,
    LdapSecurity,
    LdapServer,
    Secret,
    SqlDirectory,
    UnknownUser,
)
from waypost.providers_file.directories.ldapserver import (
    DEFAULT_CN,
    DEFAULT_FILTER,
    DEFAULT_PORT,
    DEFAULT_UID,
)

_DEFAULT_LIMITS: Final = DirectoryLimits()


def directories_data(
    directories: Sequence[Directory], *, with_secrets: bool
) -> dict[str, list[object]]:
    """Return the lists `ldapserver` and `directory`, without empty lists."""
    ldapservers: list[object] = []
    others: list[object] = []
    for one in directories:
        if isinstance(one, LdapServer):
            ldapservers.append(_ldapserver(one, with_secrets))
        else:
            others.append(_directory(one, with_secrets))
    lists = {"ldapserver": ldapservers, "directory": others}
    return {key: tables for key, tables in lists.items() if tables}


def users_data(users: DirectoryPolicy) -> dict[str, object]:
    """Return the keys of a provider or a domain about its users."""
    data: dict[str, object] = (
        {"ldapserver": users.directory.id}
        if isinstance(users.directory, LdapServer)
        else {"directory": users.directory.label}
    )
    if users.unknown_user is not UnknownUser.ANSWER:
        data["unknown_user"] = users.unknown_user.value
    if users.show_display_name:
        data["show_display_name"] = True
    return data


def _ldapserver(server: LdapServer, with_secrets: bool) -> dict[str, object]:
    data: dict[str, object] = {"id": server.id, "name": server.name}
    if server.port != DEFAULT_PORT:
        data["port"] = server.port
    if server.use_ssl != (server.port == DEFAULT_PORT):
        data["use_ssl"] = server.use_ssl
    data["search_base"] = server.search_base
    if server.search_filter != DEFAULT_FILTER:
        data["search_filter"] = server.search_filter
    data |= _attributes(server)
    if server.bind_user is not None:
        data["bind_user"] = server.bind_user
    if with_secrets and server.bind_password is not None:
        data["bind_password"] = server.bind_password
    return data


def _attributes(directory: LdapServer | LdapDirectory) -> dict[str, object]:
    data: dict[str, object] = {}
    if directory.attr_uid != DEFAULT_UID:
        data["attr_uid"] = directory.attr_uid
    if directory.attr_cn != DEFAULT_CN:
        data["attr_cn"] = directory.attr_cn or ""
    return data


def _directory(
    directory: LdapDirectory | SqlDirectory | FileDirectory, with_secrets: bool
) -> dict[str, object]:
    data: dict[str, object] = {"name": directory.label, "kind": directory.kind.value}
    if isinstance(directory, LdapDirectory):
        data |= _ldap(directory, with_secrets)
    elif isinstance(directory, SqlDirectory):
        data |= _secret("uri", directory.uri, with_secrets)
        texts = {"query": directory.query, "domains_query": directory.domains_query}
        data |= {key: text for key, text in texts.items() if text is not None}
    else:
        data["path"] = directory.path
    for name in DirectoryLimits.__slots__:
        if (value := getattr(directory.limits, name)) != getattr(_DEFAULT_LIMITS, name):
            data[name] = value
    if directory.rules:
        data["attributes"] = {rule.name: _rule(rule) for rule in directory.rules}
    return data


def _ldap(directory: LdapDirectory, with_secrets: bool) -> dict[str, object]:
    data: dict[str, object] = {"urls": list(directory.urls)}
    if directory.security is not LdapSecurity.STARTTLS:
        data["security"] = directory.security.value
    usual = LdapBind.ANONYMOUS if directory.bind_user is None else LdapBind.SIMPLE
    if directory.bind is not usual:
        data["bind"] = directory.bind.value
    if directory.bind_user is not None:
        data["bind_user"] = directory.bind_user
    data |= _secret("bind_password", directory.bind_password, with_secrets)
    data["search_base"] = directory.search_base
    if directory.search_filter != DEFAULT_FILTER:
        data["search_filter"] = directory.search_filter
    if directory.scope is not LdapScope.SUB:
        data["scope"] = directory.scope.value
    data |= _attributes(directory)
    for key in ("login_pattern", "ca_file", "cert_file", "key_file"):
        if (text := getattr(directory, key)) is not None:
            data[key] = text
    if not directory.tls_verify:
        data["tls_verify"] = False
    return data


def _secret(key: str, secret: Secret, with_secrets: bool) -> Mapping[str, object]:
    if secret.file is not None:
        return {f"{key}_file": secret.file}
    if secret.variable is not None:
        return {f"{key}_env": secret.variable}
    return {key: secret.value} if with_secrets and secret.value is not None else {}


def _rule(rule: AttributeRule) -> dict[str, object]:
    data: dict[str, object] = {}
    if rule.allowed is not None:
        data["allowed"] = list(rule.allowed)
    if rule.pattern is not None:
        data["pattern"] = rule.pattern
    if rule.default is not None:
        data["default"] = rule.default
    return data
