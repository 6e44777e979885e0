"""The wizard on real servers: each source of services, and each way to have none."""

import html
import re
from collections.abc import Iterator

import pytest

from tests.servers.authority import Authority
from tests.servers.frozen import frozen
from tests.web.admin.pages.person import hidden
from tests.web.admin.pages.wizard_network import IDN, WizardNetwork, wizard_network

IMAP = "imap imap.own.example:993"
SMTP = "smtp smtp.own.example:465"
WORKS = "The doctor has tried each server and found nothing wrong."


@pytest.fixture(name="network", scope="module")
def _network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WizardNetwork]:
    folder = tmp_path_factory.mktemp("wizard")
    authority = Authority.create(tmp_path_factory.mktemp("authority"))
    with wizard_network(folder, authority) as running:
        yield running


def _lines(page: str) -> list[str]:
    """Return the lists of a page, one text each."""
    items = re.findall(r"<li[^>]*>(.*?)</li>", page, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]*>", " ", item)).split()) for item in items]


def _has(page: str, *texts: str) -> None:
    lines = _lines(page)
    for text in texts:
        assert any(text in line for line in lines), "\n".join([text, "is not in", *lines])


def _first_fields(page: str) -> dict[str, str]:
    """Return the fields of the form with the services."""
    form = page[page.index("/admin/wizard/create") :]
    inputs = re.findall(r"<input [^>]*>", form)
    fields = {}
    for tag in inputs:
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name is not None:
            fields[name[1]] = html.unescape(value[1]) if value else ""
    for name, options in re.findall(
        r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return fields


SOURCES = [
    # the domain as it is typed, the source, the name of the provider, IMAP, SMTP
    ("own.example", "the Autoconfig document of own.example", "Own Mail", IMAP, SMTP),
    ("OWN.Example", "the Autoconfig document of own.example", "Own Mail", IMAP, SMTP),
    ("B\u00fccher.example", f"the Autoconfig document of {IDN}", "B\u00fccher", IMAP, SMTP),
    ("plain.example", "the Autoconfig document of plain.example (by http)", "Own Mail", IMAP, SMTP),
    ("listed.example", "the public database, for listed.example", "Listed", IMAP, SMTP),
    ("hosted.example", "the public database, for hoster.example", "Hoster", IMAP, SMTP),
    ("records.example", "the SRV records of records.example", "records.example", IMAP, SMTP),
    (
        "guess.example",
        "imap answers at mail.guess.example",
        "guess.example",
        "imap mail.guess.example:993",
        "smtp mail.guess.example:465",
    ),
]


@pytest.mark.parametrize(("typed", "source", "provider", "imap", "smtp"), SOURCES)
def test_sources(
    network: WizardNetwork, typed: str, source: str, provider: str, imap: str, smtp: str
) -> None:
    """The page names the source, and the doctor's verdict about each server."""
    page = network.search(typed)
    _has(page, source, f"works {imap}", f"works {smtp}")
    assert WORKS in page
    assert f'value="{provider}"' in page


def test_domain_is_served(network: WizardNetwork) -> None:
    """From the name to the DNS records and the answer of the public listener."""
    fields = _first_fields(network.search("records.example"))
    answer = network.post("/create", **{**fields, "action": "create"})
    assert answer.status_code == 303, _lines(answer.text)
    page = network.person.get(answer.headers["location"]).text
    assert "_imaps._tcp.records.example." in page
    assert "imap.own.example." in page
    query = "emailaddress=alice@records.example"
    port = network.pages.port
    document = network.person.get(f"http://127.0.0.1:{port}/mail/config-v1.1.xml?{query}")
    assert document.status_code == 200
    assert "<hostname>imap.own.example</hostname>" in document.text
    clients = network.person.get("/admin/domain?name=records.example").text
    assert "imap.own.example:993" in clients


def test_doctor_of_a_domain(network: WizardNetwork) -> None:
    """The page and the API give the doctor's report, also to a tenant, about own domains only."""
    services = [{"type": kind, "host": f"{kind}.own.example"} for kind in ("imap", "smtp")]
    domain = {"provider": "Boxes", "services": services}
    url = "/api/v1/domains/own.example"
    for token in (network.token(), network.token("own.example")):
        assert network.call("PUT", url, token, json=domain).status_code in {200, 201}
        report = network.call("POST", f"{url}/doctor", token).json()
        assert (report["address"], report["complete"]) == ("postmaster@own.example", True)
        clients = {one["name"]: one["verdict"] for one in report["clients"]}
        assert clients["Thunderbird"] == "works"
        assert "dns-missing" in {one["code"] for one in report["findings"]}
    page = network.person.post(
        "/admin/domain/checks", data={"csrf": network.csrf, "name": "own.example"}
    ).text
    assert "Checked now, as postmaster@own.example." in page
    assert re.search("<tr><th scope=.row.>Thunderbird</th><td>[^/]*works<", page)
    other = network.token("other.example")
    for secret, status in ((other, 404), ("", 401)):
        assert network.call("POST", f"{url}/doctor", secret).status_code == status
    assert network.call("DELETE", url, token).status_code == 204


def test_services_of_another_domain(network: WizardNetwork) -> None:
    """A domain with the MX host of another domain gets its services, which the doctor tries."""
    first = _first_fields(network.search("own.example")) | {"name": "first.example"}
    assert network.post("/create", **{**first, "action": "create"}).status_code == 303
    page = network.search("same.example")
    _has(page, "the services of first.example, which the MX host mx.first.example is in")
    _has(page, f"works {IMAP}", f"works {SMTP}")
    assert 'value="Own Mail"' in page
    fields = _first_fields(network.search("no-mail.example"))
    copied = network.post("/services", **{**fields, "action": "copy", "like": "first.example"}).text
    _has(copied, "the services of first.example", f"works {IMAP}", f"works {SMTP}")


def test_check_of_own_entries(network: WizardNetwork) -> None:
    """The doctor tries servers that a person has entered; a mistake is at its field."""
    fields = _first_fields(network.search("no-mail.example"))
    entered = fields | {"services[0].host": "imap.own.example", "services[1].host": "a b"}
    refused = network.post("/services", **{**entered, "action": "check"})
    assert refused.status_code == 422
    assert "services-1-host-problem" in refused.text
    entered["services[1].host"] = "absent.example"
    page = network.post("/services", **{**entered, "action": "check"}).text
    _has(page, f"works {IMAP}", "fails smtp absent.example:465", "no A or AAAA record")
    assert hidden(page, "name") == "no-mail.example"


BAD = [
    # the domain, texts of lines of the page
    ("missing.example", ["DNS has no domain missing.example"]),
    ("no-mail.example", ["no imap server was found; tried: no host"]),
    ("null.example", ["its MX record says that it receives no mail (RFC 7505)"]),
    ("no-imap.example", ["no imap server was found; tried: mx.other-hoster.example"]),
    ("wrong.example", ["fails imap imap.wrong.example:993", f"works {SMTP}", "certificate"]),
    ("malformed.example", ["the Autoconfig document of malformed.example", f"works {IMAP}"]),
    ("huge.example", ["document of huge.example: is larger than", f"works {IMAP}"]),
    ("untrusted.example", ["autoconfig.untrusted.example", "certificate", f"works {IMAP}"]),
    ("redirect.example", ["127.0.0.1 has the private address", f"works {IMAP}"]),
    ("plain-redirect.example", ["127.0.0.1 has the private address", f"works {IMAP}"]),
    (
        "downgrade.example",
        ["to http://127.0.0.1", "/inside (from https to http is not followed)", f"works {IMAP}"],
    ),
    ("stranger.example", ["inside.example has the private address 127.0.0.1", f"works {IMAP}"]),
    (
        "private.example",
        [
            "autoconfig.private.example has the private address 127.0.0.1",
            "fails imap imap.private.example:993",
            "imap.private.example has the private address 127.0.0.1",
        ],
    ),
]


@pytest.mark.parametrize(("domain", "texts"), BAD)
def test_bad_domains(network: WizardNetwork, domain: str, texts: list[str]) -> None:
    """Each problem is a line of the page, and nothing is said to be right that is not."""
    page = network.search(domain)
    _has(page, *texts)
    for option in ("--resolver", "--allow-private", "--total", "--imap"):
        assert option not in page
    if not any("works" in text for text in texts):
        assert WORKS not in page
        assert "please enter the servers below" in page or "fails" in page


def test_private_addresses_of_an_operator(network: WizardNetwork) -> None:
    """An operator with split DNS can allow private addresses for names below the domain."""
    page = network.search("private.example", private="1")
    _has(page, "works imap imap.private.example:993", "works smtp smtp.private.example:465")
    page = network.search("redirect.example", private="1")
    _has(page, "127.0.0.1 has the private address")


def test_silent_name_server(network: WizardNetwork) -> None:
    """If the name server hangs, the page says so, and the person can enter the servers."""
    with frozen(network.names.pid, seconds=60) as is_frozen:
        page = network.search("own.example")
        assert is_frozen()
    _has(page, "own.example: this machine's resolver (127.0.0.1) does not answer")
    assert "please enter the servers below" in page
