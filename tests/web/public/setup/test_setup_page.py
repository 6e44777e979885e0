"""The page of one-time links: only a button uses a link, and no token or password leaks."""

import io
import json
import plistlib
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.making import domain
from tests.profiles.making import openssl_verifies, signing
from tests.setup_links.stored import KEY, TARGET
from tests.upgraded import upgraded_engine
from tests.web.asgi import Answer, Client, settings
from tests.web.conftest import CATALOG
from tests.web.public.page import LANGUAGES, buttons, elements, texts
from tests.web.public.test_devices import IPHONE, WINDOWS
from waypost.core.address import EmailAddress
from waypost.core.errors import StoreUnavailable
from waypost.core.model import Catalog, DirectoryPolicy, FileDirectory
from waypost.database.engine import Engine, write_transaction
from waypost.runtime.logs import configure
from waypost.runtime.prometheus import exposition
from waypost.setup_links.app_password import AppPasswordError, AppPasswordRequest
from waypost.setup_links.keys import LinkKeys
from waypost.setup_links.link import LinkTarget, LinkTerms
from waypost.setup_links.links import SetupLinks
from waypost.setup_links.password_service import AppPasswordService
from waypost.setup_links.service import SetupLinkService
from waypost.store.sql.schema import setup_link
from waypost.store.sql.setup_link_rows import SetupLinkRows
from waypost.wiring.runtime import wire

PASSWORD = "s3cret <p&ss> wörd"
FORM = {"content-type": "application/x-www-form-urlencoded"}
INVALID = "This link is not valid."
FORGED = "A" * 43
FOOTER = "//footer//nav//a"
# The token, the end of the link, and what is derived from the address.
VARYING = re.compile(
    r"[A-Za-z0-9_-]{43}|[0-9]{2}:[0-9]{2} UTC"
    r"|[0-9A-Fa-f]{8}(-?[0-9A-Fa-f]{4}){3}-?[0-9A-Fa-f]{12}"
)
BAD_FORMS = [
    (b"", {}, 400, "has no type"),
    (b"token=" + b"a" * 9000, FORM, 400, "is too long"),
    (b"token=%ff", FORM, 400, "is not UTF-8"),
    (b"token=", FORM, 404, "has no token"),
    (b"", FORM, 404, "is empty"),
    (b"token=" + FORGED.encode(), FORM, 404, "has a token that nothing made"),
    (b"token=%3Cscript%3E", FORM, 404, "has markup"),
]


@dataclass
class Links:
    """A listener with links in a database."""

    client: Client
    links: SetupLinks
    engine: Engine

    def create(
        self, target: LinkTarget = TARGET, password: str | None = PASSWORD, uses: int = 1
    ) -> str:
        return self.links.create(target, LinkTerms(600, uses, password)).token

    def post(self, token: str, action: str = "", **options: Any) -> Answer:
        body = urlencode({"token": token, "action": action}).encode()
        headers = FORM | options.pop("headers", {})
        return self.client.post("/setup/", body, headers=headers, **options)


@pytest.fixture(name="engine")
def _engine(tmp_path: Path) -> Iterator[Engine]:
    engine = upgraded_engine(tmp_path / "links.sqlite")
    yield engine
    engine.dispose()


def listener(engine: Engine, source: Any = None, catalog: Catalog = CATALOG) -> Links:
    links = SetupLinks(SetupLinkRows(engine), LinkKeys([KEY]))
    with closing(Client(catalog)) as plain:
        runtime = plain.runtime
    passwords = None if source is None else AppPasswordService(source)
    service = SetupLinkService(links, passwords)
    return Links(Client(replace(runtime, setup_links=service)), links, engine)


@pytest.fixture(name="links")
def _links(engine: Engine) -> Iterator[Links]:
    running = listener(engine)
    yield running
    running.client.close()


def passwords(answer: Answer) -> set[str]:
    assert answer.headers["content-type"] == "application/x-apple-aspen-config"
    return {
        value
        for payload in plistlib.loads(answer.body)["PayloadContent"]
        for key, value in payload.items()
        if key.endswith("Password") and isinstance(value, str)
    }


def test_disabled(client: Client) -> None:
    """Without a key the page does not exist."""
    assert client.get("/setup/").status == 404
    assert client.post("/setup/", b"token=a", headers=FORM).status == 404


def test_opened_by_a_scanner(links: Links) -> None:
    """GET and HEAD show the same page for each link, and use none up, whatever the URL has."""
    token = links.create()
    page = links.client.get("/setup/")
    assert page.status == 200
    for url in (f"/setup/{token}", f"/setup/?token={token}&action=profile", f"/Setup/%23{token}"):
        for _ in range(3):
            assert links.client.get(url).body == page.body
        assert links.client.request("HEAD", url).status == 200
    assert passwords(links.post(token, "profile")) == {PASSWORD}


