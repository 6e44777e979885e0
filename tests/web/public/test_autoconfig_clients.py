"""What clients of Autoconfig over HTTP rely on, in addition to the document."""

import pytest

from tests.making import domain, host_service, url_service
from tests.web.asgi import Answer, Client
from waypost.core.model import HTTP_BASIC, OAUTH2, Catalog

MAIL = "/mail/config-v1.1.xml"
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
FORMS = [
    # scheme, host, path: the draft's 1.1, 1.2 and 1.3, and the fourth that Thunderbird adds
    ("https", "autoconfig.example.com", MAIL),
    ("https", "example.com", WELL_KNOWN),
    ("http", "autoconfig.example.com", MAIL),
    ("http", "example.com", WELL_KNOWN),
]
# As Thunderbird, FairEmail and Nextcloud Mail, and Evolution send it.
QUERIES = [
    "emailaddress=alice%2Btag%40example.com",
    "emailaddress=alice+tag@example.com",
    "emailaddress=alice%2Btag%40example.com&emailmd5=c160f8cc69a4f0bf2b0362752353d060",
]


def texts(answer: Answer, name: str) -> list[str | None]:
    """Return the text of each element of a name."""
    return [one.text for one in answer.xml.iter(name)]


@pytest.mark.rule(
    "autoconfig-four-urls",
    "autoconfig-no-forced-redirect",
    "autoconfig-address-encoded",
    "autoconfig-address-unencoded",
    "autoconfig-other-parameters",
)
@pytest.mark.parametrize(("scheme", "host", "path"), FORMS)
def test_four_urls(client: Client, scheme: str, host: str, path: str) -> None:
    """Each URL, by https and http, returns the same document, in any spelling of the address."""
    expected = client.get(MAIL, query="emailaddress=alice%2Btag%40example.com")
    for query in QUERIES:
        answer = client.get(path, query=query, host=host, scheme=scheme)
        assert (answer.status, answer.body) == (200, expected.body)
    assert texts(expected, "username") == ["alice+tag@example.com"] * 2


@pytest.mark.rule("autoconfig-four-urls", "autoconfig-no-address", "autoconfig-no-forced-redirect")
@pytest.mark.parametrize(("scheme", "host", "path"), FORMS)
def test_four_urls_without_an_address(client: Client, scheme: str, host: str, path: str) -> None:
    """Each URL, by https and http, returns one document of placeholders for the host's domain."""
    answer = client.get(path, host=host, scheme=scheme)

    assert (answer.status, answer.body) == (200, client.get(MAIL).body)
    assert texts(answer, "domain") == ["example.com"]
    assert texts(answer, "username") == ["%EMAILADDRESS%"] * 2


STAND_INS = [
    # query, the login name
    ("emailaddress=EVOLUTIONUSER%40example.com&emailmd5=c160f8cc", "%EMAILADDRESS%"),
    # After a redirect to this domain the old address would be wrong.
    ("emailaddress=EVOLUTIONUSER%40example.com", "EVOLUTIONUSER@example.com"),
    ("emailaddress=alice%40example.com&emailmd5=c160f8cc", "alice@example.com"),
]


@pytest.mark.rule("autoconfig-stand-in")
@pytest.mark.parametrize(("query", "login_name"), STAND_INS)
def test_stand_in(client: Client, query: str, login_name: str) -> None:
    """A client that asks for any user and replaces placeholders gets placeholders."""
    assert texts(client.get(MAIL, query=query), "username") == [login_name] * 2


def test_stand_in_of_an_international_domain() -> None:
    """Evolution would insert a U-label, so the answer for such a domain has no placeholder."""
    catalog = Catalog((domain("bücher.example", host_service(), host_service("smtp")),))
    query = "emailaddress=EVOLUTIONUSER%40b%C3%BCcher.example&emailmd5=c160f8cc"
    answer = Client(catalog).get(MAIL, query=query)
    assert texts(answer, "username") == ["EVOLUTIONUSER@xn--bcher-kva.example"] * 2


@pytest.mark.rule("autoconfig-four-urls", "autoconfig-not-served-404")
@pytest.mark.parametrize("query", ["", "emailaddress=a%40unserved.example"])
@pytest.mark.parametrize(("scheme", "host", "path"), FORMS)
def test_four_refusals(client: Client, scheme: str, host: str, path: str, query: str) -> None:
    """A domain that is not served is a 404 at each of them, and never a redirect."""
    unserved = host.replace("example.com", "unserved.example")
    answer = client.get(path, host=unserved, scheme=scheme, query=query)

    assert (answer.status, "location" in answer.headers) == (404, False)


@pytest.mark.rule("autoconfig-head")
@pytest.mark.parametrize(("scheme", "host", "path"), FORMS)
def test_head(client: Client, scheme: str, host: str, path: str) -> None:
    """HEAD returns at each URL the headers of GET."""
    got = client.get(path, host=host, scheme=scheme)
    head = client.request("HEAD", path, host=host, scheme=scheme)

    assert (head.status, head.headers, head.body) == (200, got.headers, b"")


