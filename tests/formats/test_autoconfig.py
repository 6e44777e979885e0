"""The elements of an Autoconfig document, as the draft and its clients require them."""

import re
from dataclasses import replace

import pytest
from lxml import etree

from tests.formats.test_values import AUTOCONFIG, body
from tests.golden.cases import Case
from tests.making import ALICE, EXAMPLE_COM, PROVIDER, host_service, url_service
from waypost.core.address import EmailAddress
from waypost.core.errors import NoUsableService
from waypost.core.model import (
    CLIENT_IP_ADDRESS,
    GSSAPI,
    HTTP_BASIC,
    HTTP_DIGEST,
    NO_AUTHENTICATION,
    NTLM,
    OAUTH2,
    PASSWORD_CLEARTEXT,
    PASSWORD_ENCRYPTED,
    TLS_CLIENT_CERT,
    Authentication,
    AuthenticationSystem,
    Documentation,
    Domain,
    DomainPattern,
    HostEndpoint,
    OAuth2,
    Pop3Options,
    Provider,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
    Webmail,
)
from waypost.formats import autoconfig
from waypost.lookup.lookup import client_config
from waypost.providers_file.load import read_providers
from waypost.store.memory import MemoryStore

IMAP = host_service()
SMTP = host_service("smtp", "smtp.example.com")
SCRAM = Authentication("SCRAM-SHA-256-PLUS", AuthenticationSystem.SASL)
XML_ENTITIES = {b"lt", b"gt", b"amp", b"quot", b"apos"}


def written(
    *services: Service, provider: Provider = PROVIDER, address: EmailAddress | None = ALICE
) -> etree._Element:
    """Return the document for some services."""
    entry = Domain(DomainPattern("example.com"), provider, services)
    return etree.fromstring(autoconfig.render(client_config(entry, EXAMPLE_COM, address)))


def section(service: Service, word: str) -> etree._Element:
    """Return the section of one service, in addition to IMAP and SMTP, by its type name."""
    others = [one for one in (IMAP, SMTP) if one.type is not service.type]
    (found,) = [one for one in written(*others, service).iter() if one.get("type") == word]
    return found


def values(element: etree._Element) -> list[tuple[str, str]]:
    """Return name and text of each child."""
    return [(one.tag, one.text or "") for one in element]


@pytest.mark.rule("autoconfig-utf-8", "autoconfig-no-namespace", "autoconfig-no-doctype")
@pytest.mark.parametrize("case", AUTOCONFIG, ids=lambda case: case.name)
def test_bytes(case: Case) -> None:
    """A document is UTF-8 with a declaration, and simple enough for small XML parsers."""
    data = body(case, "autoconfig.xml")

    assert data.startswith(b"<?xml version='1.0' encoding='utf-8'?>\n<clientConfig ")
    assert data.decode("utf-8")
    assert data.count(b"<?") == 1
    assert b"<!" not in data
    assert b"xmlns" not in data
    assert set(re.findall(rb"&(\w+);", data)) <= XML_ENTITIES


URL = "https://x.example.com/"
PLACES = [
    # service, the parent of its section, its name, its type
    (ServiceType.IMAP, IMAP.endpoint, "emailProvider", "incomingServer", "imap"),
    (ServiceType.POP3, IMAP.endpoint, "emailProvider", "incomingServer", "pop3"),
    (ServiceType.JMAP, UrlEndpoint(URL), "emailProvider", "incomingServer", "jmap"),
    (ServiceType.EWS, UrlEndpoint(URL), "emailProvider", "incomingServer", "ews"),
    (ServiceType.ACTIVESYNC, UrlEndpoint(URL), "emailProvider", "incomingServer", "activeSync"),
    (ServiceType.GRAPH, UrlEndpoint(URL), "emailProvider", "incomingServer", "graph"),
    (ServiceType.SMTP, IMAP.endpoint, "emailProvider", "outgoingServer", "smtp"),
    (ServiceType.CALDAV, UrlEndpoint(URL), "clientConfig", "calendar", "caldav"),
    (ServiceType.CARDDAV, UrlEndpoint(URL), "clientConfig", "addressbook", "carddav"),
    (ServiceType.WEBDAV, UrlEndpoint(URL), "clientConfig", "fileShare", "webdav"),
    (ServiceType.XMPP, UrlEndpoint(URL), "clientConfig", "chatServer", "xmpp"),
    (ServiceType.XMPP, IMAP.endpoint, "clientConfig", "chatServer", "xmpptcp"),
    (ServiceType.MATRIX, UrlEndpoint(URL), "clientConfig", "chatServer", "matrix"),
    (ServiceType.OPENTALK, UrlEndpoint(URL), "clientConfig", "videoConference", "opentalk"),
    (ServiceType.MANAGESIEVE, IMAP.endpoint, "clientConfig", "setupServer", "managesieve"),
]