def test_header_fields(links: Links) -> None:
    """No cache keeps a page, no referrer names it, and no other site can show it in a frame."""
    token = links.create()
    for answer in (
        links.client.get("/setup/"),
        links.post(token),
        links.post(FORGED),
        links.post(token, "profile"),
    ):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        if answer.headers["content-type"].startswith("text/html"):
            policy = answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy.partition("script-src")[2]


def test_shown_and_used(links: Links) -> None:
    """The page names person and device as often as it is opened; the button works once."""
    token = links.create()
    for _ in range(3):
        page = unescape(links.post(token).text)
        assert "Alice (alice@example.com)" in page
        assert "phone" in page
        assert PASSWORD not in page
    profile = links.post(token, "profile")
    assert profile.status == 200
    disposition = profile.headers["content-disposition"]
    assert disposition == 'attachment; filename="example.com.mobileconfig"'
    assert passwords(profile) == {PASSWORD}
    for action in ("", "profile", "password"):
        again = links.post(token, action)
        assert (again.status, INVALID in again.text) == (404, True)


def test_profile_of_a_link(links: Links) -> None:
    """The profile has the name and the aliases of the link."""
    target = replace(TARGET, aliases=(EmailAddress.parse("a@example.com"),))
    account = plistlib.loads(links.post(links.create(target), "profile").body)["PayloadContent"][0]
    assert account["EmailAddress"] == "alice@example.com, a@example.com"
    assert account["EmailAccountName"] == "Alice"


def test_password_is_shown_once(links: Links) -> None:
    """For other programs, the page shows the password once, as a text and not as markup."""
    token = links.create()
    page = links.post(token, "password")
    assert page.status == 200
    assert f'data-copy="{PASSWORD}"' not in page.text
    assert f'data-copy="{PASSWORD}"' in unescape(page.text)
    assert INVALID in links.post(token, "password").text


def test_link_without_a_password(links: Links) -> None:
    """A link without a password has no button for it, and a forged button uses nothing up."""
    token = links.create(password=None)
    assert 'value="password"' not in links.post(token).text
    assert links.post(token, "password").text == links.post(token).text
    assert passwords(links.post(token, "profile")) == set()


PROFILE_FIRST = [("button", "profile"), ("plain", "password")]
PASSWORD_FIRST = [("button", "password"), ("plain", "profile")]


@pytest.mark.parametrize(
    ("browser", "expected"),
    [(IPHONE, PROFILE_FIRST), ("", PROFILE_FIRST), (WINDOWS, PASSWORD_FIRST)],
)
def test_device_first(links: Links, browser: str, expected: list[tuple[str, str]]) -> None:
    """The highlighted button fits this device, and the other choice is below it."""
    page = links.post(links.create(), headers={"user-agent": browser}).text
    assert buttons(page) == expected
    without = links.post(links.create(password=None), headers={"user-agent": browser}).text
    (settings_url,) = elements(without, "//main//a")
    others = [settings_url.get("class"), *(one for one, _ in buttons(without))]
    assert others == (["plain", "button"] if expected is PROFILE_FIRST else ["button", "plain"])
    assert settings_url.get("href") == "/?emailaddress=alice%40example.com"


@pytest.mark.parametrize(
    ("browser", "title"), [(WINDOWS, "Windows"), (IPHONE, "Other programs"), ("", "Other programs")]
)
def test_steps_for_the_password(links: Links, browser: str, title: str) -> None:
    """The page with the password has what the program needs: its steps, and the servers."""
    page = links.post(links.create(), "password", headers={"user-agent": browser}).text
    (first,) = elements(page, "//section[contains(@class, 'first')]/h2")
    assert first.text == title
    assert "imap.example.com" in page
    # The page is shown once, so no link may replace it; a profile can be an error page.
    links_of_page = elements(page, "//a")
    assert any(one.get("href", "").startswith("/mobileconfig?") for one in links_of_page)
    for link in links_of_page:
        assert (link.get("target"), link.get("rel")) == ("_blank", "noopener")
    assert len(page.encode()) < 40_000


def test_several_uses(links: Links) -> None:
    """A link for two devices works twice."""
    token = links.create(uses=2)
    assert [links.post(token, "profile").status for _ in range(3)] == [200, 200, 404]


def test_not_valid(links: Links) -> None:
    """Used, expired, revoked and forged links get the same answer."""
    used, expired, revoked = links.create(), links.create(), links.create()
    links.post(used, "profile")
    with write_transaction(links.engine) as connection:
        is_expired = setup_link.c.id == 2
        connection.execute(setup_link.update().where(is_expired).values(expires_at=1))
    links.links.revoke(3)
    answers = [
        links.post(token, action)
        for token in (used, expired, revoked, FORGED, "", "x", "é")
        for action in ("", "profile", "password")
    ]
    assert {(answer.status, answer.body) for answer in answers} == {(404, answers[0].body)}


