"""The pages in this process: sign-in, forms, conflicts, and a database that goes away."""

import html
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.web.admin.api.api_client import COMMAND, READER, WRITER, Api, open_api
from tests.web.admin.pages.person import Person, hidden
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.secret_text import LINK_PREFIX, new_secret
from waypost.admin.principal import Role
from waypost.cli.main import main
from waypost.core.model import DomainPattern
from waypost.store.sql import schema
from waypost.store.sql.migrate import upgrade
from waypost.web.admin.pages.rendering import in_unicode
from waypost.web.admin.pages.security import COOKIE
from waypost.web.admin.pages.visit import NAMES_MAX

DOMAINS = "/api/v1/domains"
EDIT = {
    "name": "example.com",
    "provider": "Example Inc.",
    "place": "here",
    "services[0].type": "imap",
    "services[0].host": "imap.example.com",
    "services[1].type": "smtp",
    "services[1].host": "smtp.example.com",
}


def test_sign_in_by_a_link(api: Api) -> None:
    """A link signs in once, by its button alone, and the cookie is for this host only."""
    link = api.sessions.create_link("ada", WRITER, by=COMMAND)
    visitor = Person(api, None)
    assert "used up" in visitor.get(f"/admin/sign-in?link={link}").text
    assert visitor.get(f"/admin/sign-in?link={link}").status_code == 200
    answer = visitor.post("/admin/sign-in", {"link": link})
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    for part in ("HttpOnly", "Secure", "Path=/", "SameSite=lax", "Max-Age=43200"):
        assert part in cookie
    assert "domain=" not in cookie.lower()
    assert visitor.post("/admin/sign-in", {"link": link}).status_code == 401


def test_stolen_session_ends_with_all_others(api: Api) -> None:
    """Signing out everywhere ends a stolen session at once, and no other person's."""
    owner, other = Person(api, WRITER), Person(api, READER, "bob")
    thief = Person(api, None)
    thief.client = owner.client
    assert thief.get("/admin/domains").status_code == 200
    second = Person(api, WRITER)
    assert second.post("/admin/sessions/end-all").status_code == 303
    assert thief.get("/admin/domains").headers["location"] == "/admin/sign-in"
    assert owner.post("/admin/domain/edit", EDIT).status_code == 401
    assert other.get("/admin/domains").status_code == 200


def test_sessions_of_others_with_the_same_name(api: Api) -> None:
    """A tenant neither sees nor ends the sessions of another person with the default name."""
    admin = Person(api, WRITER, "admin")
    tenant = Person(api, AccessScope(Role.WRITE, (DomainPattern("own.example"),)), "admin")
    wanted = next(one.id for one in api.sessions.list("admin") if not one.scope.is_limited)
    assert wanted not in tenant.get("/admin/sessions").text
    assert tenant.post("/admin/sessions/end", {"id": wanted}).status_code == 404
    assert tenant.post("/admin/sessions/end-all").status_code == 303
    assert tenant.get("/admin/domains").status_code == 303
    assert admin.get("/admin/domains").status_code == 200


def test_addresses_of_people_with_one_name(api: Api) -> None:
    """A tenant sees the address of this session, and not those of people with the same name."""
    scope = AccessScope(Role.WRITE, (DomainPattern("own.example"),))
    api.sessions.sign_in("admin", scope, "192.0.2.77")
    api.sessions.sign_in("admin", WRITER, "192.0.2.78")
    own = Person(api, scope, "admin")
    for page in ("/admin/sessions", "/admin/audit"):
        text = own.get(page).text
        assert "127.0.0.1" in text
        assert "192.0.2.7" not in text
    assert "192.0.2.78" in Person(api, WRITER, "admin").get("/admin/sessions").text


def test_list_of_an_unknown_provider(api: Api) -> None:
    """The list says that there is no such provider, and suggests another name."""
    answer = Person(api, WRITER).get("/admin/domains?provider=Example+Inx.")
    assert answer.status_code == 422
    assert "did you mean &#39;Example Inc.&#39;?" in answer.text


