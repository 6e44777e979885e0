"""Apple configuration profiles: apple/device-management, mdm/profiles (commit b6202ca2)."""

import plistlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from waypost.core.address import DomainName, EmailAddress
from waypost.core.document_template import ANY_USER, DocumentTemplate
from waypost.core.errors import NoUsableService
from waypost.core.model import (
    CLIENT_IP_ADDRESS,
    HTTP_BASIC,
    HTTP_DIGEST,
    NO_AUTHENTICATION,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    ClientConfig,
    Format,
    HostEndpoint,
    ProfileSettings,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
)
from waypost.core.preference import best
from waypost.formats.mobileconfig.aliases import join_addresses
from waypost.formats.mobileconfig.choices import EXCHANGE_CHOICES, MAIL_CHOICES
from waypost.formats.mobileconfig.identity import SUBJECT, Payload, computed_texts, identify
from waypost.formats.mobileconfig.ldap import LDAP_PAYLOAD, address_books

CONTENT_TYPE: Final = "application/x-apple-aspen-config"

_ACCOUNT_TYPE: Final = {ServiceType.IMAP: "EmailTypeIMAP", ServiceType.POP3: "EmailTypePOP"}
# com.apple.mail.managed, keys IncomingMailServerAuthentication and OutgoingMailServerAuthentication
_AUTHENTICATION: Final = {
    PASSWORD_CLEARTEXT: "EmailAuthPassword",
    PASSWORD_ENCRYPTED: "EmailAuthCRAMMD5",
    NTLM: "EmailAuthNTLM",
    HTTP_BASIC: "EmailAuthPassword",
    HTTP_DIGEST: "EmailAuthHTTPMD5",
    NO_AUTHENTICATION: "EmailAuthNone",
    CLIENT_IP_ADDRESS: "EmailAuthNone",
}
SUPPORTED: Final = frozenset(_AUTHENTICATION)
"""The authentication methods of mail services that the format can express."""
_DAV: Final = {
    ServiceType.CALDAV: ("CalDAV", "com.apple.caldav.account"),
    ServiceType.CARDDAV: ("CardDAV", "com.apple.carddav.account"),
}
_MAIL_PAYLOAD: Final = "com.apple.mail.managed"
_EAS_PAYLOAD: Final = "com.apple.eas.account"
_SECONDS_OF_A_DAY: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Password:
    """The password of a user. Its repr does not show the text."""

    text: str = field(repr=False)


def render(
    config: ClientConfig,
    settings: ProfileSettings = ProfileSettings(),  # noqa: B008 -- an immutable value
    password: Password | None = None,
    aliases: tuple[EmailAddress, ...] = (),
) -> bytes:
    """Return the configuration as an unsigned profile in XML.

    Args:
        config: a configuration with an address.
        settings: the operator's settings for all profiles; the provider's own override them.
        password: written into every account with a password, in clear text; None if the user
            enters it on the device.
        aliases: other addresses of the same mailbox, as `mobileconfig.aliases.aliases_of` returns
            them. They are written into the mail account only: they change neither the login name
            nor which profile this one replaces.

    Raises:
        NoUsableService: there is no pair of an incoming and an outgoing mail service, and no
            calendar, address book or ActiveSync; or there is no address.
    """
    address = _address(config)
    profile = _profile(config, address, settings, password, aliases)
    for payload in (profile, *profile["PayloadContent"]):
        identify(payload, address)
    return plistlib.dumps(profile, fmt=plistlib.FMT_XML, sort_keys=True)


def template(config: ClientConfig, settings: ProfileSettings) -> DocumentTemplate:
    """Return the unsigned profiles of all users, without a password and without aliases.

    Args:
        config: the configuration of `document_template.ANY_USER`, or of a user of that name.
        settings: as for `render`.

    Raises:
        NoUsableService: as `render`.
    """
    profile = _profile(config, _address(config), settings, None, ())
    subjects = [payload[SUBJECT] for payload in (profile, *profile["PayloadContent"])]
    has_any_domain = config.domain == ANY_USER.domain
    return DocumentTemplate(
        render(config, settings),
        partial(computed_texts, subjects, has_any_domain=has_any_domain),
        user=_address(config),
        is_for_any_domain=has_any_domain,
    )


