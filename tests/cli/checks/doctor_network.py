"""A domain on real servers: BIND, nginx, Waypost, Dovecot, and all mistakes for tests.

All servers are inside a private network, and all names resolve to 127.0.0.1.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.servers.authority import Authority, KeyPair
from tests.servers.dovecot import dovecot
from tests.servers.named import name_server_of_a_network
from tests.servers.nginx import Site, nginx
from tests.servers.submission import submission
from tests.servers.waypost import zone_of

DOMAIN: Final = "good.example"
HOSTER: Final = "hoster.example"
ALIAS: Final = f"alias.{HOSTER}"
PUBLIC_URL: Final = f"https://waypost.{HOSTER}"
PROVIDERS: Final = """
[[provider]]
name = "Good Mail"
domains = ["good.example"]
services = [
  { type = "imap", host = "imap.good.example" },
  { type = "imap", host = "imap.good.example", port = 143 },
  { type = "smtp", host = "smtp.good.example" },
  { type = "smtp", host = "smtp.good.example", port = 587 },
  { type = "caldav", url = "https://dav.hoster.example/c/" },
]
"""
WEB: Final = tuple(
    f"{label}{DOMAIN}" for label in ("autoconfig.", "autodiscover.", "ua-auto-config.", "")
)
MAIL: Final = (f"imap.{DOMAIN}", f"smtp.{DOMAIN}")
_HOSTS: Final = "".join(f"{host}. 3600 IN A 127.0.0.1\n" for host in (DOMAIN, *MAIL))
_DAYS: Final = (-1.0, 60.0)


def _same(text: str) -> str:
    return text


@dataclass(frozen=True, slots=True)
class Setting:
    """What is there; each default is as it should be.

    Attributes:
        zone: makes the domain's zone from the right one.
        web_names: in the certificate of the web server, as `mail_names` in that of the mail server.
        web_days: from when to when it is valid; `mail_days` the same.
        web_is_trusted: its authority is one that the doctor trusts; `mail_is_trusted` the
            same.
        sites: https sites that proxy to Waypost.
        http_answer: what nginx returns over plain http, or empty if it passes that to Waypost.
        more: other sites.
        has_imap: a Dovecot runs, as `has_smtp` for the submission server.
    """

    zone: Callable[[str], str] = _same
    web_names: Sequence[str] = WEB
    web_days: tuple[float, float] = _DAYS
    mail_names: Sequence[str] = MAIL
    mail_days: tuple[float, float] = _DAYS
    web_is_trusted: bool = True
    mail_is_trusted: bool = True
    sites: Sequence[str] = WEB
    http_answer: str = "301 https://$host$request_uri"
    more: Sequence[Site] = ()
    has_imap: bool = True
    has_smtp: bool = True


@contextmanager
def set_up(
    setting: Setting, folder: Path, authority: Authority, waypost_port: int
) -> Iterator[None]:
    """Run all servers of a setting in the network of this thread.

    Args:
        setting: what is there.
        folder: an empty one.
        authority: whom the doctor trusts.
        waypost_port: of a Waypost with PROVIDERS, in the same network.
    """
    providers = folder / "providers.toml"
    providers.write_text(PROVIDERS, encoding="utf-8")
    keys = folder / "keys"
    keys.mkdir()
    stranger = Authority.create(keys)
    for_web = authority if setting.web_is_trusted else stranger
    for_mail = authority if setting.mail_is_trusted else stranger
    more_names = [site.host for site in setting.more]
    web = for_web.issue(
        f"web-{folder.name}", [*setting.web_names, *more_names], days=setting.web_days
    )
    mail = for_mail.issue(f"mail-{folder.name}", setting.mail_names, days=setting.mail_days)
    with ExitStack() as stack:
        server = stack.enter_context(name_server_of_a_network([DOMAIN, HOSTER]))
        hosts = (f"waypost.{HOSTER}", f"dav.{HOSTER}")
        names = "".join(f"{host}. 3600 IN A 127.0.0.1\n" for host in hosts)
        server.load(HOSTER, f"{names}{ALIAS}. 3600 IN CNAME waypost.{HOSTER}.\n")
        right = zone_of(DOMAIN, folder, providers, public_url=PUBLIC_URL) + _HOSTS
        server.load(DOMAIN, setting.zone(right))
        _serve(stack, setting, folder, (authority, web, mail), waypost_port)
        yield


def _serve(
    stack: ExitStack,
    setting: Setting,
    folder: Path,
    keys: tuple[Authority, KeyPair, KeyPair],
    waypost_port: int,
) -> None:
    authority, web, mail = keys
    sites = [Site("https", host) for host in setting.sites] + list(setting.more)
    sites += [Site("http", host, moved=setting.http_answer) for host in WEB]
    stack.enter_context(nginx(folder, authority, sites, waypost_port=waypost_port, pair=web))
    if setting.has_imap:
        stack.enter_context(dovecot(mail))
    if setting.has_smtp:
        stack.enter_context(submission(mail))
