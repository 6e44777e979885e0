"""Links to profiles that other products gave to their users."""

import plistlib

import pytest

from tests.web.asgi import Client, settings
from tests.web.conftest import CATALOG
from tests.web.public.page import form_to

LINKS = [
    # A link, the address and the name in the profile
    ("/email.mobileconfig?email=alice@example.com", "alice@example.com", None),
    ("/Email.MobileConfig/?Email=alice%40example.com", "alice@example.com", None),
    ("/profile.mobileconfig?addresses=alice@example.com&name=Alice", "alice@example.com", "Alice"),
    (
        "/profile.mobileconfig?addresses=alice@example.com,bob@example.com,c@e.test&name=Alice",
        "alice@example.com, bob@example.com, c@e.test",
        "Alice",
    ),
    ("/mobileconfig.php?email=alice@example.com&only_email", "alice@example.com", None),
    ("/mobileconfig.php?only_email&emailaddress=alice@example.com", "alice@example.com", None),
    ("/apple.mobileconfig?emailaddress=alice@example.com", "alice@example.com", None),
    ("/mailinabox.mobileconfig?emailaddress=alice@example.com", "alice@example.com", None),
    ("/mail/apple.mobileconfig?email=alice@example.com", "alice@example.com", None),
    (
        "/mobileconfig?addresses=alice@example.com,bob@example.com",
        "alice@example.com, bob@example.com",
        None,
    ),
    # The parameter with a single address counts.
    (
        "/profile.mobileconfig?addresses=b@example.com,c@example.com&email=alice@example.com",
        "alice@example.com",
        None,
    ),
]
WITHOUT = [
    "/email.mobileconfig",
    "/profile.mobileconfig?name=Alice",
    "/profile.mobileconfig?addresses=,",
    "/mobileconfig.php",
    "/mobileconfig.php?only_email",
    "/mobileconfig.php?app_password",
    "/apple.mobileconfig",
    "/mailinabox.mobileconfig?email=",
    "/mail/apple.mobileconfig",
]


@pytest.mark.parametrize(("link", "addresses", "name"), LINKS)
def test_profile(client: Client, link: str, addresses: str, name: str | None) -> None:
    """A link with an address is answered with its profile."""
    answer = client.get(link)
    (account, *_) = plistlib.loads(answer.body)["PayloadContent"]

    assert answer.headers["content-type"] == "application/x-apple-aspen-config"
    assert account["EmailAddress"] == addresses
    assert account.get("EmailAccountName") == name


@pytest.mark.parametrize("link", WITHOUT)
def test_without_address(client: Client, link: str) -> None:
    """A link without an address is answered with a form for it, and the form with the profile."""
    answer = client.get(link, headers={"Accept-Language": "de"})
    place = link.partition("?")[0]
    form = form_to(answer.text, place)

    assert (answer.status, answer.headers["content-language"]) == (200, "de")
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert (form.method, [one for one in form.fields if one]) == ("GET", ["emailaddress"])
    assert f'href="{place}?lang=fr"' in answer.text
    assert client.get(f"{place}?lang=fr").headers["content-language"] == "fr"
    found = client.get(place, query={"emailaddress": "alice@example.com"})
    assert found.headers["content-type"] == "application/x-apple-aspen-config"


@pytest.mark.parametrize(
    ("link", "status", "said"),
    [
        ("/mailinabox.mobileconfig?email=alice", 400, "no @"),
        ("/profile.mobileconfig?addresses=a@example.com,b", 400, "alias: the address has no @"),
        ("/profile.mobileconfig?addresses=,b@example.com&email=", 200, "<form"),
        ("/apple.mobileconfig?name=%FF", 400, "not UTF-8"),
        ("/apple.mobileconfig?" + "x" * 9000, 400, "too long"),
        ("/mobileconfig.php?email=a@unserved.example", 404, "is not served here"),
        ("/mobileconfig", 400, "no @"),
        ("/mobileconfig.php/x", 404, "not found"),
        ("/xmobileconfig.php", 404, "not found"),
    ],
)
def test_bad_links(client: Client, link: str, status: int, said: str) -> None:
    """A link that is not valid gets an error with the reason."""
    answer = client.get(link)

    assert (answer.status, said in answer.text) == (status, True)


def test_no_post(client: Client) -> None:
    """A password is accepted only at `/mobileconfig`."""
    answer = client.post("/mailinabox.mobileconfig", b"password=s3cret")

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "link", ["/mailinabox.mobileconfig", "/apple.mobileconfig?email=a@example.com"]
)
def test_plain_http(link: str) -> None:
    """A link by plain http is redirected to the same link on https."""
    client = Client(CATALOG, settings(proxy_count=1))
    proxy = {"X-Forwarded-Proto": "http"}
    answer = client.get(link, host="example.com", scheme="http", headers=proxy)
    back = client.get(answer.headers["location"].removeprefix("https://example.com"), headers=proxy)
    client.close()

    mark = f"{'&' if '?' in link else '?'}redirected=1"
    assert answer.headers["location"] == f"https://example.com{link}{mark}"
    assert back.status == 200
