"""Read an LDAP directory of a providers file."""

from pathlib import Path
from typing import Final

from waypost.core.model import (
    AttributeRule,
    DirectoryLimits,
    LdapBind,
    LdapDirectory,
    LdapScope,
    LdapSecurity,
)
from waypost.providers_file.directories.ldapserver import (
    DEFAULT_CN,
    DEFAULT_FILTER,
    DEFAULT_UID,
    attribute,
)
from waypost.providers_file.directories.parts import (
    read_checked,
    read_choice,
    read_path,
    read_secret,
)
from waypost.providers_file.directories.validators import (
    LDAP_URL_MAX_CHARS,
    PATTERN_MAX_CHARS,
    QUERY_MAX_CHARS,
    check_filter,
    check_ldap_url,
    check_pattern,
)
from waypost.providers_file.validation import Table
from waypost.providers_file.validators import RuleBroken

LDAP_KEYS: Final = (
    *("urls", "security", "bind", "bind_user", "bind_password", "bind_password_file"),
    *("bind_password_env", "search_base", "search_filter", "scope", "attr_uid", "attr_cn"),
    *("login_pattern", "ca_file", "tls_verify", "cert_file", "key_file"),
)
URLS_MAX: Final = 16
DN_MAX_CHARS: Final = 1000


def read_ldap(
    table: Table,
    label: str,
    folder: Path | None,
    rules: tuple[AttributeRule, ...],
    limits: DirectoryLimits,
) -> LdapDirectory | None:
    """Read the keys of an LDAP directory; return None if a required key is wrong or missing."""
    urls = _urls(table)
    table.require("search_base")
    base = table.text("search_base", DN_MAX_CHARS, may_be_empty=True)
    search_filter = read_checked(table, "search_filter", QUERY_MAX_CHARS, check_filter)
    attr_uid = attribute(table, "attr_uid")
    attr_cn = attribute(table, "attr_cn", may_be_empty=True) if "attr_cn" in table else DEFAULT_CN
    security = read_choice(table, "security", LdapSecurity) or LdapSecurity.STARTTLS
    if "security" in table and not any(url.lower().startswith("ldap:") for url in urls):
        table.problem("security", "is only for ldap:// URLs; remove it for ldaps:// and ldapi://")
    elif security is LdapSecurity.NONE:
        table.warn("security", "is none: passwords and addresses can be read on the network")
    verify = table.flag("tls_verify")
    if verify is False:
        table.warn("tls_verify", "is false: an attacker on the network can impersonate the server")
    files = {key: read_path(table, key, folder) for key in ("ca_file", "cert_file", "key_file")}
    if ("cert_file" in table) != ("key_file" in table):
        table.problem("cert_file", "must be set together with key_file")
    user = table.text("bind_user", DN_MAX_CHARS, may_be_empty=True) or None
    bind = _bind(table, user)
    if base is None or not urls:
        return None
    return LdapDirectory(
        label=label,
        urls=urls,
        search_base=base,
        search_filter=search_filter or DEFAULT_FILTER,
        attr_uid=attr_uid or DEFAULT_UID,
        attr_cn=attr_cn or None,
        scope=read_choice(table, "scope", LdapScope) or LdapScope.SUB,
        security=security,
        bind=bind,
        bind_user=user,
        bind_password=read_secret(table, "bind_password", folder),
        login_pattern=read_checked(table, "login_pattern", PATTERN_MAX_CHARS, check_pattern),
        tls_verify=verify is not False,
        rules=rules,
        limits=limits,
        **files,
    )


def _bind(table: Table, user: str | None) -> LdapBind:
    default = LdapBind.SIMPLE if user is not None else LdapBind.ANONYMOUS
    bind = read_choice(table, "bind", LdapBind) or default
    if bind is LdapBind.SIMPLE and user is None:
        table.problem("bind_user", "is missing; bind = simple requires it")
    if bind is not LdapBind.SIMPLE and user is not None:
        table.problem("bind_user", f"has no effect, because bind is {bind}; remove it")
    return bind


def _urls(table: Table) -> tuple[str, ...]:
    if not table.require("urls"):
        return ()
    items = table.items("urls")
    if not items and isinstance(table.raw("urls"), list):
        table.problem("urls", "is empty; list at least one server")
    if len(items) > URLS_MAX:
        table.problem("urls", f"lists more than {URLS_MAX} servers")
    found = []
    for at, item in items:
        if not isinstance(item, str) or len(item) > LDAP_URL_MAX_CHARS:
            table.problem(at, f"must be a string of at most {LDAP_URL_MAX_CHARS} characters")
            continue
        try:
            found.append(check_ldap_url(item))
        except RuleBroken as broken:
            table.problem(at, str(broken))
    return tuple(found)
