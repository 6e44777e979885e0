"""Documents of the ISPDB as providers, and providers as documents."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tests.providers_file.catalogs import PROVIDERS, services
from tests.standards.autoconfig import violations
from waypost.core.address import DomainName
from waypost.core.errors import NoUsableService, ProvidersError
from waypost.core.model import (
    ALL_FORMATS,
    HTTP_BASIC,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    Authentication,
    Catalog,
    Format,
    HostEndpoint,
    PageSettings,
    Pop3Options,
    ProfileSettings,
    Provider,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
    Webmail,
    WebmailLogin,
    without_general_name,
)
from waypost.core.preference import ordered
from waypost.formats.autoconfig import render_submission
from waypost.importers.ispdb.document import MAX_BYTES, read_ispdb
from waypost.providers_file.load import read_providers, write_providers

FOLDER = Path(__file__).parent / "ispdb"
DOCUMENTS = sorted(FOLDER.glob("*.xml"))
IMAP = (
    '<incomingServer type="imap"><hostname>imap.example.com</hostname><port>993</port>'
    "<socketType>SSL</socketType><authentication>password-cleartext</authentication>"
    "<username>%EMAILADDRESS%</username></incomingServer>"
)
FORM = '<loginPageInfo url="https://a.example/in">'
SMTP = IMAP.replace("incoming", "outgoing").replace("imap", "smtp").replace("993", "465")


def document(inner: str = IMAP + SMTP, domains: str = "<domain>example.com</domain>") -> bytes:
    """Build a document around some sections."""
    name = "<displayName>Example</displayName>"
    provider = f'<emailProvider id="example.com">{domains}{name}\n{inner}</emailProvider>'
    return f'<clientConfig version="1.1">{provider}</clientConfig>'.encode()


def again(catalog: Catalog) -> Catalog:
    """Write what was read as one document, and read that document."""
    names = [DomainName(domain.pattern.text) for domain in catalog.domains]
    first = catalog.domains[0]
    data = render_submission(first.provider, names, first.services)
    found = read_ispdb(data, name="again.xml")
    assert found.left_out == ()
    return found.catalog


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_golden(path: Path) -> None:
    """A document becomes its expected providers file, and all that is left out is listed."""
    found = read_ispdb(path.read_bytes(), name=path.name)

    assert write_providers(found.catalog, "toml") == path.with_suffix(".toml").read_text("utf-8")
    notes = [*(f"left out: {one}" for one in found.left_out)]
    notes += [f"warning: {one}" for one in found.warnings]
    assert notes == path.with_suffix(".txt").read_text("utf-8").splitlines()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_imports_render_to_the_same_content(path: Path) -> None:
    """An imported document that is written and read again has the same content."""
    found = read_ispdb(path.read_bytes(), name=path.name).catalog

    assert again(found) == found


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_imports_are_valid_providers_files(path: Path) -> None:
    """The result of an import obeys all rules of providers files."""
    found = read_ispdb(path.read_bytes(), name=path.name).catalog
    text = write_providers(found, "toml")

    assert read_providers(text, name="x", format="toml").catalog == found


def place(service: Service) -> object:
    """Return the values that distinguish services; for a URL only the type and the URL."""
    endpoint = service.endpoint
    if isinstance(endpoint, HostEndpoint):
        return replace(service, priority=None, domain_required=False)
    return service.type, endpoint.url.lower()


@given(PROVIDERS, st.lists(services(), min_size=1, max_size=6, unique_by=place))
def test_any_provider_survives(provider: Provider, some: list[Service]) -> None:
    """Only what the format cannot express is lost, and nothing more the second time."""
    try:
        data = render_submission(provider, [DomainName("example.com")], some)
    except NoUsableService:
        return
    found = read_ispdb(data, name="x").catalog

    assert again(found) == found
    (domain,) = found.domains
    # Only PACC and profiles contain these, and only profiles an LDAP address book.
    lost: dict[str, Any] = {"logos": (), "developer_url": None, "contacts": ()}
    lost |= {"profile": ProfileSettings(), "page": PageSettings(), "subaddress_separators": ""}
    lost["oauth2"] = tuple(one for one in (provider.complete_oauth2,) if one is not None)
    assert domain.provider == replace(provider, **lost)
    expected = [
        service
        for service in some
        if service.type is not ServiceType.LDAP and Format.AUTOCONFIG in service.formats
    ]
    assert sorted(map(_said, domain.services)) == sorted(map(_said, expected))


def _said(service: Service) -> str:
    """Return what a document can say about a service: not priority, required domain and formats.

    With a URL, `password-cleartext` behind `http:Basic` says nothing more.
    """
    methods = service.authentication
    if isinstance(service.endpoint, UrlEndpoint):
        methods = without_general_name(methods)
    known = replace(
        service,
        priority=None,
        domain_required=False,
        formats=ALL_FORMATS,
        authentication=methods,
    )
    return repr(known)


def only(inner: str) -> Service:
    """Return the incoming service of a document with this section."""
    (domain,) = read_ispdb(document(inner + SMTP), name="x").catalog.domains
    return domain.services[0]


GENERAL_NAMES = [
    # section, configured methods
    ('type="ews"><url>https://x.example.com/</url>', (HTTP_BASIC,)),
    (
        'type="imap"><hostname>i.example.com</hostname><port>993</port><socketType>SSL</socketType>',
        (HTTP_BASIC, PASSWORD_CLEARTEXT),
    ),
]


@pytest.mark.parametrize(("inner", "methods"), GENERAL_NAMES)
def test_general_name_behind_basic(inner: str, methods: tuple[Authentication, ...]) -> None:
    """With a URL, the general name after HTTP's Basic is not a second method."""
    both = '<authentication system="http">Basic</authentication>'
    both += "<authentication>password-cleartext</authentication>"
    assert only(f"<incomingServer {inner}{both}</incomingServer>").authentication == methods