@pytest.mark.rule("autoconfig-any-accept")
@pytest.mark.parametrize(
    "accept", ["*/*", "application/xml,text/xml,*/*", "text/html", "application/json", ""]
)
def test_accept(client: Client, accept: str) -> None:
    """A client gets the document, sent as XML, for any Accept header."""
    answer = client.get(MAIL, headers={"Accept": accept, "Accept-Encoding": "gzip, br"})

    assert (answer.status, answer.body) == (200, client.get(MAIL).body)
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert "content-encoding" not in answer.headers


@pytest.mark.rule("autoconfig-no-authentication")
@pytest.mark.parametrize("path", [f"{MAIL}?emailaddress=a@example.com", MAIL, "/v1.1/example.com"])
def test_credentials_are_ignored(client: Client, path: str) -> None:
    """No client is asked for a password, and one that is sent changes nothing."""
    plain = client.get(path)
    signed = client.get(path, headers={"Authorization": "Basic YWxpY2U6c2VjcmV0"})

    assert plain.status == 200
    assert plain == signed
    assert "www-authenticate" not in plain.headers


@pytest.mark.rule("autoconfig-error-is-no-document")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"{MAIL}?emailaddress=a@unserved.example", 404),
        ("GET", f"{MAIL}?emailaddress=a@half.example", 404),
        ("GET", f"{MAIL}?emailaddress=alice", 400),
        ("GET", f"{MAIL}?emailaddress=%22<clientConfig>%22@x", 404),
        ("GET", "/v1.1/unserved.example", 404),
        ("GET", "/mail/config-v1.0.xml", 404),
        ("POST", MAIL, 405),
    ],
)
def test_errors_are_no_documents(client: Client, method: str, path: str, status: int) -> None:
    """An error is one line of text: aerc takes any body that parses as clientConfig as success."""
    answer = client.request(method, path)

    assert answer.status == status
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.count("\n") == 1
    assert "<" not in answer.text


@pytest.mark.rule("autoconfig-no-useless-200")
@pytest.mark.parametrize("name", ["mute.example", "half.example"])
@pytest.mark.parametrize("path", [MAIL, WELL_KNOWN])
def test_nothing_usable(client: Client, name: str, path: str) -> None:
    """A domain without mail, or with only half of it, is a 404, with and without an address."""
    with_address = client.get(path, query=f"emailaddress=a@{name}")
    by_host = client.get(path, host=f"autoconfig.{name}")
    as_database = client.get(f"/v1.1/{name}")

    assert [one.status for one in (with_address, by_host, as_database)] == [404] * 3


@pytest.mark.rule("autoconfig-id", "autoconfig-domain")
@pytest.mark.parametrize("path", [f"{MAIL}?emailaddress=a@b.wild.example", "/v1.1/b.wild.example"])
def test_wildcards_have_the_requested_domain(client: Client, path: str) -> None:
    """If `*.wild.example` is configured, the document has the requested domain, not `*`."""
    answer = client.get(path)

    assert texts(answer, "domain") == ["b.wild.example"]
    assert answer.xml[0].get("id") == "b.wild.example"


@pytest.mark.rule("autoconfig-by-address", "autoconfig-only-the-asked-domain")
@pytest.mark.parametrize("host", ["autoconfig.mx.hoster.example", "autoconfig.hoster.example"])
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_by_the_name_of_a_mail_exchanger(client: Client, host: str, scheme: str) -> None:
    """An MX or NS host that is not served itself answers for its customers."""
    query = "emailaddress=a%40customer.example"
    answer = client.get(MAIL, query=query, host=host, scheme=scheme)

    assert (answer.status, texts(answer, "domain")) == (200, ["customer.example"])
    assert client.get(MAIL, host=host).status == 404


UNSORTED = Catalog(
    (
        domain(
            "example.com",
            url_service("jmap", "https://jmap.example.com/", authentication=(OAUTH2,)),
            host_service("pop3", "pop.example.com"),
            host_service("smtp", "smtp.example.com"),
            url_service("ews", "https://ews.example.com/", authentication=(HTTP_BASIC,)),
            host_service(host="imap.example.com"),
        ),
    )
)


@pytest.mark.rule("autoconfig-imap-first")
def test_imap_is_first() -> None:
    """In any order of the configuration, IMAP is before POP3, and both before newer protocols."""
    client = Client(UNSORTED)
    answer = client.get(MAIL)
    client.close()

    types = [one.get("type") for one in answer.xml.iter("incomingServer", "outgoingServer")]
    assert types == ["imap", "pop3", "jmap", "ews", "smtp"]


@pytest.mark.rule("autoconfig-tls-first")
def test_tls_is_first() -> None:
    """In any order of the configuration, the best protected service of a type is first."""
    ways = [(143, "none"), (144, "starttls"), (993, "tls")]
    found = domain(
        "example.com",
        *(host_service(port=port, security=security) for port, security in ways),
        *(host_service("smtp", "smtp.example.com", *way) for way in ((587, "starttls"), ways[2])),
    )
    client = Client(Catalog((found,)))
    answer = client.get(MAIL)
    client.close()

    assert texts(answer, "socketType") == ["SSL", "STARTTLS", "plain", "SSL", "STARTTLS"]
