"""`waypost hostnames`: the host names that need certificates."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Waypost
from tests.servers.caddy import adapted
from tests.servers.requirements import require
from waypost.cli.hostnames import _format_certbot, _format_traefik

GOLDEN = Path(__file__).parent / "golden" / "hostnames"
PROVIDERS = """
[[provider]]
name = "Own"
domains = ["example.com", "a-b.example", "bücher.example", "*.wild.example"]
services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]

[[provider]]
name = "Other"
domains = ["a.b.example", "*"]
services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]
"""
LEFT_OUT = (
    "warning: 2 patterns are left out: Waypost cannot list the domains that a pattern matches\n"
)


@pytest.fixture(name="mail")
def _mail(home: Path) -> Path:
    path = home / "mail.toml"
    path.write_text(PROVIDERS, encoding="utf-8")
    return path


@pytest.mark.rule("proxies-names")
@pytest.mark.parametrize("form", ["list", "certbot", "lego", "traefik", "caddy"])
def test_each_output_format(waypost: Waypost, mail: Path, form: str) -> None:
    """Each format is equal to its golden file, and what cannot be listed is a warning."""
    outcome = waypost("hostnames", "--format", form, "--providers", mail)
    assert (outcome.code, outcome.err) == (0, LEFT_OUT)
    assert outcome.out == (GOLDEN / f"{form}.txt").read_text(encoding="utf-8")


def test_database_is_the_same(waypost: Waypost, mail: Path, home: Path) -> None:
    """The names of a database are the same as those of the applied file."""
    uri = f"sqlite:///{home}/mail.sqlite"
    assert waypost("apply", mail, "--db-uri", uri).code == 0
    stored = waypost("hostnames", "--db-uri", uri)
    listed = (GOLDEN / "list.txt").read_text(encoding="utf-8")
    assert (stored.code, stored.err) == (0, LEFT_OUT)
    assert sorted(stored.out.split()) == sorted(listed.split())


def test_tls_names_selects_the_host_names(
    waypost: Waypost, mail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`tls_names` selects the listed names, and their order."""
    monkeypatch.setenv("WAYPOST_TLS_NAMES", "apex, mta-sts")
    lines = waypost("hostnames", "--providers", mail).out.splitlines()
    assert lines[:3] == ["mta-sts.example.com", "example.com", "mta-sts.a-b.example"]


TWICE = """
[[provider]]
name = "Own"
domains = [{domains}]
services = [{{ type = "imap", host = "a.example" }}, {{ type = "smtp", host = "b.example" }}]
"""


@pytest.mark.parametrize("turned", [False, True])
def test_domain_that_is_a_host_name_of_another_domain(
    waypost: Waypost, home: Path, monkeypatch: pytest.MonkeyPatch, turned: bool
) -> None:
    """An apex name that another domain also has is listed once, in any order of the domains."""
    monkeypatch.setenv("WAYPOST_TLS_NAMES", "autoconfig, apex")
    domains = ['"example.com"', '"autoconfig.example.com"', '"mail.example.com"']
    text = TWICE.format(domains=", ".join(reversed(domains) if turned else domains))
    (home / "mail.toml").write_text(text, encoding="utf-8")
    lines = waypost("hostnames", "--providers", "mail.toml").out.splitlines()
    assert sorted(lines) == [
        *("autoconfig.autoconfig.example.com", "autoconfig.example.com"),
        *("autoconfig.mail.example.com", "example.com", "mail.example.com"),
    ]
    monkeypatch.setenv("WAYPOST_TLS_NAMES", "autoconfig")
    lines = waypost("hostnames", "--providers", "mail.toml").out.splitlines()
    assert "autoconfig.example.com" in lines


def test_nothing_is_served(waypost: Waypost, home: Path) -> None:
    """Without a domain, each format is empty; Traefik's has no mapping (it refuses empty ones)."""
    (home / "mail.toml").write_text('[[provider]]\nname = "Own"\n', encoding="utf-8")
    for form in ("list", "certbot", "lego", "caddy"):
        outcome = waypost("hostnames", "--format", form, "--providers", "mail.toml")
        assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    text = waypost("hostnames", "--format", "traefik", "--providers", "mail.toml").out
    assert text == "# There is no domain with host names for certificates.\n"
    assert yaml.safe_load(text) is None


@pytest.mark.rule("proxies-names")
def test_traefik_can_read_it() -> None:
    """Each domain has its own router, with its hosts in the rule."""
    routers = yaml.safe_load((GOLDEN / "traefik.txt").read_text(encoding="utf-8"))["http"][
        "routers"
    ]
    assert list(routers) == [
        *("waypost-example-com", "waypost-a--b-example", "waypost-xn----bcher--kva-example"),
        "waypost-a-b-example",
    ]
    for router in routers.values():
        assert router["rule"].count("Host(`") == 3
        assert (router["service"], router["tls"]) == ("waypost", {"certResolver": "waypost"})


@pytest.mark.rule("proxies-names")
@pytest.mark.servers
def test_caddy_can_read_it(tmp_path: Path) -> None:
    """Caddy creates a site for each host of an imported file."""
    require(programs=["caddy"])
    (tmp_path / "waypost-names").write_bytes((GOLDEN / "caddy.txt").read_bytes())
    caddyfile = tmp_path / "Caddyfile"
    caddyfile.write_text(
        "(waypost) {\n\treverse_proxy 127.0.0.1:4243\n}\n\nimport waypost-names\n", encoding="utf-8"
    )
    made = adapted(caddyfile)
    for host in (GOLDEN / "list.txt").read_text(encoding="utf-8").split():
        assert f'"{host}"' in made


def test_output_is_streamed() -> None:
    """A line is written before the next domain is read, so that domains are not kept in memory."""
    from waypost.core.address import DomainName

    asked = []

    def domains() -> Iterator[tuple[DomainName, tuple[str, ...]]]:
        for number in range(1_000_000):
            asked.append(number)
            yield DomainName(f"d{number}.example"), (f"autoconfig.d{number}.example",)

    assert next(_format_certbot(domains())).startswith("--cert-name autoconfig.d0.example ")
    assert asked == [0]
    traefik = _format_traefik(domains())
    assert (next(traefik), "d0" in next(traefik)) == ("http:\n  routers:\n", True)
    assert asked == [0, 0]


def test_external_domains_are_left_out(waypost: Waypost, home: Path) -> None:
    """Domains that come from a directory are left out, with a warning."""
    directory = (
        '[[directory]]\nname = "lender"\nkind = "sql"\n'
        'uri = "postgresql+psycopg://reader@127.0.0.1:1/none"\n'
        'domains_query = "SELECT 1 FROM domain WHERE domain = :domain"\n'
        "[[provider]]\n"
        'name = "Own"\ndomains = ["own.example"]\ndomains_from = "lender"\n'
        'services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]'
    )
    (home / "mail.toml").write_text(directory, encoding="utf-8")
    outcome = waypost("hostnames", "--format", "lego", "--providers", "mail.toml")
    hosts = ("autoconfig.own.example", "autodiscover.own.example", "ua-auto-config.own.example")
    assert outcome.out == " ".join(f"--domains {host}" for host in hosts) + "\n"
    said = "warning: domains from directory lender are left out\n"
    assert (outcome.code, outcome.err) == (0, said)
