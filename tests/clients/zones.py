"""The DNS zones of the hoster's domains: the output of `waypost show dns`, or a part of it."""

from collections.abc import Callable
from pathlib import Path

from tests.servers.named import Named
from tests.servers.waypost import zone_of

PUBLIC_HOST = "waypost.hoster.example"
# Domains whose hosts are found only by DNS.
BY_DNS = (
    *("hoster.example", "hosted.example", "by-mx.example", "by-mx-below.example"),
    *("by-database-mx.example", "by-srv.example", "by-own-srv.example"),
    *("hosted-web.example", "by-ns.example", "by-records.example"),
    *("dav-by-records.example", "dav-at-root.example"),
)
# Other domains that publish their zone; a client finds their hosts in its hosts file first.
BESIDE_A_LIST = ("everywhere.example", "starttls.example")
# Domains with the name server of the hoster.
_NAME_SERVERS = {"by-ns.example": "ns.hoster.example"}
# The servers at these hosts are in sites.py.
_HOSTER = """
waypost.hoster.example.       3600 IN A 127.0.0.1
autoconfig.hoster.example.    3600 IN A 127.0.0.1
autoconfig.in.hoster.example. 3600 IN A 127.0.0.1
imap.hoster.example.          3600 IN A 127.0.0.1
smtp.hoster.example.          3600 IN A 127.0.0.1
mx.hoster.example.            3600 IN A 127.0.0.1
mx.in.hoster.example.         3600 IN A 127.0.0.1
"""


def is_by_dns(host: str) -> bool:
    """Return whether a host is found only by DNS."""
    return any(host == domain or host.endswith(f".{domain}") for domain in BY_DNS)


def load(server: Named, folder: Path, providers: Path) -> None:
    """Check and load all zones."""

    def shown(domain: str, host: str = PUBLIC_HOST) -> str:
        return zone_of(domain, folder, providers, public_url=f"https://{host}")

    for name, text in _zones(shown).items():
        server.load(name, text, name_server=_NAME_SERVERS.get(name, ""))


def _zones(shown: Callable[..., str]) -> dict[str, str]:
    own_host = "mail.by-own-srv.example"
    return {
        "hoster.example": _HOSTER,
        "hosted.example": shown("hosted.example"),
        # The domain has a web site on the same server.
        "hosted-web.example": shown("hosted-web.example") + _address("hosted-web.example"),
        "everywhere.example": shown("everywhere.example"),
        "starttls.example": shown("starttls.example") + _address("mail.starttls.example"),
        "by-mx.example": "by-mx.example. 3600 IN MX 10 mx.hoster.example.\n",
        "by-mx-below.example": "by-mx-below.example. 3600 IN MX 10 mx.in.hoster.example.\n",
        "by-ns.example": "",
        "by-records.example": _only("_", shown("by-records.example")),
        "dav-by-records.example": _only("_", shown("dav-by-records.example")),
        "dav-at-root.example": _only("_", shown("dav-at-root.example"))
        + _address("dav.dav-at-root.example"),
        # The public database knows this hoster, and Waypost does not.
        "by-database-mx.example": "by-database-mx.example. 3600 IN MX 10 mx.unserved.example.\n",
        "by-srv.example": _only("_autodiscover._tcp", shown("by-srv.example")),
        "by-own-srv.example": _only("_autodiscover._tcp", shown("by-own-srv.example", own_host))
        + _address(own_host),
    }


def _address(host: str) -> str:
    return f"{host}. 3600 IN A 127.0.0.1\n"


def _only(label: str, zone: str) -> str:
    return "".join(f"{line}\n" for line in zone.splitlines() if line.startswith(label))
