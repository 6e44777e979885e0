"""The library loads nothing that only a server needs."""

import subprocess
import sys

SERVER_ONLY = {
    *("uvicorn", "uvloop", "httptools", "fastapi", "starlette", "anyio"),
    *("sqlalchemy", "alembic", "sqlite3", "ldap", "psycopg", "pymysql"),
    *("prometheus_client", "structlog", "typer", "click", "rich"),
}
PROGRAM = """
import sys
import waypost.api as api

providers = api.parse_providers(
    '[[provider]]\\nname = "A"\\ndomains = ["example.com"]\\n'
    'services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "a.example" }, '
    '{ type = "activesync", url = "https://eas.example/" }]'
)
config = api.config_for(providers, "alice@example.com")
for render in (api.render_autoconfig, api.render_autodiscover, api.render_activesync,
               api.render_autodiscover_json, api.render_mobileconfig):
    render(config)
api.render_pacc(api.config_for(providers, "example.com"))
api.render_dns(api.dns_records(providers, "example.com"), "terraform")
api.render_outlook_registry()
site = api.responder(providers, public_url="https://setup.example.com", takes_passwords=True)
for method, path, query in {requests}:
    headers = [("Host", "autoconfig.example.com"), ("X-Forwarded-Proto", "https")]
    for scheme in ("http", "https"):
        for known in (True, False):
            site.respond(api.WebRequest(
                method, path, query, headers, b"", scheme, scheme_is_known=known))
print(*sys.modules)
"""
ALICE = b"emailaddress=alice%40example.com"
REQUESTS = [
    ("GET", "/mail/config-v1.1.xml", ALICE),
    ("GET", "/.well-known/caldav", b""),
    ("GET", "/.well-known/user-agent-configuration.json", b""),
    ("GET", "/mobileconfig", ALICE),
    ("POST", "/mobileconfig", b""),
    ("GET", "/mobileconfig", ALICE + b"&redirected=1"),
    ("GET", "/autodiscover/autodiscover.xml", b""),
    ("POST", "/autodiscover/autodiscover.xml", b""),
    ("GET", "/autodiscover/autodiscover.json/v1.0/a@example.com", b"Protocol=ActiveSync"),
    ("GET", "/", ALICE),
    ("GET", "/initdb/", b""),
    ("PUT", "/initdb/", b""),
]


def test_imports() -> None:
    """To import the library, to render each format and to answer each request needs no server."""
    program = PROGRAM.replace("{requests}", repr(REQUESTS))
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], check=True, capture_output=True, text=True
    )
    loaded = {name.partition(".")[0] for name in found.stdout.split()}
    assert "waypost" in loaded
    assert loaded & SERVER_ONLY == set()


def test_import_alone() -> None:
    """The import alone loads neither the page's libraries nor those of signatures and settings."""
    program = "import sys, waypost.api; print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], check=True, capture_output=True, text=True
    )
    loaded = {name.partition(".")[0] for name in found.stdout.split()}
    assert loaded & (SERVER_ONLY | {"jinja2", "segno", "cryptography"}) == set()