def test_known_and_unknown_users(engine: Engine, tmp_path: Path) -> None:
    """A link of a person whom the directory does not know gets the same page and profile."""
    people = tmp_path / "people.csv"
    people.write_text(
        "address,login,display_name\nalice@people.example,,Alice\ndave@people.example,d1,\n",
        encoding="utf-8",
    )
    users = DirectoryPolicy(FileDirectory("people", f"{people}"))
    running = listener(engine, catalog=Catalog((replace(domain("people.example"), users=users),)))

    def answers(name: str) -> list[str]:
        token = running.create(LinkTarget(EmailAddress.parse(f"{name}@people.example")), None)
        found = [running.post(token), running.post(token, "profile")]
        assert [one.status for one in found] == [200, 200]
        return [VARYING.sub("", one.text.replace(name, "NAME")) for one in found]

    assert answers("alice") == answers("carol")
    assert "<string>d1</string>" in answers("dave")[1]  # which shows that the directory is read
    running.client.close()


def test_domain_that_is_not_served(links: Links) -> None:
    """A link of a domain that is no longer served says so, and stays unused."""
    token = links.create(LinkTarget(EmailAddress.parse("a@gone.example")))
    for _ in range(2):
        answer = links.post(token, "profile")
        assert (answer.status, "no settings for the address" in answer.text) == (404, True)
    # A domain without mail has no profile; the password works without one.
    token = links.create(LinkTarget(EmailAddress.parse("a@half.example")))
    assert "There is no profile" in links.post(token, "profile").text
    assert links.post(token, "password").status == 200


@pytest.mark.parametrize(("body", "headers", "status", "rule"), BAD_FORMS)
def test_bad_forms(
    links: Links, body: bytes, headers: dict[str, str], status: int, rule: str
) -> None:
    """A form that breaks a rule is refused, and nothing of it is repeated."""
    assert rule
    answer = links.client.post("/setup/", body, headers=headers)
    assert answer.status == status
    assert "<script>" not in answer.text
    assert FORGED not in answer.text


def test_a_huge_form(links: Links) -> None:
    """A form that is too long is not read to its end."""
    headers = FORM | {"content-length": "100000000"}
    assert links.client.request("POST", "/setup/", body=None, headers=headers).status == 400


def test_plain_http(links: Links) -> None:
    """Over plain http nothing is shown and nothing is used up."""
    token = links.create()
    for action in ("", "profile", "password"):
        answer = links.post(token, action, scheme="http")
        assert (answer.status, "https only" in answer.text) == (403, True)
    assert links.post(token, "profile").status == 200


@pytest.mark.parametrize("tag", LANGUAGES.tags)
def test_languages(links: Links, tag: str) -> None:
    """The browser chooses the language, which has its direction, and forms go to the page."""
    page = links.client.get("/setup/", headers={"accept-language": tag})
    assert page.headers["content-language"] == tag
    assert texts(tag)["link_intro"] in unescape(page.text)
    assert f'dir="{LANGUAGES.language(tag).direction}"' in page.text
    assert 'action="/setup/"' in page.text
    opened = links.post(links.create(), headers={"accept-language": tag})
    assert "{" not in unescape(opened.text).partition("<main>")[2]


def test_no_secret_in_log_and_metrics(engine: Engine) -> None:
    """Neither a token, nor a password, nor an address is in the log or in the metrics."""
    log = io.StringIO()
    configure("DEBUG", "json", log, configure_stdlib_log=False)
    running = listener(engine)
    token = running.create()
    running.client.get(f"/setup/{token}")
    running.client.get(f"/setup/%23{token}")
    running.client.get(f"/setup/{token[:20]}")
    for start in ("//setup/", "/mail/setup/", "/x/../Setup/", "/setup", "/setup%2f", "/setup;"):
        running.client.get(f"{start}{token}")
    running.client.get(f"/setup/?token={token}", headers={"referer": f"https://a/setup/#{token}"})
    running.client.post(f"/setup/{token}", f"token={token}".encode(), headers=FORM)
    for action in ("", "password", "password", "profile"):
        running.post(token, action)
    metrics = exposition(running.client.runtime.metrics.registry).decode()
    running.client.close()

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    paths = [line["path"] for line in lines if line["event"] == "request"]
    assert paths == [*["/setup/-"] * 9, "/setup/", "/setup/-", *["/setup/"] * 4]
    for text in (log.getvalue(), metrics):
        assert token[:20] not in text
        assert "s3cret" not in text
        assert "alice" not in text
    assert 'format="setup"' in metrics


