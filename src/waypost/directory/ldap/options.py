"""Convert the configuration of an LDAP directory to the options of its connections."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from waypost.core.model import (
    DirectoryLimits,
    LdapBind,
    LdapDirectory,
    LdapScope,
    LdapSecurity,
    LdapServer,
    Secret,
)
from waypost.directory.entries import requested_attributes

LDAP_PORT: Final = 389
LDAPS_PORT: Final = 636


@dataclass(frozen=True, slots=True)
class LdapEndpoint:
    """One server.

    Attributes:
        url: the URL as configured.
        host: a name or an IP address; empty if `path` is set.
        port: the TCP port.
        path: the path of the socket of an `ldapi:` URL.
        tls: TLS from the first byte, as in `ldaps:`.
        starttls: a StartTLS request comes before all other requests (RFC 4511 s4.14).
    """

    url: str
    host: str = ""
    port: int = 0
    path: str | None = None
    tls: bool = False
    starttls: bool = False


@dataclass(frozen=True, slots=True)
class TlsOptions:
    """The trusted authorities and the client certificate for TLS, as paths of PEM files."""

    verify: bool = True
    ca_file: str | None = None
    ca_option: str = "ca_file"
    cert_file: str | None = None
    key_file: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """The options of an LDAP directory, from a providers file or from automx2's table.

    Attributes:
        names: the requested attributes.
    """

    label: str
    servers: tuple[LdapEndpoint, ...]
    base: str
    filter: str
    scope: LdapScope
    names: tuple[str, ...]
    bind: LdapBind
    user: str | None
    password: Secret
    tls_options: TlsOptions
    limits: DirectoryLimits


def connection_options(
    directory: LdapServer | LdapDirectory, ca_file: str | None = None
) -> ConnectionOptions:
    """Build the options of a directory's connections.

    Args:
        directory: its configuration.
        ca_file: the authorities for directories without `ca_file` (setting `ldap_ca_file`).
    """
    if isinstance(directory, LdapServer):
        return _automx2(directory, ca_file)
    return ConnectionOptions(
        label=directory.label,
        servers=tuple(_server(url, directory.security) for url in directory.urls),
        base=directory.search_base,
        # A filter may be written on several lines.
        filter="".join(line.strip() for line in directory.search_filter.splitlines()),
        scope=directory.scope,
        names=requested_attributes(directory).names,
        bind=directory.bind,
        user=directory.bind_user,
        password=directory.bind_password,
        tls_options=TlsOptions(
            verify=directory.tls_verify,
            ca_file=directory.ca_file or ca_file,
            ca_option="ca_file" if directory.ca_file else "the setting ldap_ca_file",
            cert_file=directory.cert_file,
            key_file=directory.key_file,
        ),
        limits=directory.limits,
    )


def _automx2(row: LdapServer, ca_file: str | None) -> ConnectionOptions:
    """Convert a row as automx2 does, but verify the certificate of its server."""
    scheme = "ldaps" if row.use_ssl else "ldap"
    host = f"[{row.name}]" if ":" in row.name else row.name
    return ConnectionOptions(
        label=row.label,
        servers=(_server(f"{scheme}://{host}:{row.port}", LdapSecurity.NONE),),
        base=row.search_base,
        filter=row.search_filter,
        scope=LdapScope.SUB,
        names=requested_attributes(row).names,
        bind=LdapBind.SIMPLE if row.bind_user else LdapBind.ANONYMOUS,
        user=row.bind_user,
        password=Secret(row.bind_password),
        tls_options=TlsOptions(ca_file=ca_file, ca_option="the setting ldap_ca_file"),
        limits=row.limits,
    )


def _server(url: str, security: LdapSecurity) -> LdapEndpoint:
    scheme, _, rest = url.partition("://")
    if scheme.lower() == "ldapi":
        return LdapEndpoint(url, path=unquote(rest.rstrip("/")))
    parts = urlsplit(url)
    tls = scheme.lower() == "ldaps"
    return LdapEndpoint(
        url,
        host=parts.hostname or "",
        port=parts.port or (LDAPS_PORT if tls else LDAP_PORT),
        tls=tls,
        starttls=not tls and security is LdapSecurity.STARTTLS,
    )
