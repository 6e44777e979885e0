"""Tests that clients find the servers of a domain that has moved."""

from collections.abc import Callable, Iterator

import pytest

from tests.clients.foreign_documents import BY_KEY
from tests.clients.recorded import Application
from tests.web.asgi import Client as Asker
from waypost.diagnostics.simulated_clients.session import (
    ClientRequest,
    ClientUser,
    ServerAnswer,
    run_session,
)
from waypost.providers_file.load import read_providers

HERE = """
[[provider]]
name = "Old Mail"
domains = [{ name = "renamed.example", redirect_address = "new.example" }]

[[provider]]
name = "Hosted Mail"
redirect_url = "https://autodiscover.new.example/autodiscover/autodiscover.xml"
domains = ["hosted.example"]
"""
THERE = """
[[provider]]
name = "New Mail"
domains = ["new.example", "hosted.example"]
services = [
  { type = "imap", host = "imap.new.example" },
  { type = "smtp", host = "smtp.new.example" },
  { type = "activesync", url = "https://eas.new.example/Microsoft-Server-ActiveSync" },
]
"""
EAS = "https://eas.new.example/Microsoft-Server-ActiveSync"


@pytest.fixture(name="answer")
def _answer() -> Iterator[Callable[[ClientRequest], ServerAnswer]]:
    """Return two servers: one for the domains that moved, and one for the new domain."""
    askers = [
        Asker(read_providers(text, name="f", format="toml").catalog) for text in (HERE, THERE)
    ]

    def answer(request: ClientRequest) -> ServerAnswer:
        name = ".".join(request.host.split(".")[-2:])
        asker = askers[1] if name == "new.example" else askers[0]
        return Application(asker, name).answer(request)

    yield answer
    for asker in askers:
        asker.close()


@pytest.mark.rule(
    "autodiscover-redirect-address",
    "autodiscover-redirect-url",
    "autodiscover-activesync-redirect",
    "autodiscover-activesync-redirect-url",
)
@pytest.mark.parametrize(
    ("typed", "login"),
    [("alice@renamed.example", "alice@new.example"), ("a@hosted.example", "a@hosted.example")],
)
def test_moved(answer: Callable[[ClientRequest], ServerAnswer], typed: str, login: str) -> None:
    """Outlook gets the account of the new domain, and a phone gets its ActiveSync server."""
    outlook = run_session(
        BY_KEY["outlook-for-windows"].search(ClientUser.parse(typed)), answer
    ).outcome
    phone = run_session(
        BY_KEY["activesync-devices"].search(ClientUser.parse(typed)), answer
    ).outcome
    new = run_session(
        BY_KEY["outlook-new-and-mobile"].search(ClientUser.parse(typed)), answer
    ).outcome

    assert outlook.account is not None
    assert (outlook.account.incoming.host, outlook.account.incoming.login) == (
        "imap.new.example",
        login,
    )
    assert phone.source == EAS
    assert new.source == EAS


@pytest.mark.rule("autodiscover-redirect-address")
def test_thunderbird(answer: Callable[[ClientRequest], ServerAnswer]) -> None:
    """Thunderbird finds the servers of the new domain, by Autoconfig or by Autodiscover."""
    outcome = run_session(
        BY_KEY["thunderbird"].search(ClientUser.parse("alice@renamed.example")), answer
    ).outcome

    assert outcome.account is not None
    assert outcome.account.incoming.host == "imap.new.example"


@pytest.mark.parametrize("key", ["mustang", "sailfish-os"])
def test_clients_that_compare_the_domain(
    answer: Callable[[ClientRequest], ServerAnswer], key: str
) -> None:
    """Clients that compare `domain` with the typed domain get no account for a moved domain."""
    user = ClientUser.parse("alice@renamed.example")
    transcript = run_session(BY_KEY[key].search(user), answer)

    assert transcript.outcome.account is None
    documents = [
        response.body for _, response in transcript.exchanges if b"<clientConfig" in response.body
    ]
    assert documents
    assert all(b"<domain>new.example</domain>" in document for document in documents)
