"""What `waypost serve` serves, to whom, and what is not right, as far as the start shows it.

The rest shows only in requests: a web server whose headers are not trusted, or that sends a wrong
scheme. The workers log each of these once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from waypost.cli.output import quantity
from waypost.settings import Settings, lacks_database
from waypost.settings.admin import admin_pages_url
from waypost.wiring.links import redirect_uri

_ANY_PROXY: Final = "listen on 127.0.0.1 or on unix_socket, or set trusted_proxies"


@dataclass(frozen=True, slots=True)
class SetupProblem:
    """Something that is probably not as the operator wants it.

    Attributes:
        reason: what is not right, and the effect.
        fix: what to do.
    """

    reason: str
    fix: str

    def __str__(self) -> str:
        """Return one line for people."""
        return f"{self.reason}; {self.fix}" if self.fix else self.reason


@dataclass(frozen=True, slots=True)
class ServeSummary:
    """The state of a server at its start.

    Attributes:
        facts: the parts in order, each with a short name.
        problems: what is not right.
    """

    facts: Mapping[str, str]
    problems: tuple[SetupProblem, ...]


def summarize(
    settings: Settings,
    *,
    domains: int | None,
    source: str,
    port: int | None,
    warnings: tuple[str, ...] = (),
) -> ServeSummary:
    """Return the state of a server.

    Args:
        settings: all options.
        domains: how many domains and patterns a file has; None if a database has them.
        source: where the domains are from, without a password.
        port: the TCP port; None for a Unix socket.
        warnings: about certificates for profiles and about missing libraries.
    """
    count = "" if domains is None else f"{quantity(domains, 'domain')} from "
    facts = {
        "serves": f"{count}{source}",
        "listens": _listener(settings, port),
        "clients": _clients(settings),
        "forwarding_headers": _trusted(settings),
        "public_url": settings.public_url or "https://autodiscover.DOMAIN for each domain",
        **_sign_in(settings),
        "admin": _admin(settings),
        "metrics": _url(settings.metrics_listen, "/metrics"),
    }
    found = (*_problems(settings), *_openid_problems(settings))
    problems = (*found, *(_of_warning(text) for text in warnings))
    return ServeSummary(facts, problems)


def summary_lines(summary: ServeSummary) -> Iterator[str]:
    """Yield the block for a terminal."""
    width = max(map(len, summary.facts)) + 2
    for name, text in summary.facts.items():
        yield f"  {name.replace('_', ' '):<{width}}{text}"
    for problem in summary.problems:
        yield f"  {'not right':<{width}}{problem}"


def _listener(settings: Settings, port: int | None) -> str:
    workers = quantity(settings.workers, "worker")
    if settings.unix_socket is not None:
        return f"{settings.unix_socket}, {workers}"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{settings.port if port is None else port}, {workers}"


def _clients(settings: Settings) -> str:
    if settings.unix_socket is not None:
        return "programs of this machine that can open the socket, such as a web server"
    if is_local(settings.host):
        return "programs of this machine, such as a web server that passes on other requests"
    return f"all machines that can reach {settings.host}"


def _trusted(settings: Settings) -> str:
    if settings.proxy_count:
        return f"trusted from {quantity(settings.proxy_count, 'proxy', 'proxies')}"
    if settings.trusted_proxies:
        return f"trusted from {', '.join(map(str, settings.trusted_proxies))}"
    return "ignored"


def _sign_in(settings: Settings) -> Mapping[str, str]:
    """Return what people who sign in to set up their devices use; nothing if that is disabled."""
    if settings.sign_in is None and settings.sign_in_oidc_issuer is None:
        return {}
    page = f"{settings.public_url or 'https://autodiscover.DOMAIN'}/sign-in"
    if settings.sign_in_oidc_issuer is None or settings.public_url is None:
        return {"sign_in": page}
    uri = redirect_uri(settings.public_url)
    return {"sign_in": f"{page} (redirect URI for {settings.sign_in_oidc_issuer}: {uri})"}


def _admin(settings: Settings) -> str:
    if not settings.admin_port:
        return "disabled"
    how = "sign in with the link of `waypost admin link`"
    # Otherwise `waypost serve` has created the database before.
    if settings.uses_providers_file and lacks_database(settings, Path.cwd()):
        how = "sign-in needs a database: `waypost db upgrade`"
    return f"{admin_pages_url(settings)}/admin/ ({how})"


def _url(place: str | None, path: str) -> str:
    return "disabled" if place is None else f"http://{place}{path}"


def is_local(host: str) -> bool:
    """Return whether only programs of this machine reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _problems(settings: Settings) -> Iterator[SetupProblem]:
    if settings.demo:
        return
    has_trust = bool(settings.proxy_count or settings.trusted_proxies)
    is_own = settings.unix_socket is not None or is_local(settings.host)
    if settings.public_url is None:
        yield SetupProblem(
            "public_url is not set: answers for Outlook name https://autodiscover.DOMAIN, which "
            "needs a certificate for each domain, and `waypost show dns` leaves out the names of "
            "Waypost",
            "set public_url to the https URL where clients reach Waypost",
        )
    if is_own and not has_trust:
        yield SetupProblem(
            "no proxy is trusted: the headers of a web server in front, with the scheme and the "
            "client, are ignored",
            "set proxy_count = 1 if there is one web server in front",
        )
    if not is_own and not has_trust:
        yield SetupProblem(
            "clients of other machines use plain http here, and most clients need https",
            "put a web server with a certificate in front, and listen on 127.0.0.1",
        )
    if not is_own and settings.proxy_count:
        yield SetupProblem(
            f"every client that reaches {settings.host} directly can forge the headers of a proxy",
            _ANY_PROXY,
        )
    if _trusts_nobody(settings):
        yield SetupProblem(
            f"trusted_proxies has no address of this machine, but only this machine reaches "
            f"{settings.host}: no headers are trusted",
            'set trusted_proxies = ["127.0.0.0/8", "::1/128"]',
        )


def _openid_problems(settings: Settings) -> Iterator[SetupProblem]:
    if settings.sign_in_oidc_issuer is not None and settings.sign_in_oidc_client_secret is None:
        yield SetupProblem(
            "sign_in_oidc_client_secret is not set: the OpenID provider answers only if "
            f"{settings.sign_in_oidc_client_id} is a public client",
            "make it a confidential client, and set sign_in_oidc_client_secret",
        )


def _trusts_nobody(settings: Settings) -> bool:
    """Return whether no peer of a loopback listener is in the trusted networks."""
    if settings.unix_socket is not None or not settings.trusted_proxies:
        return False
    if not is_local(settings.host):
        return False
    return not any(
        network.is_loopback or network.prefixlen == 0 for network in settings.trusted_proxies
    )


def _of_warning(text: str) -> SetupProblem:
    reason, _, fix = text.partition("; ")
    return SetupProblem(reason, fix)
