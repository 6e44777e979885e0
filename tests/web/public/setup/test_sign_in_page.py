"""The page where people sign in: one answer for all that fails, and no trace of a password."""

import io
import plistlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.making import domain, host_service
from tests.web.asgi import Answer, Client, settings
from tests.web.conftest import CATALOG
from tests.web.public.page import buttons, elements, texts
from tests.web.public.test_devices import ANDROID, IPHONE, WINDOWS
from waypost.core.model import Catalog, DirectoryPolicy, Domain, FileDirectory
from waypost.core.model.directory import UnknownUser
from waypost.runtime.logs import configure
from waypost.runtime.prometheus import exposition
from waypost.setup_links.app_password import AppPasswordRequest
from waypost.setup_links.password_service import AppPasswordService
from waypost.sign_in import limits, service
from waypost.sign_in.authenticator import Login, SignInUnavailable
from waypost.wiring.links import open_authenticator
from waypost.wiring.runtime import wire

PASSWORD = "s3cret p&ss=wörd"
FORM = {"content-type": "application/x-www-form-urlencoded"}
GOOD = {"emailaddress": "alice@example.com", "password": PASSWORD, "name": "Alice"}
REFUSED = [
    # what is different
    {"password": "wrong"},
    {"emailaddress": "bob@example.com"},
    {"emailaddress": "alice@not-served.example"},
]
KNOWN = {"alice@example.com", "alice@declining.example"}
WITHOUT_TLS = domain(
    "unprotected.example",
    host_service(host="imap.unprotected.example", port=143, security="none"),
    host_service("smtp", "smtp.unprotected.example"),
)


class Server:
    """A mail server that knows one person. Implements `Authenticator`."""

    def __init__(self) -> None:
        self.logins: list[Login] = []
        self.right = set(KNOWN)
        self.is_away = False

    def accepts(self, login: Login) -> bool:
        self.logins.append(login)
        if self.is_away:
            raise SignInUnavailable("the server is away")
        return login.name in self.right and login.password == PASSWORD


class Source:
    """The operator's system. Implements `AppPasswordSource`."""

    def __init__(self) -> None:
        self.valid: dict[str, str] = {}

    def create(self, request: AppPasswordRequest) -> str:
        self.valid[request.id] = "made"
        return "made"

    def revoke(self, request: AppPasswordRequest) -> None:
        self.valid.pop(request.id, None)


def listener(server: Server, source: Source | None = None, *more: Domain) -> Client:
    catalog = Catalog((*CATALOG.domains, WITHOUT_TLS, *more))
    with closing(Client(catalog)) as plain:
        runtime = plain.runtime
    passwords = None if source is None else AppPasswordService(source)
    return Client(replace(runtime, authenticator=server, app_passwords=passwords))


@pytest.fixture(name="server")
def _server(monkeypatch: pytest.MonkeyPatch) -> Server:
    async def no_pause(_service: service.SignInService, _start: float) -> None:
        """Return at once."""

    monkeypatch.setattr(service.SignInService, "pause", no_pause)
    return Server()


@pytest.fixture(name="client")
def _client(server: Server) -> Iterator[Client]:
    running = listener(server)
    yield running
    running.close()


def post(
    client: Client, different: dict[str, str] | None = None, more: dict[str, str] | None = None
) -> Answer:
    fields = GOOD | (different or {})
    return client.post("/sign-in", urlencode(fields).encode(), headers=FORM | (more or {}))


def passwords(answer: Answer) -> set[str]:
    assert answer.headers["content-type"] == "application/x-apple-aspen-config"
    return {
        value
        for payload in plistlib.loads(answer.body)["PayloadContent"]
        for key, value in payload.items()
        if key.endswith("Password") and isinstance(value, str)
    }


def back(answer: Answer) -> list[str]:
    """Return the URLs of the links in the page."""
    return [one.attrib["href"] for one in elements(answer.text, "//main//a")]


def test_disabled(behind_one_url: Client) -> None:
    """Without the option the page does not exist, and no password is read."""
    assert behind_one_url.get("/sign-in").status == 404
    assert behind_one_url.request("POST", "/sign-in", body=None).status == 404


def test_signed_in(client: Client, server: Server) -> None:
    """The right password gives a profile with it, which no cache may store."""
    page = client.get("/sign-in")
    assert (page.status, page.headers["cache-control"]) == (200, "no-store")
    answer = post(client)
    assert passwords(answer) == {PASSWORD}
    assert answer.headers["cache-control"] == "no-store"
    (login,) = server.logins
    assert (login.endpoint.host, login.name) == ("imap.example.com", "alice@example.com")
    account = plistlib.loads(answer.body)["PayloadContent"][0]
    assert account["EmailAccountName"] == "Alice"


