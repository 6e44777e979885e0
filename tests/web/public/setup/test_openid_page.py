"""Sign-in at an OpenID provider: only the right browser gets settings, and only for one person."""

import io
import plistlib
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.making import domain
from tests.servers.scripted_openid import (
    CLIENT_ID,
    CLIENT_SECRET,
    ScriptedOpenId,
    scripted_openid,
)
from tests.setup_links.stored import KEY
from tests.web.asgi import Answer, Client, settings
from tests.web.conftest import CATALOG
from tests.web.public.page import LANGUAGES, elements, texts
from tests.web.public.setup.test_sign_in_page import FORM, Server, Source
from waypost.core.errors import SettingsError, SigningUnavailable
from waypost.core.model import Catalog, DirectoryPolicy, Domain, FileDirectory
from waypost.core.model.directory import UnknownUser
from waypost.oidc import library
from waypost.runtime.logs import configure
from waypost.runtime.prometheus import exposition
from waypost.settings import Settings
from waypost.setup_links.password_service import AppPasswordService
from waypost.sign_in import limits
from waypost.sign_in.authenticator import SignInLimited
from waypost.sign_in.openid_service import OpenIdService
from waypost.web.public.setup import answers
from waypost.web.public.setup.openid_page import (
    CALLBACK,
    LOGIN_COOKIE,
    PROOF_COOKIE,
    SETTINGS,
    START,
)
from waypost.wiring.links import open_openid
from waypost.wiring.runtime import wire

URL = "https://setup.example.com"
OTHER_ACCOUNT_URL = f"{URL}{START}?account=other"
ALICE = {"email": "alice@example.com", "email_verified": True, "name": "Alice"}


@pytest.fixture(name="running", scope="module")
def _running() -> Iterator[ScriptedOpenId]:
    with scripted_openid() as provider:
        yield provider


@pytest.fixture(name="provider")
def _provider(running: ScriptedOpenId, monkeypatch: pytest.MonkeyPatch) -> ScriptedOpenId:
    """Return a provider that knows Alice; answers that fail are sent at once."""

    async def no_pause(_service: OpenIdService, _start: float) -> None:
        """Return at once."""

    monkeypatch.setattr(OpenIdService, "pause", no_pause)
    running.reset()
    running.claims, running.userinfo = dict(ALICE), {"sub": "8f1c2a"}
    return running


def options(provider: ScriptedOpenId, **more: Any) -> Settings:
    return settings(
        sign_in_oidc_issuer=provider.url,
        sign_in_oidc_client_id=CLIENT_ID,
        sign_in_oidc_client_secret=CLIENT_SECRET,
        public_url=URL,
        link_key=KEY,
        **more,
    )


def listener(
    chosen: Settings, source: Source | None = None, *more: Domain, server: Server | None = None
) -> Client:
    """Return a listener; `server` also enables the sign-in by passwords."""
    with closing(Client(Catalog((*CATALOG.domains, *more)))) as plain:
        runtime = plain.runtime
    passwords = None if source is None else AppPasswordService(source)
    openid = open_openid(chosen)
    runtime = replace(runtime, openid=openid, app_passwords=passwords, authenticator=server)
    return Client(runtime, chosen)


@pytest.fixture(name="client")
def _client(provider: ScriptedOpenId) -> Iterator[Client]:
    client = listener(options(provider))
    yield client
    client.close()


@dataclass
class Browser:
    """A browser: it keeps cookies, and sends them."""

    client: Client
    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, url: str, **more: Any) -> Answer:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"cookie": cookie} | more.pop("headers", {})
        answer = self.client.request(method, url, headers=headers, **more)
        # `Answer` has one value of each header; both cookies change in the callback.
        for name, value in re.findall(r"(__Host-[a-z-]+)=([^;]*);", self.set_cookies(answer)):
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
        return answer

    def set_cookies(self, answer: Answer) -> str:
        return "\n".join(answer.all_headers("set-cookie"))

    def begin(self, provider: ScriptedOpenId, query: str = "") -> dict[str, str]:
        """Begin, and return the parameters of the callback."""
        answer = self.send("GET", f"{START}{query}")
        assert answer.status == 303, answer.text
        return provider.authorize(answer.headers["location"])

    def finish(self, query: dict[str, str]) -> Answer:
        return self.send("GET", CALLBACK, query=query)

    def sign_in(self, provider: ScriptedOpenId, query: str = "") -> Answer:
        return self.finish(self.begin(provider, query))

    def press(
        self, action: str = "profile", page: Answer | None = None, site: str = "same-origin"
    ) -> Answer:
        """Press a button of the page with the settings, as it is shown now or was before."""
        page = page or self.send("GET", SETTINGS)
        (key,) = {one.attrib["value"] for one in elements(page.text, "//input[@name='key']")}
        body = urlencode({"key": key, "action": action}).encode()
        return self.send("POST", SETTINGS, body=body, headers=FORM | {"sec-fetch-site": site})


