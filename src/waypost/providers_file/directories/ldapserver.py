"""Read automx2's directory servers, from a providers file or a seed."""

import re
from typing import Final

from waypost.core.model import LdapServer
from waypost.providers_file.ports import PORT_MAX
from waypost.providers_file.services import read_host
from waypost.providers_file.validation import Table
from waypost.providers_file.validators import ATTRIBUTE_MAX_CHARS, INTEGER_MAX, NAME_MAX_CHARS

DEFAULT_PORT: Final = 636
DEFAULT_FILTER: Final = "(mail={0})"
DEFAULT_UID: Final = "uid"
DEFAULT_CN: Final = "cn"
KEYS: Final = (
    *("id", "name", "port", "use_ssl", "search_base", "search_filter", "attr_uid", "attr_cn"),
    *("bind_user", "bind_password"),
)
# RFC 4512 s1.4: the short name of an attribute, or its numeric OID.
_ATTRIBUTE: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*|[0-9]+(\.[0-9]+)+")


def read_ldapserver(table: Table) -> LdapServer | None:
    """Read a directory server; return None if a required key is wrong or missing."""
    number = table.integer("id", 0, INTEGER_MAX)
    host = read_host(table, "name")
    port = table.integer("port", 1, PORT_MAX)
    use_ssl = table.flag("use_ssl")
    table.require("id", "search_base")
    search_base = table.text("search_base", NAME_MAX_CHARS, may_be_empty=True)
    return ldapserver(table, number, host, port, use_ssl, search_base)


def ldapserver(
    table: Table,
    number: int | None,
    host: str | None,
    port: int | None,
    use_ssl: bool | None,
    search_base: str | None,
) -> LdapServer | None:
    """Read the other keys of a directory server, and build it."""
    search_filter = table.text("search_filter", NAME_MAX_CHARS) or DEFAULT_FILTER
    if "{0}" not in search_filter:
        table.problem("search_filter", "must contain {0} where the address goes")
    attr_uid = attribute(table, "attr_uid") or DEFAULT_UID
    attr_cn = attribute(table, "attr_cn", may_be_empty=True) if "attr_cn" in table else DEFAULT_CN
    bind_user = table.text("bind_user", NAME_MAX_CHARS, may_be_empty=True)
    bind_password = table.text("bind_password", NAME_MAX_CHARS, may_be_empty=True)
    if number is None or host is None or search_base is None:
        return None
    port = DEFAULT_PORT if port is None else port
    return LdapServer(
        id=number,
        name=host,
        port=port,
        use_ssl=port == DEFAULT_PORT if use_ssl is None else use_ssl,
        search_base=search_base,
        search_filter=search_filter,
        attr_uid=attr_uid,
        attr_cn=attr_cn or None,
        bind_user=bind_user or None,
        bind_password=bind_password or None,
    )


def attribute(table: Table, key: str, *, may_be_empty: bool = False) -> str | None:
    """Read the name of an attribute."""
    text = table.text(key, ATTRIBUTE_MAX_CHARS, may_be_empty=may_be_empty)
    if text and not _ATTRIBUTE.fullmatch(text):
        table.problem(key, "is not an attribute name (RFC 4512 s1.4)")
    return text