def test_app_password(server: Server) -> None:
    """With the operator's system, the answer has an app password, and not the person's own."""
    source = Source()
    client = listener(server, source)
    assert 'value="password"' in client.get("/sign-in").text
    assert passwords(post(client)) == {"made"}
    page = post(client, {"action": "password"})
    assert 'data-copy="made"' in page.text
    assert len(source.valid) == 2
    assert post(client, {"password": "wrong"}).status == 403
    assert len(source.valid) == 2
    client.close()


@pytest.mark.parametrize(
    ("browser", "makes_passwords", "first", "second"),
    [
        (IPHONE, True, "profile", "password"),
        (WINDOWS, True, "password", "profile"),
        (IPHONE, False, "profile", "settings"),
        (WINDOWS, False, "settings", "profile"),
        (ANDROID, False, "settings", "profile"),
        ("", False, "profile", "settings"),
    ],
)
def test_device_first(
    server: Server, browser: str, makes_passwords: bool, first: str, second: str
) -> None:
    """The highlighted button, which Enter presses too, is the one for this device."""
    client = listener(server, Source() if makes_passwords else None)
    page = client.get("/sign-in", headers={"user-agent": browser}).text
    client.close()
    assert buttons(page) == [("button", first), ("plain", second)]


@pytest.mark.parametrize(("browser", "title"), [(WINDOWS, "Windows"), (IPHONE, "Other programs")])
def test_settings(server: Server, tmp_path: Path, browser: str, title: str) -> None:
    """Who cannot use a profile gets the steps and the servers, with the own user name."""
    people = tmp_path / "people.csv"
    people.write_text("address,login\nalice@people.example,al1\n", encoding="utf-8")
    users = DirectoryPolicy(FileDirectory("people", f"{people}"), UnknownUser.DECLINE)
    source = Source()
    client = listener(server, source, replace(domain("people.example"), users=users))
    server.right.add("al1")
    person = {"emailaddress": "alice@people.example", "action": "settings"}
    answer = post(client, person, more={"user-agent": browser})
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
    (first,) = elements(answer.text, "//section[contains(@class, 'first')]/h2")
    assert first.text == title
    values = {one.attrib["data-copy"] for one in elements(answer.text, "//*[@data-copy]")}
    assert values == {"al1", "imap.example.com", "993", "smtp.example.com", "465"}
    assert "s3cret" not in answer.text
    # No password is made that the page does not show.
    assert source.valid == {}
    assert post(client, person | {"password": "wrong"}).status == 403
    client.close()


def test_one_answer(client: Client) -> None:
    """A wrong password, an unknown person and an unknown domain get the same answer."""
    answers = [post(client, different) for different in REFUSED]
    assert {(answer.status, answer.body) for answer in answers} == {(403, answers[0].body)}
    for answer in answers:
        same = {name: value for name, value in answer.headers.items() if "id" not in name}
        assert same.items() <= answers[0].headers.items()
        assert "set-cookie" not in answer.headers
    assert "is not right" in unescape(answers[0].text)


