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
_EITHER: Final = re.compile(f"{_PLACEHOLDER.pattern}|{_ATTRIBUTE.pattern}", re.IGNORECASE)
# RFC 4514 s2.4: characters to escape anywhere in a value. No address and no attribute has a NUL.
_SPECIAL_IN_NAME: Final = re.compile(r'["+,;<>\\]')
_NAME_BEGINS: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*=")  # s3: an attribute's type


@dataclass(frozen=True, slots=True)
class Subject:
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
    same = list(takewhile(lambda segment: not has_placeholder(segment), segments))
    if len(same) < len(segments):
        path = "/".join([*same, ""])
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
    return _PLACEHOLDER.sub(lambda match: _of_address(match, domain, address), text)


def expand_url(url: str, domain: DomainName, address: EmailAddress | None) -> str:
    """Return a URL with its placeholders replaced; values cannot add a path, a query or a host.

    RFC 3986 s3.3: characters that a path segment cannot contain are percent-encoded; `@` and `+`
    are allowed. In the distinguished name of an LDAP URL (RFC 4516 s2) a value is first escaped
    (RFC 4514 s2.4), so that it stays one value of an attribute.
    """
    return _expand_url(url, Subject(domain, address))


def expand_username(text: str, config: ClientConfig) -> str:
    """Return a text with the address that the servers know, or only with its domain."""
    home = config.home or config.domain
    return _expand(text, Subject(home, config.mailbox, is_alias=home != config.domain))


def expand_pages(
    pages: tuple[Documentation, ...], domain: DomainName, address: EmailAddress | None
) -> tuple[Documentation, ...]:
    """Return pages with placeholders in their URLs replaced, because clients do not expand them."""
    return tuple(replace(page, url=expand_url(page.url, domain, address)) for page in pages)


def expand_service(service: Service, subject: Subject) -> Service | None:
    """Return a service with its host or URL and its login name expanded.

    Returns:
        None if the host would be an invalid name, as `a_b.example.com` for the host
        `%EMAILLOCALPART%.example.com`, or if an attribute in host or URL is not known: such a
        service does not exist for this user.
    """
    endpoint = service.endpoint
    place = endpoint.url if isinstance(endpoint, UrlEndpoint) else endpoint.host
    wanted = attributes_in(place)
    if wanted and not _knows(subject, wanted):
        return None
    if isinstance(endpoint, UrlEndpoint):
        url, is_filled = _expand_url(place, subject), wanted or has_placeholder(place)
        if is_filled and _differs(urlsplit(place).netloc, subject) and not _has_plain_host(url):
            return None
        endpoint = UrlEndpoint(url)
    elif wanted or has_placeholder(place):
        host = _expand(place, subject)
        if _differs(place, subject):
            try:
                host = DomainName.parse(host).ascii
            except DomainError:
                return None
        endpoint = replace(endpoint, host=host)
    return replace(service, endpoint=endpoint, login_name=_login_name(service, subject))


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
    home = entry.resolve_alias(domain)
    mailbox = None if address is None else entry.mailbox_of(address)
    rules = () if entry.users is None else entry.users.directory.rules
    attributes = {rule.name: rule.default for rule in rules if rule.default is not None}
    attributes |= dict(user.attributes)
    subject = Subject(home, mailbox, user.login_name, attributes, is_alias=home != domain)
    expanded = [expand_service(service, subject) for service in entry.services]
    services = ordered(service for service in expanded if service is not None)
    provider = entry.provider
    if "%" in provider.name + provider.short_name:  # In the ISPDB; few clients expand them.
        names = (expand(one, domain, address) for one in (provider.name, provider.short_name))
        provider = replace(provider, name=next(names), short_name=next(names))
    return ClientConfig(
        *(domain, address, provider, services, user),
        has_directory=entry.users is not None,
        pinned_pacc=entry.pinned_pacc,
        home=None if home == domain else home,
    )


def _knows(subject: Subject, names: list[str]) -> bool:
    return all(subject.attribute(name) is not None for name in names)


def _login_name(service: Service, subject: Subject) -> str | None:
    """Return the login name: that of the directory, unless the operator uses an attribute."""
    template = service.login_name
    wanted = attributes_in(template) if template is not None else []
    if subject.login_name is not None and not wanted:
        return subject.login_name
    if wanted and not _knows(subject, wanted):
        template = EMAIL_ADDRESS
    if template is None:
        return None
    if service.type is ServiceType.LDAP and _NAME_BEGINS.match(template):
        return _substituted(template, subject, _escaped_in_name)
    login_name = _expand(template, subject)
    # SnappyMail, aerc and FairEmail support only this placeholder for the address (their sources).
    is_address = login_name == f"%EMAILLOCALPART%@{subject.domain}"
    return EMAIL_ADDRESS if is_address and not subject.is_alias else login_name


def _expand(text: str, subject: Subject) -> str:
    """Expand a text whose attributes are all known."""
    return _substituted(text, subject, lambda value: value)


def _expand_url(url: str, subject: Subject) -> str:
    scheme, _, _ = url.partition("://")
    if "%" not in url or scheme.lower() not in LDAP_PORTS:
        return _expand_part(url, subject)
    host, slash, rest = url[len(scheme) + 3 :].partition("/")
    name, mark, query = rest.partition("?")
    filled = (
        _expand_part(host, subject),
        _expand_part(name, subject, _escaped_in_name),
        _expand_part(query, subject),
    )
    return f"{scheme}://{filled[0]}{slash}{filled[1]}{mark}{filled[2]}"


def _expand_part(
    text: str, subject: Subject, escape: Callable[[str], str] = lambda value: value
) -> str:
    """Expand a part of a URL.

    Args:
        text: the part.
        subject: the domain or user.
        escape: applied to each value before it is percent-encoded.
    """
    if subject.address is None:
        return _expand(text, subject)
    return _substituted(
        text, subject, lambda value: quote(escape(value), safe="@+!$&'()*,;=:"), colon="%3A"
    )


def _escaped_in_name(value: str) -> str:
    """Return a value with the escapes for a distinguished name (RFC 4514 s2.4)."""
    escaped = _SPECIAL_IN_NAME.sub(r"\\\g<0>", value)
    if escaped.startswith((" ", "#")):
        escaped = f"\\{escaped}"
    return f"{escaped[:-1]}\\ " if escaped.endswith(" ") and len(value) > 1 else escaped


def _substituted(
    text: str, subject: Subject, encode: Callable[[str], str], colon: str = ":"
) -> str:
    def value(match: re.Match[str]) -> str:
        if match[2] is not None:
            # In a host, a colon of an attribute would begin a port.
            return encode(subject.attribute(match[2]) or "").replace(":", colon)
        if subject.is_alias and subject.address is None and match[1].upper() == "EMAILADDRESS":
            return f"%EMAILLOCALPART%@{subject.domain}"
        return encode(_of_address(match, subject.domain, subject.address))

    return _EITHER.sub(value, text) if "%" in text else text


def _differs(host: str, subject: Subject) -> bool:
    """Return whether all placeholders of a host were replaced, so that it must be a valid name.

    Without an address placeholders may remain; an inserted value is never read as a placeholder.
    """
    if has_placeholder(host):
        return subject.address is not None
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


def _of_address(match: re.Match[str], domain: DomainName, address: EmailAddress | None) -> str:
    name = match[1].upper()
    if name == "EMAILDOMAIN":
        return domain.ascii
    if address is None:
        return f"%{name}%"
    return str(address) if name == "EMAILADDRESS" else address.local_part
