"""Placeholders in the texts of services.

draft-ietf-mailmaint-autoconfig-06, s"Placeholders": `%EMAILADDRESS%`, `%EMAILLOCALPART%` and
`%EMAILDOMAIN%`. automx2 and Thunderbird support the same three. Case does not matter.

`%{name}` is Waypost's own: an attribute of the user, from the directory. `%{login_name}` is the
user's login name. Waypost never sends them to a client.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DomainError
from waypost.core.model import (
    EMAIL_ADDRESS,
    LDAP_PORTS,
    ClientConfig,
    Documentation,
    Domain,
    Service,
    ServiceType,
    UrlEndpoint,
    User,
)
from waypost.core.preference import ordered

LOGIN_NAME: Final = "login_name"
_PLACEHOLDER: Final = re.compile("%(EMAILADDRESS|EMAILLOCALPART|EMAILDOMAIN)%", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"%\{([A-Za-z][A-Za-z0-9_;-]*)\}")
_ANY_PLACEHOLDER: Final = re.compile(f"{_PLACEHOLDER.pattern}|{_ATTRIBUTE.pattern}", re.IGNORECASE)
# RFC 4514 s2.4: characters to escape anywhere in a value. No address and no attribute has a NUL.
_SPECIAL_IN_DN: Final = re.compile(r'["+,;<>\\]')
_DN_BEGINS: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*=")  # s3: an attribute's type


@dataclass(frozen=True, slots=True)
class PlaceholderContext:
    """The domain or user for which texts are expanded.

    Attributes:
        address: None if only the domain is known.
        login_name: from the directory, or None.
        attributes: the value of each known attribute.
        is_alias: whether clients know another domain, so that they cannot insert the address.
    """

    domain: DomainName
    address: EmailAddress | None = None
    login_name: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    is_alias: bool = False

    def attribute(self, name: str) -> str | None:
        """Return the value of an attribute, or None."""
        if name == LOGIN_NAME:
            return self.login_name or _expand(EMAIL_ADDRESS, self)
        return self.attributes.get(name)


def has_placeholder(text: str) -> bool:
    """Return whether a text contains a placeholder for the address or the domain."""
    return _PLACEHOLDER.search(text) is not None


def names_user(text: str) -> bool:
    """Return whether a text contains a placeholder that needs the local part of an address."""
    return any(match[1].upper() != "EMAILDOMAIN" for match in _PLACEHOLDER.finditer(text))


def shared_url(url: str) -> str | None:
    """Return the part of a URL that is the same for all users.

    The part ends before the first path segment with a placeholder, which belongs to one user. A
    client continues its search in the collection above it (RFC 6764 s6, RFC 5397). A query with a
    placeholder is left out.

    Args:
        url: of a service, expanded for a domain without an address.

    Returns:
        None if the host itself differs from user to user.
    """
    if not has_placeholder(url):
        return url
    parts = urlsplit(url)
    if has_placeholder(parts.netloc):
        return None
    segments = parts.path.split("/")
    shared_segments = list(takewhile(lambda segment: not has_placeholder(segment), segments))
    if len(shared_segments) < len(segments):
        path = "/".join([*shared_segments, ""])
        return urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))


def attributes_in(text: str) -> list[str]:
    """Return the name of each attribute of the user in a text."""
    return _ATTRIBUTE.findall(text)


def without_attributes(text: str, value: str) -> str:
    """Return a text with the same value in place of each attribute of the user."""
    return _ATTRIBUTE.sub(lambda _match: value, text)


def expand(text: str, domain: DomainName, address: EmailAddress | None) -> str:
    """Return a text with its placeholders replaced by the address, or only by the domain.

    Without an address, placeholders that need the local part stay, so that the client can expand
    them. The inserted values are never expanded again.
    """
    return _PLACEHOLDER.sub(lambda match: _address_value(match, domain, address), text)


def expand_url(url: str, domain: DomainName, address: EmailAddress | None) -> str:
    """Return a URL with its placeholders replaced; values cannot add a path, a query or a host.

    RFC 3986 s3.3: characters that a path segment cannot contain are percent-encoded; `@` and `+`
    are allowed. In the distinguished name of an LDAP URL (RFC 4516 s2) a value is first escaped
    (RFC 4514 s2.4), so that it stays one value of an attribute.
    """
    return _expand_url(url, PlaceholderContext(domain, address))


def expand_username(text: str, config: ClientConfig) -> str:
    """Return a text with the address that the servers know, or only with its domain."""
    mailbox_domain = config.mailbox_domain or config.domain
    is_alias = mailbox_domain != config.domain
    context = PlaceholderContext(mailbox_domain, config.mailbox, is_alias=is_alias)
    return _expand(text, context)


def expand_pages(
    pages: tuple[Documentation, ...], domain: DomainName, address: EmailAddress | None
) -> tuple[Documentation, ...]:
    """Return pages with placeholders in their URLs replaced, because clients do not expand them."""
    return tuple(replace(page, url=expand_url(page.url, domain, address)) for page in pages)


def expand_service(service: Service, context: PlaceholderContext) -> Service | None:
    """Return a service with its host or URL and its login name expanded.

    Returns:
        None if the host would be an invalid name, as `a_b.example.com` for the host
        `%EMAILLOCALPART%.example.com`, or if an attribute in host or URL is not known: such a
        service does not exist for this user.
    """
    endpoint = service.endpoint
    template = endpoint.url if isinstance(endpoint, UrlEndpoint) else endpoint.host
    attribute_names = attributes_in(template)
    if attribute_names and not _has_attributes(context, attribute_names):
        return None
    if isinstance(endpoint, UrlEndpoint):
        url = _expand_url(template, context)
        is_expanded = attribute_names or has_placeholder(template)
        host_changes = is_expanded and _must_be_valid_host(urlsplit(template).netloc, context)
        if host_changes and not _has_plain_host(url):
            return None
        endpoint = UrlEndpoint(url)
    elif attribute_names or has_placeholder(template):
        host = _expand(template, context)
        if _must_be_valid_host(template, context):
            try:
                host = DomainName.parse(host).ascii
            except DomainError:
                return None
        endpoint = replace(endpoint, host=host)
    return replace(service, endpoint=endpoint, login_name=_login_name(service, context))


def expand_domain(
    entry: Domain,
    domain: DomainName,
    address: EmailAddress | None,
    user: User = User(),  # noqa: B008 -- an immutable value
) -> ClientConfig:
    """Return the configuration for one domain or one address from a store's entry.

    Args:
        entry: from the store.
        domain: the requested one.
        address: None if only the domain is known. If the provider has separators of
            sub-addresses, services are for the address without the detail.
        user: the user, as far as known.
    """
    mailbox_domain = entry.resolve_alias(domain)
    mailbox = None if address is None else entry.mailbox_of(address)
    rules = () if entry.users is None else entry.users.directory.rules
    attributes = {rule.name: rule.default for rule in rules if rule.default is not None}
    attributes |= dict(user.attributes)
    context = PlaceholderContext(
        mailbox_domain, mailbox, user.login_name, attributes, is_alias=mailbox_domain != domain
    )
    expanded = [expand_service(service, context) for service in entry.services]
    services = ordered(service for service in expanded if service is not None)
    provider = entry.provider
    if "%" in provider.name + provider.short_name:  # In the ISPDB; few clients expand them.
        names = (expand(name, domain, address) for name in (provider.name, provider.short_name))
        provider = replace(provider, name=next(names), short_name=next(names))
    return ClientConfig(
        domain,
        address,
        provider,
        services,
        user,
        has_directory=entry.users is not None,
        pinned_pacc=entry.pinned_pacc,
        mailbox_domain=None if mailbox_domain == domain else mailbox_domain,
    )


def _has_attributes(context: PlaceholderContext, names: list[str]) -> bool:
    return all(context.attribute(name) is not None for name in names)


def _login_name(service: Service, context: PlaceholderContext) -> str | None:
    """Return the login name: that of the directory, unless the operator uses an attribute."""
    template = service.login_name
    attribute_names = attributes_in(template) if template is not None else []
    if context.login_name is not None and not attribute_names:
        return context.login_name
    if attribute_names and not _has_attributes(context, attribute_names):
        template = EMAIL_ADDRESS
    if template is None:
        return None
    if service.type is ServiceType.LDAP and _DN_BEGINS.match(template):
        return _substitute(template, context, _escape_in_dn)
    login_name = _expand(template, context)
    # SnappyMail, aerc and FairEmail support only this placeholder for the address (their sources).
    is_address = login_name == f"%EMAILLOCALPART%@{context.domain}"
    return EMAIL_ADDRESS if is_address and not context.is_alias else login_name


def _expand(text: str, context: PlaceholderContext) -> str:
    """Expand a text whose attributes are all known."""
    return _substitute(text, context, lambda value: value)


def _expand_url(url: str, context: PlaceholderContext) -> str:
    scheme, _, _ = url.partition("://")
    if "%" not in url or scheme.lower() not in LDAP_PORTS:
        return _expand_part(url, context)
    host, slash, rest = url[len(scheme) + 3 :].partition("/")
    name, mark, query = rest.partition("?")
    parts = (
        _expand_part(host, context),
        _expand_part(name, context, _escape_in_dn),
        _expand_part(query, context),
    )
    return f"{scheme}://{parts[0]}{slash}{parts[1]}{mark}{parts[2]}"


def _expand_part(
    text: str, context: PlaceholderContext, escape: Callable[[str], str] = lambda value: value
) -> str:
    """Expand a part of a URL.

    Args:
        text: the part.
        context: the domain or user.
        escape: applied to each value before it is percent-encoded.
    """
    if context.address is None:
        return _expand(text, context)
    return _substitute(
        text, context, lambda value: quote(escape(value), safe="@+!$&'()*,;=:"), colon="%3A"
    )


def _escape_in_dn(value: str) -> str:
    """Return a value with the escapes for a distinguished name (RFC 4514 s2.4)."""
    escaped = _SPECIAL_IN_DN.sub(r"\\\g<0>", value)
    if escaped.startswith((" ", "#")):
        escaped = f"\\{escaped}"
    return f"{escaped[:-1]}\\ " if escaped.endswith(" ") and len(value) > 1 else escaped


def _substitute(
    text: str, context: PlaceholderContext, encode: Callable[[str], str], colon: str = ":"
) -> str:
    def value(match: re.Match[str]) -> str:
        if match[2] is not None:
            # In a host, a colon of an attribute would begin a port.
            return encode(context.attribute(match[2]) or "").replace(":", colon)
        if context.is_alias and context.address is None and match[1].upper() == "EMAILADDRESS":
            return f"%EMAILLOCALPART%@{context.domain}"
        return encode(_address_value(match, context.domain, context.address))

    return _ANY_PLACEHOLDER.sub(value, text) if "%" in text else text


def _must_be_valid_host(host: str, context: PlaceholderContext) -> bool:
    """Return whether all placeholders of a host were replaced, so that it must be a valid name.

    Without an address placeholders may remain; an inserted value is never read as a placeholder.
    """
    if has_placeholder(host):
        return context.address is not None
    return _ATTRIBUTE.search(host) is not None


def _has_plain_host(url: str) -> bool:
    """Return whether the host of an expanded URL is a valid name, without a user name."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # RFC 3986 s3.2.3: digits; the attribute raises ValueError for others
        DomainName.parse(parts.hostname or "")
    except (ValueError, DomainError):
        return False
    return parts.username is None


def _address_value(match: re.Match[str], domain: DomainName, address: EmailAddress | None) -> str:
    name = match[1].upper()
    if name == "EMAILDOMAIN":
        return domain.ascii
    if address is None:
        return f"%{name}%"
    return str(address) if name == "EMAILADDRESS" else address.local_part
