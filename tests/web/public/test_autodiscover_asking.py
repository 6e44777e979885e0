"""What clients of Autodiscover send in addition to their request, and how often they ask."""

from collections.abc import Callable

import pytest

from tests.web.asgi import Answer, Client
from tests.web.public.test_autodiscover import MOBILESYNC, MOBILESYNC_REQUEST, PATH, question

JSON = "/autodiscover/autodiscover.json/v1.0/alice@example.com?Protocol=AutodiscoverV1"
OF_EXCHANGE = {
    "X-MapiHttpCapability": "1",
    "X-ClientCanHandle": "Negotiate,ExHttpInfo",
    "X-AnchorMailbox": "bob@example.com",
    "X-User-Identity": "bob@example.com",
}


@pytest.mark.rule("autodiscover-headers-of-exchange")
def test_headers_of_exchange(client: Client) -> None:
    """Headers that only Exchange reads change nothing."""
    plain = client.post(PATH, question())
    sent = client.post(PATH, question(), headers=OF_EXCHANGE)

    assert (plain.status, plain.headers, plain.body) == (sent.status, sent.headers, sent.body)
    assert plain.value("Action") == "settings"


@pytest.mark.rule("autodiscover-json-no-login")
def test_json_asks_for_no_login(client: Client) -> None:
    """The JSON is answered without Authorization, and is the same with it."""
    plain = client.get(JSON)
    sent = client.get(JSON, headers={"Authorization": "Bearer s3cret"})

    assert (plain.status, plain.headers, plain.body) == (sent.status, sent.headers, sent.body)
    assert plain.status == 200


QUESTIONS: list[Callable[[Client], Answer]] = [
    lambda client: client.post(PATH, question()),
    lambda client: client.post(PATH, question("alice@groupware.example", MOBILESYNC)),
    lambda client: client.post(PATH, question("alice@unserved.example")),
    lambda client: client.post(PATH, b"nonsense"),
    lambda client: client.get(PATH),
    lambda client: client.get(PATH, host="autodiscover.example.com", scheme="http"),
    lambda client: client.get(JSON),
    lambda client: client.get(JSON.replace("alice@", "alice@un")),
]


@pytest.mark.rule("autodiscover-stable")
@pytest.mark.parametrize("ask", QUESTIONS)
def test_same_again(client: Client, ask: Callable[[Client], Answer]) -> None:
    """The same request has the same answer: settings, errors and redirects."""
    first, again = ask(client), ask(client)

    assert (first.status, first.headers, first.body) == (again.status, again.headers, again.body)


BROKEN = [
    f'<Autodiscover xmlns="{MOBILESYNC_REQUEST}"/>',
    f'<Autodiscover xmlns="{MOBILESYNC_REQUEST}"><Request/></Autodiscover>',
    question("alice", MOBILESYNC).decode(),
    question("", MOBILESYNC).decode(),
]


@pytest.mark.rule("autodiscover-activesync-600")
@pytest.mark.parametrize("body", BROKEN)
def test_activesync_not_understood(client: Client, body: str) -> None:
    """A phone's request that is not valid is ErrorCode 600, outside its own schema."""
    answer = client.post(PATH, body.encode())

    assert (answer.status, answer.value("ErrorCode")) == (200, "600")
    assert MOBILESYNC.encode() not in answer.body
