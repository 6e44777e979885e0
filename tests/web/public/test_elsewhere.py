"""Domains whose mail is at another domain or another Autodiscover, and declined domains."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from lxml import etree

from tests.making import domain
from tests.web.asgi import Client, settings
from tests.web.public.test_autodiscover import MOBILESYNC, OUTLOOK, PATH, question
from waypost.core.model import Catalog, Redirect

URL = "https://autodiscover-s.outlook.example/autodiscover/autodiscover.xml"
V2 = "/autodiscover/autodiscover.json"
CONFIG = "/mail/config-v1.1.xml"
CATALOG = Catalog(
    (
        replace(domain("old.example"), redirect=Redirect("new.example")),
        replace(domain("cloud.example"), redirect=Redirect(url=URL)),
        replace(
            domain("self.example"),
            redirect=Redirect(
                url="https://autodiscover.self.example/autodiscover/autodiscover.xml"
            ),
        ),
        replace(domain("gone.example"), redirect=Redirect()),
        replace(domain("*.gone.example"), redirect=Redirect()),
        replace(domain("*"), redirect=Redirect("new.example")),
    )
)


@pytest.fixture(name="elsewhere")
def _elsewhere() -> Iterator[Client]:
    client = Client(CATALOG)
    yield client
    client.close()


@pytest.mark.rule("autodiscover-redirect-address", "autodiscover-account-order")
@pytest.mark.parametrize("address", ["alice+x@old.example", "alice+x@any.other.example"])
def test_new_address(elsewhere: Client, address: str) -> None:
    """Outlook gets the same local part at the new domain, in Microsoft's order."""
    answer = elsewhere.post(PATH, question(address))

    (response,) = answer.xml
    assert etree.QName(response).namespace == OUTLOOK
    assert answer.status == 200
    assert [etree.QName(one).localname for one in response[0]] == [
        *("AccountType", "Action", "RedirectAddr"),
    ]
    assert answer.value("Action") == "redirectAddr"
    assert answer.value("RedirectAddr") == "alice+x@new.example"


@pytest.mark.rule("autodiscover-redirect-url")
def test_new_url(elsewhere: Client) -> None:
    """Outlook gets the URL of the Autodiscover that serves the domain."""
    answer = elsewhere.post(PATH, question("alice@cloud.example"))

    assert (answer.status, answer.value("Action")) == (200, "redirectUrl")
    assert (answer.value("RedirectUrl"), answer.value("RedirectAddr")) == (URL, None)
    assert answer.value("Protocol") is None


@pytest.mark.parametrize(
    ("public_url", "is_here"),
    [
        ("https://autodiscover-s.outlook.example", True),
        ("https://Autodiscover-S.outlook.example:443/", True),
        ("https://autodiscover-s.outlook.example:8443", False),
        ("https://web.example", False),
    ],
)
def test_new_url_that_is_the_public_url(public_url: str, is_here: bool) -> None:
    """No client is redirected to the public URL of this Waypost, which would be a loop."""
    client = Client(CATALOG, settings(public_url=public_url))
    answer = client.post(PATH, question("alice@cloud.example"))
    version_2 = client.get(V2, query="Email=alice@cloud.example&Protocol=AutodiscoverV1")
    client.close()

    assert answer.value("RedirectUrl") == (None if is_here else URL)
    assert (version_2.status == 302) is not is_here


@pytest.mark.rule("autodiscover-activesync-redirect")
def test_activesync_new_address(elsewhere: Client) -> None:
    """A phone gets the new address in its own schema."""
    answer = elsewhere.post(PATH, question("alice@old.example", MOBILESYNC))

    (response,) = answer.xml
    assert {etree.QName(one).namespace for one in response.iter()} == {MOBILESYNC}
    assert [etree.QName(one).localname for one in response] == ["Culture", "User", "Action"]
    assert answer.value("EMailAddress") == "alice@old.example"
    assert answer.value("Redirect") == "alice@new.example"


