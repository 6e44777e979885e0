"""Configuration profiles over HTTP."""

import plistlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.profiles.making import Signing, openssl_verifies, signing
from tests.web.asgi import Client, settings
from tests.web.conftest import CATALOG
from waypost.profiles.signers import ProfileSigners
from waypost.wiring.runtime import wire

PATH = "/mobileconfig"


@pytest.mark.rule("mobileconfig-content-type")
@pytest.mark.parametrize("path", [PATH, "/mobileconfig/", "/MobileConfig"])
def test_profile(client: Client, path: str) -> None:
    """A profile comes with Apple's content type and a file name."""
    answer = client.get(path, query="emailaddress=alice@example.com")
    profile = plistlib.loads(answer.body)

    assert answer.status == 200
    assert answer.headers["content-type"] == "application/x-apple-aspen-config"
    assert (
        answer.headers["content-disposition"] == 'attachment; filename="example.com.mobileconfig"'
    )
    assert profile["PayloadContent"][0]["EmailAddress"] == "alice@example.com"


def test_name(client: Client) -> None:
    """`name` becomes the name in sent messages, decoded and without blanks around it."""
    query = "emailaddress=alice@example.com&name=%20Alice+%C3%84%20%26%20Co%20"
    profile = plistlib.loads(client.get(PATH, query=query).body)

    assert profile["PayloadContent"][0]["EmailAccountName"] == "Alice Ä & Co"


@pytest.mark.rule("mobileconfig-no-password")
def test_password_is_ignored(client: Client) -> None:
    """A password in the query changes nothing."""
    plain = client.get(PATH, query="emailaddress=alice@example.com")
    secret = client.get(PATH, query="emailaddress=alice@example.com&password=s3cret")

    assert (plain.status, plain.body) == (secret.status, secret.body)
    assert b"s3cret" not in secret.body


@pytest.mark.parametrize(
    ("query", "rule"),
    [
        ("", "no @"),
        ("emailaddress=", "no @"),
        ("emailaddress=alice", "no @"),
        ("emailaddress=alice@example.com&name=a%00b", "name: contains a control character"),
        ("emailaddress=alice@example.com&name=a%EF%BF%BFb", "name: contains a control character"),
        ("emailaddress=alice@example.com&name=" + "x" * 129, "name: longer than 128"),
        ("emailaddress=alice@example.com&name=%FF", "not UTF-8"),
    ],
)
def test_bad_request(client: Client, query: str, rule: str) -> None:
    """A missing or invalid value is a 400 with the reason."""
    answer = client.get(PATH, query=query)

    assert answer.status == 400
    assert rule in answer.text


@pytest.mark.parametrize("address", ["alice@example.org", "alice@sub.example.com"])
def test_not_served(client: Client, address: str) -> None:
    """A domain that is not served is a 404."""
    assert client.get(PATH, query={"emailaddress": address}).status == 404


@pytest.mark.rule("mobileconfig-replaces", "mobileconfig-stable")
def test_same_profile_again(client: Client) -> None:
    """Two requests return the same bytes; two addresses share no identifier."""
    first = client.get(PATH, query="emailaddress=alice@example.com").body
    again = client.get(PATH, query="emailaddress=alice@example.com").body
    other = client.get(PATH, query="emailaddress=bob@example.com").body

    assert first == again
    assert plistlib.loads(first)["PayloadUUID"] != plistlib.loads(other)["PayloadUUID"]


def test_wrong_method(client: Client) -> None:
    """GET returns a profile; for other methods the answer lists the allowed ones."""
    answer = client.request("PUT", PATH, query="emailaddress=alice@example.com")

    assert answer.status == 405
    assert answer.headers["allow"].startswith("GET, HEAD")


def signing_client(made: Signing) -> Client:
    """Return a client of a server that signs what it sends."""
    signer = ProfileSigners(made.files)
    signer.start()
    runtime = wire(settings(demo=True))
    return Client(replace(runtime, signer=signer))


def test_signed(tmp_path: Path) -> None:
    """If profiles are signed, the signed one has the headers of the plain one."""
    made = signing(tmp_path)
    client = signing_client(made)
    first, again = (client.get(PATH, query="emailaddress=alice@example.com") for _ in range(2))
    head = client.request("HEAD", PATH, query="emailaddress=alice@example.com")
    client.close()

    content = openssl_verifies(first.body, made.root)
    assert content is not None
    assert plistlib.loads(content)["PayloadType"] == "Configuration"
    assert first.headers["content-type"] == "application/x-apple-aspen-config"
    assert first.headers["content-length"] == f"{len(first.body)}"
    assert (first.body, first.headers) == (again.body, again.headers)
    assert (head.headers, head.body) == (first.headers, b"")


def test_not_signed_for_now(tmp_path: Path) -> None:
    """If profiles must be signed and cannot be, none is sent, and other formats still work."""
    made = signing(tmp_path)
    made.files.key.write_bytes(b"broken")
    client = signing_client(made)
    profile = client.get(PATH, query="emailaddress=alice@example.com")
    other = client.get("/mail/config-v1.1.xml", query="emailaddress=alice@example.com")
    unknown = client.get(PATH, query="emailaddress=alice@unserved.example")
    client.close()

    assert (profile.status, other.status, unknown.status) == (503, 200, 404)
    assert profile.text == "the service is unavailable; ask again later\n"
    assert int(profile.headers["retry-after"]) > 0


