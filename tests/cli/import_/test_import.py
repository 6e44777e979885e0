"""`waypost import` and `waypost export --format ispdb`."""

import json
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost

pytestmark = pytest.mark.usefixtures("upgraded_database")

IMAP = (
    '<incomingServer type="imap"><hostname>imap.example.com</hostname><port>993</port>'
    "<socketType>SSL</socketType><authentication>password-cleartext</authentication>"
    "<username>%EMAILADDRESS%</username></incomingServer>"
)
SMTP = IMAP.replace("incoming", "outgoing").replace("imap", "smtp").replace("993", "465")
AUTOMX1 = (
    "[automx]\nprovider = x\ndomains = example.com\nmemcache = 1\n[global]\nbackend = static\n"
    "imap = yes\nimap_server = i.example\nimap_port = 993\nimap_encryption = ssl\n"
    "smtp = yes\nsmtp_server = s.example\nsmtp_port = 465\nsmtp_encryption = ssl\n"
)


def document(folder: Path, name: str = "example.com", more: str = "") -> Path:
    """Write a document for one domain, with an element that is not imported."""
    path = folder / f"{name}.xml"
    domain = f"<domain>{name}</domain><displayName>Example Inc.</displayName><webMail/>"
    provider = f'<emailProvider id="{name}">{domain}{IMAP}{SMTP}{more}</emailProvider>'
    path.write_text(f'<clientConfig version="1.1">{provider}</clientConfig>', "utf-8")
    return path


def test_import_adds(waypost: Waypost, home: Path) -> None:
    """Providers are added, existing ones stay, and a second run has nothing to do."""
    waypost("apply", "--demo")
    before = waypost("domain", "list").out

    path = document(home, "new.example")
    done = waypost("import", "ispdb", path)

    assert done.code == 0
    assert "+ new.example: imap imap.example.com:993 tls\n" in done.out
    assert "new.example.xml: line 1: webMail: Waypost reads it next to" in done.err
    assert {*before.split()} < {*waypost("domain", "list").out.split()}
    assert "nothing to do" in waypost("import", "ispdb", path).err


def test_dry_run(waypost: Waypost, home: Path) -> None:
    """A dry run prints what would be added, changes nothing and ends with exit code 1."""
    waypost("db", "upgrade")

    dry = waypost("import", "ispdb", document(home), "--dry-run", "--json")

    found = json.loads(dry.out)
    assert dry.code == 1
    assert found["added"][0] == "domain example.com (Example Inc.)"
    assert len(found["left_out"]) == 1
    assert found["written"] is False
    assert waypost("domain", "list").out == ""


def test_print(waypost: Waypost, home: Path) -> None:
    """A providers file for `apply` is printed, and no database is opened."""
    printed = waypost("import", "ispdb", document(home), document(home, "example.net"), "--print")

    assert printed.code == 0
    assert "left out: " in printed.err
    (home / "mail.toml").write_text(printed.out, "utf-8")
    assert not list(home.glob("*.db"))
    assert waypost("apply", home / "mail.toml").code == 0


def test_served_already(waypost: Waypost, home: Path) -> None:
    """A domain that is served with other data is an error, and nothing is changed."""
    waypost("import", "ispdb", document(home))
    before = waypost("export").out
    more = IMAP.replace("993", "1993")

    done = waypost("import", "ispdb", document(home, more=more), document(home, "example.net"))

    assert done.code == 2
    assert "error: domain example.com: is already served by Example Inc., with other" in done.err
    assert waypost("export").out == before


def test_two_sources_of_a_domain(waypost: Waypost, home: Path) -> None:
    """A domain in two documents is an error."""
    other = document(home, "example.net")
    other.write_text(document(home).read_text("utf-8"), "utf-8")

    done = waypost("import", "ispdb", document(home), other, "--print")

    assert done.code == 2
    assert "domain example.com: is in two of the sources" in done.err


def test_all_mistakes_at_once(waypost: Waypost, home: Path) -> None:
    """Each document with a mistake is an error, and none is imported."""
    (home / "bad.xml").write_text("<html/>", "utf-8")

    done = waypost("import", "ispdb", document(home), home / "bad.xml", home / "missing.xml")

    assert done.code == 2
    assert "bad.xml: the root is not the element clientConfig" in done.err
    assert "missing.xml: cannot be read: No such file" in done.err


def personal(home: Path) -> Path:
    """Write a document that was made for one user."""
    path = document(home)
    path.write_text(path.read_text("utf-8").replace("%EMAILADDRESS%", "alice@example.com"), "utf-8")
    return path


@pytest.mark.parametrize("flags", [[], ["--dry-run"]])
def test_personal_document(waypost: Waypost, home: Path, flags: list[str]) -> None:
    """A document with one login name for all users is refused, with what to do."""
    waypost("db", "upgrade")

    done = waypost("import", "ispdb", personal(home), *flags)

    assert done.code == 2
    assert "all users would get the login name 'alice@example.com'; if the" in done.err
    assert waypost("domain", "list").out == ""


