"""The INI file of automx 1.x as providers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.errors import ProvidersError
from waypost.model import (
    PASSWORD_CLEARTEXT,
    HostEndpoint,
    Security,
    Service,
    ServiceType,
)
from waypost.transfer.automx1 import read_automx1
from waypost.transfer.imported import Imported

HEAD = "[automx]\nprovider = example.com\ndomains = example.com, Example.net\n"
IMAP = "imap = yes\nimap_server = imap.example.com\nimap_port = 993\nimap_encryption = ssl\n"
SMTP = "smtp = yes\nsmtp_server = smtp.%d\nsmtp_port = 587\nsmtp_encryption = starttls\n"


def read(text: str) -> Imported:
    """Read a file."""
    return read_automx1(text, name="automx.conf")


def served(found: Imported) -> dict[str, list[str]]:
    """Give the hosts of each domain."""
    return {
        domain.pattern.text: [
            one.endpoint.host for one in domain.services if isinstance(one.endpoint, HostEndpoint)
        ]
        for domain in found.catalog.domains
    }


def test_global() -> None:
    """The domains of [automx] get what [global] says, with macros as placeholders."""
    names = "account_name = Example Mail\naccount_name_short = Ex\n"
    login = "smtp_auth = plaintext\nsmtp_auth_identity = %u@%d\n"
    found = read(f"{HEAD}[global]\nbackend = static\n{names}{SMTP}{login}")

    first, second = found.catalog.domains
    assert (first.pattern.text, second.pattern.text) == ("example.com", "example.net")
    assert (first.provider.name, first.provider.short_name) == ("Example Mail", "Ex")
    endpoint = HostEndpoint("smtp.%EMAILDOMAIN%", 587, Security.STARTTLS)
    name = "%EMAILLOCALPART%@%EMAILDOMAIN%"
    assert first.services == (Service(ServiceType.SMTP, endpoint, (PASSWORD_CLEARTEXT,), name),)
    assert found.left_out == ()


def test_sections() -> None:
    """A section is for its domain: its own settings, [DEFAULT]'s under them, or [global]'s."""
    own = "[example.com]\nbackend = static_append\nimap_server = other.example.com\n"
    text = f"{HEAD}[DEFAULT]\n{IMAP}[global]\nbackend = static\n{own}[example.net]\nbackend=global"

    assert served(read(text)) == {
        "example.com": ["other.example.com"],
        "example.net": ["imap.example.com"],
    }


def test_all_domains() -> None:
    """`domains = *` serves any domain by [global], and those with a section by theirs."""
    text = "[automx]\nprovider = a.example\ndomains = *\n[global]\nbackend = static\n"
    found = read(f"{text}{IMAP}[example.com]\nbackend = static\n{SMTP}")

    assert served(found) == {"example.com": ["smtp.%EMAILDOMAIN%"], "*": ["imap.example.com"]}


LEFT_OUT = [
    # keys of [global] after IMAP, the line and the note
    ("host = ldap://x\n", "line 10: [global] host: Waypost has no such setting"),
    ("sign_mobileconfig = yes\n", "line 10: [global] sign_mobileconfig: Waypost has no"),
    ("display_name = %s\n", "line 10: [global] display_name: Waypost has no such"),
    ("action = redirect\n", "line 10: [global] action: Waypost has no such"),
    ("imap_refresh_ttl = 6\n", "line 10: [global] imap_refresh_ttl: how long"),
    ("imap_auth_identity = ${uid}\n", "imap_auth_identity: takes a variable from LDAP, SQL"),
    ("imap_auth_identity = %x\n", "imap_auth_identity: holds a % that is no macro"),
    ("pop = yes\npop_server = ${host}\n", "pop_server: takes a variable from LDAP"),
    ("pop = yes\n", "pop_server: must not be empty; the service is left out"),
    ("pop = yes\npop_server = p.example\npop_port = x\n", "pop_port: must be a number from 1"),
    ("pop = yes\npop_server = p.example\npop_port = 995\npop_encryption = none\n", "begins with"),
    ("pop = yes\npop_server = p.example\npop_encryption = tls\n", "must be ssl, starttls, none"),
    ("pop = yes\npop_server = p.example\npop_auth = smtp-after-pop\n", "must be one of plaintext"),
    ("pop = yes\npop_server = p.example\npop_encryption = auto\n", "taken as starttls because of"),
    ("pop = no\npop_server = p.example\n", "[global] pop: is not enabled"),
    ("[x.example]\nbackend = ldap\n", "line 10: [x.example]: automx serves it not"),
    ("[example.com]\nbackend = ldap\nhost = x\n", "line 11: [example.com] backend: ldap is not"),
    ("[example.com]\nimap = yes\n", "[example.com] backend: none is not static or global"),
    ("[example.com]\nbackend = global\nimap_port = 1\n", "imap_port: backend = global takes"),
    ("[not a domain]\nbackend = global\n", "'not a domain' is not a domain"),
]


@pytest.mark.parametrize(("more", "said"), LEFT_OUT)
def test_what_is_left_out_is_listed(more: str, said: str) -> None:
    """Whatever has no place is listed with file, line, section and key; the rest is read."""
    found = read(f"{HEAD}[global]\nbackend = static\n{IMAP}{more}")

    assert [note for note in map(str, found.left_out) if said in note], found.left_out
    assert all(str(note).startswith("automx.conf: line ") for note in found.left_out)
    assert "example.net" in served(found)


def test_memcache_is_listed() -> None:
    """Settings of the service itself are listed."""
    text = HEAD.replace("domains", "memcache = 127.0.0.1:11211\ndomains")
    found = read(f"{text}[global]\nbackend = static\n{IMAP}")

    assert [str(one) for one in found.left_out] == [
        "automx.conf: line 3: [automx] memcache: Waypost has settings of its own"
    ]


def test_without_protection() -> None:
    """A service without encryption is kept with a warning."""
    text = IMAP.replace("993", "143").replace("ssl", "none")
    found = read(f"{HEAD}[global]\nbackend = static\n{text}")

    assert "passwords and mail can be read on the way" in str(found.warnings[0])


BAD = [
    ("", "there is no section [automx]"),
    ("[global]\nbackend = static\n", "there is no section [automx]"),
    ("key = value\n", "not an INI file"),
    ("[automx\n", "not an INI file"),
    ("[automx]\nno value here\n", "not an INI file"),
    (HEAD, "no domain can be served; left out: automx.conf: line 3: [automx] domains: exam"),
    (f"{HEAD}[global]\nbackend = sql\n", "[global] backend: sql is not static"),
    (f"{HEAD}[global]\nbackend = static\n", "[global]: no service of it can be served"),
    (f"[automx]\n[global]\nbackend = static\n{IMAP}", "[global]: no domain uses it"),
    ("<clientConfig/>", "not an INI file"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_bad_files(text: str, said: str) -> None:
    """What is no such file, or nothing to serve, is refused with the reason."""
    with pytest.raises(ProvidersError) as caught:
        read(text)

    (problem,) = caught.value.problems
    assert problem.startswith("automx.conf: ")
    assert said in problem


@given(st.text(max_size=100), st.text(alphabet="%${}sudx.", max_size=20))
def test_any_text(text: str, macro: str) -> None:
    """Whatever stands in a file, there are providers or an error that tells what is wrong."""
    for one in (text, f"{HEAD}[global]\nbackend=static\n{IMAP}imap_auth_identity={macro}\n{text}"):
        try:
            found = read(one)
        except ProvidersError:
            continue
        assert found.catalog.domains