def test_both_forms_of_one_domain() -> None:
    """A domain in A-labels and in U-labels is one domain, and nothing is lost."""
    names = "<domain>xn--bcher-kva.example</domain><domain>bücher.example</domain>"
    found = read_ispdb(document(names + IMAP + SMTP), name="x")
    assert [domain.pattern.text for domain in found.catalog.domains][-1:] == [
        "xn--bcher-kva.example"
    ]
    assert found.left_out == ()


METHODS = [
    ("<authentication>plain</authentication>", PASSWORD_CLEARTEXT),
    ("<authentication>secure</authentication>", PASSWORD_ENCRYPTED),
    ("<authentication> OAuth2 </authentication>", OAUTH2),
    ("<authentication>ntlm</authentication>", NTLM),
    ("<authentication>http-basic</authentication>", HTTP_BASIC),
    ('<authentication system="http">basic</authentication>', HTTP_BASIC),
]


@pytest.mark.parametrize(("text", "method"), METHODS)
def test_spellings_of_methods(text: str, method: Authentication) -> None:
    """Old and new spellings of an authentication method mean the same."""
    inner = IMAP.replace("<authentication>password-cleartext</authentication>", text)

    assert only(inner).authentication == (method,)


def test_socket_types_in_order() -> None:
    """Each socket type of a section becomes a service, in the order of the document."""
    both = "<socketType>STARTTLS</socketType><socketType>plain</socketType>"
    inner = IMAP.replace("993", "1143").replace("<socketType>SSL</socketType>", both)

    (domain,) = read_ispdb(document(inner + SMTP), name="x").catalog.domains

    ways = [s.endpoint for s in domain.services if s.type is ServiceType.IMAP]
    host = "imap.example.com"
    assert ways == [
        HostEndpoint(host, 1143, Security.STARTTLS),
        HostEndpoint(host, 1143, Security.NONE),
    ]


@pytest.mark.parametrize("section", [IMAP, SMTP])
def test_order_of_the_document(section: str) -> None:
    """If STARTTLS or no TLS is before TLS in a document, this order is kept."""
    port, kind = ("993", ServiceType.IMAP) if section is IMAP else ("465", ServiceType.SMTP)
    starttls = section.replace(port, "1143").replace("SSL", "STARTTLS")
    plain = section.replace(port, "1144").replace("SSL", "plain")
    inner = (IMAP if section is SMTP else SMTP) + plain + starttls + section + starttls

    (domain,) = read_ispdb(document(inner), name="x").catalog.domains

    found = [one for one in ordered(domain.services) if one.type is kind]
    ports = [one.endpoint.port for one in found if isinstance(one.endpoint, HostEndpoint)]
    assert ports[:3] == [1144, 1143, int(port)]


def test_pop3_options() -> None:
    """The options of POP3 are read, and written unchanged."""
    options = "<pop3><leaveMessagesOnServer>false</leaveMessagesOnServer></pop3></incomingServer>"
    pop3 = IMAP.replace("imap", "pop3").replace("993", "995").replace("</incomingServer>", options)

    assert only(pop3).pop3 == Pop3Options(leave_messages_on_server=False)