FOREIGN = [
    # headers, the CSRF text
    ({"origin": "https://evil.example"}, None),
    ({"origin": "null"}, None),
    ({"origin": "http://127.0.0.1:8080"}, None),
    ({"sec-fetch-site": "cross-site"}, None),
    ({"sec-fetch-site": "same-site"}, None),
    ({}, ""),
    ({}, "0" * 64),
    ({"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}, "é"),
]


@pytest.mark.parametrize(("headers", "csrf"), FOREIGN)
def test_forms_of_other_sites_are_refused(
    api: Api, headers: dict[str, str], csrf: str | None
) -> None:
    """A form needs the origin of the page and the text of the session."""
    person = Person(api, WRITER)
    fields = {"name": "example.com"} | ({} if csrf is None else {"csrf": csrf})
    answer = person.post("/admin/domain/delete", fields, **headers)
    assert answer.status_code == 403
    assert person.get("/admin/domain?name=example.com").status_code == 200


BODIES: list[tuple[bytes, str, int]] = [
    (b"{}", "application/json", 415),
    (b"a=" + b"a" * 2_000_000, "application/x-www-form-urlencoded", 413),
    (b"&".join(b"a=1" for _ in range(6000)), "application/x-www-form-urlencoded", 400),
    (b"a=%ff", "application/x-www-form-urlencoded", 400),
    (b"a=\xff", "application/x-www-form-urlencoded", 400),
    (b"a=%00", "application/x-www-form-urlencoded", 400),
]


@pytest.mark.parametrize(("body", "kind", "status"), BODIES)
def test_bad_bodies(api: Api, body: bytes, kind: str, status: int) -> None:
    """A body that is no form is refused with a page."""
    person = Person(api, WRITER)
    answer = person.client.post("/admin/audit/undo", content=body, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


def test_life_of_a_domain(api: Api) -> None:
    """A domain is created, shown, changed, deleted, and restored from its history."""
    person = Person(api, WRITER)
    new = {**EDIT, "name": "", "new_name": "New.example"}
    answer = person.post("/admin/domain/edit", new)
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith("/admin/domain?name=new.example&done=created")
    page = person.get("/admin/domain?name=new.example").text
    assert hidden(page, "csrf") == person.csrf
    assert "Thunderbird" in page
    assert "imap.example.com:993" in page
    form = person.get("/admin/domain/delete?name=new.example").text
    fields = {"name": "new.example", "version": hidden(form, "version")}
    assert person.post("/admin/domain/delete", fields).status_code == 303
    history = person.get("/admin/domain/history?name=new.example").text
    undo = person.post("/admin/audit/undo", {"id": hidden(history, "id")})
    assert undo.headers["location"] == "/admin/audit?done=undone"
    assert person.get("/admin/domain?name=new.example").status_code == 200


def test_mistakes_are_next_to_their_fields(api: Api) -> None:
    """A refused form keeps its values, and names each mistake at its field."""
    person = Person(api, WRITER)
    wrong = {**EDIT, "services[0].port": "99999", "services[1].host": "no host!"}
    answer = person.post("/admin/domain/edit", wrong)
    assert answer.status_code == 422
    assert 'id="services-0-port-problem"' in answer.text
    assert 'id="services-1-host-problem"' in answer.text
    assert 'value="99999"' in answer.text
    assert 'aria-describedby="services-0-port-problem"' in answer.text


def test_order_without_scripts(api: Api) -> None:
    """The buttons of a service move, remove and add it, and store nothing."""
    person = Person(api, WRITER)

    def hosts(action: str) -> list[str]:
        answer = person.post("/admin/domain/edit", {**EDIT, "action": action})
        assert answer.status_code == 200
        return re.findall(r'name="services\[\d\]\.host" type="text" value="([^"]*)"', answer.text)

    assert hosts("down-0") == ["smtp.example.com", "imap.example.com"]
    assert hosts("up-1") == ["smtp.example.com", "imap.example.com"]
    assert hosts("remove-0") == ["smtp.example.com"]
    assert hosts("remove-9") == ["imap.example.com", "smtp.example.com"]
    assert hosts("add") == ["imap.example.com", "smtp.example.com", ""]


def test_two_operators_change_the_same_domain(api: Api) -> None:
    """The second one sees both versions, and chooses one."""
    ada, bob = Person(api, WRITER), Person(api, WRITER, "bob")
    version = hidden(bob.get("/admin/domain/edit?name=example.com").text, "version")
    first = {**EDIT, "version": version, "services[0].host": "ada.example.com"}
    assert ada.post("/admin/domain/edit", first).status_code == 303
    mine = {**EDIT, "version": version, "services[0].host": "bob.example.com"}
    refused = bob.post("/admin/domain/edit", mine)
    assert refused.status_code == 412
    assert "ada.example.com" in refused.text
    assert "Replace with my version" in refused.text
    again = {**mine, "version": hidden(refused.text, "version")}
    assert bob.post("/admin/domain/edit", again).status_code == 303
    assert "bob.example.com" in bob.get("/admin/domain?name=example.com").text


def test_database_goes_away_in_the_wizard(api: Api, tmp_path: Path) -> None:
    """The page keeps all that was entered, and sends it again when the database is back."""
    person = Person(api, WRITER)
    fields = {**EDIT, "name": "new.example", "provider": "A <new> provider"}
    with closing(sqlite3.connect(tmp_path / "waypost.sqlite", isolation_level=None)) as other:
        other.execute("ALTER TABLE admin_session RENAME TO away")
        answer = person.post("/admin/wizard/create", fields)
        assert answer.status_code == 503
        assert "A &lt;new&gt; provider" in answer.text
        other.execute("ALTER TABLE away RENAME TO admin_session")
    kept = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', answer.text))
    kept["provider"] = "A <new> provider"
    again = person.post("/admin/wizard/create", kept)
    assert again.headers["location"].startswith("/admin/domain/dns?name=new.example&done=created")
    assert "A &lt;new&gt; provider" in person.get("/admin/providers").text


def test_undo_of_the_wizard(api: Api) -> None:
    """Undo takes back the provider that the wizard has created, or says that it is kept."""
    person = Person(api, WRITER)
    fields = {**EDIT, "name": "new.example", "provider": "New"}

    created = person.post("/admin/wizard/create", fields).headers["location"]
    undone = person.post("/admin/audit/undo", {"id": hidden(person.get(created).text, "id")})
    assert undone.headers["location"] == "/admin/audit?done=undone"
    assert person.get("/admin/domain?name=new.example").status_code == 404
    assert person.get("/admin/provider?name=New").status_code == 404
    person.post("/admin/wizard/create", fields)
    history = person.get("/admin/domain/history?name=new.example").text
    assert "created with its provider" in history
    other = {**fields, "name": "other.example"}
    assert person.post("/admin/wizard/create", other).status_code == 303
    kept = person.post("/admin/audit/undo", {"id": hidden(history, "id")})
    assert kept.status_code == 200
    assert "is kept: it has other domains" in kept.text
    assert "Undone." in kept.text
    assert person.get("/admin/provider?name=New").status_code == 200


def test_undo_of_the_services_of_a_provider(api: Api) -> None:
    """The page shows which domains had which services, asks before undo, and restores them."""
    client, person = api.client(), Person(api, WRITER)
    url = "/api/v1/providers/Example%20Inc./services"
    hosts = {f"d{number}.example": f"{number % 2}.example" for number in range(17)}
    for name, host in (hosts | {"first.example": "first.example"}).items():
        services = [{"type": "imap", "host": host}]
        body = {"provider": "Example Inc.", "services": services}
        assert client.put(f"/api/v1/domains/{name}", json=body).status_code == 201
    body = {"services": [{"type": "imap", "host": "new.example"}]}
    assert client.put(f"{url}?confirm=1", json=body).status_code == 200
    history = person.get("/admin/audit?object=provider:Example Inc.").text
    assert "services of all domains" in history
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td>', history)
    after = "type imap, host new.example"
    assert ("all other domains", "type imap, host 0.example", after) in rows
    odd = ", ".join(sorted(name for name in hosts if int(name[1:-8]) % 2)[:5])
    assert (f"{odd}, \N{HORIZONTAL ELLIPSIS} (8)", "type imap, host 1.example", after) in rows
    assert ("first.example", "type imap, host first.example", after) in rows
    fields = {"id": hidden(history, "id")}
    asked = person.post("/admin/audit/undo", fields)
    assert asked.status_code == 409
    assert "this changes 19 domains of provider" in html.unescape(asked.text)
    done = person.post("/admin/audit/undo", fields | {"confirm": "1"})
    assert (done.status_code, "Undone." in done.text) == (200, True)  # With a warning.
    restored = client.get("/api/v1/domains/d1.example").json()["services"]
    assert restored == [{"type": "imap", "host": "1.example"}]
    text = person.get("/admin/audit?object=provider:Example Inc.").text
    assert text.count('name="id"') == 1  # Only the undo can be undone by now.


def test_undo_of_a_file(api: Api, tmp_path: Path) -> None:
    """The page and the API have the objects that a file changed, and undo restores them."""
    client, person, file = api.client(), Person(api, WRITER), tmp_path / "mail.json"
    services = [{"type": "imap", "host": "imap.example"}]
    names = [f"{number}.example" for number in range(30)]
    provider = {"name": "New", "domains": names, "services": services}
    file.write_text(json.dumps({"provider": [provider]}), encoding="utf-8")
    uri = f"sqlite:///{tmp_path / 'waypost.sqlite'}"
    assert main(["apply", f"{file}", "--only-add", "--db-uri", uri]) == 0
    entry = client.get("/api/v1/audit?limit=1").json()["items"][0]
    assert (entry["action"], entry["object_name"], entry["can_be_undone"]) == ("apply", None, True)
    assert entry["before"] == {"objects": {}}
    stored = {"name": "0.example", "provider": "New", "services": services}
    assert entry["after"]["objects"]["domain"]["0.example"] == stored
    assert entry["after"]["objects"]["provider"]["New"] == {"name": "New"}
    text = person.get("/admin/audit").text
    rows = re.findall(r'<tr><th scope="row">(.*?)</th><td>(.*?)</td><td>(.*?)</td>', text)
    absent, more = "\N{EM DASH}", "\N{HORIZONTAL ELLIPSIS} (11)"
    shown = "name 0.example, provider New, services type imap, host imap.example"
    assert (rows[0], rows[20]) == (("0.example", absent, shown), (more, "", ""))
    fields = {"id": hidden(text, "id")}
    asked = person.post("/admin/audit/undo", fields)
    assert (asked.status_code, "this changes 30 domains" in asked.text) == (409, True)
    done = person.post("/admin/audit/undo", fields | {"confirm": "1"})
    assert done.headers["location"] == "/admin/audit?done=undone"
    assert client.get("/api/v1/domains/0.example").status_code == 404
    assert client.get("/api/v1/providers/New").status_code == 404


def test_sign_ins_in_the_changes(api: Api) -> None:
    """The list of changes has tokens, links and sign-ins, without Undo; the overview has none."""
    link = api.sessions.create_link("ada", WRITER, by=COMMAND)
    Person(api, None).post("/admin/sign-in", {"link": link})
    person = Person(api, WRITER)
    person.post("/admin/tokens", {"name": "panel", "role": "read"})
    text = person.get("/admin/audit").text
    for word in ("sign-in link ada", "signed in", "session ada", "token panel", "created"):
        assert word in text
    assert "cannot be undone: revoke the token" in text
    assert "/admin/audit/undo" not in text
    assert "No changes are recorded" in person.get("/admin/").text
    assert person.post("/admin/sign-out").status_code == 303
    again = Person(api, WRITER)
    assert "signed out" in again.get("/admin/audit?object=session:ada").text
    assert again.post("/admin/sessions/end-all").status_code == 303
    assert "signed out everywhere" in Person(api, WRITER, "bob").get("/admin/audit").text


def test_providers_with_any_name(api: Api) -> None:
    """A provider whose name is a part of a path has its page."""
    person = Person(api, WRITER)
    for name in ("x/services", ".", ".."):
        done = person.post("/admin/provider", {"name": name})
        page = person.get(done.headers["location"]).text
        fields = {"old_name": name, "name": name, "short_name": "s"}
        fields["version"] = hidden(page, "version")
        assert person.post("/admin/provider", fields).status_code == 303
        assert person.get(done.headers["location"]).status_code == 200
        assert person.post("/admin/provider/delete", {"old_name": name}).status_code == 303


def test_wizard_by_hand(api: Api) -> None:
    """Entering everything by hand keeps the domain, and searches for nothing."""
    person = Person(api, WRITER)
    answer = person.post("/admin/wizard", {"domain": "New.Example", "action": "by-hand"})
    assert answer.status_code == 200
    assert "Add new.example" in answer.text
    assert "What was found" not in answer.text
    assert person.post("/admin/wizard", {"domain": "a b", "action": "by-hand"}).status_code == 422


def test_wizard_needs_a_service(api: Api) -> None:
    """The wizard creates no domain without services, and shows the fields again."""
    person = Person(api, WRITER)
    fields = {"name": "new.example", "provider": "New", "services[0].type": "imap"}
    answer = person.post("/admin/wizard/create", fields)
    assert answer.status_code == 422
    assert "enter the host of at least one service" in answer.text
    assert answer.text.count("<fieldset") == 2
    assert person.get("/admin/domain?name=new.example").status_code == 404


@pytest.mark.parametrize("like", ["absent.example", "a b", "*", "x" * 5000])
def test_wizard_copies_only_from_a_domain(api: Api, like: str) -> None:
    """A domain that does not exist is a mistake at its field, and the services stay."""
    person = Person(api, WRITER)
    fields = {"name": "new.example", "services[0].type": "imap", "services[0].host": "i.example"}
    answer = person.post("/admin/wizard/services", fields | {"action": "copy", "like": like})
    assert answer.status_code == 422
    assert 'id="like-problem"' in answer.text
    assert 'value="i.example"' in answer.text


def test_names_of_people(api: Api) -> None:
    """A domain with U-labels is shown as people write it, with its name in DNS."""
    person = Person(api, WRITER)
    for page in ("/admin/domains", "/admin/domain?name=xn--bcher-kva.example"):
        text = person.get(page).text
        assert "b\u00fccher.example" in text
        assert "xn--bcher-kva.example" in text
    for name, shown in (("*.xn--bcher-kva.example", "*.b\u00fccher.example"), ("*", "*")):
        assert in_unicode(name) == shown


def test_ports_of_services(api: Api) -> None:
    """The table of services has the ports and the security that clients get."""
    text = Person(api, WRITER).get("/admin/domain?name=example.com").text
    rows = [re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row) for row in text.split("<tr>")]
    assert ["SMTP", "smtp.example.com", "587", "STARTTLS", "address"] in rows
    assert ["IMAP", "imap.example.com", "993", "TLS", "address"] in rows


FOUND = ["", "[", "5", "[1]", '{"findings": ["x"], "others": 5, "checks": [{}]}', "[" * 100_000]


@pytest.mark.parametrize("found", FOUND, ids=range(len(FOUND)))
def test_what_the_wizard_has_found_is_from_a_browser(api: Api, found: str) -> None:
    """A changed hidden field is no error of the server."""
    fields = {**EDIT, "name": "new.example", "found": found, "action": "up-1"}
    assert Person(api, WRITER).post("/admin/wizard/services", fields).status_code == 200


def test_place_of_a_mistake(api: Api) -> None:
    """A mistake in a service has the number that the form shows."""
    answer = Person(api, WRITER).post("/admin/domain/edit", {**EDIT, "services[1].port": "99999"})
    assert '<a href="#services-1-port">Service 2, port</a>' in answer.text


def test_records_that_are_left_out(api: Api) -> None:
    """The page of DNS says which records are missing in its list, and why."""
    text = Person(api, WRITER).get("/admin/domain/dns?name=example.com").text
    assert "public_url is not set" in text[: text.index("<pre")]
    assert "--public-url" not in text
    assert "/etc/waypost/waypost.toml" in text


def test_values_are_escaped(api: Api) -> None:
    """A name with markup is text on every page."""
    person = Person(api, WRITER)
    name = '<script>alert("1")</script>'
    assert person.post("/admin/provider", {"name": name}).status_code == 303
    for url in ("/admin/providers", "/admin/audit", "/admin/domain/edit?name=example.com"):
        text = person.get(url).text
        assert "<script>alert" not in text
    assert "&lt;script&gt;" in person.get("/admin/providers").text


def test_many_domains(api: Api) -> None:
    """A bulk change is shown first, and is made when it is confirmed."""
    person = Person(api, WRITER)
    fields: dict[str, Any] = {"name": ["example.org", "example.net"], "action": "delete"}
    shown = person.post("/admin/domains/bulk", fields)
    assert "2 domains will be deleted" in shown.text
    assert person.get("/admin/domain?name=example.org").status_code == 200
    assert person.post("/admin/domains/bulk", {**fields, "confirm": "1"}).status_code == 303
    assert person.get("/admin/domain?name=example.org").status_code == 404


def test_many_domains_with_aliases(api: Api) -> None:
    """The page says that aliases change with the chosen domains, before they do."""
    person, client = Person(api, WRITER), api.client()
    client.put(f"{DOMAINS}/alias.example", json={"alias_of": "example.org"})
    before = client.get(f"{DOMAINS}/example.org").json()
    fields: dict[str, Any] = {"name": ["example.org"], "action": "provider", "provider": "Boxes"}
    assert "Aliases that change too: 1" in person.post("/admin/domains/bulk", fields).text
    assert client.get(f"{DOMAINS}/example.org").json() == before
    assert person.post("/admin/domains/bulk", {**fields, "confirm": "1"}).status_code == 303
    assert client.get(f"{DOMAINS}/example.org").json() == before | {"provider": "Boxes"}
    assert client.get(f"{DOMAINS}/alias.example").json()["provider"] == "Boxes"
    fields = {"name": ["example.org", "alias.example"], "action": "decline", "confirm": "1"}
    assert person.post("/admin/domains/bulk", fields).status_code == 303
    for name in fields["name"]:
        data = client.get(f"{DOMAINS}/{name}").json()
        assert data == {"name": name, "provider": "Boxes", "services": [], "declined": True}


def test_domains_that_another_person_deleted(api: Api) -> None:
    """A bulk change creates no domain: it is refused if one of them does not exist any more."""
    person = Person(api, WRITER)
    for action in ("provider", "decline", "delete"):
        fields = {"name": ["example.org", "gone.example"], "action": action, "provider": "Boxes"}
        shown = person.post("/admin/domains/bulk", {**fields, "confirm": "1"})
        assert shown.status_code == 422
        assert "there is no domain gone.example" in shown.text
        assert person.get("/admin/domain?name=gone.example").status_code == 404
        assert person.get("/admin/domain?name=example.org").status_code == 200


def test_next_page_of_a_list(api: Api) -> None:
    """Each page of a long list says how many domains it has, and has a link to the next one."""
    person, client = Person(api, WRITER), api.client()
    lines = [{"name": f"d{n:02}.example", "alias_of": "example.com"} for n in range(60)]
    body = "".join(f"{json.dumps(line)}\n" for line in lines)
    assert client.post(f"{DOMAINS}:bulk", content=body).status_code == 200
    first = person.get("/admin/domains?q=d").text
    assert "The first 50 domains" in first
    (following,) = re.findall(r'href="(/admin/domains\?q=d[^"]*cursor=[^"]*)"', first)
    second = person.get(html.unescape(following)).text
    assert "Domains on this page: 10" in second
    assert "Next page" not in second


def test_more_providers_than_a_list_of_choices_has(api: Api) -> None:
    """With very many providers, the list of domains has text fields, which find each of them."""
    person = Person(api, WRITER)
    assert '<select id="provider"' in person.get("/admin/domains").text
    with api.engine.begin() as connection:
        rows = [{"name": f"A{n:03}", "short_name": "A"} for n in range(NAMES_MAX)]
        connection.execute(schema.provider.insert(), rows)
    text = person.get("/admin/domains?provider=Example+Inc.").text
    assert '<input id="provider" name="provider" value="Example Inc."' in text
    assert '<input id="bulk-provider"' in text
    assert (text.count('<option value="A000">'), "example.com" in text) == (2, True)
    for url in ("/admin/domain/edit", "/admin/wizard"):
        assert person.get(url).status_code == 200


def test_tenant_sees_only_its_domains(api: Api) -> None:
    """Lists, history and the overview of a tenant have no other domain."""
    scope = AccessScope(Role.WRITE, (DomainPattern("example.com"),))
    Person(api, WRITER).post("/admin/domain/delete", {"name": "example.org"})
    tenant = Person(api, scope, "tenant")
    for url in ("/admin/", "/admin/domains", "/admin/audit", "/admin/providers"):
        text = tenant.get(url).text
        assert "example.org" not in text
        assert "example.net" not in text
        assert "Tokens" not in text


def test_domains_of_a_file_are_only_read(tmp_path: Path, sample: Path) -> None:
    """The pages show a providers file, name it, and offer no change."""
    file = tmp_path / "providers.toml"
    file.write_text(
        '[[provider]]\nname = "Inc"\ndomains = ["example.com"]\n'
        'services = [{ type = "imap", host = "imap.example.com" }, '
        '{ type = "smtp", host = "smtp.example.com" }]\n',
        encoding="utf-8",
    )
    path = tmp_path / "sessions.sqlite"
    path.write_bytes(sample.read_bytes())
    with open_api(path, providers=file) as api:
        person = Person(api, WRITER)
        text = person.get("/admin/domain?name=example.com").text
        assert f"{file}" in text
        assert "/admin/domain/edit" not in text
        assert person.post("/admin/domain/edit", EDIT).status_code == 409
        assert person.get("/admin/").status_code == 200
        assert "signed in" in person.get("/admin/audit").text


def test_files_have_their_hash_in_their_names(api: Api) -> None:
    """Style, script and icon may be kept by browsers without end."""
    visitor = Person(api, None)
    names = re.findall(r'"(/admin/static/[^"]+)"', visitor.get("/admin/sign-in").text)
    assert len(set(names)) == 3
    for name in names:
        answer = visitor.get(name)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        again = visitor.client.get(name, headers={"if-none-match": answer.headers["etag"]})
        assert again.status_code == 304
    assert visitor.get("/admin/static/style.0.css").status_code == 404


def test_sign_in_without_a_database(tmp_path: Path) -> None:
    """Without a database file, the page says how to create one, and a forged link creates none."""
    path = tmp_path / "none" / "waypost.sqlite"
    providers = tmp_path / "providers.toml"
    with open_api(path, providers=providers) as api:
        visitor = Person(api, None)
        text = visitor.get("/admin/sign-in").text
        assert "Signing in needs a database." in text
        assert "<code>waypost db upgrade</code>" in text
        assert "<code>waypost admin link</code>" in text
        answer = visitor.post("/admin/sign-in", {"link": new_secret(LINK_PREFIX)})
        assert answer.status_code == 503
        assert "there is no database file" in answer.text
        assert not path.parent.exists()
        upgrade(api.engine)
        assert "needs a database" not in visitor.get("/admin/sign-in").text
