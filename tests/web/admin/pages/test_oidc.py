"""Sign-in at an OpenID provider: the pages, the cookies, and the limits."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.servers.scripted_openid import (
    CLIENT_ID,
    CLIENT_SECRET,
    ScriptedOpenId,
    scripted_openid,
)
from tests.web.admin.api.api_client import WRITER, Api, ApiClient
from tests.web.admin.pages.person import Person
from waypost.admin.access.scope import AccessScope
from waypost.admin.principal import Role
from waypost.core.model import DomainPattern
from waypost.database.engine import open_engine
from waypost.oidc.failure import FailureCode, OidcFailure
from waypost.settings import Settings
from waypost.web.admin.pages.oidc import LIMITS, OidcSignIn, open_oidc, person_name, read_groups
from waypost.web.admin.pages.security import COOKIE as SESSION
from waypost.web.admin.pages.views.oidc import COOKIE

START, CALLBACK = "/admin/oidc/start", "/admin/oidc/callback"
ROLES = {"mail-admins": "write", "helpdesk": "read *.example.com"}


@pytest.fixture(name="provider", scope="module")
def _provider() -> Iterator[ScriptedOpenId]:
    with scripted_openid() as provider:
        yield provider


@pytest.fixture(name="oidc_api")
def _oidc_api(provider: ScriptedOpenId, sample: Path, tmp_path: Path) -> Iterator[Api]:
    provider.reset()
    path = tmp_path / "waypost.sqlite"
    shutil.copy(sample, path)
    engine = open_engine(f"sqlite:///{path}")
    yield Api(settings(provider, db_uri=f"sqlite:///{path}"), engine)
    engine.dispose()


def settings(provider: ScriptedOpenId, **more: Any) -> Settings:
    """Return settings with this provider."""
    return Settings(
        oidc_issuer=provider.url,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=CLIENT_SECRET,
        oidc_roles=ROLES,
        **more,
    )


def cookie_of(answer: httpx.Response, name: str) -> str | None:
    """Return the new value of a cookie; None if it is left alone."""
    found = [one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{name}=")]
    return found[0].partition("=")[2].partition(";")[0].strip('"') if found else None


def browser(api: Api, **cookies: str | None) -> ApiClient:
    """Return a browser with the cookies of a sign-in and of a session."""
    named = {COOKIE: cookies.get("login"), SESSION: cookies.get("session")}
    text = "; ".join(f"{name}={value}" for name, value in named.items() if value)
    return ApiClient(api.app, {"cookie": text} if text else {})


def begin(api: Api, provider: ScriptedOpenId) -> tuple[str, dict[str, str]]:
    """Begin a sign-in; return its cookie, and the parameters of the callback."""
    answer = browser(api).get(START)
    assert answer.status_code == 303
    return cookie_of(answer, COOKIE) or "", provider.authorize(answer.headers["location"])


def test_good_sign_in(oidc_api: Api, provider: ScriptedOpenId) -> None:
    """The groups give the role, the name has the subject, and both cookies are for this host."""
    page = browser(oidc_api).get("/admin/sign-in").text
    assert 'href="http://127.0.0.1:4244/admin/oidc/start"' in page
    started = browser(oidc_api).get(START)
    for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=600"):
        assert part in started.headers["set-cookie"]
    assert started.headers["cache-control"] == "no-store"
    provider.claims = {"groups": "helpdesk"}
    query = provider.authorize(started.headers["location"])
    login = cookie_of(started, COOKIE)
    before = oidc_api.sessions.sign_in("bob", WRITER, None)
    answer = browser(oidc_api, login=login, session=before).request("GET", CALLBACK, params=query)
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/")
    assert cookie_of(answer, COOKIE) == ""
    assert oidc_api.sessions.find(before) is None
    secret = cookie_of(answer, SESSION) or ""
    session = oidc_api.sessions.find(secret)
    assert session is not None
    assert session.name == "ada (8f1c2a)"
    entries = Person(oidc_api, WRITER, "root").get("/admin/audit").text
    for word in ("signed in", "ada (8f1c2a)", "oidc", session.id, "signed out"):
        assert word in entries
    assert session.scope == AccessScope(Role.READ, (DomainPattern("*.example.com"),))
    assert "SameSite=lax" in answer.headers["set-cookie"]
    assert browser(oidc_api, session=secret).get("/admin/domains").status_code == 200


def test_two_tabs_and_forged_callbacks(oidc_api: Api, provider: ScriptedOpenId) -> None:
    """The last tab wins; the other one, or a forged callback, does not end its sign-in."""
    _, first = begin(oidc_api, provider)
    login, second = begin(oidc_api, provider)
    tab = browser(oidc_api, login=login)
    for query in (first, {"code": "x", "state": "y"}, {"error": "access_denied"}, {}):
        answer = tab.request("GET", CALLBACK, params=query)
        assert (answer.status_code, cookie_of(answer, COOKIE)) == (400, None)
        assert "Start again" in answer.text
    assert tab.request("GET", CALLBACK, params=second).status_code == 303
    again = browser(oidc_api).request("GET", CALLBACK, params=second)
    assert (again.status_code, cookie_of(again, SESSION)) == (400, None)


@pytest.mark.parametrize("groups", [None, [], ["other"], "other", {"mail-admins": 1}, 7])
def test_person_without_a_role(oidc_api: Api, provider: ScriptedOpenId, groups: object) -> None:
    """A person without a group of the settings gets a clear page and no session."""
    provider.claims, provider.userinfo = {"groups": groups}, {"sub": "8f1c2a"}
    login, query = begin(oidc_api, provider)
    answer = browser(oidc_api, login=login).request("GET", CALLBACK, params=query)
    assert (answer.status_code, cookie_of(answer, SESSION)) == (403, None)
    assert "none of your groups may use Waypost" in answer.text
    assert cookie_of(answer, COOKIE) == ""
    assert oidc_api.sessions.list() == []
    entries = Person(oidc_api, WRITER, "root").get("/admin/audit?object=session:ada (8f1c2a)").text
    assert "sign-in refused" in entries
    assert "no_role" in entries


@pytest.mark.parametrize("code", FailureCode)
def test_pages_and_log(oidc_api: Api, code: FailureCode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each failure has its own page with what to do next, and one log line with its code."""

    def fail(*_arguments: object) -> None:
        raise OidcFailure(code, "the reason")

    monkeypatch.setattr(OidcSignIn, "begin", fail)
    monkeypatch.setattr(OidcSignIn, "finish", fail)
    texts = set()
    for path in (START, f"{CALLBACK}?code=secret-code&state=secret-state"):
        with capture_logs() as lines:
            answer = browser(oidc_api).get(path)
        assert answer.status_code in {400, 403, 429, 502, 503}
        assert ("retry-after" in answer.headers) == (answer.status_code in {429, 503})
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert f"<code>{code.value}</code>" in answer.text
        assert START in answer.text
        (line,) = lines
        assert (line["code"], line["reason"], line["log_level"]) == (code, "the reason", "warning")
        assert "secret-" not in f"{line}{answer.text}"
        found = re.search(r'role="alert">([^<]+)<', answer.text)
        assert found is not None
        texts.add(found[1])
    assert len(texts) == 1
    assert len(texts.pop()) > 40