class Source:
    """The operator's system. Implements `AppPasswordSource`."""

    def __init__(self) -> None:
        self.valid: dict[str, str] = {}
        self.fails = False

    def create(self, request: AppPasswordRequest) -> str:
        if self.fails:
            raise AppPasswordError("the system is away")
        self.valid[request.id] = f"made for {request.device}"
        return self.valid[request.id]

    def revoke(self, request: AppPasswordRequest) -> None:
        self.valid.pop(request.id, None)


def test_password_of_the_operators_system(engine: Engine) -> None:
    """The operator's system makes the password at the button; if it is away, nothing is used up."""
    source = Source()
    running = listener(engine, source)
    token = running.create(password=None)
    assert 'value="password"' in running.post(token).text
    assert source.valid == {}
    source.fails = True
    answer = running.post(token, "profile")
    assert (answer.status, "The link was not used" in answer.text) == (503, True)
    assert answer.headers["retry-after"]
    source.fails = False
    assert passwords(running.post(token, "profile")) == {"made for phone"}
    # Without a profile its password is revoked.
    before = dict(source.valid)
    token = running.create(LinkTarget(EmailAddress.parse("a@half.example")), None)
    assert running.post(token, "profile").status == 404
    assert source.valid == before
    running.client.close()


@pytest.mark.parametrize("method", ["find", "lease", "complete"])
def test_database_is_away(links: Links, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database is away, the person is asked to try again, and nothing is given out."""
    token = links.create()

    def away(*_arguments: object) -> None:
        raise StoreUnavailable("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(SetupLinkRows, method, away)
        answer = links.post(token, "profile")
    assert answer.status == 503
    assert answer.headers["retry-after"] == "30"
    assert "s3cret" not in answer.text
    assert passwords(links.post(token, "profile")) == {PASSWORD}


def test_a_lost_key(links: Links) -> None:
    """If no key decrypts the password, the link is not used up, and the page shows no reason."""
    token = links.create()
    with write_transaction(links.engine) as connection:
        stored = connection.execute(setup_link.select()).mappings().one()["secret"]
        connection.execute(setup_link.update().values(secret=stored[::-1]))
    answer = links.post(token, "profile")
    assert (answer.status, "not available at this moment" in answer.text) == (503, True)
    assert links.links.all()[0].uses_left == 1


def test_two_devices_at_once(links: Links) -> None:
    """A device that comes while another one uses the link is asked to wait."""
    token = links.create()
    use = links.links.begin(token)
    answer = links.post(token, "profile")
    assert (answer.status, answer.headers["retry-after"]) == (409, "30")
    links.links.release(use)
    assert links.post(token, "profile").status == 200


def test_signed_profile(tmp_path: Path) -> None:
    """A link without a database gives a signed profile as often as it is used."""
    made = signing(tmp_path / "signing")
    chosen = settings(
        demo=True,
        link_key=KEY,
        profile_cert=made.files.certificate,
        profile_key=made.files.key,
        profile_chain=made.files.chain,
    )
    client = Client(wire(chosen), chosen)
    token = SetupLinks(None, LinkKeys([KEY])).create(TARGET, LinkTerms(600)).token
    body = urlencode({"token": token, "action": "profile"}).encode()
    for _ in range(2):
        assert openssl_verifies(client.post("/setup/", body, headers=FORM).body, made.root)
    client.close()


def test_chosen_language(links: Links) -> None:
    """A language that is chosen on the page stays; its link opens the same setup link again."""
    token = links.create()
    german = {"accept-language": "de"}
    for tag in LANGUAGES.tags:
        page = links.client.get("/setup/", query=f"lang={tag}", headers=german)
        assert page.headers["content-language"] == tag
        assert page.text.count(f'action="/setup/?lang={tag}"') == 1
        body = urlencode({"token": token}).encode()
        shown = links.client.post(f"/setup/?lang={tag}", body, headers=FORM | german)
        assert shown.headers["content-language"] == tag
        urls = {one.attrib["hreflang"]: one.attrib["href"] for one in elements(shown.text, FOOTER)}
        assert urls == {one: f"/setup/?lang={one}#{token}" for one in LANGUAGES.tags}
        (current,) = elements(shown.text, f"{FOOTER}[@aria-current]")
        assert current.text == texts(tag)["name"]
    # The password is shown once, so its page has no links that lose it.
    assert elements(links.post(token, "password").text, FOOTER) == []


def test_languages_of_a_refusal(links: Links) -> None:
    """The menu of a page without a valid link opens the empty page."""
    for answer in (links.client.get("/setup/"), links.post(FORGED)):
        urls = {one.attrib["href"] for one in elements(answer.text, FOOTER)}
        assert urls == {f"/setup/?lang={tag}" for tag in LANGUAGES.tags}
