"""Convert an Autoconfig document for one user into a document for all users.

For a request with `?emailaddress=`, some servers write the user's login name, and more, in the
places of placeholders (draft-ietf-mailmaint-autoconfig-06 s"Placeholders").
"""

import re
from typing import Final
from urllib.parse import quote, unquote, urlsplit

from lxml import etree

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import AddressError, DomainError
from waypost.core.model import EMAIL_ADDRESS
from waypost.importers.import_result import ImportNotes
from waypost.importers.ispdb.xml import line_of, local_name, tag_name, text_of

_LOCAL_PART: Final = "%EMAILLOCALPART%"
_DOMAIN: Final = "%EMAILDOMAIN%"
_URLS: Final = frozenset({"url", "serverurl", "ewsurl", "easurl"})
_NAMES: Final = frozenset({"displayname", "displayshortname"})
# Usual names of hosts and folders. A user may have the same name, but here they mean the service.
_OF_SERVICES: Final = frozenset(
    {
        *("autoconfig", "autodiscover", "caldav", "calendar", "calendars", "carddav", "contacts"),
        *("dav", "email", "ews", "exchange", "imap", "imaps", "jmap", "mail", "mx", "owa", "pop"),
        *("pop3", "principals", "smtp", "smtps", "submission", "user", "users", "webdav"),
        *("webmail", "www"),
    }
)


def address_in_url(url: str) -> EmailAddress | None:
    """Return the address in the URL of a document: the value of any parameter."""
    try:
        query = urlsplit(url).query
    except ValueError:
        return None
    for part in query.split("&"):
        try:
            return EmailAddress.parse(unquote(part.partition("=")[2], errors="strict"))
        except (AddressError, DomainError, UnicodeDecodeError):
            continue
    return None


def insert_placeholders(
    root: etree._Element, address: EmailAddress, served: tuple[DomainName, ...], notes: ImportNotes
) -> None:
    """Replace the user's address by placeholders in login names, hosts, URLs and names.

    Args:
        root: the document, which is changed.
        address: of the user that the document was made for.
        served: the domains to serve; empty for the domains of the document.
        notes: receives a warning for each element that changes.
    """
    patterns = _AddressPatterns(address)
    domains = {domain.ascii for domain in served} or {
        text_of(element).lower() for element in root.iter("*") if local_name(element) == "domain"
    }
    # For other domains, a host in the domain of this user is a fixed name.
    is_only_domain = domains <= {address.domain.ascii, _DOMAIN.lower(), address.domain.unicode}
    for element in root.iter("*"):
        tag, text = local_name(element), text_of(element)
        general = text
        if tag == "username":
            general = patterns.in_login_name(text)
        elif tag in _NAMES:
            general = patterns.in_name(text)
        elif tag == "hostname":
            general = patterns.in_host(text, is_only_domain=is_only_domain)
        elif tag in _URLS:
            general = patterns.in_url(text, is_only_domain=is_only_domain)
        if general != text:
            del element[:]
            element.text = general
            notes.warn(line_of(element), tag_name(element), f"{text!r} became {general}")
        for name, value in element.items():
            if patterns.is_in(str(value)):
                attribute = etree.QName(name).localname
                why = f"its {attribute} contains {address}, which all users will see"
                notes.warn(line_of(element), tag_name(element), why)


class _AddressPatterns:
    """A search for the address of one user in a document."""

    def __init__(self, address: EmailAddress) -> None:
        """Create a search for an address, in upper and lower case, also encoded for a URL."""
        names = (address.domain.ascii, address.domain.unicode)
        local_part = address.local_part
        addresses = [f"{local_part}@{name}" for name in names]
        encoded = [quote(text, safe=safe) for text in addresses for safe in ("", "@+")]
        # In a URL, an encoded character may be before the address.
        begin = r"(?:(?<![\w.+-])|(?<=%[0-9A-F][0-9A-F]))"
        self._whole = rf"{begin}{_any_of(*addresses, *encoded)}(?![\w-])"
        self._domain = _any_of(*names)
        self._local_part = _any_of(local_part, quote(local_part, safe=""))
        self._is_of_services = local_part.lower() in _OF_SERVICES

    def is_in(self, text: str) -> bool:
        """Return whether a text contains the address."""
        return re.search(self._whole, text, re.IGNORECASE) is not None

    def in_login_name(self, text: str) -> str:
        """Replace the address, and its two parts if they are separate words."""
        return self._replace(text, r"(?<![^\W_])", r"(?![^\W_])")

    def in_name(self, text: str) -> str:
        """Replace only the whole address: a domain may also be the name of a company."""
        return self._replace(text)

    def in_host(self, text: str, *, is_only_domain: bool) -> str:
        """Replace the domain at the end, and the local part if it is a label."""
        if is_only_domain:
            text = re.sub(rf"(?<![^.]){self._domain}$", _DOMAIN, text, flags=re.IGNORECASE)
        if self._is_of_services:
            return text
        label = rf"(?<![^.]){self._local_part}(?=\.)"
        return re.sub(label, _LOCAL_PART, text, flags=re.IGNORECASE)

    def in_url(self, text: str, *, is_only_domain: bool) -> str:
        """Replace the address, and its parts if they are a segment of the path or a value."""
        scheme, divider, rest = text.partition("://")
        authority, slash, path = rest.partition("/")
        name, colon, port = authority.partition(":")
        path = self._replace(
            f"{slash}{path}", r"(?<=[/=~])", r"(?![^/&?;])", has_local_part=not self._is_of_services
        )
        host = self.in_host(name, is_only_domain=is_only_domain)
        return f"{scheme}{divider}{host}{colon}{port}{path}"

    def _replace(
        self,
        text: str,
        before: str | None = None,
        after: str = "",
        *,
        has_local_part: bool = True,
    ) -> str:
        """Replace the address, and its parts between two patterns; keep placeholders."""
        parts = [r"%EMAIL[A-Z]+%", f"(?P<whole>{self._whole})"]
        if before is not None:
            parts.append(f"{before}(?P<domain>{self._domain}){after}")
            if has_local_part:
                parts.append(f"{before}(?P<local>{self._local_part}){after}")
        return re.sub("|".join(parts), _placeholder, text, flags=re.IGNORECASE)


def _placeholder(match: re.Match[str]) -> str:
    known = {"whole": EMAIL_ADDRESS, "domain": _DOMAIN, "local": _LOCAL_PART}
    return known.get(match.lastgroup or "", match[0])


def _any_of(*texts: str) -> str:
    return f"(?:{'|'.join(re.escape(text) for text in dict.fromkeys(texts))})"
