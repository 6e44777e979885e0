"""The placeholders that stand in the texts of a service.

draft-ietf-mailmaint-autoconfig-06, s"Placeholders": `%EMAILADDRESS%`, `%EMAILLOCALPART%` and
`%EMAILDOMAIN%`. automx2 and Thunderbird know the same three. Case does not matter.

`%{name}` is Waypost's own: an attribute of the user, from the directory. `%{login_name}` is how
the user logs in. They never reach a client.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

from waypost.address import DomainName, EmailAddress
from waypost.errors import DomainError
from waypost.model import (
    EMAIL_ADDRESS,
    LDAP_PORTS,
    ClientConfig,
    Documentation,
    Domain,
    Person,
    Service,
    ServiceType,
    UrlEndpoint,
)
from waypost.preference import ordered

LOGIN_NAME: Final = "login_name"
_PLACEHOLDER: Final = re.compile("%(EMAILADDRESS|EMAILLOCALPART|EMAILDOMAIN)%", re.IGNORECASE)
_ATTRIBUTE: Final = re.compile(r"%\{([A-Za-z][A-Za-z0-9_;-]*)\}")
_EITHER: Final = re.compile(f"{_PLACEHOLDER.pattern}|{_ATTRIBUTE.pattern}", re.IGNORECASE)
# RFC 4514 s2.4: what must be escaped anywhere in a value. No address and no attribute has a NUL.
_SPECIAL_IN_NAME: Final = re.compile(r'["+,;<>\\]')
_NAME_BEGINS: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]*=")  # s3: an attribute's type


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose texts are expanded.

    Attributes:
        address: None where only the domain is known.
        login_name: from the directory, or None.
        attributes: the value of each attribute that is known.
    """

    domain: DomainName
    address: EmailAddress | None = None
    login_name: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)

    def attribute(self, name: str) -> str | None:
        """Return the value of an attribute, or None."""
        if name == LOGIN_NAME:
            return self.login_name or expand(EMAIL_ADDRESS, self.domain, self.address)
        return self.attributes.get(name)


def has_placeholder(text: str) -> bool:
    """Return whether a text holds a placeholder that needs the address or the domain."""
    return _PLACEHOLDER.search(text) is not None


def names_user(text: str) -> bool:
    """Return whether a text holds a placeholder that needs the local part of an address."""
    return any(match[1].upper() != "EMAILDOMAIN" for match in _PLACEHOLDER.finditer(text))


