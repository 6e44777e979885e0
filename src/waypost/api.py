"""Waypost as a library: configurations, documents, and answers to requests, without a server.

    providers = waypost.api.load_providers("mail.toml")
    config = waypost.api.config_for(providers, "alice@example.com")
    document = waypost.api.render_autoconfig(config)

Nothing here opens a socket or a database, starts a thread, or writes a log. Only the functions with
a path as an argument, and providers that name their certificates, read files.
docs/library.md has examples for Django, Flask and FastAPI. All errors are subclasses of
`WaypostError`; `code` and `temporary` of an error are stable.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import (
    AddressError,
    DirectoryError,
    DirectoryUnavailable,
    DomainError,
    DomainMoved,
    DomainNotServed,
    NoUsableService,
    ProvidersError,
    ServiceNotOffered,
    SettingsError,
    UserDeclined,
    WaypostError,
)
from waypost.core.model import (
    ClientConfig,
    Domain,
    ProfileSettings,
    SigningFiles,
    User,
)
from waypost.formats import dns, outlook_registry
from waypost.formats.autoconfig import render as render_autoconfig
from waypost.formats.autodiscover import json as autodiscover_json
from waypost.formats.autodiscover import pox
from waypost.formats.autodiscover.activesync import render as render_activesync
from waypost.formats.autodiscover.json import Protocol
from waypost.formats.autodiscover.pox import render as render_autodiscover
from waypost.formats.autodiscover.request import BODY_MAX_BYTES
from waypost.formats.dns import DnsRecords
from waypost.formats.mobileconfig import profile as mobileconfig
from waypost.formats.mobileconfig.aliases import aliases_of
from waypost.formats.pacc.document import render as render_pacc
from waypost.lookup.lookup import client_config
from waypost.profiles.checking import credentials_by_files
from waypost.profiles.files import ProfileFiles
from waypost.providers_file.load import ReadResult, read_providers, read_providers_path
from waypost.providers_file.pinned_pacc import read_pinned
from waypost.store.memory import MemoryStore
from waypost.web.public.responder import (
    MAX_AGE_SECONDS,
    FindUser,
    Options,
    ProfileCredentials,
    Responder,
    WebRequest,
    WebResponse,
    with_users,
)

if TYPE_CHECKING:
    from waypost.formats.mobileconfig.signing import Credentials

__all__ = [
    "BODY_MAX_BYTES",
    "AddressError",
    "ClientConfig",
    "DirectoryError",
    "DirectoryUnavailable",
    "DnsFormat",
    "DnsRecords",
    "DomainError",
    "DomainMoved",
    "DomainName",
    "DomainNotServed",
    "EmailAddress",
    "FindUser",
    "NoUsableService",
    "ProfileSettings",
    "Protocol",
    "Providers",
    "ProvidersError",
    "Responder",
    "ServiceNotOffered",
    "SettingsError",
    "User",
    "UserDeclined",
    "WaypostError",
    "WebRequest",
    "WebResponse",
    "aliases_of",
    "config_for",
    "dns_records",
    "load_providers",
    "parse_providers",
    "read_credentials",
    "render_activesync",
    "render_autoconfig",
    "render_autodiscover",
    "render_autodiscover_json",
    "render_dns",
    "render_mobileconfig",
    "render_outlook_registry",
    "render_pacc",
    "responder",
]

DnsFormat = Literal["zone", "json", "octodns", "terraform", "nsupdate"]
"""The output formats for DNS records, as in `waypost show dns --format`."""
_ANY_USER: Final = User()


class Providers:
    """The content of a providers file.

    Attributes:
        catalog: the domains, as in the file.
        warnings: values that are valid but unusual, one line each.
    """

    def __init__(self, result: ReadResult, pinned: dict[str, bytes] | None = None) -> None:
        """Initialize with a file that was read; `load_providers` and `parse_providers` do this.

        Raises:
            ProvidersError: the file reads its domains from a database.
        """
        self.catalog, self.warnings = result.catalog, result.warnings
        if self.catalog.external_domains:
            line = "domains_from: the library opens no database; list the domains, or use a server"
            raise ProvidersError([line])
        self._store = MemoryStore(self.catalog, pinned)

    def find(self, domain: DomainName) -> Domain | None:
        """Return the entry with the best match for a domain, or None."""
        return self._store.find(domain)

    def named_credentials(self) -> "dict[SigningFiles, Credentials]":
        """Read the certificates and keys of the providers that name their own.

        Raises:
            SettingsError: a file cannot be used.
        """
        return credentials_by_files(self._store.providers(), datetime.now(UTC))


def load_providers(path: str | Path) -> Providers:
    """Read a providers file, and the PACC documents that are pinned for it.

    Args:
        path: of a file as docs/providers.md describes it; JSON if its name ends in `.json`.

    Raises:
        ProvidersError: the file cannot be read, or has mistakes; all mistakes at once.
    """
    file = Path(path)
    # In this order: what was pinned before a change of the file is read with it.
    return Providers(read_providers_path(file), read_pinned(file))


def parse_providers(
    text: str,
    *,
    format: Literal["toml", "json"] = "toml",  # noqa: A002 -- its name
    name: str = "providers",
    folder: Path | None = None,
) -> Providers:
    """Read the text of a providers file.

    Args:
        text: the whole file, as docs/providers.md describes it.
        format: of the text.
        name: of the text in messages.
        folder: paths in the text are relative to it; None if it may not name other files.

    Raises:
        ProvidersError: the text has mistakes; all mistakes at once.
    """
    return Providers(read_providers(text, name=name, format=format, folder=folder))


def config_for(
    providers: Providers,
    address_or_domain: str | EmailAddress | DomainName,
    *,
    user: User | None = _ANY_USER,
    display_name: str | None = None,
) -> ClientConfig:
    """Return the configuration for an address or a domain, which all formats render.

    Args:
        providers: the content of a providers file.
        address_or_domain: for a domain, login names stay placeholders.
        user: the user of the address, if the program knows it; None if there is no such user.
        display_name: the user's full name.

    Raises:
        AddressError: the text is neither an address nor a domain.
        DomainNotServed: no provider has the domain.
        DomainMoved: the mail of the domain is on another server.
        UserDeclined: there is no such user, and the domain refuses unknown users.
    """
    target = address_or_domain
    if isinstance(target, str):
        target = EmailAddress.parse(target) if "@" in target else DomainName.parse(target)
    address = target if isinstance(target, EmailAddress) else None
    domain = target.domain if isinstance(target, EmailAddress) else target
    entry = providers.find(domain)
    if user != _ANY_USER:
        entry = with_users(entry)
    return client_config(entry, domain, address, user).with_display_name(display_name)


def render_autodiscover_json(
    config: ClientConfig,
    protocol: Protocol = Protocol.AUTODISCOVER_V1,
    public_url: str | None = None,
) -> bytes:
    """Return the answer of Autodiscover V2 in JSON: the URL of one protocol.

    Args:
        config: for an address.
        protocol: the requested protocol.
        public_url: the https URL of the site that answers, without a path; None for
            `autodiscover.` of the domain.

    Raises:
        ServiceNotOffered: there is no such service.
        SettingsError: `public_url` is not such a URL.
    """
    url = pox.own_url(_validate_url(public_url), config.domain)
    return autodiscover_json.render(config, protocol, url)


def render_mobileconfig(
    config: ClientConfig,
    settings: ProfileSettings = ProfileSettings(),  # noqa: B008 -- an immutable value
    *,
    aliases: tuple[EmailAddress, ...] = (),
    credentials: "Credentials | None" = None,
) -> bytes:
    """Return the configuration profile for Apple devices: Apple's Configuration Profile Reference.

    Args:
        config: for an address.
        settings: of all profiles; those of the provider override them.
        aliases: other addresses of the same mailbox, as `aliases_of` returns them.
        credentials: sign the profile (RFC 5652); None for a profile without a signature.

    Raises:
        NoUsableService: a profile can contain none of the services, or there is no address.
    """
    profile = mobileconfig.render(config, settings, aliases=aliases)
    if credentials is None:
        return profile
    from waypost.formats.mobileconfig.signing import sign  # noqa: PLC0415 -- cryptography needs 19 MB

    return sign(profile, credentials)


def read_credentials(
    certificate: str | Path, key: str | Path, chain: str | Path | None = None
) -> "Credentials":
    """Read the certificate and the key that sign profiles, from files in PEM (RFC 7468).

    Args:
        certificate: of the signer, perhaps with the intermediate certificates after it.
        key: without a password, and readable only by its owner.
        chain: the intermediate certificates.

    Raises:
        SettingsError: the files cannot be used; all problems at once.
    """
    from waypost.profiles.credentials import load_credentials  # noqa: PLC0415 -- cryptography needs 19 MB

    files = ProfileFiles(Path(certificate), Path(key), None if chain is None else Path(chain))
    return load_credentials(files, datetime.now(UTC))


def dns_records(
    providers: Providers,
    domain: str | DomainName,
    *,
    public_url: str | None = None,
    ttl_seconds: int = dns.DEFAULT_TTL_SECONDS,
) -> DnsRecords:
    """Return the DNS records that a domain should publish: RFC 6186, RFC 6764, RFC 8620 and others.

    Args:
        providers: the content of a providers file.
        domain: the domain.
        public_url: the https URL of the site that answers clients, without a path; None leaves out
            the aliases for it.
        ttl_seconds: the TTL of the records.

    Raises:
        DomainError: the text is no domain name.
        DomainNotServed: no provider has the domain.
        NoUsableService: there is nothing to publish.
        SettingsError: `public_url` is not such a URL.
    """
    name, url = DomainName.parse(f"{domain}"), _validate_url(public_url)
    try:
        return dns.records_of(config_for(providers, name), url, ttl_seconds)
    except DomainMoved as moved:
        return dns.redirect_records_of(name, moved, url, ttl_seconds)


def render_dns(records: DnsRecords, format: DnsFormat = "zone") -> bytes:  # noqa: A002 -- its name
    """Return DNS records in one of the output formats: a zone file (RFC 1035 s5), nsupdate, ...

    Args:
        records: from `dns_records`.
        format: of the output.
    """
    return dns.write(records, format)


def render_outlook_registry(
    domains: Sequence[DomainName] = (),
    *,
    folder: str = r"C:\Autodiscover",
    policy: bool = False,
) -> bytes:
    """Return a file for the Windows registry, for versions of Outlook that ask Microsoft first.

    Args:
        domains: Outlook reads the answer for these from the file `DOMAIN.xml` in the folder; if
            there are none, it asks the server of the domain.
        folder: a folder of Windows.
        policy: whether the values go into the keys of group policies.

    Raises:
        SettingsError: the folder is not one of Windows.
    """
    if not outlook_registry.is_folder(folder):
        raise SettingsError([rf"folder: {folder!a}: use a Windows folder such as C:\Autodiscover"])
    if domains:
        return outlook_registry.render_local(domains, folder, policy=policy)
    return outlook_registry.render(policy=policy)


def responder(  # noqa: PLR0913 -- each is an option
    providers: Providers,
    *,
    public_url: str | None = None,
    max_age_seconds: int = MAX_AGE_SECONDS,
    profiles: ProfileSettings = ProfileSettings(),  # noqa: B008 -- an immutable value
    credentials: "Credentials | None" = None,
    takes_passwords: bool = False,
    find_user: FindUser | None = None,
) -> Responder:
    """Return the answers of a server for these providers, as a function of the request.

    The paths are those of `waypost serve`. Create it again after a change of the providers.

    Args:
        providers: the content of a providers file.
        public_url: the https URL where clients of all domains reach the site, without a path; None
            if each domain has its own host names.
        max_age_seconds: how long clients may keep an answer.
        profiles: settings of Apple profiles.
        credentials: sign Apple profiles; a provider's own ones, named in the file, come first.
        takes_passwords: whether a profile may contain the password that the user enters.
        find_user: returns the user of an address, or None if there is no such user. What it
            returns, and how long it takes, can show clients which users exist.

    Raises:
        SettingsError: `public_url` is not such a URL, or the files of a provider cannot be used.
    """
    url = _validate_url(public_url)
    signing = ProfileCredentials(credentials, providers.named_credentials())
    options = Options(url, max_age_seconds, profiles, signing, takes_passwords)
    return Responder(providers, options, find_user)


def _validate_url(url: str | None) -> str | None:
    """Return the URL as the settings have it.

    Raises:
        SettingsError: it is not an https URL without a path.
    """
    if url is None:
        return None
    from waypost.settings.validators import validate_public_url  # noqa: PLC0415 -- loads all settings

    try:
        return validate_public_url(url)
    except ValueError:
        rule = "write an https URL without a path, such as https://setup.example.com"
        raise SettingsError([f"public_url: {rule}"]) from None