def account(answer: Answer) -> dict[str, Any]:
    """Return the mail account of a profile."""
    assert answer.headers["content-type"] == "application/x-apple-aspen-config", answer.text
    found: dict[str, Any] = plistlib.loads(answer.body)["PayloadContent"][0]
    return found


def alert(answer: Answer) -> str:
    (found,) = elements(answer.text, "//*[@role='alert']")
    return (found.text or "").strip()


def test_disabled(client: Client) -> None:
    """Without a provider the URLs do not exist."""
    with closing(Client(CATALOG)) as plain:
        for path in (START, CALLBACK, SETTINGS):
            assert plain.get(path).status == 404
        assert plain.post(SETTINGS, b"", headers=FORM).status == 404
    assert client.post(START, b"", headers=FORM).status == 405
    assert open_openid(settings()) is None


def test_signed_in(client: Client, provider: ScriptedOpenId) -> None:
    """A person comes back with a proof, and a button gives the profile without a password, once."""
    browser = Browser(client)
    page = browser.send("GET", "/sign-in")
    (link,) = elements(page.text, "//a[@class='button']")
    assert (link.attrib["href"], link.text_content()) == (f"{URL}{START}", "Sign in at 127.0.0.1")
    assert elements(page.text, "//input[@type='password']") == []
    query = browser.begin(provider)
    answer = browser.finish(query)
    assert (answer.status, answer.headers["location"]) == (303, SETTINGS)
    assert set(browser.cookies) == {PROOF_COOKIE}
    for _ in range(2):
        page = browser.send("GET", SETTINGS)
        assert "Alice (alice@example.com)" in page.text
        assert 'value="password"' not in page.text
    found = account(browser.press())
    assert (found["EmailAddress"], found["EmailAccountName"]) == ("alice@example.com", "Alice")
    assert "IncomingPassword" not in found
    assert browser.cookies == {}
    again = browser.send("GET", SETTINGS)
    assert (again.status, alert(again)) == (400, texts("en")["sign_in_ended"])
    assert provider.forms[0]["redirect_uri"] == f"{URL}{CALLBACK}"


def test_app_password(provider: ScriptedOpenId) -> None:
    """Only a button makes an app password: for the profile, or to type it once."""
    source = Source()
    client = listener(options(provider), source)
    browser = Browser(client)
    browser.sign_in(provider)
    page = browser.send("GET", SETTINGS)
    assert source.valid == {}
    assert account(browser.press(page=page))["IncomingPassword"] == "made"
    assert browser.press(page=page).status == 400
    browser.sign_in(provider)
    shown = browser.press("password")
    assert (shown.status, 'data-copy="made"' in shown.text) == (200, True)
    assert elements(shown.text, "//footer") == []
    assert len(source.valid) == 2
    client.close()


