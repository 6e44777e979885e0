"""The name of a database in messages: its URI, without what may be a secret."""

import sqlalchemy as sa

from waypost.core.redaction import redact_uri, secrets_of


def display_url(url: sa.URL) -> str:
    """Return the URI of a database without its password, and what may be a secret.

    Its query is left out, too, except for several servers.
    """
    hosts = url.query.get("host", "")
    shown = {} if isinstance(hosts, str) else {"host": hosts}
    return redact_uri(_decoded_text(url.set(query=shown)))


def url_secrets(url: sa.URL) -> frozenset[str]:
    """Return each secret of the URI that a driver may repeat in its messages."""
    secrets = set(secrets_of(_decoded_text(url)))
    # The password as the library splits the URI is a secret, too.
    return frozenset(secrets | {url.password}) if url.password else frozenset(secrets)


def _decoded_text(url: sa.URL) -> str:
    """Return a URI as it was typed, without percent-encoding: a part may be in the wrong place."""
    login = "" if url.username is None else url.username
    if url.password is not None:
        login = f"{login}:{url.password}"
    has_login = url.username is not None or url.password is not None
    host = f"[{url.host}]" if ":" in (url.host or "") else url.host or ""
    port = "" if url.port is None else f":{url.port}"
    path = "" if url.database is None else f"/{url.database}"
    # One name may have several values.
    pairs = [
        f"{name}={value}"
        for name, values in url.query.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    query = f"?{'&'.join(pairs)}" if pairs else ""
    return f"{url.drivername}://{f'{login}@' if has_login else ''}{host}{port}{path}{query}"
