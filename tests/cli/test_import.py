"""`waypost import` and `waypost export --format ispdb`: providers from elsewhere, and back."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost

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
    """Write a document for one domain, with something that is not carried over."""
    path = folder / f"{name}.xml"
    domain = f"<domain>{name}</domain><displayName>Example Inc.</displayName><webMail/>"
    provider = f'<emailProvider id="{name}">{domain}{IMAP}{SMTP}{more}</emailProvider>'
    path.write_text(f'<clientConfig version="1.1">{provider}</clientConfig>', "utf-8")
    return path


def test_import_adds(waypost: Waypost, home: Path) -> None:
    """Providers are added, what was there stays, and a second time there is nothing to do."""
    waypost("apply", "--demo")
    before = waypost("domain", "list").out

    path = document(home, "new.example")
    done = waypost("import", "ispdb", path)

    assert done.code == 0
    assert "+ new.example: imap imap.example.com:993 tls\n" in done.out
    assert "new.example.xml: line 1: webMail: Waypost reads it beside" in done.err
    assert {*before.split()} < {*waypost("domain", "list").out.split()}
    assert "nothing to do" in waypost("import", "ispdb", path).err


def test_dry_run(waypost: Waypost, home: Path) -> None:
    """A dry run tells what would be added, changes nothing and gives exit code 1."""
    waypost("db", "upgrade")

    dry = waypost("import", "ispdb", document(home), "--dry-run", "--json")

    found = json.loads(dry.out)
    assert dry.code == 1
    assert found["added"][0] == "domain example.com (Example Inc.)"
    assert len(found["left_out"]) == 1
    assert found["written"] is False
    assert waypost("domain", "list").out == ""


def test_print(waypost: Waypost, home: Path) -> None:
    """A providers file is printed that `apply` takes, and no database is opened."""
    printed = waypost("import", "ispdb", document(home), document(home, "example.net"), "--print")

    assert printed.code == 0
    assert "left out: " in printed.err
    (home / "mail.toml").write_text(printed.out, "utf-8")
    assert not list(home.glob("*.db"))
    assert waypost("apply", home / "mail.toml").code == 0


def test_served_already(waypost: Waypost, home: Path) -> None:
    """A domain that is served in another way is named, and nothing is changed."""
    waypost("import", "ispdb", document(home))
    before = waypost("export").out
    more = IMAP.replace("993", "1993")

    done = waypost("import", "ispdb", document(home, more=more), document(home, "example.net"))

    assert done.code == 2
    assert "error: domain example.com: is served already by Example Inc., in another" in done.err
    assert waypost("export").out == before


def test_two_sources_of_a_domain(waypost: Waypost, home: Path) -> None:
    """A domain that two documents have is an error."""
    other = document(home, "example.net")
    other.write_text(document(home).read_text("utf-8"), "utf-8")

    done = waypost("import", "ispdb", document(home), other, "--print")

    assert done.code == 2
    assert "domain example.com: is in two of the sources" in done.err


def test_all_mistakes_at_once(waypost: Waypost, home: Path) -> None:
    """Every document with a mistake is named, and none is imported."""
    (home / "bad.xml").write_text("<html/>", "utf-8")

    done = waypost("import", "ispdb", document(home), home / "bad.xml", home / "missing.xml")

    assert done.code == 2
    assert "bad.xml: the root is not the element clientConfig" in done.err
    assert "missing.xml: cannot be read: No such file" in done.err


def test_automx1(waypost: Waypost, home: Path) -> None:
    """The file of automx 1.x becomes providers, with a list of what is not carried over."""
    (home / "automx.conf").write_text(AUTOMX1, "utf-8")

    done = waypost("import", "automx1", "automx.conf")

    assert done.code == 0
    assert "automx.conf: line 4: [automx] memcache" in done.err
    assert "i.example:993 tls" in waypost("domain", "show", "example.com").out


@pytest.mark.parametrize("octets", [b"", b"\xff\xfe", b"[automx]\0", b"{}"])
def test_automx1_bad(waypost: Waypost, home: Path, octets: bytes) -> None:
    """What is no file of automx 1.x gives exit code 2 and a line with its name."""
    (home / "automx.conf").write_bytes(octets)

    done = waypost("import", "automx1", "automx.conf")

    assert done.code == 2
    assert done.err.startswith("error: automx.conf: ")


def test_export_and_import(waypost: Waypost, home: Path) -> None:
    """What is exported for the ISPDB is what was imported."""
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
    ([], 2, "needs --provider NAME or --domain DOMAIN"),
    (["--provider", "Onne"], 2, "there is no provider of that name; did you mean One?"),
    (["--provider", "Two"], 2, "2 providers have that name; choose with --domain c.example or "),
    (["--provider", "one"], 2, "2 different sets of services, a document has one; choose with"),
    (["--provider", "One", "--domain", "c.example"], 2, "there is no domain c.example of One"),
    (["--domain", "x.example"], 2, "there is no domain x.example"),
    (["--domain", "a b"], 2, "a label of the domain has characters"),
    (["--provider", "Any"], 2, "Any: the ISPDB takes whole domains only"),
    (["--domain", "d.example"], 1, "d.example has no outgoing mail service"),
]


@pytest.mark.parametrize(("flags", "code", "said"), WRONG)
def test_export_of_nothing(
    waypost: Waypost, home: Path, flags: list[str], code: int, said: str
) -> None:
    """Where not exactly one provider is meant, one line says how to choose."""
    (home / "mail.toml").write_text(MAIL, "utf-8")

    done = waypost("export", "--format", "ispdb", "--providers", "mail.toml", *flags)

    assert done.code == code
    assert said in done.err
    assert done.out == ""


def test_export_by_domain(waypost: Waypost, home: Path) -> None:
    """A domain chooses what is served as it is; a pattern is left out and named."""
    (home / "mail.toml").write_text(MAIL, "utf-8")
    flags = ("--format", "ispdb", "--providers", "mail.toml")

    done = waypost("export", *flags, "--domain", "a.example")

    assert done.out.count("<domain>") == 1
    assert '<emailProvider id="a.example">' in done.out
    assert "<username>%EMAILLOCALPART%</username>" in done.out
    assert "warning: *.example is left out: it is a pattern" in done.err
    assert waypost("export", *flags, "--provider", "same").code == 0


def test_provider_is_for_the_ispdb(waypost: Waypost, home: Path) -> None:
    """The flags of the ISPDB's format are refused with the others."""
    assert home.is_dir()
    done = waypost("export", "--demo", "--provider", "One")

    assert done.code == 2
    assert "need --format ispdb" in done.err