def test_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer waits if a password was tried and the person gets nothing, for any reason."""
    pauses: list[float] = []

    async def pause(_service: service.SignInService, start: float) -> None:
        pauses.append(start)

    monkeypatch.setattr(service.SignInService, "pause", pause)
    server = Server()
    client = listener(server)
    assert post(client).status == 200
    assert post(client, {"password": ""}).status == 400
    assert pauses == []
    for different in REFUSED:
        post(client, different)
    server.is_away = True
    post(client)
    assert len(set(pauses)) == len(REFUSED) + 1
    client.close()


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_form_of_another_site(client: Client, server: Server, site: str) -> None:
    """A form of another site tries no password and counts no try; scripts of it read nothing."""
    headers = {"origin": "https://evil.example", "sec-fetch-site": site}
    for _ in range(limits.ADDRESS_TRIES + 1):
        answer = client.post("/sign-in", urlencode(GOOD).encode(), headers=FORM | headers)
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers
    assert server.logins == []
    asked = client.request("OPTIONS", "/sign-in", headers=headers)
    assert (asked.status, "access-control-allow-origin" in asked.headers) == (405, False)
    for own in ("same-origin", "none"):
        answer = client.post(
            "/sign-in", urlencode(GOOD).encode(), headers=FORM | {"sec-fetch-site": own}
        )
        assert answer.status == 200


def test_declined_by_the_directory(server: Server, tmp_path: Path) -> None:
    """A person whom the mail server knows, but the directory declines, has no profile."""
    people = tmp_path / "people.csv"
    people.write_text(
        "address,login,display_name\nbob@declining.example,bob,Bob\n", encoding="utf-8"
    )
    users = DirectoryPolicy(FileDirectory("people", f"{people}"), UnknownUser.DECLINE)
    client = listener(server, None, replace(domain("declining.example"), users=users))
    answer = post(client, {"emailaddress": "alice@declining.example"})
    assert (answer.status, len(server.logins)) == (404, 1)
    assert texts("en")["not_known"] in answer.text
    assert back(answer) == ["/sign-in"]
    client.close()


def test_unavailable(client: Client, server: Server) -> None:
    """A server that is away, or has no TLS, gets no password, and the person is asked to wait."""
    server.is_away = True
    answer = post(client)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert back(answer) == ["/sign-in"]
    before = len(server.logins)
    assert post(client, {"emailaddress": "alice@unprotected.example"}).status == 503
    assert post(client, {"emailaddress": "alice@mute.example"}).status == 503
    assert len(server.logins) == before


def test_too_often(client: Client, server: Server) -> None:
    """After some tries an address is refused, whether it exists or not, and with any password."""
    for name in ("alice", "bob"):
        statuses = [
            post(client, {"emailaddress": f"{name}@example.com", "password": "wrong"}).status
            for _ in range(limits.ADDRESS_TRIES + 1)
        ]
        assert statuses == [*[403] * limits.ADDRESS_TRIES, 429]
    answer = post(client)
    assert (answer.status, int(answer.headers["retry-after"]) > 60) == (429, True)
    assert back(answer) == ["/sign-in"]
    assert len(server.logins) == 2 * limits.ADDRESS_TRIES


def test_network_behind_a_proxy(server: Server) -> None:
    """A client behind a trusted proxy is limited by its own network, whatever it writes itself."""
    with closing(Client(CATALOG)) as plain:
        runtime = replace(plain.runtime, authenticator=server)
    client = Client(runtime, settings(proxy_count=1))
    tries = limits.NETWORK_TRIES + 1
    for network, expected in (("192.0.2.1", [*[403] * (tries - 1), 429]), ("203.0.113.1", [403])):
        statuses = []
        for number in range(len(expected)):
            headers = {
                "x-forwarded-for": f"198.51.100.{number}, {network}",
                "x-forwarded-proto": "https",
            }
            body = urlencode(GOOD | {"emailaddress": f"a{number}@example.com", "password": "x"})
            answer = client.post("/sign-in", body.encode(), headers=FORM | headers)
            statuses.append(answer.status)
        assert statuses == expected
    client.close()


BAD = [
    {"emailaddress": "alice"},
    {"emailaddress": PASSWORD},
    {"emailaddress": ""},
    {"password": ""},
    {"password": "x" * 257},
    {"password": "a\0b"},
    {"name": "n" * 200},
]


@pytest.mark.parametrize("different", BAD)
def test_bad_forms(client: Client, server: Server, different: dict[str, str]) -> None:
    """A form that cannot be right is shown again, empty, before a server is asked."""
    answer = post(client, different)
    assert answer.status == 400
    assert texts("en")["sign_in_invalid"] in answer.text
    assert elements(answer.text, "//form//input[@value]") == []
    assert buttons(answer.text) == [("button", "profile"), ("plain", "settings")]
    assert "s3cret" not in answer.text
    assert server.logins == []


def test_plain_http(client: Client, server: Server) -> None:
    """Over plain http no password is read."""
    answer = client.request(
        "POST", "/sign-in", body=None, headers=FORM, scheme="http", peer="192.0.2.1"
    )
    assert answer.status == 403
    assert server.logins == []


def test_no_trace_of_a_password(server: Server) -> None:
    """Neither the log nor the metrics have a password, right or wrong, or an address."""
    log = io.StringIO()
    configure("DEBUG", "json", log, configure_stdlib_log=False)
    client = listener(server)
    post(client)
    post(client, {"password": "s3cret wrong"})
    post(client, {"emailaddress": "s3cret@in-the-wrong-field.example"})
    client.get("/sign-in", query={"password": PASSWORD})
    server.is_away = True
    post(client)
    metrics = exposition(client.runtime.metrics.registry).decode()
    client.close()
    for text in (log.getvalue(), metrics):
        assert "s3cret" not in text
        assert "alice" not in text
        assert "wrong-field" not in text
    assert 'format="sign_in"' in metrics


def test_enabled_by_the_settings() -> None:
    """The option opens the page; nothing else does."""
    chosen = settings(demo=True, sign_in="imap")
    assert open_authenticator(settings()) is None
    client = Client(wire(chosen), chosen)
    assert client.get("/sign-in").status == 200
    assert client.get("/setup/").status == 404
    client.close()