PORTS = [
    # section, its port and socketType, served security, warning
    (IMAP, "993", "STARTTLS", Security.TLS, "port 993 starts with TLS, so starttls became tls"),
    (IMAP, "993", "plain", Security.TLS, "port 993 starts with TLS, so none became tls"),
    (
        IMAP,
        "143",
        "SSL",
        Security.TLS,
        "port 143 usually starts without TLS; check that tls is right",
    ),
    (
        SMTP,
        "587",
        "SSL",
        Security.TLS,
        "port 587 usually starts without TLS; check that tls is right",
    ),
    (
        SMTP,
        "25",
        "SSL",
        Security.TLS,
        "port 25 usually starts without TLS; check that tls is right",
    ),
    (SMTP, "465", "STARTTLS", Security.STARTTLS, "port 465 usually starts with TLS"),
    (
        SMTP,
        "465",
        "plain",
        Security.NONE,
        "port 465 usually starts with TLS; check that none is right",
    ),
]


@pytest.mark.parametrize(("section", "port", "socket_type", "security", "said"), PORTS)
def test_no_service_is_lost_for_its_port(
    section: str, port: str, socket_type: str, security: Security, said: str
) -> None:
    """A contradiction of port and protection gets a warning, and the service is kept."""
    odd = section.replace("993", port).replace("465", port).replace("SSL", socket_type)
    inner = odd + (SMTP if section is IMAP else IMAP)

    found = read_ispdb(document(inner), name="x.xml")

    kind = ServiceType.IMAP if section is IMAP else ServiceType.SMTP
    (service,) = (one for one in found.catalog.domains[0].services if one.type is kind)
    assert isinstance(service.endpoint, HostEndpoint)
    assert (service.endpoint.port, service.endpoint.security) == (int(port), security)
    assert said in str(found.warnings[0])
    assert found.left_out == ()


EWS_URL = "https://mail.example.com/EWS/Exchange.asmx"
EWS_UPPER = "https://MAIL.example.com/EWS/Exchange.asmx"
EAS_URL = "https://mail.example.com/Microsoft-Server-ActiveSync"
BASIC = '<authentication system="http">Basic</authentication>'
PASSWORD = "<authentication>password-cleartext</authentication>"
USERNAME = "<username>%EMAILADDRESS%</username>"
TWICE = [
    # two sections for the same service
    (
        f'<incomingServer type="ews">{BASIC}{USERNAME}<url>{EWS_URL}</url></incomingServer>',
        f'<incomingServer type="exchange">{PASSWORD}<ewsURL>{EWS_URL}</ewsURL></incomingServer>',
    ),
    (
        f'<incomingServer type="exchange">{BASIC}<ewsURL>{EWS_URL}</ewsURL></incomingServer>',
        f'<incomingServer type="ews">{PASSWORD}{USERNAME}<url>{EWS_UPPER}</url></incomingServer>',
    ),
    (
        f'<incomingServer type="activeSync">{BASIC}{USERNAME}<url>{EAS_URL}</url></incomingServer>',
        f'<incomingServer type="exchange">{PASSWORD}<easURL>{EAS_URL}</easURL></incomingServer>',
    ),
]


@pytest.mark.parametrize(("first", "second"), TWICE)
def test_the_same_service_twice(first: str, second: str) -> None:
    """A service in two sections is imported once, with the values of both."""
    found = read_ispdb(document(first + second + IMAP + SMTP), name="x.xml")

    (service,) = (
        one
        for one in found.catalog.domains[0].services
        if one.type in {ServiceType.EWS, ServiceType.ACTIVESYNC}
    )
    assert service.authentication == (HTTP_BASIC, PASSWORD_CLEARTEXT)
    assert service.login_name == "%EMAILADDRESS%"
    assert ["is a duplicate; imported only once" in str(one) for one in found.left_out] == [True]


def test_the_same_server_twice() -> None:
    """Two equal sections become one service; two authentication methods are both kept."""
    oauth2 = IMAP.replace("password-cleartext", "OAuth2")

    found = read_ispdb(document(IMAP + oauth2 + SMTP + IMAP), name="x.xml").catalog

    methods = [one.authentication for one in found.domains[0].services]
    assert methods == [(PASSWORD_CLEARTEXT,), (OAUTH2,), (PASSWORD_CLEARTEXT,)]