def test_personal_document_is_printed(waypost: Waypost, home: Path) -> None:
    """With --print, such a document is printed for correction, with the warning of `lint`."""
    done = waypost("import", "ispdb", personal(home), "--print")

    assert done.code == 0
    assert 'login_name = "alice@example.com"' in done.out
    assert "username: 'alice@example.com' is the login name of all users" in done.err
    assert "same-login-name" in done.err


def test_address_of_a_personal_document(waypost: Waypost, home: Path) -> None:
    """With the address of that user, all users get their own login names."""
    done = waypost("import", "ispdb", personal(home), "--address", "alice@example.com")

    assert done.code == 0
    assert "warning: " in done.err
    assert "username: 'alice@example.com' became %EMAILADDRESS%" in done.err
    shown = waypost("show", "autoconfig", "bob@example.com").out
    assert "<username>bob@example.com</username>" in shown
    assert "<hostname>imap.example.com</hostname>" in shown


def test_address_in_the_url(waypost: Waypost, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address in the URL of a document is that of the user."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.chdir(home)
    path = personal(home)
    handler = partial(SimpleHTTPRequestHandler, directory=str(home))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        url = f"http://127.0.0.1:{server.server_port}/{path.name}"
        done = waypost("import", "ispdb", f"{url}?emailaddress=alice%40example.com", "--print")
        refused = waypost("import", "ispdb", url)
        server.shutdown()

    assert done.code == 0
    assert "alice" not in done.out
    assert refused.code == 2


BAD_ADDRESSES = [
    (["--address", "alice"], "the address has no @"),
    (["--address", "alice@-x.example"], "a label of the domain has characters other than"),
    (
        ["--address", "a@example.com", "other.xml"],
        "--address: works only with a single FILE_OR_URL",
    ),
]


@pytest.mark.parametrize(("flags", "said"), BAD_ADDRESSES)
def test_bad_addresses(waypost: Waypost, home: Path, flags: list[str], said: str) -> None:
    """A text that is not an address, and a flag for several documents, are refused."""
    done = waypost("import", "ispdb", document(home), *flags)

    assert done.code == 2
    assert said in done.err


UNUSABLE = [
    # what is done to IMAP and SMTP of the document, and what is missing then
    ((SMTP, SMTP.replace('type="smtp"', 'type="uucp"')), "no outgoing mail service"),
    ((SMTP, SMTP.replace("password-cleartext", "smtp-after-pop")), "no outgoing mail service"),
    ((SMTP, ""), "no outgoing mail service"),
]


@pytest.mark.parametrize("flags", [[], ["--dry-run"], ["--print"], ["--json"]])
@pytest.mark.parametrize(("change", "lack"), UNUSABLE)
def test_a_domain_without_mail(
    waypost: Waypost, home: Path, change: tuple[str, str], lack: str, flags: list[str]
) -> None:
    """A domain that no client can set up is a warning, with exit code 1."""
    path = document(home)
    path.write_text(path.read_text("utf-8").replace(*change), "utf-8")

    done = waypost("import", "ispdb", path, *flags)

    assert done.code == 1
    line = f"example.com: {lack}, so no client can set up an account (404)"
    if "--json" in flags:
        assert json.loads(done.out)["unusable"][0].startswith(line)
    else:
        assert f"warning: {line}" in done.err
        assert "no-outgoing (every client): there is no way to send mail" in done.err


def test_automx1_without_mail(waypost: Waypost, home: Path) -> None:
    """The same is true for domains of automx 1, with one warning for equal domains."""
    text = AUTOMX1.replace("example.com", "example.com, example.net").replace(
        "smtp = yes", "smtp = no"
    )
    (home / "automx.conf").write_text(text, "utf-8")

    done = waypost("import", "automx1", "automx.conf")

    assert done.code == 1
    assert "example.com and 1 more: no outgoing mail service, so no client can" in done.err


def test_automx1_domain_that_is_lost(waypost: Waypost, home: Path) -> None:
    """A domain without an imported service is a warning, with exit code 1."""
    text = AUTOMX1.replace("domains = ", "domains = example.net, example.org, ")
    more = "[example.net]\nbackend = ldap\n[example.org]\nbackend = sql\n"
    (home / "automx.conf").write_text(text + more, "utf-8")

    done = waypost("import", "automx1", "automx.conf")
    parsed = waypost("import", "automx1", "automx.conf", "--json")

    assert (done.code, parsed.code) == (1, 1)
    line = "example.net and 1 more: no service could be imported, so clients get 404"
    assert f"warning: {line}\n" in done.err
    assert json.loads(parsed.out)["unusable"] == [line]
    assert waypost("domain", "list").out.startswith("example.com")


def test_automx1(waypost: Waypost, home: Path) -> None:
    """The file of automx 1.x becomes providers, with a list of what is not imported."""
    (home / "automx.conf").write_text(AUTOMX1, "utf-8")

    done = waypost("import", "automx1", "automx.conf")

    assert done.code == 0
    assert "automx.conf: line 4: [automx] memcache" in done.err
    assert "i.example:993 tls" in waypost("domain", "show", "example.com").out


@pytest.mark.parametrize("data", [b"", b"\xff\xfe", b"[automx]\0", b"{}"])
def test_automx1_bad(waypost: Waypost, home: Path, data: bytes) -> None:
    """Another file ends with exit code 2 and a line with its name."""
    (home / "automx.conf").write_bytes(data)

    done = waypost("import", "automx1", "automx.conf")

    assert done.code == 2
    assert done.err.startswith("error: automx.conf: ")


def test_export_and_import(waypost: Waypost, home: Path) -> None:
    """The export for the ISPDB is equal to the imported document."""
    pop3 = IMAP.replace("imap", "pop3").replace("993", "995")
    options = "<pop3><daysToLeaveMessagesOnServer>7</daysToLeaveMessagesOnServer></pop3>"
    pop3 = pop3.replace("</incomingServer>", f"{options}</incomingServer>")
    waypost("import", "ispdb", document(home, more=pop3))
    before = waypost("export").out

    out = waypost("export", "--format", "ispdb", "--provider", "Example Inc.")
    (home / "out.xml").write_text(out.out, "utf-8")

    assert "add documentation" in out.err
    assert options.encode() in b"".join(line.strip() for line in out.out.encode().splitlines())
    assert waypost("import", "ispdb", "out.xml", "--print").out == before


MAIL = """
[[provider]]
name = "One"
domains = ["a.example", "b.example", "*.example"]
services = [
  { type = "imap", host = "i.example", login_name = "%EMAILLOCALPART%" },
  { type = "smtp", host = "s.example" },
  { type = "imap", host = "j.example", domains = ["b.example"] },
]
[[provider]]
name = "Two"
short_name = "Same"
domains = ["c.example"]
services = [{ type = "imap", host = "i.example" }, { type = "smtp", host = "s.example" }]
[[provider]]
name = "Two"
short_name = "Other"
domains = ["d.example"]
services = [{ type = "imap", host = "i.example" }]
[[provider]]
name = "Any"
domains = ["*"]
services = [{ type = "imap", host = "i.example" }, { type = "smtp", host = "s.example" }]
"""
WRONG = [
    ([], 2, "requires --provider NAME or --domain DOMAIN"),
    (["--provider", "Onne"], 2, "there is no provider of that name; did you mean One?"),
    (["--provider", "Two"], 2, "2 providers have that name; choose with --domain c.example or "),
    (["--provider", "one"], 2, "2 sets of services, and a document can have only one; choose with"),
    (["--provider", "One", "--domain", "c.example"], 2, "there is no domain c.example of One"),
    (["--domain", "x.example"], 2, "there is no domain x.example"),
    (["--domain", "a b"], 2, "a label of the domain has characters"),
    (["--provider", "Any"], 2, "Any: has only patterns, and the ISPDB accepts only domains"),
    (["--domain", "d.example"], 1, "d.example has no outgoing mail service"),
]


@pytest.mark.parametrize(("flags", "code", "said"), WRONG)
def test_export_without_providers(
    waypost: Waypost, home: Path, flags: list[str], code: int, said: str
) -> None:
    """If no provider or several match, one line says how to choose."""
    (home / "mail.toml").write_text(MAIL, "utf-8")

    done = waypost("export", "--format", "ispdb", "--providers", "mail.toml", *flags)

    assert done.code == code
    assert said in done.err
    assert done.out == ""


def test_export_by_domain(waypost: Waypost, home: Path) -> None:
    """A domain chooses the domains with the same services; a pattern is left out with a warning."""
    (home / "mail.toml").write_text(MAIL, "utf-8")
    flags = ("--format", "ispdb", "--providers", "mail.toml")

    done = waypost("export", *flags, "--domain", "a.example")

    assert done.out.count("<domain>") == 1
    assert '<emailProvider id="a.example">' in done.out
    assert "<username>%EMAILLOCALPART%</username>" in done.out
    assert "warning: *.example is left out: it is a pattern" in done.err
    assert waypost("export", *flags, "--provider", "same").code == 0


def test_provider_is_for_the_ispdb(waypost: Waypost, home: Path) -> None:
    """The flags for the ISPDB are refused with other formats."""
    assert home.is_dir()
    done = waypost("export", "--demo", "--provider", "One")

    assert done.code == 2
    assert "require --format ispdb" in done.err
