"""The DNS records of a domain, the parts that are left out, and the output formats."""

import subprocess
import sys
from dataclasses import replace

import pytest

from tests.formats import dns_forms
from tests.making import EXAMPLE_COM, domain, host_service, url_service
from waypost.core.address import DomainName
from waypost.core.errors import DomainMoved, NoUsableService
from waypost.core.model import ClientConfig, Service
from waypost.formats import dns
from waypost.lookup.lookup import client_config

PUBLIC_URL = "https://waypost.example.net"
SMTP = host_service("smtp", "smtp.example.com")


def config(*found: Service) -> ClientConfig:
    return client_config(domain("example.com", *found), EXAMPLE_COM, None)


def published(*found: Service, public_url: str | None = PUBLIC_URL) -> dict[str, list[str]]:
    shown: dict[str, list[str]] = {}
    for one in dns.records_of(config(*found), public_url).records:
        shown.setdefault(f"{one.name} {one.data.type}", []).append(one.rdata_text())
    return shown


def left_out(*found: Service, public_url: str | None = PUBLIC_URL) -> tuple[str, ...]:
    return dns.records_of(config(*found), public_url).left_out


@pytest.mark.rule(
    "dns-mail-labels", "dns-submissions", "dns-tls-first", "dns-imap-before-pop3", "dns-not-offered"
)
def test_priorities() -> None:
    """Implicit TLS comes first, IMAP before POP3, and missing services have a dot as target."""
    shown = published(
        host_service(port=143, security="starttls", priority=1),
        host_service(),
        host_service("pop3", "pop.example.com"),
        host_service("smtp", "smtp.example.com", 587, "starttls"),
    )

    assert {name.partition(".")[0]: data for name, data in shown.items() if "SRV" in name} == {
        "_autodiscover": ["0 0 443 waypost.example.net."],
        "_imaps": ["0 1 993 imap.example.com."],
        "_imap": ["10 1 143 imap.example.com."],
        "_pop3s": ["20 1 995 pop.example.com."],
        "_pop3": ["0 0 0 ."],
        "_submission": ["0 1 587 smtp.example.com."],
        "_submissions": ["0 0 0 ."],
    }


MOVED = [
    # the redirect, the names with records
    (DomainMoved("", "new.example", None), ["autoconfig", "autodiscover", "_autodiscover._tcp"]),
    (DomainMoved("", None, "https://other.example/x"), ["autodiscover", "_autodiscover._tcp"]),
]


@pytest.mark.parametrize(("moved", "labels"), MOVED)
def test_redirected_domain(moved: DomainMoved, labels: list[str]) -> None:
    """A domain with a redirect publishes only the names that redirect, and no service."""
    shown = dns.redirect_records_of(EXAMPLE_COM, moved, PUBLIC_URL)

    assert [one.name for one in shown.records] == [f"{label}.example.com" for label in labels]
    with pytest.raises(NoUsableService, match="public_url is not set"):
        dns.redirect_records_of(EXAMPLE_COM, moved)


LEFT_OUT = [
    # services, the missing label, the reason
    ([host_service(host="%EMAILLOCALPART%.x.example"), SMTP], "_imaps", "differs from user"),
    ([host_service(host="192.0.2.1"), SMTP], "_imaps", "its host is not a name"),
    ([host_service(host="2001:db8::1"), SMTP], "_imaps", "its host is not a name"),
    (
        [SMTP, url_service(url="https://%EMAILLOCALPART%.x.example/")],
        "_caldavs",
        "differs from user",
    ),
    ([SMTP, url_service(url="https://192.0.2.1/c/")], "_caldavs", "its host is not a name"),
    ([url_service("jmap", "http://jmap.example.com/")], "_jmap", ""),
    (
        [SMTP, host_service("managesieve", "192.0.2.1", security="starttls")],
        "_sieve",
        "its host is not a name",
    ),
]


@pytest.mark.rule("dns-srv-target-is-a-name", "dns-not-offered-only-there")
@pytest.mark.parametrize(("found", "label", "why"), LEFT_OUT)
def test_left_out(found: list[Service], label: str, why: str) -> None:
    """What SRV records cannot express is left out with a reason, and has no dot as target."""
    assert f"{label}._tcp.example.com SRV" not in published(*found)
    assert not why or any(why in line for line in left_out(*found) if "PACC" not in line)


