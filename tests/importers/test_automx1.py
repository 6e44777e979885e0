"""The import of the INI file of automx 1.x."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.core.errors import ProvidersError
from waypost.core.model import (
    PASSWORD_CLEARTEXT,
    HostEndpoint,
    Security,
    Service,
    ServiceType,
    UrlEndpoint,
)
from waypost.importers.automx1.providers import read_automx1
from waypost.importers.import_result import ImportResult

HEAD = "[automx]\nprovider = example.com\ndomains = example.com, Example.net\n"
IMAP = "imap = yes\nimap_server = imap.example.com\nimap_port = 993\nimap_encryption = ssl\n"
SMTP = "smtp = yes\nsmtp_server = smtp.%d\nsmtp_port = 587\nsmtp_encryption = starttls\n"


def read(text: str) -> ImportResult:
    """Read a file."""
    return read_automx1(text, name="automx.conf")


def served(found: ImportResult) -> dict[str, list[str]]:
    """Return the hosts of each domain."""
    return {
        domain.pattern.text: [
            one.endpoint.host for one in domain.services if isinstance(one.endpoint, HostEndpoint)
        ]
        for domain in found.catalog.domains
    }


def test_global() -> None:
    """The domains of [automx] get the settings of [global], with macros as placeholders."""
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
    """A section sets its domain: its own settings over those of [DEFAULT], or those of [global]."""
    own = "[example.com]\nbackend = static_append\nimap_server = other.example.com\n"
    text = f"{HEAD}[DEFAULT]\n{IMAP}[global]\nbackend = static\n{own}[example.net]\nbackend=global"

    assert served(read(text)) == {
        "example.com": ["other.example.com"],
        "example.net": ["imap.example.com"],
    }


def test_all_domains() -> None:
    """`domains = *` serves domains with a section by that section, all others by [global]."""
    text = "[automx]\nprovider = a.example\ndomains = *\n[global]\nbackend = static\n"
    found = read(f"{text}{IMAP}[example.com]\nbackend = static\n{SMTP}")

    assert served(found) == {"example.com": ["smtp.%EMAILDOMAIN%"], "*": ["imap.example.com"]}


POP = "pop = yes\npop_server = p.example\n"
POP3 = f"{POP}pop_auth = plaintext\npop_port = 995\npop_encryption = ssl\n"
LEFT_OUT = [
    # keys of [global] after IMAP, the line and the note
    ("host = ldap://x\n", "line 10: [global] host: Waypost has no such setting"),
    (
        "sign_mobileconfig = yes\n",
        "sign_mobileconfig: sign profiles with the settings profile_cert",
    ),
    ("display_name = %s\n", "line 10: [global] display_name: Waypost takes the name of a user"),
    ("server_name = x\n", "line 10: [global] server_name: Waypost sends only the URL"),
    ("server_url = x\n", "line 10: [global] server_url: must be an absolute URL"),
    ("action = redirect\n", "line 10: [global] action: Waypost has no such"),
    ("imap_refresh_ttl = 6\n", "line 10: [global] imap_refresh_ttl: Waypost has one"),
    ("imap_expiration_date = x\n", "line 10: [global] imap_expiration_date: Waypost's answers"),
    ("imap_domain_name = x\n", "line 10: [global] imap_domain_name: Waypost sends clients the"),
    (
        "imap_auth_identity = a\u00adb\n",
        "imap_auth_identity: contains the invisible character U+00AD",
    ),
    ("imap_auth_identity = ${uid}\n", "imap_auth_identity: uses a variable from LDAP, SQL"),
    ("account_name = ${company}\n", "account_name: uses a variable from LDAP, SQL"),
    (f"account_name_short = {'x' * 40}\n", "account_name_short: was cut to 32 characters"),
    (f"account_name_short = {'x' * 28} %d\n", "account_name_short: was cut to 32 characters"),
    ("pop = yes\npop_server = ${host}\n", "pop_server: uses a variable from LDAP"),
    ("pop = yes\n", "pop_server: is missing or empty; the service is left out"),
    ("pop = yes\npop_server =\n", "pop_server: is missing or empty; the service is left out"),
    (f"{POP}pop_port = x\n", "pop_port: must be a number from 1"),
    (f"{POP}pop_auth = smtp-after-pop\n", "pop_auth: 'smtp-after-pop' must be one of plaintext"),
    ("pop = no\npop_server = p.example\n", "[global] pop: is 'no', not one of 1 y yes t true on"),
    ("pop = yes ; x\npop_server = p.example\n", "[global] pop: is 'yes ; x', not one of 1 y yes t"),
    ("follow = absent\n", "[global] follow: there is no section [absent]"),
    ("follow = %u\n", "[global] follow: refers to another section for each user"),
    ("follow = global\n", "[global] follow: forms a loop back to [global]"),
    ("follow = x\n[x]\nbackend = ldap\n", "line 12: [x] backend: ldap is not static or global"),
    (
        "[x.example]\nbackend = ldap\n",
        "line 10: [x.example]: the key domains of [automx] does not list",
    ),
    ("[example.com]\nbackend = ldap\nhost = x\n", "line 11: [example.com] backend: ldap is not"),
    ("[example.com]\nbackend = Static\n", "line 11: [example.com] backend: Static is not static"),
    ("[example.com]\nimap = yes\n", "[example.com] backend: is missing; automx serves"),
    ("[example.com]\nbackend = global\nimap_port = 1\n", "imap_port: backend = global uses no"),
    ("[not a domain]\nbackend = global\n", "'not a domain' is not a domain"),
]


@pytest.mark.parametrize(("more", "said"), LEFT_OUT)
def test_left_out_keys_are_listed(more: str, said: str) -> None:
    """What cannot be imported is listed with file, line, section and key; the rest is read."""
    found = read(f"{HEAD}[global]\nbackend = static\n{IMAP}{more}")

    assert [note for note in map(str, found.left_out) if said in note], found.left_out
    assert all(str(note).startswith("automx.conf: line ") for note in found.left_out)
    assert "example.net" in served(found)


def test_memcache_is_listed() -> None:
    """Settings of the service itself are listed."""
    text = HEAD.replace("domains", "memcache = 127.0.0.1:11211\ndomains")
    found = read(f"{text}[global]\nbackend = static\n{IMAP}")

    assert [str(one) for one in found.left_out] == [
        "automx.conf: line 3: [automx] memcache: Waypost has its own settings"
    ]


PLAIN = "pop_auth = plaintext\n"
WARNED = [
    # keys of [global] after IMAP, port and security of POP3, warning
    (
        f"{POP}{PLAIN}pop_port = 110\npop_encryption = none\n",
        (110, Security.NONE),
        "line 15: [global] pop_encryption: is none: passwords and mail can be read on the network",
    ),
    (
        f"{POP}{PLAIN}pop_port = 995\npop_encryption = none\n",
        (995, Security.TLS),
        "pop_encryption: port 995 starts with TLS, so none became tls",
    ),
    (
        f"{POP}{PLAIN}pop_port = 110\npop_encryption = ssl\n",
        (110, Security.TLS),
        "pop_encryption: port 110 usually starts without TLS; check that tls",
    ),
    (
        f"{POP}{PLAIN}pop_port = 995\npop_encryption = tls\n",
        (995, Security.TLS),
        "'tls' is not ssl, starttls or none; imported as tls because of port 995",
    ),
    (
        f"{POP}{PLAIN}pop_port = 110\npop_encryption = auto\n",
        (110, Security.STARTTLS),
        "is auto, so automx sends no protection to most clients; imported as starttls",
    ),
    (
        f"{POP}{PLAIN}pop_port = 110\n",
        (110, Security.STARTTLS),
        "line 11: [global] pop_encryption: is missing, so automx sends none to clients; impor",
    ),
    (
        f"{POP}{PLAIN}pop_encryption = ssl\n",
        (995, Security.TLS),
        "line 11: [global] pop_port: is missing, so automx sends none to clients; imported as 995",
    ),
    (
        f"{POP}pop_port = 995\npop_encryption = ssl\n",
        (995, Security.TLS),
        "line 11: [global] pop_auth: is missing, so automx sends no method; imported as pass",
    ),
    (
        f"{POP}pop_port = 995\npop_encryption = ssl\npop_auth = plain\n",
        (995, Security.TLS),
        "line 15: [global] pop_auth: automx does not know 'plain' and sends no method; imported as",
    ),
    (
        f"{POP3}pop_auth_identity = shared\n",
        (995, Security.TLS),
        "line 16: [global] pop_auth_identity: 'shared' is the login name of all users",
    ),
    (
        f"{POP3}pop_auth_identity =\n",
        (995, Security.TLS),
        "pop_auth_identity: is empty; clients ask for the login name",
    ),
]


@pytest.mark.parametrize(("more", "port_and_security", "said"), WARNED)
def test_warnings_of_unusual_keys(
    more: str, port_and_security: tuple[int, Security], said: str
) -> None:
    """A missing or unusual key gets a warning with its line, and the service is kept."""
    found = read(f"{HEAD}[global]\nbackend = static\n{IMAP}imap_auth = plaintext\n{more}")

    (pop3,) = (one for one in found.catalog.domains[0].services if one.type is ServiceType.POP3)
    assert isinstance(pop3.endpoint, HostEndpoint)
    assert (pop3.endpoint.port, pop3.endpoint.security) == port_and_security
    assert [one for one in map(str, found.warnings) if said in one], found.warnings


DOMAINS = [
    # domains of [automx], served domains, note on what is left out, warning
    ("example.com", ["example.com"], "", ""),
    ("Example.COM, example.net", ["example.com", "example.net"], "", ""),
    ("*", ["*"], "", ""),
    ("* , example.com", ["*", "example.com"], "", ""),
    ("example.com, *", ["example.com"], "* is not the first entry", ""),
    ("example.com *.example.net", ["example.com"], "'*.example.net' is not a domain", ""),
    (
        "example.com,example.net",
        ["example.com", "example.net"],
        "",
        "does not answer for example.n",
    ),
    ("example.com,", ["example.com"], "", "does not answer for example.com, which"),
    ("a..b b.example", ["b.example"], "'a..b' is not a domain", ""),
    ("b\u00fccher.example", ["xn--bcher-kva.example"], "", ""),
]


@pytest.mark.parametrize(("domains", "served_domains", "left_out", "warned"), DOMAINS)
def test_domains(domains: str, served_domains: list[str], left_out: str, warned: str) -> None:
    """`domains` is read as automx reads it; what automx misses at a comma gets a warning."""
    found = read(
        f"[automx]\nprovider = a.example\ndomains = {domains}\n[global]\nbackend=static\n{IMAP}"
    )

    assert sorted(served(found)) == sorted(served_domains)
    for notes, said in ((found.left_out, left_out), (found.warnings, warned)):
        odd = [str(one) for one in notes if "domains" in one.what]
        assert bool(odd) == bool(said)
        assert not said or [one for one in odd if said in one]


@pytest.mark.parametrize("key", ["provider", "domains"])
def test_missing_global_keys(key: str) -> None:
    """A file with which automx answers no client is imported with a warning."""
    head = "".join(line for line in HEAD.splitlines(keepends=True) if not line.startswith(key))
    found = read(f"{head}[example.com]\nbackend = static\n{IMAP}")

    assert served(found) == {"example.com": ["imap.example.com"]}
    assert f"[automx] {key}: is missing; automx answers no client" in str(found.warnings[0])


def test_names_become_placeholders() -> None:
    """Macros in names become placeholders, which are complete even in a shortened name."""
    names = f"account_name = %s at %d\naccount_name_short = {'x' * 28} %d\n"
    (first, _) = read(f"{HEAD}[global]\nbackend=static\n{names}{IMAP}").catalog.domains

    assert first.provider.name == "%EMAILADDRESS% at %EMAILDOMAIN%"
    assert first.provider.short_name == "x" * 28


@pytest.mark.parametrize(("word", "required"), [("Y", True), ("no", False), ("required", False)])
def test_domain_required(word: str, required: bool) -> None:
    """`_domain_required` is imported, with automx's words for yes."""
    found = read(f"{HEAD}[global]\nbackend=static\n{IMAP}imap_domain_required = {word}\n")

    assert found.catalog.domains[0].services[0].domain_required is required
    assert found.left_out == ()