def test_provider_is_away(sample: Path) -> None:
    """If the provider is away, the sign-in page works, with links from the command."""
    there = Settings(
        db_uri=f"sqlite:///{sample}",
        oidc_issuer="http://127.0.0.1:9",
        oidc_client_id="waypost",
        oidc_roles=ROLES,
    )
    engine = open_engine(there.db_uri)
    api = Api(there, engine)
    assert "waypost admin link" in browser(api).get("/admin/sign-in").text
    answer = browser(api).get(START)
    assert (answer.status_code, cookie_of(answer, COOKIE)) == (503, None)
    assert "does not answer" in answer.text
    engine.dispose()


def test_rate_limit(oidc_api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """One address may begin and finish a number of sign-ins, and gets 429 then."""
    client = browser(oidc_api)
    answers = [client.get(CALLBACK).status_code for _ in range(LIMITS.burst + 1)]
    assert answers == [400] * LIMITS.burst + [429]
    assert client.get(START).status_code == 429
    monkeypatch.setattr(ApiClient.__init__, "__defaults__", ("127.0.0.2",))
    assert browser(oidc_api).get(START).status_code == 303


def test_without_oidc(api: Api) -> None:
    """Without a provider, there is neither a link nor a callback."""
    assert "oidc" not in Person(api, None).get("/admin/sign-in").text
    assert Person(api, None).get(START).headers["location"] == "/admin/sign-in"
    assert open_oidc(Settings(db_uri="sqlite://")) is None


def test_callback_behind_a_web_server(provider: ScriptedOpenId) -> None:
    """With `admin_url`, people start and come back there."""
    oidc = open_oidc(settings(provider, admin_url="https://admin.example.com", db_uri="sqlite://"))
    assert oidc is not None
    assert oidc.start_url == "https://admin.example.com/admin/oidc/start"
    url, _ = oidc.begin(None)
    assert "redirect_uri=https%3A%2F%2Fadmin.example.com%2Fadmin%2Foidc%2Fcallback" in url


NAMES: list[tuple[dict[str, object], str]] = [
    ({"sub": "7"}, "7"),
    ({"sub": "ada", "preferred_username": "ada"}, "ada"),
    ({"sub": "7", "preferred_username": " ada ", "email": "x"}, "ada (7)"),
    ({"sub": "7", "preferred_username": "", "email": "ada@example.com"}, "ada@example.com (7)"),
    ({"sub": "7", "preferred_username": ["ada"], "name": "Ada\n"}, "7"),
]


@pytest.mark.parametrize(("claims", "name"), NAMES)
def test_names(claims: dict[str, object], name: str) -> None:
    """The name always has the subject, so that no person can take the name of another one."""
    assert person_name(claims) == name


def test_long_names() -> None:
    """A name fits the database, and different long subjects stay different."""
    names = {person_name({"sub": "s" * 254 + end, "name": "n" * 500}) for end in "ab"}
    assert len(names) == 2
    assert all(len(name) <= 128 for name in names)
    assert "\n" not in person_name({"sub": "a\nb"})


def test_groups() -> None:
    """Groups are a list of texts, or one text; anything else is none."""
    assert read_groups(["a", 7, None, "b"]) == ["a", "b"]
    assert read_groups("a") == ["a"]
    assert read_groups({"a": 1}) == []
