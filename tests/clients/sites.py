"""Which hosts each domain of providers.toml has: how clients can reach Waypost, and how not."""

from pathlib import Path

from tests.servers.nginx import Scheme, Site

WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
AUTODISCOVER = "/autodiscover/autodiscover.xml"
# Documents of other servers, good and bad ones: each folder is that of a domain's autoconfig host.
DOCUMENTS = Path(__file__).parent / "documents"
# Where a client looks for providers that publish nothing themselves.
DATABASE_HOST = "ispdb.example"
THUNDERBIRD_DATABASE_HOST = "autoconfig.thunderbird.net"
# The mail servers where a client can really log in.
MAIL_HOSTS = (
    *("imap.tls.example", "smtp.tls.example", "mail.starttls.example"),
    *("imap.database.example", "smtp.database.example"),
)


def all_sites(database: Path) -> list[Site]:
    """Give the sites of all tests; `database` is the folder of the public database's stand-in."""
    sites = [
        Site("https", DATABASE_HOST, files=database),
        Site("https", THUNDERBIRD_DATABASE_HOST, files=database),
        Site("https", "autoconfig.by-autoconfig.example"),
        Site("https", "by-well-known.example", path=WELL_KNOWN),
        Site("http", "autoconfig.by-http.example"),
        Site("http", "by-http-well-known.example", path=WELL_KNOWN),
        Site("https", "autodiscover.by-autodiscover.example"),
        Site("https", "by-autodiscover-root.example", path=AUTODISCOVER),
        Site("https", "autodiscover.starttls-autodiscover.example"),
        Site("https", "autodiscover.choice-autodiscover.example"),
    ]
    for domain in (
        "everywhere.example",
        "starttls.example",
        "careful.example",
        "modern.example",
        "choice.example",
        "fetched.example",
        "known.example",
        "strict.example",
        "xn--bcher-kva.example",
        "unserved.example",
        "unknown.example",
    ):
        sites += _everywhere(domain)
    for folder in sorted(DOCUMENTS.iterdir()):
        sites.append(Site("https", f"autoconfig.{folder.name}.example", files=folder))
    # Each name is there, but no web server knows anything.
    return sites + _everywhere("asked.example", path="/nothing-here")


def _everywhere(domain: str, path: str = "/") -> list[Site]:
    hosts = (f"autoconfig.{domain}", f"autodiscover.{domain}", domain)
    schemes: tuple[Scheme, ...] = ("https", "http")
    return [Site(scheme, host, path) for host in hosts for scheme in schemes]
