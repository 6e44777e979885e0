"""The hosts of each domain of providers.toml, which decide how clients can reach Waypost."""

from pathlib import Path

from tests.servers.nginx import Scheme, Site

WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"
AUTODISCOVER = "/autodiscover/autodiscover.xml"
# Documents of other servers, good and bad ones: each folder is the autoconfig host of a domain.
DOCUMENTS = Path(__file__).parent / "documents"
# The database for providers that publish nothing themselves.
DATABASE_HOST = "ispdb.example"
THUNDERBIRD_DATABASE_HOST = "autoconfig.thunderbird.net"
# The mail servers that accept a real login.
MAIL_HOSTS = (
    *("imap.tls.example", "smtp.tls.example", "mail.starttls.example"),
    *("imap.database.example", "smtp.database.example"),
    *("imap.hoster.example", "smtp.hoster.example"),
)
# The target of redirects: a host of another domain, which answers for any address.
_TARGET = "autoconfig.hoster.example"
# The port of the server of calendars and address books, and the host that has only that server.
DAV_PORT = 8008
DAV_HOST = "dav.elsewhere-dav.example"
_SCHEMES: tuple[Scheme, ...] = ("https", "http")


def all_sites(database: Path) -> list[Site]:
    """Return the sites of all tests; `database` is the folder of the replacement database."""
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
        Site("https", "autodiscover.groupware-autodiscover.example"),
        Site("https", "autodiscover.renamed-autodiscover.example"),
        # The public database knows this domain as well.
        Site("https", "autoconfig.useless.example", files=DOCUMENTS / "without-sending"),
        *_redirects(),
        *_of_the_hoster(),
        *_with_calendars(),
    ]
    for domain in (
        "everywhere.example",
        "starttls.example",
        "boxes.example",
        "careful.example",
        "modern.example",
        "choice.example",
        "fetched.example",
        "known.example",
        "strict.example",
        "xn--bcher-kva.example",
        "unserved.example",
        "unknown.example",
        "renamed.example",
        "elsewhere.example",
        "declined.example",
        "groupware.example",
        "hosted-web.example",
        "groupware-draft.example",
        "groupware-digest.example",
        "closed-groupware.example",
    ):
        sites += _everywhere(domain)
    for folder in sorted(DOCUMENTS.iterdir()):
        sites.append(Site("https", f"autoconfig.{folder.name}.example", files=folder))
    # All names exist, but their web servers have no configuration.
    return sites + _everywhere("asked.example", path="/nothing-here")


def _redirects() -> list[Site]:
    """Return hosts that only redirect."""
    sites = [
        Site("https", f"autoconfig.redirected-{status}.example", moved=f"{status} {_to('https')}")
        for status in (301, 302, 307, 308)
    ]
    return [
        *sites,
        Site("https", "redirected-well-known.example", WELL_KNOWN, moved=f"301 {_to('https')}"),
        Site("https", "autoconfig.redirected-to-http.example", moved=f"301 {_to('http')}"),
        Site("http", "autoconfig.redirected-to-https.example", moved=f"301 {_to('https')}"),
        Site("http", "autodiscover.redirected-autodiscover.example", moved=f"302 {_to('https')}"),
        Site("https", "autodiscover.redirected-tls.example", moved=f"302 {_to('https')}"),
    ]


def _to(scheme: Scheme) -> str:
    return f"{scheme}://{_TARGET}$request_uri"


def _of_the_hoster() -> list[Site]:
    """Return the hosts that DNS names: see zones.py."""
    hosts = (
        *("autoconfig.hosted.example", "autodiscover.hosted.example", "waypost.hoster.example"),
        *("autoconfig.in.hoster.example", "mail.by-own-srv.example"),
    )
    return [
        *(Site("https", host) for host in hosts),
        Site("http", "autodiscover.hosted.example"),
        *(Site(scheme, _TARGET) for scheme in _SCHEMES),
    ]


def _with_calendars() -> list[Site]:
    """Return the hosts of calendars and address books, and the hosts that redirect there."""
    here = ("dav-here.example", "mail.dav-by-mail-host.example")
    leading = ("dav-there", "dav-of-each", "dav-by-http", "no-dav")
    return [
        *(_beside_calendars("https", host, "/dav/") for host in here),
        _beside_calendars("https", "dav.dav-at-root.example", "/"),
        *(_beside_calendars(scheme, DAV_HOST, "/", moved="404") for scheme in _SCHEMES),
        *(Site("https", f"{name}.example") for name in leading),
    ]


def _beside_calendars(scheme: Scheme, host: str, path: str, moved: str = "") -> Site:
    """Return a host of calendars that also has well-known URLs: those of Waypost, or none."""
    places = "/.well-known/"
    return Site(scheme, host, places, moved=moved, other_path=path, other_port=DAV_PORT)


def _everywhere(domain: str, path: str = "/") -> list[Site]:
    hosts = (f"autoconfig.{domain}", f"autodiscover.{domain}", domain)
    return [Site(scheme, host, path) for host in hosts for scheme in _SCHEMES]