@pytest.mark.rule("autoconfig-sections", "autoconfig-types")
@pytest.mark.parametrize(("kind", "endpoint", "parent", "name", "word"), PLACES)
def test_section_of_each_type(
    kind: ServiceType, endpoint: HostEndpoint | UrlEndpoint, parent: str, name: str, word: str
) -> None:
    """Each type has its section, in its place, with the name from the draft's registry."""
    found = section(Service(kind, endpoint, (PASSWORD_CLEARTEXT,)), word)

    above = found.getparent()
    assert above is not None
    assert (above.tag, found.tag) == (parent, name)
    # There is no type for an LDAP address book.
    assert {kind for kind, *_ in PLACES} == set(ServiceType) - {ServiceType.LDAP}


@pytest.mark.rule("autoconfig-host-section", "autoconfig-one-value")
@pytest.mark.parametrize("service", [IMAP, host_service("pop3"), SMTP])
def test_section_with_a_host(service: Service) -> None:
    """A service with a host has all five values that K-9 requires, each once."""
    assert isinstance(service.endpoint, HostEndpoint)

    assert values(section(service, service.type.value)) == [
        ("hostname", service.endpoint.host),
        ("port", str(service.endpoint.port)),
        ("socketType", "SSL"),
        ("authentication", "password-cleartext"),
        ("username", "alice@example.com"),
    ]


BASIC, CLEARTEXT = ("http", "Basic"), (None, "password-cleartext")
URL_METHODS = [
    # methods, the system and the text of each element
    ((HTTP_BASIC,), [BASIC, CLEARTEXT]),
    ((HTTP_DIGEST,), [("http", "Digest")]),
    ((OAUTH2,), [(None, "OAuth2")]),
    ((OAUTH2, HTTP_BASIC), [(None, "OAuth2"), BASIC, CLEARTEXT]),
    ((HTTP_BASIC, OAUTH2), [BASIC, CLEARTEXT, (None, "OAuth2")]),
    ((HTTP_BASIC, PASSWORD_CLEARTEXT), [BASIC, CLEARTEXT]),
    ((PASSWORD_CLEARTEXT, HTTP_BASIC), [CLEARTEXT, BASIC]),
    ((HTTP_BASIC, OAUTH2, PASSWORD_CLEARTEXT), [BASIC, (None, "OAuth2"), CLEARTEXT]),
]
# Each type that may have a URL, and its name.
URL_TYPES = [
    *(("jmap", "jmap"), ("ews", "ews"), ("activesync", "activeSync"), ("graph", "graph")),
    *(("caldav", "caldav"), ("carddav", "carddav"), ("webdav", "webdav"), ("xmpp", "xmpp")),
    *(("matrix", "matrix"), ("opentalk", "opentalk")),
]


@pytest.mark.rule("autoconfig-url-section", "autoconfig-general-name")
@pytest.mark.parametrize(("methods", "held"), URL_METHODS)
def test_section_with_a_url(
    methods: tuple[Authentication, ...], held: list[tuple[str | None, str]]
) -> None:
    """A service with a URL has `url`, `authentication` and `username`, as in the draft."""
    found = section(url_service(authentication=methods), "caldav")

    assert values(found) == [
        ("url", "https://dav.example.com/alice@example.com/"),
        *(("authentication", text) for _, text in held),
        ("username", "alice@example.com"),
    ]
    assert [one.get("system") for one in found.iter("authentication")] == [one for one, _ in held]


@pytest.mark.rule("autoconfig-general-name")
@pytest.mark.parametrize(("kind", "word"), URL_TYPES)
def test_general_name_after_basic(kind: str, word: str) -> None:
    """Each section with a URL has the general name after HTTP's Basic, as Mustang needs it."""
    found = section(url_service(kind, "https://x.example.com/", authentication=(HTTP_BASIC,)), word)
    assert [one.text for one in found.iter("authentication")] == ["Basic", "password-cleartext"]


