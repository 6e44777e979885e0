"""Autoconfig over HTTP, row by row of the requests of clients."""

import pytest

from tests.web.asgi import Answer, Client

CONFIG = "/mail/config-v1.1.xml"
PATHS = [
    *(CONFIG, "/.well-known/autoconfig/mail/config-v1.1.xml", "/v1.1/mail/config-v1.1.xml"),
]
FOR_WHOLE_DOMAIN = "/.well-known/mail-v1.xml"


def login(answer: Answer) -> str | None:
    return answer.value("username")


@pytest.mark.rule(
    "autoconfig-content-type",
    "autoconfig-exactly-200",
    "autoconfig-old-urls",
    "autoconfig-address-encoded",
    "autoconfig-address-unencoded",
)
@pytest.mark.parametrize("spelling", ["alice@example.com", "alice%40example.com"])
def test_same_bytes_everywhere(client: Client, spelling: str) -> None:
    """All three paths return the same bytes, for an encoded and for a raw address."""
    answers = [client.get(f"{path}?emailaddress={spelling}") for path in PATHS]

    assert {200} == {answer.status for answer in answers}
    assert {answers[0].body} == {answer.body for answer in answers}
    assert answers[0].headers["content-type"] == "text/xml; charset=utf-8"
    assert login(answers[0]) == "alice@example.com"


@pytest.mark.rule("autoconfig-old-urls", "autoconfig-whole-domain")
@pytest.mark.parametrize(
    ("path", "query"),
    [
        (FOR_WHOLE_DOMAIN, ""),
        (FOR_WHOLE_DOMAIN, "emailaddress=test@example.com"),
        (FOR_WHOLE_DOMAIN, "emailaddress=alice%2Btag%40example.com"),
        ("/.Well-Known/MAIL-v1.xml/", "emailaddress=test%40example.com"),
    ],
)
def test_answer_for_the_whole_domain(client: Client, path: str, query: str) -> None:
    """The path that SnappyMail uses keeps the placeholder, for any address."""
    answer = client.get(path, query=query)

    assert (answer.status, login(answer)) == (200, "%EMAILADDRESS%")
    assert answer.body == client.get(CONFIG).body


@pytest.mark.rule("autoconfig-whole-domain")
def test_whole_domain_of_a_bad_address(client: Client) -> None:
    """An invalid address is refused there too, and an unserved domain is a 404."""
    statuses = [
        client.get(FOR_WHOLE_DOMAIN, query=f"emailaddress={address}").status
        for address in ("alice", "test@", "test@not-served.example")
    ]
    assert statuses == [400, 400, 404]


@pytest.mark.rule("autoconfig-path-in-any-case")
@pytest.mark.parametrize(
    "path",
    [
        "/mail/config-v1.1.xml/",
        "/Mail/Config-v1.1.XML",
        "/.WELL-KNOWN/autoconfig/mail/config-v1.1.xml",
        "/.well-known/autoconfig/mail/config-v1.1.xml/",
    ],
)
def test_path_in_any_case(client: Client, path: str) -> None:
    """A path is found in any case, with or without a slash at its end."""
    assert client.get(path).status == 200