def shared_url(url: str) -> str | None:
    """Return the part of a URL that is the same for all users.

    It ends in front of the first path segment that holds a placeholder: what lies behind it is a
    user's, and the collection above it is where a client goes on looking (RFC 6764 s6, RFC 5397).
    A query with a placeholder is left out.

    Args:
        url: of a service, for a domain alone.

    Returns:
        None where the host itself differs from user to user.
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
    """Return the name of each attribute of the user that a text holds."""
    return _ATTRIBUTE.findall(text)


def without_attributes(text: str, value: str) -> str:
    """Put the same value for each attribute of the user into a text."""
    return _ATTRIBUTE.sub(lambda _match: value, text)


def expand(text: str, domain: DomainName, address: EmailAddress | None) -> str:
    """Put the address, or only the domain, into a text.

    Without an address, what needs the local part stays as it is, so that the client can expand it.
    What is put in is never expanded again.
    """
    return _PLACEHOLDER.sub(lambda match: _of_address(match, domain, address), text)


def expand_url(url: str, domain: DomainName, address: EmailAddress | None) -> str:
    """Do the same in a URL, where the local part must not become a path, a query or a host.

    RFC 3986 s3.3: what a path segment may not hold is percent-encoded; `@` and `+` may stay.
    In the distinguished name of an LDAP URL (RFC 4516 s2) it is escaped before, as RFC 4514 s2.4
    says, so that it stays one value of an attribute.
    """
    return _expand_url(url, Subject(domain, address))


def expand_pages(
    pages: tuple[Documentation, ...], domain: DomainName, address: EmailAddress | None
) -> tuple[Documentation, ...]:
    """Do the same in the URLs of pages for people: clients fill in nothing there."""
    return tuple(replace(page, url=expand_url(page.url, domain, address)) for page in pages)


def expand_service(service: Service, subject: Subject) -> Service | None:
    """Expand every text of a service: host or URL, and login name.

    Returns:
        None where the host would not be a name that can exist, as `a_b.example.com` for the host
        `%EMAILLOCALPART%.example.com`, or where an attribute in host or URL is not known: such a
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
    person: Person = Person(),  # noqa: B008 -- an immutable value
) -> ClientConfig:
    """Make the configuration for one domain or one address from what was found.

    Args:
        entry: what the store keeps.
        domain: the one that was asked for.
        address: None where only the domain is known. Where the provider says how to tell a
            detail, services are for the address without it.
        person: who the user is, as far as that is known.
    """
    user = None if address is None else entry.provider.user_of(address)
    rules = () if entry.users is None else entry.users.directory.rules
    attributes = {rule.name: rule.default for rule in rules if rule.default is not None}
    subject = Subject(domain, user, person.login_name, attributes | dict(person.attributes))
    expanded = [expand_service(service, subject) for service in entry.services]
    services = ordered(service for service in expanded if service is not None)
    provider = entry.provider
    if "%" in provider.name + provider.short_name:  # The ISPDB has such; few clients fill them in.
        names = (expand(one, domain, address) for one in (provider.name, provider.short_name))
        provider = replace(provider, name=next(names), short_name=next(names))
    return ClientConfig(
        *(domain, address, provider, services, person),
        has_directory=entry.users is not None,
        pinned_pacc=entry.pinned_pacc,
    )


def _knows(subject: Subject, names: list[str]) -> bool:
    return all(subject.attribute(name) is not None for name in names)


def _login_name(service: Service, subject: Subject) -> str | None:
    """Return the login name: what the directory says, unless the operator says more precisely."""
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
    # SnappyMail, aerc and FairEmail know the address by this placeholder alone (their sources).
    return EMAIL_ADDRESS if login_name == f"%EMAILLOCALPART%@{subject.domain}" else login_name


def _expand(text: str, subject: Subject) -> str:
    """Put all into a text; each attribute in it is known."""
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
    """Put all into a part of a URL.

    Args:
        text: the part.
        subject: whose values they are.
        escape: done to each before it is percent-encoded.
    """
    if subject.address is None:
        return _expand(text, subject)
    return _substituted(
        text, subject, lambda value: quote(escape(value), safe="@+!$&'()*,;=:"), colon="%3A"
    )


def _escaped_in_name(value: str) -> str:
    """Write a value as it stands in a distinguished name (RFC 4514 s2.4)."""
    escaped = _SPECIAL_IN_NAME.sub(r"\\\g<0>", value)
    if escaped.startswith((" ", "#")):
        escaped = f"\\{escaped}"
    return f"{escaped[:-1]}\\ " if escaped.endswith(" ") and len(value) > 1 else escaped


def _substituted(
    text: str, subject: Subject, encode: Callable[[str], str], colon: str = ":"
) -> str:
    def value(match: re.Match[str]) -> str:
        if match[2] is not None:
            # A colon would begin a port where an attribute stands for a host.
            return encode(subject.attribute(match[2]) or "").replace(":", colon)
        return encode(_of_address(match, subject.domain, subject.address))

    return _EITHER.sub(value, text) if "%" in text else text


def _differs(host: str, subject: Subject) -> bool:
    """Return whether all that a host holds of a user was put in, so that it must be a name now.

    Without an address a placeholder may be left; one that was put in never counts as one.
    """
    if has_placeholder(host):
        return subject.address is not None
    return _ATTRIBUTE.search(host) is not None


def _has_plain_host(url: str) -> bool:
    """Return whether what was put in left the host a name, with nothing before or behind it."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # RFC 3986 s3.2.3: digits; looked at only when it is asked for
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