def _address(config: ClientConfig) -> EmailAddress:
    if config.address is None:
        raise NoUsableService("a profile is made for an address, not for a domain")
    return config.address


def _profile(
    config: ClientConfig,
    address: EmailAddress,
    settings: ProfileSettings,
    password: Password | None,
    aliases: tuple[EmailAddress, ...],
) -> Payload:
    """Return the profile; each payload has a `SUBJECT` in place of its identifiers."""
    config = config.for_format(Format.MOBILECONFIG)
    payloads = [
        *_mail_payloads(config, address, aliases),
        *_dav_payloads(config, address),
        *_ldap_payloads(config, address),
    ]
    payloads += _eas_payloads(config, address, [payload["PayloadType"] for payload in payloads])
    if not payloads:
        raise NoUsableService(f"{config.domain} has no service that a profile can contain")
    settings = config.provider.profile.with_defaults(settings)
    organization = settings.organization or config.provider.name
    for payload in payloads:
        payload["PayloadOrganization"] = organization
        if password is not None:
            payload.update(dict.fromkeys(list(_password_keys(payload)), password.text))
    profile: Payload = {
        "PayloadContent": payloads,
        "PayloadDescription": settings.description or f"Accounts of {address}",
        "PayloadDisplayName": config.provider.name,
        "PayloadOrganization": organization,
        "PayloadType": "Configuration",
        **_lifetime_keys(settings),
        SUBJECT: "profile",
    }
    if settings.consent:  # TopLevel.yaml: by BCP 47 tags, `default` for all other languages
        profile["ConsentText"] = dict(settings.consent)
    return profile


def file_name(domain: DomainName) -> str:
    """Return the file name for browsers, made of letters, digits, dots and hyphens."""
    return f"{domain.ascii}.mobileconfig"


def _mail_payloads(
    config: ClientConfig, address: EmailAddress, aliases: tuple[EmailAddress, ...]
) -> Iterator[Payload]:
    """Yield the mail account, with one incoming and one outgoing service as the format requires."""
    incoming = best(config.of_type(ServiceType.IMAP, ServiceType.POP3), SUPPORTED)
    outgoing = best(config.of_type(ServiceType.SMTP), SUPPORTED)
    if incoming is None or outgoing is None:
        return
    has_one_password = incoming.login_name == outgoing.login_name and _has_password(outgoing)
    payload: Payload = {
        "EmailAccountDescription": str(address),
        "EmailAccountType": _ACCOUNT_TYPE[incoming.type],
        "EmailAddress": join_addresses(address, aliases),
        "OutgoingPasswordSameAsIncomingPassword": has_one_password and _has_password(incoming),
        **MAIL_CHOICES,
        **_mail_server("Incoming", incoming),
        **_mail_server("Outgoing", outgoing),
        **_description_keys(config, f"Mail of {address}"),
        "PayloadType": _MAIL_PAYLOAD,
        # An address has one mail account: after a move to another host it is still the same.
        SUBJECT: _MAIL_PAYLOAD,
    }
    if config.user.display_name:
        payload["EmailAccountName"] = config.user.display_name
    yield payload


def _mail_server(direction: str, service: Service) -> Payload:
    endpoint = service.endpoint
    if not isinstance(endpoint, HostEndpoint):
        message = f"{service.type} has no host"
        raise TypeError(message)
    prefix = f"{direction}MailServer"
    keys: Payload = {
        f"{prefix}Authentication": _authentication(service),
        f"{prefix}HostName": endpoint.host,
        f"{prefix}PortNumber": endpoint.port,
        # True with port 143, 110 or 587 means STARTTLS; the format has no separate key for it.
        f"{prefix}UseSSL": endpoint.security is not Security.NONE,
    }
    if service.login_name is not None:
        keys[f"{prefix}Username"] = service.login_name
    return keys


def _dav_payloads(config: ClientConfig, address: EmailAddress) -> Iterator[Payload]:
    seen: set[tuple[ServiceType, str]] = set()
    for service in config.of_type(*_DAV):
        endpoint = service.endpoint
        if isinstance(endpoint, UrlEndpoint) and (service.type, endpoint.url) not in seen:
            seen.add((service.type, endpoint.url))
            yield _dav_payload(config, address, service, endpoint.url)