@pytest.mark.rule(
    "autoconfig-address-encoded",
    "autoconfig-address-unencoded",
    "autoconfig-address-keeps-case",
    "autoconfig-parameter-in-any-case",
    "autoconfig-other-parameters",
    "autoconfig-a-labels",
    "addresses-plus-repaired",
    "addresses-u-labels",
)
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("emailaddress=alice%2Btag@example.com", "alice+tag@example.com"),
        ("emailaddress=alice+tag@example.com", "alice+tag@example.com"),
        ("EmailAddress=alice@example.com", "alice@example.com"),
        ("emailaddress=Alice@EXAMPLE.COM", "Alice@example.com"),
        ("emailaddress=alice@example.com.", "alice@example.com"),
        ("emailaddress=%C3%A4@example.com", "ä@example.com"),
        ("emailaddress=a@b%C3%BCcher.example", "a@xn--bcher-kva.example"),
        ("emailaddress=a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("emailaddress=alice@example.com&emailmd5=00&x", "alice@example.com"),
        ("x=1;y&emailaddress=alice@example.com", "alice@example.com"),
        ("emailaddress=alice@example.com&emailaddress=bob@example.com", "alice@example.com"),
        ("emailaddress=a@mail.wild.example", "a@mail.wild.example"),
    ],
)
def test_address_is_understood(client: Client, query: str, expected: str) -> None:
    """An address is accepted in the forms of clients, and unknown keys are ignored."""
    answer = client.get(CONFIG, query=query)

    assert (200, expected) == (answer.status, login(answer))


@pytest.mark.rule("autoconfig-address-unencoded")
def test_raw_utf8_in_the_query(client: Client) -> None:
    """An address without any encoding is accepted as UTF-8."""
    assert login(client.get(CONFIG, query="emailaddress=ä@example.com")) == "ä@example.com"


@pytest.mark.rule(
    "autoconfig-no-address", "autoconfig-host-names-the-domain", "addresses-host-header"
)
@pytest.mark.parametrize(
    "host",
    [
        "autoconfig.example.com",
        "autodiscover.example.com",
        "example.com",
        "AutoConfig.EXAMPLE.com",
        "autoconfig.example.com:8443",
        "example.com.",
    ],
)
@pytest.mark.parametrize("query", ["", "emailaddress=", "emailaddress=%20", "other=1"])
def test_domain_from_host(client: Client, host: str, query: str) -> None:
    """Without an address the domain is taken from Host, and the login name is a placeholder."""
    answer = client.get(CONFIG, host=host, query=query)

    assert (answer.status, login(answer)) == (200, "%EMAILADDRESS%")
    assert answer.value("domain") == "example.com"


@pytest.mark.rule("autoconfig-bad-address-400")
@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("emailaddress=alice", "no @"),
        ("emailaddress=@example.com", "before the @ is empty"),
        ("emailaddress=alice@", "domain is empty"),
        ("emailaddress=alice@a..b", "empty label"),
        ("emailaddress=al%00ice@example.com", "control character"),
        ("emailaddress=al%0Aice@example.com", "control character"),
        ("emailaddress=%FF@example.com", "not UTF-8"),
        ("emailaddress=" + "a" * 300 + "@example.com", "longer than 254"),
        ("emailaddress=alice@example.com&" + "a" * 9000, "query is too long"),
        ("a=&" * 60, "too many fields"),
        ("emailaddress=%EMAILADDRESS%", "no @|not UTF-8"),
    ],
)
def test_invalid_address(client: Client, query: str, rule: str) -> None:
    """An invalid address is a 400 with one line that says why."""
    answer = client.get(CONFIG, query=query)

    assert answer.status == 400
    assert answer.text.count("\n") == 1
    assert any(part in answer.text for part in rule.split("|"))
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.rule(
    "autoconfig-not-served-404", "autoconfig-no-useless-200", "autoconfig-host-names-the-domain"
)
@pytest.mark.parametrize(
    ("query", "host"),
    [
        ("emailaddress=alice@example.org", "autoconfig.example.com"),
        ("emailaddress=alice@sub.example.com", "autoconfig.example.com"),
        ("emailaddress=alice@wild.example", "autoconfig.example.com"),
        ("", "autoconfig.example.org"),
        ("", "127.0.0.1:4243"),
        ("", "[::1]:4243"),
        ("", "localhost"),
        ("", "a_b.example.com"),
        ("", "autoconfig."),
        ("", ""),
        ("", None),
        # Served, but without services for a mail client: a 200 would end its search.
        ("emailaddress=alice@mute.example", "autoconfig.example.com"),
    ],
)
def test_not_served(client: Client, query: str, host: str | None) -> None:
    """A domain that is not served is a 404, so that clients continue with their next source."""
    assert client.get(CONFIG, query=query, host=host).status == 404