def test_activesync() -> None:
    """`server_url`, which automx sends to phones, becomes a service for ActiveSync."""
    found = read(f"{HEAD}[global]\nbackend=static\n{IMAP}server_url = https://e.%d/eas\n")

    _, service = found.catalog.domains[0].services
    assert service.type is ServiceType.ACTIVESYNC
    assert service.endpoint == UrlEndpoint("https://e.%EMAILDOMAIN%/eas")


def test_follow_by_domain() -> None:
    """A section whose name contains the domain is followed for each domain."""
    more = f"[more.example.com]\nbackend = static\n{SMTP}[more.example.net]\nbackend = static\n"
    text = f"{HEAD}[global]\nbackend = static\nfollow = more.%d\n{IMAP}{more}"

    assert served(read(text)) == {
        "example.com": ["imap.example.com", "smtp.%EMAILDOMAIN%"],
        "example.net": ["imap.example.com"],
    }


BAD = [
    ("", "there is no section [automx]"),
    ("[global]\nbackend = static\n", "there is no section [automx]"),
    ("key = value\n", "not an INI file"),
    ("[automx\n", "not an INI file"),
    ("[automx]\nno value here\n", "not an INI file"),
    (HEAD, "no domain can be served; left out: automx.conf: line 3: [automx] domains: exam"),
    (f"{HEAD}[global]\n{IMAP}", "[global] backend: is missing; automx serves nothing"),
    (f"{HEAD}[global]\nbackend = sql\n", "[global] backend: sql is not static"),
    (f"{HEAD}[global]\nbackend = static\n", "[global]: Waypost can serve none of its services"),
    (f"[automx]\n[global]\nbackend = static\n{IMAP}", "[global]: no domain uses it"),
    ("<clientConfig/>", "not an INI file"),
]