def test_general_name_in_sections_with_a_host() -> None:
    """A section with a host has only the configured methods."""
    found = section(host_service(authentication=(HTTP_BASIC,)), "imap")
    assert [one.text for one in found.iter("authentication")] == ["Basic"]


SOCKET_TYPES = [("tls", "SSL"), ("starttls", "STARTTLS"), ("none", "plain")]


@pytest.mark.rule("autoconfig-socket-type")
@pytest.mark.parametrize(("security", "word"), SOCKET_TYPES)
def test_socket_type(security: str, word: str) -> None:
    """The words for protection are exactly those that Thunderbird and K-9 compare with."""
    assert {one for one, _ in SOCKET_TYPES} == set(Security)
    found = section(host_service(port=1, security=security), "imap")

    assert found.findtext("socketType") == word


METHODS = [
    # method, its system, its text
    (PASSWORD_CLEARTEXT, None, "password-cleartext"),
    (PASSWORD_ENCRYPTED, None, "password-encrypted"),
    (NTLM, None, "NTLM"),
    (GSSAPI, None, "GSSAPI"),
    (TLS_CLIENT_CERT, None, "TLS-client-cert"),
    (OAUTH2, None, "OAuth2"),
    (CLIENT_IP_ADDRESS, None, "client-IP-address"),
    (NO_AUTHENTICATION, None, "none"),
    (SCRAM, "sasl", "SCRAM-SHA-256-PLUS"),
]


@pytest.mark.rule("autoconfig-authentication-words", "autoconfig-sasl")
@pytest.mark.parametrize(("method", "system", "text"), METHODS)
def test_methods(method: Authentication, system: str | None, text: str) -> None:
    """A method has the draft's own name, or its SASL name and the system."""
    service = host_service(authentication=(method, PASSWORD_ENCRYPTED))
    first, *_ = section(service, "imap").iter("authentication")

    assert (first.get("system"), first.text) == (system, text)


@pytest.mark.rule("autoconfig-authentication-order", "autoconfig-sasl")
@pytest.mark.parametrize(
    "methods",
    [
        (OAUTH2, PASSWORD_CLEARTEXT),
        (PASSWORD_ENCRYPTED, PASSWORD_CLEARTEXT),
        (PASSWORD_CLEARTEXT, GSSAPI, NTLM),
        (SCRAM, PASSWORD_ENCRYPTED),
    ],
)
def test_several_methods(methods: tuple[Authentication, ...]) -> None:
    """One section has several methods, in the operator's order."""
    found = section(host_service(authentication=methods), "imap")

    assert [one.text for one in found.iter("authentication")] == [one.method for one in methods]


# The method names of automx2's users, with only type and host configured.
SPARSE = """
[[provider]]
name = "Example Inc."
domains = ["example.com"]
services = [
  { type = "imap", host = "imap.example.com", authentication = "plain" },
  { type = "pop", host = "pop.example.com" },
  { type = "smtp", host = "smtp.example.com" },
]
"""


@pytest.mark.rule("autoconfig-tls-by-default", "autoconfig-no-plain", "autoconfig-host-section")
def test_defaults() -> None:
    """Type and host alone make a complete section with TLS, in the draft's words."""
    store = MemoryStore(read_providers(SPARSE, name="sparse", format="toml").catalog)
    config = client_config(store.find(EXAMPLE_COM), EXAMPLE_COM, ALICE)
    data = autoconfig.render(config)
    sections = [one for one in etree.fromstring(data).iter() if "type" in one.attrib]

    assert [(one.get("type"), one.findtext("port")) for one in sections] == [
        *(("imap", "993"), ("pop3", "995"), ("smtp", "465")),
    ]
    for one in sections:
        assert one.findtext("socketType") == "SSL"
        assert one.findtext("authentication") == "password-cleartext"
        assert one.findtext("username") == "alice@example.com"
    assert b"plain" not in data


WHOLE_OAUTH2 = OAuth2("https://i", "https://a", "https://t", "mail", "id", "secret")