LEFT_OUT = [
    # element in the provider next to IMAP and SMTP, note
    (
        '<incomingServer type="nntp"/>',
        "incomingServer type nntp: Waypost does not support this service",
    ),
    ("<incomingServer/>", "type that is missing"),
    (IMAP.replace("993", "70000"), "its port (line 2) must be a number from 1 to 65535"),
    (IMAP.replace("imap.example.com", "-x.example"), "its hostname (line 2) is not a host name"),
    (IMAP.replace("SSL", "TLS 1.0"), "must be SSL, STARTTLS or plain"),
    (IMAP.replace("password-cleartext", "magic"), "authentication magic: is not a known method"),
    (IMAP.replace("<port>993</port>", ""), "has no port that can be used"),
    (IMAP.replace("<socketType>SSL</socketType>", ""), "has no socketType that can be used"),
    (
        IMAP.replace("<port>993</port>", "").replace("<hostname>imap.example.com</hostname>", ""),
        "has no hostname and no port that can be used",
    ),
    (f'<incomingServer type="ews">{BASIC}</incomingServer>', "has no URL that can be used"),
    (f'<incomingServer type="exchange">{BASIC}</incomingServer>', "has no ewsURL and no easURL"),
    (
        IMAP.replace("%EMAILADDRESS%", "a\u200bb"),
        "its username (line 2) contains the invisible character U+200B",
    ),
    (IMAP.replace("%EMAILADDRESS%", "x" * 65), "its username (line 2) is longer than 64"),
    ('<incomingServer type="ews"/>', "no authentication method that can be served"),
    ("<domain>%EMAILDOMAIN%</domain>", "domain: is a placeholder, not a domain"),
    ("<domain>a..b</domain>", "domain: the domain has an empty label"),
    ("<domain>EXAMPLE.com</domain>", "domain: example.com appears twice"),
    ("<displayName>Again</displayName>", "displayName: appears twice"),
    ("<displayShortName/>", "displayShortName: must not be empty"),
    (f"<displayShortName>{'x' * 40}</displayShortName>", "was cut to 32 characters"),
    ('<documentation url="mailto:a@example.com"/>', "its url must be an absolute URL"),
    ("<oAuth2/>", "oAuth2: contains nothing that can be used"),
    ("<webMail/>", "webMail: Waypost reads it next to emailProvider, not inside it"),
    ('<enable visiturl="ftp://a.example"/>', "enable: its visiturl must be an absolute URL"),
    (
        '<enable visiturl="https://a.example/#x"><link/></enable>',
        "enable: its visiturl was cut at the fragment #x",
    ),
    ("<news:x xmlns:news='urn:x'/>", "x: Waypost does not support this element"),
]


FORMS = [
    # content of webMail, note
    ("<loginPageInfo/>", "loginPageInfo: its url must not be empty"),
    ('<loginPageInfo url="http://a.example/"/>', "its url must begin with https://"),
    ('<loginAutomaticDOM url="https://a.example/"/>', "Waypost does not support this element"),
    (f"{FORM}</loginPageInfo>{FORM}</loginPageInfo>", "loginPageInfo: appears twice"),
    (f"{FORM}<username>%{{uid}}</username></loginPageInfo>", "username: %{uid} cannot be used"),
    (f"{FORM}<username/></loginPageInfo>", "username: must not be empty"),
    (f"{FORM}<username>a</username><username>b</username></loginPageInfo>", "appears twice"),
    (f"{FORM}<loginButton/></loginPageInfo>", "loginButton: has neither an id nor a name"),
    (f"{FORM}<loginButton id='{'x' * 256}'/></loginPageInfo>", "its id is longer than 255"),
]


@pytest.mark.parametrize(("inner", "said"), FORMS)
def test_forms_that_are_left_out_are_listed(inner: str, said: str) -> None:
    """What cannot be imported from a form is listed with its reason."""
    changed = f"</emailProvider><webMail>{inner}</webMail>".encode()
    found = read_ispdb(document().replace(b"</emailProvider>", changed), name="x.xml")

    assert [note for note in map(str, found.left_out) if said in note]


def test_form_without_a_page() -> None:
    """The page of a form replaces a missing page."""
    changed = f"</emailProvider><webMail>{FORM}</loginPageInfo></webMail>".encode()
    found = read_ispdb(document().replace(b"</emailProvider>", changed), name="x.xml")

    url = "https://a.example/in"
    assert found.catalog.domains[0].provider.webmail == Webmail(url, WebmailLogin(url))


@pytest.mark.parametrize("one", [IMAP, SMTP], ids=["imap", "smtp"])
def test_unprotected_first(one: str) -> None:
    """A document that prefers unencrypted services is served in its own order."""
    plain = one.replace("SSL", "plain").replace("993", "143").replace("465", "25")
    found = read_ispdb(document(plain + one + (SMTP if one == IMAP else IMAP)), name="x.xml")
    kind = ServiceType.IMAP if one == IMAP else ServiceType.SMTP
    some = [two for two in ordered(found.catalog.domains[0].services) if two.type is kind]

    securities = [two.endpoint.security for two in some if isinstance(two.endpoint, HostEndpoint)]
    assert securities == [Security.NONE, Security.TLS]