def test_long_chain_of_sections() -> None:
    """A chain of sections that is too long is cut, and a note says so."""
    chain = "".join(f"[s{n}]\nbackend = static\nfollow = s{n + 1}\n" for n in range(3000))
    found = read(f"{HEAD}[global]\nbackend = static\n{IMAP}{SMTP}follow = s0\n{chain}")
    assert list(served(found)) == ["example.com", "example.net"]
    assert "more than 100 sections follow each other" in str(found.left_out)


def test_many_sections() -> None:
    """The time to read a file grows with its length, not with the square of its length."""
    names = [f"d{number}.example" for number in range(4000)]
    own = f"backend = static\n{IMAP}{SMTP}"
    sections = "".join(f"[{name}]\n{own}" for name in names)
    started = time.process_time()
    found = read(f"[automx]\nprovider = p\ndomains = {' '.join(names)}\n{sections}")
    assert time.process_time() - started < 12  # 2 s now; more than 30 s before.
    assert len(found.catalog.domains) == len(names)


@pytest.mark.parametrize(("text", "said"), BAD)
def test_bad_files(text: str, said: str) -> None:
    """A file of another kind, or with nothing to serve, is refused with the reason."""
    with pytest.raises(ProvidersError) as caught:
        read(text)

    (problem,) = caught.value.problems
    assert problem.startswith("automx.conf: ")
    assert said in problem


@given(st.text(max_size=100), st.text(alphabet="%${}sudx.", max_size=20))
def test_any_text(text: str, macro: str) -> None:
    """Any file returns providers, or raises an error that shows what is wrong."""
    for one in (text, f"{HEAD}[global]\nbackend=static\n{IMAP}imap_auth_identity={macro}\n{text}"):
        try:
            found = read(one)
        except ProvidersError:
            continue
        assert found.catalog.domains