@pytest.mark.rule("autoconfig-version")
@pytest.mark.parametrize(
    ("services", "provider", "version"),
    [
        ([IMAP, SMTP], PROVIDER, "1.1"),
        ([host_service("pop3"), SMTP], PROVIDER, "1.1"),
        ([IMAP, SMTP, url_service()], PROVIDER, "1.2"),
        ([url_service("jmap", URL)], PROVIDER, "1.2"),
        ([host_service(authentication=(SCRAM, PASSWORD_ENCRYPTED)), SMTP], PROVIDER, "1.2"),
        ([IMAP, SMTP], Provider("A", "A", oauth2=(WHOLE_OAUTH2,)), "1.2"),
        ([IMAP, SMTP], Provider("A", "A", oauth2=(OAuth2(issuer="https://a"),)), "1.1"),
    ],
)
def test_version(services: list[Service], provider: Provider, version: str) -> None:
    """A document has version 1.2 if it contains something that 1.1 does not know."""
    assert written(*services, provider=provider).get("version") == version


UNUSABLE = [
    # services of these types make no mail account
    [],
    [IMAP],
    [host_service("pop3")],
    [SMTP],
    [url_service()],
    [url_service(), SMTP],
    [IMAP, url_service()],
]


@pytest.mark.rule("autoconfig-no-useless-200")
@pytest.mark.parametrize("services", UNUSABLE)
def test_no_document_without_a_mail_account(services: list[Service]) -> None:
    """Without an incoming and an outgoing service there is no document."""
    with pytest.raises(NoUsableService):
        written(*services)


@pytest.mark.rule("autoconfig-pop3-options")
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (
            Pop3Options(True, 14, False),
            [
                ("leaveMessagesOnServer", "true"),
                ("downloadOnBiff", "false"),
                ("daysToLeaveMessagesOnServer", "14"),
            ],
        ),
        (Pop3Options(leave_messages_on_server=False), [("leaveMessagesOnServer", "false")]),
        (None, None),
    ],
)
def test_pop3_options(options: Pop3Options | None, expected: list[tuple[str, str]] | None) -> None:
    """`pop3` says which mail a POP3 client leaves on the server, as Thunderbird reads it."""
    pop3 = host_service("pop3", "pop.example.com")
    service = Service(pop3.type, pop3.endpoint, pop3.authentication, pop3=options)
    inner = section(service, "pop3").find("pop3")

    assert (None if inner is None else values(inner)) == expected


def test_names_and_pages_are_absent() -> None:
    """A provider with only a name gets no empty elements."""
    root = written(IMAP, SMTP)
    assert [one.tag for one in root] == ["emailProvider"]
    assert [one.tag for one in root[0]] == [
        *("domain", "displayName", "displayShortName", "incomingServer", "outgoingServer"),
    ]


EVERY_PAGE = Provider(
    "Example Inc.",
    "Ex",
    documentation=(Documentation("https://a.example/", (("en", "Help"), (None, "?"))),),
    oauth2=(
        OAuth2("https://j"),
        WHOLE_OAUTH2,
        OAuth2("https://k", "https://k/a", "https://k/t", "mail"),
    ),
    enable=(Documentation("https://e.example/", (("de", "An"),)),),
    webmail=Webmail("https://w.example/"),
    update_url="https://u.example/",
)


@pytest.mark.rule("autoconfig-names", "autoconfig-documentation", "autoconfig-enable")
def test_names_and_pages() -> None:
    """Names, help pages and `enable` are where the draft and FairEmail read them."""
    root = written(IMAP, SMTP, provider=EVERY_PAGE)
    provider = root[0]
    (page,), (enable,) = provider.iter("documentation"), provider.iter("enable")

    assert provider.findtext("displayName") == "Example Inc."
    assert provider.findtext("displayShortName") == "Ex"
    assert page.get("url") == "https://a.example/"
    assert [(one.tag, one.get("lang"), one.text) for one in page] == [
        *(("descr", "en", "Help"), ("descr", None, "?")),
    ]
    assert enable.get("visiturl") == "https://e.example/"
    assert [(one.tag, one.get("lang"), one.text) for one in enable] == [("instruction", "de", "An")]


@pytest.mark.rule(
    "autoconfig-oauth2",
    "autoconfig-one-whole-oauth2",
    "autoconfig-update",
    "autoconfig-webmail",
)
def test_siblings_of_the_provider() -> None:
    """OAuth2, webmail and the update URL are siblings of emailProvider, by the draft's names."""
    root = written(IMAP, SMTP, provider=EVERY_PAGE)
    (oauth2,) = root.findall("oAuth2")
    webmail, update = root.find("webMail/loginPage"), root.find("clientConfigUpdate")
    assert webmail is not None
    assert update is not None

    assert values(oauth2) == [
        *(("authURL", "https://a"), ("tokenURL", "https://t"), ("issuer", "https://i")),
        *(("scope", "mail"), ("clientID", "id"), ("clientSecret", "secret")),
    ]
    assert webmail.get("url") == "https://w.example/"
    assert update.get("url") == "https://u.example/"