PATHS = [
    # URL, SRV record, TXT record
    ("https://dav.example.com", "0 1 443 dav.example.com.", '"path=/"'),
    ("https://dav.example.com:8443/c/", "0 1 8443 dav.example.com.", '"path=/c/"'),
    ("https://dav.example.com/c/%EMAILADDRESS%/x/", "0 1 443 dav.example.com.", '"path=/c/"'),
    ("https://dav.example.com/c?u=%EMAILADDRESS%", "0 1 443 dav.example.com.", '"path=/c"'),
    ("https://dav.example.com/%22;%5C", "0 1 443 dav.example.com.", '"path=/%22;%5C"'),
    ('https://dav.example.com/"\\', "0 1 443 dav.example.com.", '"path=/\\"\\\\"'),
]


@pytest.mark.rule("dns-dav-labels", "dns-dav-path")
@pytest.mark.parametrize(("url", "srv", "txt"), PATHS)
def test_paths(url: str, srv: str, txt: str) -> None:
    """A calendar has records with its host, its port, and the path that all users share."""
    shown = published(url_service(url=url))

    assert shown["_caldavs._tcp.example.com SRV"] == [srv]
    assert shown["_caldavs._tcp.example.com TXT"] == [txt]


@pytest.mark.rule("dns-dav-labels", "dns-dav-path")
def test_servers_share_one_path() -> None:
    """Several servers share a path; another path is left out, because there is one TXT record."""
    found = [
        url_service(url="https://a.example.com/c/"),
        url_service(url="https://b.example.com/c/"),
        url_service(url="https://c.example.com/other/"),
        url_service(url="http://d.example.com/plain/"),
    ]
    shown = published(*found)

    assert shown["_caldavs._tcp.example.com SRV"] == [
        "0 1 443 a.example.com.",
        "10 1 443 b.example.com.",
    ]
    assert shown["_caldavs._tcp.example.com TXT"] == ['"path=/c/"']
    assert shown["_caldav._tcp.example.com SRV"] == ["0 1 80 d.example.com."]
    (line,) = (line for line in left_out(*found) if "caldav" in line and "PACC" not in line)
    assert line.startswith("caldav at https://c.example.com/other/: ")


@pytest.mark.rule("dns-dav-path")
def test_long_path() -> None:
    """A path that is too long for one string has no TXT record: /.well-known/caldav has it."""
    url = f"https://dav.example.com/{'x' * 250}/"

    assert "_caldavs._tcp.example.com TXT" not in published(url_service(url=url))
    assert any("too long for a TXT record" in line for line in left_out(url_service(url=url)))


PUBLIC_URLS = [
    # public_url, target of the aliases, autodiscover's SRV, mailconf
    (PUBLIC_URL, "waypost.example.net.", "0 0 443 waypost.example.net.", f"{PUBLIC_URL}/v1.1/"),
    (f"{PUBLIC_URL}:8443/", "waypost.example.net.", "0 0 8443", f"{PUBLIC_URL}:8443/v1.1/"),
    (None, None, None, "https://autoconfig.example.com/mail/config-v1.1.xml"),
    ("https://192.0.2.1", None, None, "https://192.0.2.1/v1.1/"),
]


@pytest.mark.rule("dns-client-names", "dns-autodiscover-srv", "dns-mailconf")
@pytest.mark.parametrize(("public_url", "target", "srv", "mailconf"), PUBLIC_URLS)
def test_public_url(
    public_url: str | None, target: str | None, srv: str | None, mailconf: str
) -> None:
    """The names of the protocols are aliases of public_url's host; without it, a line says so."""
    shown = published(public_url=public_url)
    labels = ("autoconfig", "autodiscover", "ua-auto-config")
    aliases = {shown.get(f"{one}.example.com CNAME", [None])[0] for one in labels}

    assert aliases == {target}
    assert (srv is None) is ("_autodiscover._tcp.example.com SRV" not in shown)
    assert shown.get("_autodiscover._tcp.example.com SRV", [""])[0].startswith(srv or "")
    assert shown["example.com TXT"][0].startswith(f'"mailconf={mailconf}')
    assert (target is None) == any("public_url" in one for one in left_out(public_url=public_url))