@pytest.mark.rule("autodiscover-activesync-redirect-url")
def test_activesync_new_url(elsewhere: Client) -> None:
    """A phone follows HTTP redirects, because its schema has no element for a URL."""
    answer = elsewhere.post(PATH, question("alice@cloud.example", MOBILESYNC))

    assert (answer.status, answer.headers["location"]) == (302, URL)


@pytest.mark.rule("autodiscover-json-moved", "autoconfig-redirect-absolute-https")
@pytest.mark.parametrize(
    ("path", "location"),
    [
        (
            f"{V2}?Email=a%2Bb@old.example&Protocol=autodiscoverv1&RedirectCount=1&x=evil",
            f"https://autodiscover.new.example{V2}?Email=a%2Bb%40new.example&Protocol=AutodiscoverV1",
        ),
        (
            f"{V2}/v1.0/a@cloud.example?Protocol=ActiveSync",
            f"https://autodiscover-s.outlook.example{V2}?Email=a%40cloud.example&Protocol=ActiveSync",
        ),
        (
            f"{CONFIG}?emailaddress=a%26b@old.example",
            f"https://autoconfig.new.example{CONFIG}?emailaddress=a%26b%40new.example",
        ),
        ("/v1.1/old.example", f"https://autoconfig.new.example{CONFIG}"),
    ],
)
def test_redirects(elsewhere: Client, path: str, location: str) -> None:
    """The other formats are redirected by HTTP, with only the local part of the client's text."""
    answer = elsewhere.get(path, host="evil.example")

    assert (answer.status, answer.headers["location"]) == (302, location)


@pytest.mark.parametrize(
    ("host", "location"),
    [
        ("autodiscover.cloud.example", URL),
        ("autodiscover.old.example", f"https://autodiscover.old.example{PATH}?redirected=1"),
    ],
)
def test_probe(elsewhere: Client, host: str, location: str) -> None:
    """The probe is redirected to the other Autodiscover, or where the POST gets the new address."""
    answer = elsewhere.get(PATH, host=host, scheme="http")

    assert (answer.status, answer.headers["location"]) == (302, location)


@pytest.mark.rule("autoconfig-not-served-404")
@pytest.mark.parametrize(
    "path",
    [
        f"{CONFIG}?emailaddress=a@cloud.example",
        "/mobileconfig?emailaddress=a@cloud.example",
        "/mobileconfig?emailaddress=a@old.example",
        "/?emailaddress=a@old.example",
    ],
)
def test_no_redirect_where_nothing_would_answer(elsewhere: Client, path: str) -> None:
    """What the new server cannot answer is a 404: the client continues with its next source."""
    answer = elsewhere.get(path)

    assert answer.status == 404
    assert b"has moved to" in answer.body


@pytest.mark.rule("autodiscover-redirect-no-loop", "autoconfig-not-served-404")
@pytest.mark.parametrize("name", ["gone.example", "a.gone.example", "new.example", "self.example"])
def test_declined(elsewhere: Client, name: str) -> None:
    """A declined domain, and one that redirects to itself, are like domains that are not served."""
    pages = [CONFIG, "/mobileconfig", "/"]
    answers = [elsewhere.get(path, query={"emailaddress": f"a@{name}"}) for path in pages]
    v2 = elsewhere.get(V2, query={"Email": f"a@{name}", "Protocol": "AutodiscoverV1"})
    outlook = elsewhere.post(PATH, question(f"a@{name}"))
    phone = elsewhere.post(PATH, question(f"a@{name}", MOBILESYNC))
    probe = elsewhere.get(PATH, host=f"autodiscover.{name}", scheme="http")

    assert {answer.status for answer in [*answers, v2]} == {404}
    assert (outlook.value("ErrorCode"), phone.value("ErrorCode")) == ("500", "500")
    assert probe.status == 405
