"""Import documents of the ISPDB, and of any other Autoconfig server, as providers.

Formats 1.1 (https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat) and 1.2
(draft-ietf-mailmaint-autoconfig-06), with the spellings of older documents. Elements are identified
by their local name; case is ignored. What Waypost cannot represent is listed with its line.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lxml import etree

from waypost.core.address import DomainName, EmailAddress
from waypost.core.errors import DomainError, ProvidersError
from waypost.core.model import (
    INCOMING,
    Catalog,
    Documentation,
    Domain,
    DomainPattern,
    OAuth2,
    Provider,
    Service,
)
from waypost.importers.import_result import (
    ImportNotes,
    ImportResult,
    remove_duplicates,
    with_priorities,
)
from waypost.importers.ispdb.generalize import insert_placeholders
from waypost.importers.ispdb.pages import RootPages, read_documentation, read_enable, read_oauth2
from waypost.importers.ispdb.services import SECTIONS, read_section
from waypost.importers.ispdb.xml import children, line_of, local_name, tag_name, text_of
from waypost.parsing import untrusted_xml
from waypost.providers_file.catalog import default_short_name
from waypost.providers_file.validators import (
    DOMAIN_MAX_CHARS,
    NAME_MAX_CHARS,
    SHORT_NAME_MAX_CHARS,
    RuleBroken,
    check_text,
)

MAX_BYTES: Final = 1024 * 1024
_UNSUPPORTED: Final = {
    "webmail": "Waypost reads it next to emailProvider, not inside it",
    "clientconfigupdate": "Waypost reads it next to emailProvider, not inside it",
    "instruction": "use the key documentation instead",
    "instructions": "use the key documentation instead",
    "inputfield": "clients ask only for the address and the password",
}
# The attributes that Waypost reads, by element.
_READ_ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(SECTIONS, ("type",)),
    **dict.fromkeys(("hostname", "port", "sockettype", "username", "url"), ()),
    **dict.fromkeys(("displayname", "displayshortname", "oauth2", "pop3"), ()),
    "authentication": ("system",),
    "clientconfig": ("version",),
    "descr": ("lang",),
    "documentation": ("url",),
    **dict.fromkeys(("clientconfigupdate", "loginpage", "loginpageinfo"), ("url",)),
    **dict.fromkeys(("usernamefield", "passwordfield", "loginbutton"), ("id", "name")),
    "enable": ("visiturl",),
    "webmail": (),
    "domain": ("purpose",),
    "emailprovider": ("id",),
}


def read_ispdb(
    data: bytes,
    *,
    name: str,
    domains: Sequence[DomainName] = (),
    address: EmailAddress | None = None,
) -> ImportResult:
    """Read a document.

    No DTD is read, no entity is expanded, no other document is downloaded.

    Args:
        data: the document, in any encoding that XML declares.
        name: the name of the document in messages: the path or the URL.
        domains: the domains to serve instead of those of the document.
        address: of the user that the document was made for; it is replaced by placeholders.

    Raises:
        ProvidersError: it is not such a document, or Waypost can serve nothing in it.
    """
    root = _root(data, name)
    notes = ImportNotes(name)
    if address is not None:
        insert_placeholders(root, address, tuple(domains), notes)
    _leave_out_attributes(root, notes)
    shared: list[Service] = []
    oauth2: list[OAuth2] = []
    pages = RootPages()
    providers = []
    for element in children(root):
        tag = local_name(element)
        if tag == "emailprovider":
            providers.append(element)
        elif tag in SECTIONS:
            shared += read_section(element, notes)
        elif tag == "oauth2":
            oauth2 += read_oauth2(element, notes)
        elif not pages.read(element, notes):
            _leave_out(element, notes)
    if not providers:
        raise ProvidersError([f"{name}: there is no element emailProvider"])
    imported_domains = []
    for element in providers:
        imported_domains += _domains(element, notes, _Shared(shared, oauth2, pages), domains)
    return notes.result(Catalog(tuple(_unique(imported_domains, notes))))


def _unique(imported_domains: Sequence[Domain], notes: ImportNotes) -> Iterable[Domain]:
    unique: dict[DomainPattern, Domain] = {}
    for domain in imported_domains:
        if unique.setdefault(domain.pattern, domain) is not domain:
            why = "appears twice; Waypost uses the first one"
            notes.leave_out(1, f"domain {domain.pattern}", why)
    return unique.values()


@dataclass(frozen=True, slots=True)
class _Shared:
    """The elements outside of the providers, which apply to all providers."""

    services: Sequence[Service]
    oauth2: Sequence[OAuth2]
    pages: RootPages


def _root(data: bytes, name: str) -> etree._Element:
    if len(data) > MAX_BYTES:
        raise ProvidersError([f"{name}: is larger than {MAX_BYTES // 1024} KiB"])
    if not data.strip():
        raise ProvidersError([f"{name}: is empty"])
    try:
        root = untrusted_xml.parse(data)
    except untrusted_xml.NotWellFormed as error:
        position = "" if error.line is None else f"line {error.line}: "
        raise ProvidersError([f"{name}: {position}not XML: {error}"]) from error
    except untrusted_xml.HasDoctype as error:
        problem = f"{name}: has a document type definition, which Waypost does not accept"
        raise ProvidersError([problem]) from error
    if local_name(root) != "clientconfig":
        raise ProvidersError([f"{name}: the root is not the element clientConfig"])
    return root


def _domains(
    element: etree._Element,
    notes: ImportNotes,
    shared: _Shared,
    served_domains: Sequence[DomainName],
) -> list[Domain]:
    reader = _Reader(element, notes)
    services = [*reader.services, *shared.services]
    provider = reader.provider(served_domains or reader.names)
    names = tuple(served_domains) or tuple(reader.names)
    if not names:
        reason = "there is no domain that can be served; set one with --domain"
        raise ProvidersError([f"{notes.source}: line {line_of(element)}: {reason}"])
    if not any(service.type in INCOMING for service in services):
        raise ProvidersError([_no_mail(element, notes)])
    in_order = with_priorities(remove_duplicates(services, notes, line_of(element)))
    provider = replace(
        provider,
        oauth2=(*provider.oauth2, *shared.oauth2),
        webmail=shared.pages.webmail,
        update_url=shared.pages.update_url,
    )
    return [Domain(DomainPattern(name.ascii), provider, in_order) for name in names]


def _no_mail(element: etree._Element, notes: ImportNotes) -> str:
    line = line_of(element)
    reasons = [str(note) for note in notes.left_out]
    more = f"; left out: {'; '.join(reasons[:3])}" if reasons else ""
    return f"{notes.source}: line {line}: no incoming mail service can be served{more}"


class _Reader:
    """A reader of an element emailProvider."""

    def __init__(self, element: etree._Element, notes: ImportNotes) -> None:
        self.names: list[DomainName] = []
        self.services: list[Service] = []
        self._element = element
        self._notes = notes
        self._texts: dict[str, str] = {}
        self._documentation: list[Documentation] = []
        self._oauth2: list[OAuth2] = []
        self._enable: list[Documentation] = []
        for part in children(element):
            self._read(part)

    def provider(self, names: Sequence[DomainName]) -> Provider:
        """Return the provider; its name is displayName, or else the id, or else a domain."""
        fallback = (self._element.get("id") or "").strip() or (names[0].ascii if names else "")
        name = self._texts.get("displayname") or fallback[:NAME_MAX_CHARS] or "Mail"
        short = self._texts.get("displayshortname") or default_short_name(name)
        documentation, oauth2 = tuple(self._documentation), tuple(self._oauth2)
        return Provider(name, short, documentation, oauth2, tuple(self._enable))

    def _read(self, part: etree._Element) -> None:
        tag = local_name(part)
        if tag == "domain":
            self._domain(part)
        elif tag == "displayname":
            self._name(part, NAME_MAX_CHARS)
        elif tag == "displayshortname":
            self._name(part, SHORT_NAME_MAX_CHARS)
        elif tag in SECTIONS:
            self.services += read_section(part, self._notes)
        elif tag == "documentation":
            self._documentation += read_documentation(part, self._notes)
        elif tag == "oauth2":
            self._oauth2 += read_oauth2(part, self._notes)
        elif tag == "enable":
            self._enable += read_enable(part, self._notes)
        else:
            _leave_out(part, self._notes)

    def _domain(self, part: etree._Element) -> None:
        line, text = line_of(part), text_of(part)
        try:
            domain = DomainName.parse(text)
        except DomainError as error:
            why = "is a placeholder, not a domain" if "%" in text else str(error)
            self._notes.leave_out(line, "domain", why)
            return
        if len(domain.ascii) > DOMAIN_MAX_CHARS:
            why = f"is longer than {DOMAIN_MAX_CHARS} characters"
            self._notes.leave_out(line, "domain", why)
            return
        if purpose := part.get("purpose"):
            why = f"the purpose {purpose!r} is not imported; {domain} becomes an ordinary domain"
            self._notes.leave_out(line, "domain", why)
        if domain in self.names:
            # The same domain in A-labels and in U-labels is not a duplicate.
            if text.isascii():
                self._notes.leave_out(line, "domain", f"{domain} appears twice")
            return
        self.names.append(domain)

    def _name(self, part: etree._Element, max_chars: int) -> None:
        line, text, tag = line_of(part), text_of(part), local_name(part)
        if tag in self._texts:
            self._notes.leave_out(line, tag_name(part), "appears twice")
            return
        shortened = text[:max_chars].strip()
        try:
            self._texts[tag] = check_text(shortened, max_chars)
        except RuleBroken as broken:
            self._notes.leave_out(line, tag_name(part), str(broken))
            return
        if shortened != text:
            why = f"was cut to {max_chars} characters"
            self._notes.leave_out(line, tag_name(part), why)


def _leave_out(element: etree._Element, notes: ImportNotes) -> None:
    why = _UNSUPPORTED.get(local_name(element), "Waypost does not support this element")
    notes.leave_out(line_of(element), tag_name(element), why)


def _leave_out_attributes(root: etree._Element, notes: ImportNotes) -> None:
    """Add notes about the ignored attributes of elements that are not ignored themselves."""
    for element in root.iter("*"):
        known = _READ_ATTRIBUTES.get(local_name(element))
        if known is None:
            continue
        for name in map(etree.QName, element.keys()):
            if name.localname not in known:
                what = f"attribute {name.localname[:40]} of {tag_name(element)}"
                notes.leave_out(line_of(element), what, "Waypost does not support this attribute")