def _dav_payload(
    config: ClientConfig, address: EmailAddress, service: Service, url: str
) -> Payload:
    prefix, payload_type = _DAV[service.type]
    parts = urlsplit(url)
    is_https = parts.scheme.lower() == "https"
    payload: Payload = {
        f"{prefix}AccountDescription": str(address),
        f"{prefix}HostName": parts.hostname or "",
        f"{prefix}Port": parts.port or (443 if is_https else 80),
        f"{prefix}PrincipalURL": url,
        f"{prefix}UseSSL": is_https,
        **_description_keys(config, f"{prefix} of {address}"),
        "PayloadType": payload_type,
        SUBJECT: f"{payload_type} {url}",
    }
    if service.login_name is not None:
        payload[f"{prefix}Username"] = service.login_name
    return payload


def _ldap_payloads(config: ClientConfig, address: EmailAddress) -> Iterator[Payload]:
    for url, keys in address_books(config):
        yield {
            **keys,
            "LDAPAccountDescription": str(address),
            **_description_keys(config, f"LDAP of {address}"),
            "PayloadType": LDAP_PAYLOAD,
            SUBJECT: f"{LDAP_PAYLOAD} {url}",
        }


def _eas_payloads(
    config: ClientConfig, address: EmailAddress, others: list[str]
) -> Iterator[Payload]:
    """Yield the Exchange account (com.apple.eas.account.yaml), which Macs do not know.

    Mail, calendars and contacts are disabled in it if another account of the profile has them.
    Without these keys (iOS 13), a device would show mail, calendars and contacts twice.
    """
    service = next(iter(config.of_type(ServiceType.ACTIVESYNC)), None)
    if service is None or not isinstance(service.endpoint, UrlEndpoint):
        return
    parts = urlsplit(service.endpoint.url)
    payload: Payload = {
        "EmailAddress": str(address),
        "EnableCalendars": "com.apple.caldav.account" not in others,
        "EnableContacts": "com.apple.carddav.account" not in others,
        "EnableMail": _MAIL_PAYLOAD not in others,
        "Host": parts.netloc.rpartition("@")[2],
        "OAuth": service.authentication[0] == OAUTH2,
        # The default is false here, but true for CalDAV and CardDAV.
        "SSL": parts.scheme.lower() == "https",
        **EXCHANGE_CHOICES,
        **_description_keys(config, f"Exchange of {address}"),
        "PayloadType": _EAS_PAYLOAD,
        SUBJECT: _EAS_PAYLOAD,
    }
    if service.login_name is not None:
        payload["UserName"] = service.login_name
    yield payload


def _password_keys(payload: Payload) -> Iterator[str]:
    """Yield the keys of a payload that may contain the user's password."""
    match payload["PayloadType"]:
        case "com.apple.mail.managed":
            for direction in ("Incoming", "Outgoing"):
                if payload[f"{direction}MailServerAuthentication"] != "EmailAuthNone":
                    yield f"{direction}Password"
        case "com.apple.caldav.account":
            yield "CalDAVPassword"
        case "com.apple.carddav.account":
            yield "CardDAVPassword"
        case "com.apple.ldap.account" if "LDAPAccountUserName" in payload:
            yield "LDAPAccountPassword"
        case "com.apple.eas.account" if not payload["OAuth"]:  # "don't specify a password"
            yield "Password"


def _authentication(service: Service) -> str:
    return next(
        _AUTHENTICATION[method] for method in service.authentication if method in _AUTHENTICATION
    )


def _has_password(service: Service) -> bool:
    return _authentication(service) != "EmailAuthNone"


def _description_keys(config: ClientConfig, description: str) -> Mapping[str, str]:
    return {
        "PayloadDescription": description,
        "PayloadDisplayName": config.provider.short_name,
    }


def _lifetime_keys(settings: ProfileSettings) -> Payload:
    """Return the keys for the expiry and the removal of a profile (TopLevel.yaml)."""
    keys: Payload = {"PayloadRemovalDisallowed": settings.removable is False}
    if settings.days is not None:
        keys["DurationUntilRemoval"] = settings.days * _SECONDS_OF_A_DAY
    if settings.expires is not None:
        keys["PayloadExpirationDate"] = settings.expires
    return keys
