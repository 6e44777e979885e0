"""The page for people."""

import pytest
from lxml import html

from tests.web.asgi import Client


def test_form(client: Client) -> None:
    """The page has a form for an address that works without a script."""
    answer = client.get("/")
    page = html.fromstring(answer.text)

    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert page.xpath("//form[@method='get']//input[@name='emailaddress']")
    assert not page.xpath("//script | //*[@src] | //link")


def test_links_lead_to_configurations(client: Client) -> None:
    """The links for an address answer with its configurations."""
    page = html.document_fromstring(client.get("/", query="emailaddress=a%2Bb@example.com").text)
    links = [str(element.attrib["href"]) for element in page.iter("a")]

    assert len(links) == 2
    assert {200} == {client.get(link).status for link in links}
    assert all(b"a+b@example.com" in client.get(link).body for link in links)


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("emailaddress=alice", 400, "no @"),
        ("emailaddress=alice@example.org", 404, "example.org is not served here"),
        ("emailaddress=%FF", 400, "not UTF-8"),
    ],
)
def test_problem(client: Client, query: str, status: int, message: str) -> None:
    """A mistake is told on the page, with the form still there."""
    answer = client.get("/", query=query)

    assert status == answer.status
    assert message in answer.text
    assert "<form" in answer.text


def test_markup_is_escaped(client: Client) -> None:
    """What was typed never becomes markup."""
    query = {"emailaddress": '"><script>alert(1)</script>@example.com'}
    answer = client.get("/", query=query)

    assert "<script>" not in answer.text