def test_attributes_that_are_left_out_are_listed() -> None:
    """An unsupported attribute is listed, and its element is still read."""
    found = read_ispdb(document(IMAP.replace("<port>", "<port secure='1'>") + SMTP), name="x.xml")
    assert [str(note) for note in found.left_out] == [
        "x.xml: line 2: attribute secure of port: Waypost does not support this attribute"
    ]
    assert len(found.catalog.domains[0].services) == 2


@pytest.mark.parametrize(("inner", "said"), LEFT_OUT)
def test_left_out_elements_are_listed(inner: str, said: str) -> None:
    """What is unsupported is listed with file, line, element and reason; the rest is read."""
    found = read_ispdb(document(IMAP + SMTP + inner), name="x.xml")

    assert [note for note in map(str, found.left_out) if said in note]
    assert all(str(note).startswith("x.xml: line 2: ") for note in found.left_out)
    assert len(found.catalog.domains[0].services) == 2


def test_section_without_encryption_gets_a_warning() -> None:
    """A section without encryption is read with a warning."""
    found = read_ispdb(
        document(IMAP.replace("993", "143").replace("SSL", "plain") + SMTP), name="x"
    )

    assert "passwords and mail can be read on the network" in str(found.warnings[0])
    assert found.left_out == ()


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + document("&b;")
BAD = [
    (b"", "is empty"),
    (b" \n", "is empty"),
    (b"plain text", "not XML"),
    (b"<html><body/></html>", "the root is not the element clientConfig"),
    (b"<clientConfig/>", "there is no element emailProvider"),
    (document()[:-9], "line 2: not XML"),
    (document("<domain>b\xe4d.example</domain>").decode().encode("latin-1"), "not XML"),
    (b"\xff\xfe\x00<", "not XML"),
    (document("\0"), "not XML"),
    (document("&undefined;"), "not XML"),
    (LAUGHS, "has a document type definition"),
    (b'<!DOCTYPE x SYSTEM "file:///etc/passwd">' + document(), "has a document type definition"),
    (document() + b" " * MAX_BYTES, "is larger than 1024 KiB"),
    (document("<a>" * 300 + "</a>" * 300), "not XML"),
    (document(domains=""), "there is no domain that can be served; set one with --domain"),
    (document(SMTP), "no incoming mail service can be served"),
    (document(IMAP.replace("993", "x") + SMTP), "left out: x.xml: line 2: incomingServer type im"),
    (b'<?xml version="1.0" encoding="x-none"?>' + document(), "not XML"),
]


@pytest.mark.parametrize(("data", "said"), BAD)
def test_bad_documents(data: bytes, said: str) -> None:
    """A wrong document, or one with nothing to serve, is refused with the reason."""
    with pytest.raises(ProvidersError) as caught:
        read_ispdb(data, name="x.xml")

    (problem,) = caught.value.problems
    assert problem.startswith("x.xml: ")
    assert said in problem


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    """Any document returns providers, or raises an error that shows what is wrong."""
    for text in (data, document() + data, document(data.decode("latin-1"))):
        try:
            found = read_ispdb(text, name="x")
        except ProvidersError:
            continue
        assert found.catalog.domains


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    """Every encoding that XML declares or shows by its first bytes is read."""
    declared = "" if encoding.startswith("utf") else f'<?xml version="1.0" encoding="{encoding}"?>'
    name = "<displayShortName>Söhne</displayShortName>"
    data = (declared + document(IMAP + SMTP + name).decode()).encode(encoding)

    found = read_ispdb(data, name="x").catalog

    assert found.domains[0].provider.short_name == "Söhne"


def test_other_domains() -> None:
    """Given domains replace the domains of the document."""
    data = document(domains="<domain>%EMAILDOMAIN%</domain>")

    found = read_ispdb(data, name="x", domains=[DomainName("example.net")]).catalog

    assert [domain.pattern.text for domain in found.domains] == ["example.net"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_submission_is_valid(path: Path) -> None:
    """A document for the ISPDB is valid by the schema of the draft."""
    found = read_ispdb(path.read_bytes(), name="x").catalog
    names = [DomainName(domain.pattern.text) for domain in found.domains]

    data = render_submission(found.domains[0].provider, names, found.domains[0].services)

    assert violations(etree.fromstring(data)) == []