@pytest.mark.rule("autoconfig-one-whole-oauth2")
@pytest.mark.parametrize("missing", ["issuer", "auth_url", "token_url", "scope"])
def test_incomplete_oauth2(missing: str) -> None:
    """An incomplete `oAuth2` is left out, and PACC keeps its issuer."""
    provider = replace(PROVIDER, oauth2=(replace(WHOLE_OAUTH2, **{missing: None}),))

    assert written(IMAP, SMTP, provider=provider).find("oAuth2") is None


@pytest.mark.rule("autoconfig-placeholders-in-username", "autoconfig-placeholder-words")
@pytest.mark.parametrize(
    ("template", "without_address"),
    [
        ("%EMAILADDRESS%", "%EMAILADDRESS%"),
        ("%EmailLocalPart%", "%EMAILLOCALPART%"),
        ("%EMAILLOCALPART%@%EMAILDOMAIN%", "%EMAILADDRESS%"),
        ("%EMAILLOCALPART%@%EMAILDOMAIN%.x", "%EMAILLOCALPART%@example.com.x"),
    ],
)
def test_without_an_address(template: str, without_address: str) -> None:
    """If only the domain is known, only login names have placeholders, in capitals."""
    services = [
        host_service(host="imap.%EMAILDOMAIN%", login_name=template),
        host_service("smtp", "%EmailDomain%", login_name=template),
    ]
    root = written(*services, address=None)

    assert [one.text for one in root.iter("hostname")] == ["imap.example.com", "example.com"]
    assert {one.text for one in root.iter("username")} == {without_address}
    assert all("%" not in (one.text or "") for one in root.iter() if one.tag != "username")


@pytest.mark.rule("autoconfig-a-labels", "autoconfig-id")
@pytest.mark.parametrize("case", AUTOCONFIG, ids=lambda case: case.name)
def test_names_of_hosts(case: Case) -> None:
    """The first domain, host names and the id are in A-labels, as Thunderbird requires."""
    root = etree.fromstring(body(case, "autoconfig.xml"))
    names = [one.text or "" for one in root.iter("hostname")]
    names += [root.findtext("emailProvider/domain") or ""]
    ids = [one.get("id") or "" for one in root.iter("emailProvider")]

    assert len(ids) == 1
    for name in [*names, *ids]:
        assert re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", name)


@pytest.mark.rule("autoconfig-a-labels", "autoconfig-u-label-domain")
def test_idn() -> None:
    """A provider, a host and an address with U-labels are written in A-labels."""
    text = SPARSE.replace("example.com", "bücher.example")
    store = MemoryStore(read_providers(text, name="idn", format="toml").catalog)
    address = EmailAddress.parse("alice@BÜCHER.example")
    root = etree.fromstring(
        autoconfig.render(client_config(store.find(address.domain), address.domain, address))
    )

    assert root[0].get("id") == "xn--bcher-kva.example"
    # Mustang and Sailfish OS compare the domain with what the user typed.
    assert [one.text for one in root[0].iter("domain")] == [
        *("xn--bcher-kva.example", "bücher.example"),
    ]
    assert root[0].findtext("incomingServer/hostname") == "imap.xn--bcher-kva.example"
    assert root[0].findtext("incomingServer/username") == "alice@xn--bcher-kva.example"


@pytest.mark.rule("autoconfig-escaped")
def test_markup() -> None:
    """Markup in a name, a login name or a page's description is escaped."""
    text = "<b>&'\" ]]>"
    pages = (Documentation("https://a.example/?a=1&b=2", ((None, text),)),)
    address = EmailAddress("<b>&'x", EXAMPLE_COM)
    root = written(IMAP, SMTP, provider=Provider(text, text, pages), address=address)

    for name in ("displayName", "displayShortName", "documentation/descr"):
        assert root[0].findtext(name) == text
    assert root[0].findtext("incomingServer/username") == "<b>&'x@example.com"
    (page,) = root.iter("documentation")
    assert page.get("url") == "https://a.example/?a=1&b=2"


def test_no_attributes_but_the_drafts() -> None:
    """A section has its type as its only attribute."""
    root = written(IMAP, SMTP, url_service())

    assert {name for one in root.iter() for name in one.attrib} == {
        *("version", "id", "type", "system"),
    }