def test_cookies_and_header_fields(client: Client, provider: ScriptedOpenId) -> None:
    """Cookies are for this host, https and no script; nothing is cached or named by a referrer."""
    browser = Browser(client)
    started = browser.send("GET", START)
    finished = browser.finish(provider.authorize(started.headers["location"]))
    answers = [started, finished, browser.send("GET", SETTINGS), browser.press()]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        for line in browser.set_cookies(answer).splitlines():
            assert line.startswith("__Host-waypost-")
            assert line.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax")
    query = parse_qs(urlsplit(started.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["scope"] == ["openid profile email"]
    assert "alice" not in browser.set_cookies(finished)


def test_two_workers(provider: ScriptedOpenId) -> None:
    """Each step may be answered by another worker or another machine."""
    workers = [listener(options(provider)) for _ in range(2)]
    browser = Browser(workers[0])
    query = browser.begin(provider)
    browser.client = workers[1]
    assert browser.finish(query).status == 303
    browser.client = workers[0]
    page = browser.send("GET", SETTINGS)
    browser.client = workers[1]
    assert account(browser.press(page=page))["EmailAddress"] == "alice@example.com"
    for worker in workers:
        worker.close()


CLAIMS: list[tuple[dict[str, Any], int, str, str]] = [
    # claims, the status, the text, the rule
    ({"email": None}, 403, "sign_in_no_address", "the claim is missing"),
    ({"email_verified": None}, 403, "sign_in_no_address", "the address is not verified"),
    ({"email_verified": "true"}, 403, "sign_in_no_address", "verified is a boolean"),
    ({"email": "alice"}, 403, "sign_in_no_address", "it is no address"),
    ({"email": ["alice@example.com"]}, 403, "sign_in_no_address", "it is no text"),
    ({"email": "a" * 300 + "@example.com"}, 403, "sign_in_no_address", "it is too long"),
    ({"email": "a" * 100_000 + "@example.com"}, 503, "sign_in_unavailable", "the token is huge"),
    ({"email": "alice@not-served.example"}, 404, "not_known", "the domain is not served"),
    ({"email": "alice@example.com.evil.example"}, 404, "not_known", "the domain is another one"),
    ({"email": "alice@declining.example"}, 404, "not_known", "the directory declines the address"),
    ({"iss": "https://evil.example"}, 503, "sign_in_unavailable", "the issuer is another one"),
    ({"aud": "other"}, 503, "sign_in_unavailable", "the token is for another client"),
    ({"nonce": "x"}, 503, "sign_in_unavailable", "the token is of another sign-in"),
    ({"exp": 1}, 503, "sign_in_unavailable", "the token has expired"),
]


@pytest.mark.parametrize(("claims", "status", "text", "rule"), CLAIMS)
def test_bad_claims(
    provider: ScriptedOpenId,
    claims: dict[str, Any],
    status: int,
    text: str,
    rule: str,
    tmp_path: Path,
) -> None:
    """Who has no verified address of a served domain gets no proof, but a page with a way out."""
    people = tmp_path / "people.csv"
    people.write_text("address,login\nbob@declining.example,bob\n", encoding="utf-8")
    users = DirectoryPolicy(FileDirectory("people", f"{people}"), UnknownUser.DECLINE)
    client = listener(options(provider), None, replace(domain("declining.example"), users=users))
    provider.claims |= claims
    browser = Browser(client)
    answer = browser.sign_in(provider)
    assert (answer.status, alert(answer)) == (status, texts("en")[text]), rule
    assert browser.cookies == {}
    # Another account of the person can have an address, unless the provider is the problem.
    others = [] if status == 503 else [OTHER_ACCOUNT_URL]
    links = [one.attrib["href"] for one in elements(answer.text, "//main//a")]
    assert links == [*others, "/sign-in"]
    assert "alice" not in answer.text
    assert ("retry-after" in answer.headers) == (status == 503)
    client.close()


GOOD_CLAIMS: list[tuple[dict[str, Any], str, str]] = [
    # claims, the option, the address
    ({"email": "Alice@EXAMPLE.COM"}, "email", "Alice@example.com"),
    ({"email": "a@bücher.example"}, "email", "a@xn--bcher-kva.example"),
    ({"preferred_username": "bob@example.com"}, "preferred_username", "bob@example.com"),
]


@pytest.mark.parametrize(("claims", "claim", "address"), GOOD_CLAIMS)
def test_good_claims(
    provider: ScriptedOpenId, claims: dict[str, Any], claim: str, address: str
) -> None:
    """The domain has no case and is an A-label, and the operator can choose another claim."""
    client = listener(options(provider, sign_in_oidc_claim=claim))
    provider.claims |= claims
    browser = Browser(client)
    assert browser.sign_in(provider).status == 303
    assert address in browser.send("GET", SETTINGS).text
    client.close()


def forged(query: dict[str, str], browser: Browser) -> list[tuple[str, dict[str, str], Browser]]:
    """Return callbacks that are not those of a browser, each with the rule that it breaks."""
    other = Browser(browser.client)
    other.send("GET", START)
    return [
        ("the state is forged", query | {"state": "x" * 43}, browser),
        ("the state is huge", query | {"state": "x" * 5000}, browser),
        ("there is no state", {"code": query["code"]}, browser),
        ("there is nothing", {}, browser),
        ("an error without a state", {"error": "access_denied"}, browser),
        ("another browser has begun", query, other),
        ("there is no cookie", query, Browser(browser.client)),
        ("the cookie is none of Waypost", query, Browser(browser.client, {LOGIN_COOKIE: "a.b.c"})),
        ("the cookie is huge", query, Browser(browser.client, {LOGIN_COOKIE: "a" * 3000})),
    ]


def test_forged_callbacks(client: Client, provider: ScriptedOpenId) -> None:
    """A callback of another browser or site gives nothing, and does not end the right sign-in."""
    browser = Browser(client)
    query = browser.begin(provider)
    for rule, wrong, sender in forged(query, browser):
        before = dict(sender.cookies)
        answer = sender.finish(wrong)
        assert (answer.status, alert(answer)) == (400, texts("en")["sign_in_ended"]), rule
        assert sender.cookies == before, rule
    assert provider.asked["/token"] == 0
    assert browser.finish(query).status == 303


def test_code_of_another_person(client: Client, provider: ScriptedOpenId) -> None:
    """The code of another person does not fit this browser (RFC 7636), and no code works twice."""
    victim, thief = Browser(client), Browser(client)
    code = victim.begin(provider)["code"]
    answer = thief.finish({"code": code, "state": thief.begin(provider)["state"]})
    assert (answer.status, alert(answer)) == (400, texts("en")["sign_in_ended"])
    assert thief.cookies == {}
    browser = Browser(client)
    query = browser.begin(provider)
    copied = dict(browser.cookies)
    assert browser.finish(query).status == 303
    assert Browser(client, copied).finish(query).status == 400


def test_person_refuses(client: Client, provider: ScriptedOpenId) -> None:
    """If the person cancels at the provider, the page says so."""
    browser = Browser(client)
    query = browser.begin(provider)
    answer = browser.finish({"state": query["state"], "error": "access_denied"})
    assert (answer.status, alert(answer)) == (403, unescape(texts("en")["sign_in_denied"]))
    assert OTHER_ACCOUNT_URL in answer.text
    assert browser.cookies == {}


PROMPTS = [
    # what the provider publishes, and what Waypost sends
    (None, "login"),
    (["none", "login", "consent"], "login"),  # Keycloak 26
    (["none", "login", "select_account"], "select_account"),
    ("select_account", "login"),
]


@pytest.mark.parametrize(("published", "prompt"), PROMPTS)
def test_other_account(provider: ScriptedOpenId, published: object, prompt: str) -> None:
    """Who is signed in with the wrong account can choose another one (Core s3.1.2.1)."""
    if published is not None:
        provider.metadata["prompt_values_supported"] = published
    client = listener(options(provider))
    browser = Browser(client)
    browser.sign_in(provider, "?lang=fr")
    (link,) = elements(browser.send("GET", SETTINGS).text, "//header//a")
    assert link.attrib["href"] == OTHER_ACCOUNT_URL
    page = browser.send("GET", SETTINGS, query="lang=fr")
    (link,) = elements(page.text, "//header//a")
    assert (link.attrib["href"], link.text) == (
        f"{OTHER_ACCOUNT_URL}&lang=fr",
        texts("fr")["sign_in_other_account"],
    )
    for query, sent in (("account=other", [prompt]), ("account=x", None), ("account=%FF", None)):
        url = browser.send("GET", START, query=query).headers["location"]
        assert parse_qs(urlsplit(url).query).get("prompt") == sent, query
    client.close()


def test_forged_proofs(client: Client, provider: ScriptedOpenId) -> None:
    """A proof that was forged, has ended, or belongs to another page gives nothing."""
    browser = Browser(client)
    browser.sign_in(provider)
    first = browser.send("GET", SETTINGS)
    proof = browser.cookies[PROOF_COOKIE]
    for wrong in ("", "x", proof[:-1], f"{proof}A", proof.swapcase(), "é", "A" * 4000):
        other = Browser(client, {PROOF_COOKIE: wrong} if wrong else {})
        assert other.send("GET", SETTINGS).status == 400
        assert other.press(page=first).status == 400
    # A page of an earlier sign-in, perhaps of another person.
    provider.claims["email"] = "bob@example.com"
    browser.sign_in(provider)
    assert browser.press(page=first).status == 400
    for body in (b"", b"key=", b"action=profile", b"key=" + b"x" * 5000):
        assert browser.send("POST", SETTINGS, body=body, headers=FORM).status == 400
    assert account(browser.press())["EmailAddress"] == "bob@example.com"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_form_of_another_site(client: Client, provider: ScriptedOpenId, site: str) -> None:
    """A form of another site gets nothing; the person can still press the button."""
    browser = Browser(client)
    browser.sign_in(provider)
    answer = browser.press(site=site)
    assert (answer.status, "access-control-allow-origin" in answer.headers) == (400, False)
    assert browser.press().status == 200


def test_plain_http(client: Client, provider: ScriptedOpenId) -> None:
    """Over plain http no person signs in."""
    browser = Browser(client)
    query = browser.begin(provider)
    plain = {"scheme": "http", "peer": "192.0.2.1"}
    assert browser.send("GET", START, **plain).status == 403
    assert browser.send("GET", CALLBACK, query=query, **plain).status == 403
    assert browser.send("POST", SETTINGS, body=None, headers=FORM, **plain).status == 403
    assert provider.asked["/token"] == 0


def test_provider_is_away(provider: ScriptedOpenId) -> None:
    """If the provider is away, the page says so, and when to try again."""
    away = settings(
        sign_in_oidc_issuer="http://127.0.0.1:9",
        sign_in_oidc_client_id="w",
        public_url=URL,
        link_key=KEY,
    )
    client = listener(away)
    answer = client.get(START)
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert alert(answer) == texts("en")["sign_in_unavailable"]
    assert client.get("/sign-in").status == 200
    client.close()
    client = listener(options(provider))
    browser = Browser(client)
    query = browser.begin(provider)
    provider.bodies = {"/token": (500, b"<html>")}
    answer = browser.finish(query)
    assert (answer.status, browser.cookies) == (503, {})
    client.close()


def test_too_often(client: Client, provider: ScriptedOpenId) -> None:
    """A network may begin some sign-ins, and an address gets settings some times."""
    peer = {"peer": "192.0.2.1"}
    statuses = [client.get(START, **peer).status for _ in range(limits.NETWORK_TRIES + 1)]
    assert statuses == [*[303] * limits.NETWORK_TRIES, 429]
    assert int(client.get(START, **peer).headers["retry-after"]) >= 1
    browser = Browser(client)
    for number in range(limits.ADDRESS_TRIES + 1):
        browser.sign_in(provider)
        assert browser.press().status == (200 if number < limits.ADDRESS_TRIES else 429)


def test_pause(running: ScriptedOpenId, monkeypatch: pytest.MonkeyPatch) -> None:
    """A callback that fails waits for any reason, except without a sign-in and above a limit."""
    pauses: list[float] = []

    async def pause(_service: OpenIdService, start: float) -> None:
        pauses.append(start)

    async def too_often(*_arguments: object) -> None:
        raise SignInLimited(1)

    monkeypatch.setattr(OpenIdService, "pause", pause)
    running.reset()
    client = listener(options(running))
    browser = Browser(client)
    for claims in ({}, ALICE | {"email": "a@not-served.example"}, ALICE):
        running.claims, running.userinfo = dict(claims), {"sub": "8f1c2a"}
        browser.sign_in(running)
    assert len(pauses) == 2
    assert browser.finish({"state": "x"}).status == 400
    secrets = ".".join(letter * 43 for letter in "abc")
    browser.cookies[LOGIN_COOKIE] = secrets
    monkeypatch.setattr(OpenIdService, "finish", too_often)
    assert browser.finish({"state": "a" * 43, "code": "x"}).status == 429
    client.close()
    assert len(pauses) == 2


def test_app_password_fails(provider: ScriptedOpenId, monkeypatch: pytest.MonkeyPatch) -> None:
    """If there is no app password, the person stays signed in, and can press the button again."""
    source = Source()
    client = listener(options(provider), source)
    browser = Browser(client)
    browser.sign_in(provider)

    async def fail(*_arguments: object) -> None:
        raise SigningUnavailable("the key is missing")

    with monkeypatch.context() as patch:
        patch.setattr(answers, "profile", fail)
        answer = browser.press()
    assert (answer.status, source.valid) == (503, {})
    assert browser.press().status == 200
    client.close()


def test_no_trace(provider: ScriptedOpenId) -> None:
    """Neither the log nor the metrics have a code, a state, a token, a proof or an address."""
    log = io.StringIO()
    configure("DEBUG", "json", log, configure_stdlib_log=False)
    client = listener(options(provider), Source())
    browser = Browser(client)
    query = browser.begin(provider)
    secrets = [query["code"], query["state"], *browser.cookies[LOGIN_COOKIE].split(".")]
    browser.finish(query)
    secrets.append(browser.cookies[PROOF_COOKIE])
    browser.press("password")
    provider.claims["email"] = "alice@not-served.example"
    browser.sign_in(provider)
    provider.claims["email_verified"] = False
    browser.sign_in(provider)
    metrics = exposition(client.runtime.metrics.registry).decode()
    client.close()
    for text in (log.getvalue(), metrics):
        for secret in (*secrets, "alice", "made", CLIENT_SECRET, "eyJ"):
            assert secret not in text
    assert "email_verified is not true" in log.getvalue()
    assert 'format="sign_in"' in metrics


@pytest.mark.parametrize("tag", LANGUAGES.tags)
def test_languages(client: Client, provider: ScriptedOpenId, tag: str) -> None:
    """A chosen language stays through the whole sign-in, for any language of the browser."""
    browser = Browser(client)
    german = {"accept-language": "de", **FORM}
    page = browser.send("GET", "/sign-in", query=f"lang={tag}", headers=german)
    (link,) = elements(page.text, "//a[@class='button']")
    assert link.attrib["href"] == f"{URL}{START}?lang={tag}"
    answer = browser.sign_in(provider, f"?lang={tag}")
    assert answer.headers["location"] == f"{SETTINGS}?lang={tag}"
    page = browser.send("GET", answer.headers["location"], headers=german)
    assert page.headers["content-language"] == tag
    before, _, after = texts(tag)["sign_in_as"].partition("{person}")
    (header,) = elements(page.text, "//header//span")
    assert header.text_content() == f"{before}Alice (alice@example.com){after}"
    assert {one.action for one in elements(page.text, "//form")} == {f"{SETTINGS}?lang={tag}"}
    links = {
        one.attrib["hreflang"]: one.attrib["href"] for one in elements(page.text, "//footer//a")
    }
    assert links == {other: f"{SETTINGS}?lang={other}" for other in LANGUAGES.tags}
    query = browser.begin(provider, f"?lang={tag}")
    answer = browser.send("GET", CALLBACK, query=query | {"code": "x"}, headers=german)
    assert alert(answer) == texts(tag)["sign_in_ended"]
    assert elements(answer.text, "//main//a")[0].attrib["href"] == f"/sign-in?lang={tag}"


def test_both_ways(provider: ScriptedOpenId) -> None:
    """With both ways, the page has a button for the provider, and the form for the password."""
    client = listener(options(provider), server=Server())
    page = client.get("/sign-in", query="lang=fr").text
    assert len(elements(page, "//main//a[@class='button']")) == 1
    (form,) = elements(page, "//main//form")
    assert form.attrib["action"] == "/sign-in?lang=fr"
    client.close()


def test_enabled_by_the_settings(provider: ScriptedOpenId, monkeypatch: pytest.MonkeyPatch) -> None:
    """The options open the page; a missing library is an error that names the option."""
    chosen = options(provider, demo=True)
    client = Client(wire(chosen), chosen)
    assert client.get("/sign-in").status == 200
    assert client.post("/sign-in", b"", headers=FORM).status == 404
    client.close()
    monkeypatch.setattr(library, "find_spec", lambda _name: None)
    with pytest.raises(SettingsError, match="sign_in_oidc_issuer: joserfc"):
        open_openid(chosen)