@pytest.mark.rule("autoconfig-by-address")
def test_customer_behind_the_hosters_name(client: Client) -> None:
    """The address decides, not Host: the MX lookup sends clients of customers to the hoster."""
    answer = client.get(
        CONFIG, query="emailaddress=a@customer.example", host="autoconfig.example.com"
    )

    assert answer.value("hostname") == "mail.hoster.example"
    assert b">example.com<" not in answer.body


@pytest.mark.rule("autoconfig-ispdb", "addresses-u-labels")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1.1/example.com", 200),
        ("/v1.1/EXAMPLE.COM/", 200),
        ("/V1.1/example.com", 200),
        ("/v1.1/bücher.example", 200),
        ("/V1.1/BÜCHER.example/", 200),
        ("/v1.1/bücher.example/more", 404),
        ("/v1.1/bücher", 404),
        ("/v1.1/xn--bcher-kva.example", 200),
        ("/v1.1/example.org", 404),
        ("/v1.1/a..b", 404),
        ("/v1.1/a b", 404),
        ("/v1.1/ü..b", 404),
        ("/v1.1/", 404),
        ("/v1.1", 404),
        ("/v1.1/example.com/more", 404),
    ],
)
def test_ispdb_form(client: Client, path: str, status: int) -> None:
    """A client can use Waypost as its ISP database, by the domain in the path."""
    answer = client.get(path)

    assert status == answer.status
    if status == 200:
        assert login(answer) == "%EMAILADDRESS%"


@pytest.mark.rule("autoconfig-etag")
def test_conditional_request(client: Client) -> None:
    """The same ETag is answered with 304 and no body; another one with the whole answer."""
    query = "emailaddress=alice@example.com"
    first = client.get(CONFIG, query=query)
    etag = first.headers["etag"]

    for value in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(CONFIG, query=query, headers={"If-None-Match": value})
        assert (304, b"", etag) == (again.status, again.body, again.headers["etag"])
        assert "content-type" not in again.headers
    other = client.get(CONFIG, query=query, headers={"If-None-Match": '"other"'})
    assert (200, first.body) == (other.status, other.body)
    assert etag != client.get(CONFIG, query="emailaddress=bob@example.com").headers["etag"]


@pytest.mark.rule("autoconfig-short-cache")
def test_cache_control(client: Client) -> None:
    """An answer with an address is private; one with only a domain may be shared."""
    private = client.get(CONFIG, query="emailaddress=alice@example.com")
    public = client.get(CONFIG)

    assert private.headers["cache-control"] == "private, max-age=60"
    assert public.headers["cache-control"] == "public, max-age=60"


@pytest.mark.rule("autoconfig-head")
def test_head(client: Client) -> None:
    """HEAD returns the headers of GET, with the length, and no body."""
    query = "emailaddress=alice@example.com"
    got = client.get(CONFIG, query=query)
    head = client.request("HEAD", CONFIG, query=query)

    assert (head.status, head.body) == (200, b"")
    assert got.headers == head.headers
    assert got.headers["content-length"] == str(len(got.body))


@pytest.mark.rule("autoconfig-get-only")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PROPFIND", "PATCH", "BREW"])
def test_wrong_method(client: Client, method: str) -> None:
    """Another method is a 405 that names the right ones."""
    answer = client.request(method, CONFIG, query="emailaddress=alice@example.com")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.rule("autoconfig-only-the-asked-domain")
def test_only_the_requested_domain(client: Client) -> None:
    """An answer names no other customer of the provider."""
    answer = client.get(CONFIG, query="emailaddress=alice@example.com")

    for other in (b"customer", b"xn--", b"wild", b"mute"):
        assert other not in answer.body