ACTIVESYNC = url_service("activesync", "https://eas.example.com/Microsoft-Server-ActiveSync")
ANSWERS = [
    # services, labels with an answer
    ((host_service(), SMTP), ["autoconfig", "autodiscover", "ua-auto-config"]),
    ((host_service(port=143, security="starttls"), SMTP), ["autoconfig", "autodiscover"]),
    ((url_service("jmap", "https://jmap.example.com/"),), ["autoconfig", "ua-auto-config"]),
    ((ACTIVESYNC,), ["autoconfig", "autodiscover"]),
    ((url_service("ews", "https://ews.example.com/"),), ["autoconfig", "autodiscover"]),
    ((host_service("managesieve", "sieve.example.com", port=4190, security="starttls"),), []),
    ((url_service("ews", "http://ews.example.com/"),), ["autoconfig"]),
]


@pytest.mark.rule("dns-client-names", "dns-autodiscover-srv")
@pytest.mark.parametrize(("found", "labels"), ANSWERS)
def test_names_that_answer(found: tuple[Service, ...], labels: list[str]) -> None:
    """A name has a record if Waypost has an answer for it, also for phones and Outlook's JSON."""
    shown = published(*found)
    every = ("autoconfig", "autodiscover", "ua-auto-config")

    assert [one for one in every if f"{one}.example.com CNAME" in shown] == labels
    assert ("_autodiscover._tcp.example.com SRV" in shown) is ("autodiscover" in labels)


@pytest.mark.rule("dns-client-names")
def test_no_alias_of_itself() -> None:
    """The host of public_url is no alias of itself."""
    shown = published(public_url="https://autoconfig.example.com")

    assert "autoconfig.example.com CNAME" not in shown
    assert shown["autodiscover.example.com CNAME"] == ["autoconfig.example.com."]


AT_NAMES = [
    host_service(host="autodiscover.example.com"),
    url_service("ews", "https://Autodiscover.example.com./EWS/Exchange.asmx"),
]


@pytest.mark.rule("dns-client-names", "dns-srv-target-own-alias")
@pytest.mark.parametrize("service", AT_NAMES)
def test_no_alias_of_a_service(service: Service) -> None:
    """The host of a service is no alias: SRV records and clients use this name."""
    found = (host_service(), SMTP, service)
    shown = published(*found)

    assert "autodiscover.example.com CNAME" not in shown
    assert shown["autoconfig.example.com CNAME"] == ["waypost.example.net."]
    line = "autodiscover: a service of the domain is at autodiscover.example.com"
    assert line in left_out(*found)


def test_domain_without_records() -> None:
    """A domain without DNS records is refused, with the reasons."""
    for found in ((), (url_service("webdav", "https://dav.example.com/"),)):
        silent = replace(config(), services=found)
        with pytest.raises(NoUsableService, match="has nothing to publish in DNS: autoconfig: "):
            dns.records_of(silent, PUBLIC_URL)


@pytest.mark.rule("dns-long-names")
def test_long_names() -> None:
    """A name that is too long for DNS is left out."""
    name = DomainName.parse(".".join(["x" * 60] * 4))
    found = dns.records_of(client_config(domain(str(name)), name, None), PUBLIC_URL)

    assert "autoconfig: the name would be too long for DNS" in found.left_out
    assert any(one.name == name.ascii for one in found.records)


@pytest.mark.rule("dns-text-strings")
@pytest.mark.parametrize("form", dns.ZONE_FORMATS)
def test_any_text(form: str) -> None:
    """Quotes, backslashes, semicolons, templates and long texts survive in every output format."""
    text = 'a "quoted" \\ text; ${b} %{c} \u00fc ' + "x" * 300
    record = dns.Record("_x.example.com", 60, dns.TxtData(text))
    zone = dns.DnsRecords(EXAMPLE_COM, (record,), ("one\nupdate delete example.com.",))
    body = dns.write(zone, form).decode()

    assert dns_forms.READERS[form](body, "example.com") == {("_x.example.com.", 60, "TXT", text)}
    assert "\nupdate delete example.com.\n" not in body


@pytest.mark.rule("dns-update")
@pytest.mark.parametrize("form", ["terraform", "octodns"])
def test_whole_sets_omit_records_of_the_domain_itself(form: str) -> None:
    """Formats with whole sets omit the TXT records of the domain itself, which has SPF too."""
    body = dns.write(dns.records_of(config(), PUBLIC_URL), form).decode()

    assert '"name": ""' not in body
    assert '"": ' not in body
    assert body.count("mailconf") == body.count("Add to the TXT set of example.com: ") == 1


@pytest.mark.slow
def test_public_listener_does_not_import_dnspython() -> None:
    """A worker of the public listener does not import the library for zones."""
    code = "import sys, waypost.web.public.app; sys.exit('dns' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