ALIASES = [
    # the query, the content of the mail account
    ("emailaddress=a@example.com&alias=b@example.com", "a@example.com, b@example.com"),
    (
        "alias=c@e.test&emailaddress=a@example.com&ALIAS=b%2Bx@example.com&alias=c@E.test.",
        "a@example.com, c@e.test, b+x@example.com",
    ),
    (
        "emailaddress=a@example.com&alias=b@example.com%0D%0A%0D%0A+c@e.test+%0D%0A&alias=d@e.test",
        "a@example.com, b@example.com, c@e.test, d@e.test",
    ),
    (
        "emailaddress=a@example.com&alias=b@example.com,+c@e.test,",
        "a@example.com, b@example.com, c@e.test",
    ),
    ("emailaddress=a@example.com&alias=&alias=a@EXAMPLE.com", "a@example.com"),
    ("emailaddress=a@example.com&alias=b%2Bx@unserved.test", "a@example.com, b+x@unserved.test"),
]


@pytest.mark.parametrize(("query", "addresses"), ALIASES)
def test_aliases(client: Client, query: str, addresses: str) -> None:
    """Aliases come in any order, once each, and no directory is asked about them."""
    plain = plistlib.loads(client.get(PATH, query="emailaddress=a@example.com").body)
    found = plistlib.loads(client.get(PATH, query=query).body)
    assert found["PayloadContent"][0].pop("EmailAddress") == addresses

    plain["PayloadContent"][0].pop("EmailAddress")
    assert found == plain


BAD_ALIASES = [
    # the query after the address, message
    ("&alias=b", "alias: the address has no @"),
    ("&alias=b@example.com&alias=@example.com", "alias: the part before the @ is empty"),
    ("&alias=b@-.example", "alias: a label of the domain has"),
    ("&alias=%22b,c%22@example.com", "alias: a comma in an address would divide it"),
    ("&alias=b@example.com,c", "alias: the address has no @"),
    ("&alias=" + ",".join(f"b{n}@example.com" for n in range(21)), "alias: there are more than 20"),
    ("".join(f"&alias=b{n}@example.com" for n in range(21)), "alias: there are more than 20"),
    ("".join(f"&alias=b{n}@example.com" for n in range(60)), "too many fields"),
]


@pytest.mark.parametrize(("query", "said"), BAD_ALIASES)
def test_bad_aliases(client: Client, query: str, said: str) -> None:
    """An alias that is not an address is a 400 with the reason."""
    answer = client.get(PATH, query=f"emailaddress=a@example.com{query}")

    assert answer.status == 400
    assert said in answer.text


def test_urls_of_other_servers(client: Client) -> None:
    """The URL and the parameter of other servers return the same bytes, in any case."""
    first = client.get(PATH, query="emailaddress=alice@example.com")
    for path in ("/email.mobileconfig", "/Email.MobileConfig/", PATH):
        for parameter in ("email", "Email", "emailaddress"):
            answer = client.get(path, query=f"{parameter}=alice@example.com")
            assert (answer.status, answer.body) == (200, first.body)


ELSEWHERE = [
    # Host, the public URL, the target of the redirect
    ("autoconfig.example.com", None, "https://autoconfig.example.com"),
    ("Example.COM:80", None, "https://example.com"),
    ("autodiscover.xn--bcher-kva.example", None, "https://autodiscover.xn--bcher-kva.example"),
    ("evil.example", None, None),
    ("192.0.2.1", None, None),
    ("evil.example", "https://setup.hoster.example:8443", "https://setup.hoster.example:8443"),
]


@pytest.mark.parametrize(("host", "public_url", "base"), ELSEWHERE)
def test_not_over_http(host: str, public_url: str | None, base: str | None) -> None:
    """If a trusted proxy reports plain http, there is a redirect or a refusal, no profile."""
    client = Client(
        CATALOG,
        settings(proxy_count=1, **({} if public_url is None else {"public_url": public_url})),
    )
    query = "emailaddress=a%20b@example.com&name=%C3%84&x="
    answer = client.get(
        "/MobileConfig",
        query=query,
        host=host,
        scheme="http",
        headers={"X-Forwarded-Proto": "http"},
    )
    client.close()

    if base is None:
        assert (answer.status, "https only" in answer.text) == (403, True)
    else:
        location = answer.headers["location"]
        assert (answer.status, location) == (302, f"{base}/MobileConfig?{query}&redirected=1")
    assert b"<plist" not in answer.body


def test_password_over_http_is_not_sent_again() -> None:
    """A query with a password is refused over plain http, and the password is never repeated."""
    client = Client(CATALOG, settings(proxy_count=1))
    answer = client.get(
        PATH,
        query="emailaddress=alice@example.com&Password=s3cret",
        scheme="http",
        headers={"X-Forwarded-Proto": "http"},
    )
    client.close()

    assert answer.status == 403
    assert "s3cret" not in f"{answer.text}{answer.headers}"


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ({}, {}),
        ({}, {"X-Forwarded-Proto": "http"}),
        ({"proxy_count": 1}, {"X-Forwarded-For": "192.0.2.1"}),
        ({"proxy_count": 1}, {"X-Forwarded-Proto": "https"}),
    ],
)
def test_profile_with_unknown_scheme(options: dict[str, object], headers: dict[str, str]) -> None:
    """If no trusted proxy sends http, TLS may have ended before, and there is a profile."""
    client = Client(CATALOG, settings(**options))
    answer = client.get(
        PATH, query="emailaddress=alice@example.com", scheme="http", headers=headers
    )
    client.close()

    assert answer.status == 200
