"""The database server is killed in the middle of the wizard."""

import html
import re

import pytest

from tests.servers.postgresql import postgresql
from tests.web.admin.api.api_client import WRITER, Api
from tests.web.admin.pages.person import Person, hidden
from waypost.database.engine import open_engine
from waypost.settings import Settings
from waypost.store.sql.migrate import upgrade

FIELDS = {
    "name": "new.example",
    "provider": "B\u00fccher & <Mail>",
    "services[0].type": "imap",
    "services[0].host": "imap.new.example",
    "services[1].type": "smtp",
    "services[1].host": "smtp.new.example",
    "action": "create",
}


@pytest.mark.servers
def test_killed_in_the_wizard() -> None:
    """Nothing that was entered is lost, and the same form succeeds when the server is back."""
    with postgresql() as server:
        uri = server.uri(server.fresh())
        engine = open_engine(uri)
        upgrade(engine)
        api = Api(Settings(db_uri=uri), engine)
        person = Person(api, WRITER)
        first = person.post("/admin/wizard", {"domain": "new.example", "action": "by-hand"})
        assert hidden(first.text, "name") == "new.example"
        server.kill()
        for _ in range(2):
            answer = person.post("/admin/wizard/create", FIELDS)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
            assert "what you entered is kept on this page" in answer.text
        found = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', answer.text)
        kept = {name: html.unescape(value) for name, value in found}
        assert kept == {**FIELDS, "csrf": person.csrf}
        assert person.get("/admin/domains").status_code == 503
        server.start()
        created = person.post("/admin/wizard/create", kept)
        assert created.headers["location"].startswith("/admin/domain/dns?name=new.example")
        assert "imap.new.example" in person.get("/admin/domain?name=new.example").text
        engine.dispose()
