"""The LDAP address book of an Apple configuration profile (com.apple.ldap.account.yaml)."""

from collections.abc import Iterator
from typing import Any, Final

from waypost.core.model import (
    NO_AUTHENTICATION,
    PASSWORD_CLEARTEXT,
    ClientConfig,
    LdapScope,
    LdapUrl,
    Service,
    ServiceType,
    UrlEndpoint,
)

LDAP_PAYLOAD: Final = "com.apple.ldap.account"
_METHODS: Final = frozenset({PASSWORD_CLEARTEXT, NO_AUTHENTICATION})
# LDAPSearchSettings, key LDAPSearchSettingScope
_SCOPE: Final = {
    LdapScope.BASE: "LDAPSearchSettingScopeBase",
    LdapScope.ONE: "LDAPSearchSettingScopeOneLevel",
    LdapScope.SUB: "LDAPSearchSettingScopeSubtree",
}


def address_books(config: ClientConfig) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the URL of each LDAP address book, with the keys that only LDAP accounts have.

    An address book that a profile cannot express is left out: the format has no key for a port,
    and none for a login without a name and a password.
    """
    seen: set[str] = set()
    for service in config.of_type(ServiceType.LDAP):
        endpoint = service.endpoint
        if isinstance(endpoint, UrlEndpoint) and endpoint.url not in seen:
            seen.add(endpoint.url)
            keys = _keys(service, endpoint.url, config.provider.short_name)
            if keys is not None:
                yield endpoint.url, keys


def _keys(service: Service, url: str, name: str) -> dict[str, Any] | None:
    supported = (method for method in service.authentication if method in _METHODS)
    method = next(supported, None)
    try:
        ldap_url = LdapUrl.parse(url)
    except ValueError:  # The expanded placeholder made the URL invalid.
        return None
    if method is None or not ldap_url.has_usual_port:
        return None
    keys: dict[str, Any] = {
        "LDAPAccountHostName": ldap_url.host,
        "LDAPAccountUseSSL": ldap_url.is_tls,
    }
    if method != NO_AUTHENTICATION and service.login_name is not None:
        keys["LDAPAccountUserName"] = service.login_name
    if ldap_url.base:
        keys["LDAPSearchSettings"] = [
            {
                "LDAPSearchSettingDescription": name,
                "LDAPSearchSettingSearchBase": ldap_url.base,
                "LDAPSearchSettingScope": _SCOPE[ldap_url.scope],
            }
        ]
    return keys
