"""What `waypost serve` says at its start: what it serves, to whom, and what is not right."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.cli.serve.test_serve import AUTOCONFIG, events, serving
from tests.profiles.making import signing
from tests.servers.patience import wait_for_log
from waypost.cli.serve_summary import ServeSummary, summarize, summary_lines
from waypost.settings import load_from_process

PROVIDERS = """[[provider]]
name = "Own"
domains = ["own.example", "*.own.example"]
services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]
"""
URL = "https://autoconfig.example.com"
RIGHT = {"public_url": URL, "proxy_count": 1}


def summary_of(home: Path, **options: object) -> ServeSummary:
    """Return the summary of a server with these options."""
    assert home.is_dir()
    settings = load_from_process(options).settings
    return summarize(settings, domains=2, source="mail.toml", port=4243)


OPENID = RIGHT | {
    "sign_in_oidc_issuer": "https://login.example.com",
    "sign_in_oidc_client_id": "waypost-setup",
    "sign_in_oidc_client_secret": "not-in-the-log",
    "link_key": "k" * 32,
}

PROBLEMS: list[tuple[Mapping[str, Any], list[str]]] = [
    # options, the beginning of each problem
    (RIGHT, []),
    ({"public_url": URL, "trusted_proxies": ["127.0.0.0/8"]}, []),
    ({"public_url": URL, "trusted_proxies": ["0.0.0.0/0"]}, []),
    (RIGHT | {"unix_socket": "/run/waypost/waypost.sock"}, []),
    ({"proxy_count": 1}, ["public_url is not set"]),
    ({"public_url": URL}, ["no proxy is trusted"]),
    ({"public_url": URL, "unix_socket": "/run/waypost/x.sock"}, ["no proxy is trusted"]),
    ({"public_url": URL, "host": "::1"}, ["no proxy is trusted"]),
    ({"public_url": URL, "host": "localhost"}, ["no proxy is trusted"]),
    ({"public_url": URL, "host": "0.0.0.0"}, ["clients of other machines use plain http"]),
    ({"public_url": URL, "host": "::"}, ["clients of other machines use plain http"]),
    (RIGHT | {"host": "192.0.2.1"}, ["every client that reaches 192.0.2.1 directly can forge"]),
    (
        {"public_url": URL, "trusted_proxies": ["192.0.2.0/24"]},
        ["trusted_proxies has no address of this machine"],
    ),
    ({"public_url": URL, "host": "192.0.2.1", "trusted_proxies": ["192.0.2.0/24"]}, []),
    ({"demo": True}, []),
    (OPENID, []),
    (OPENID | {"sign_in_oidc_client_secret": None}, ["sign_in_oidc_client_secret is not set"]),
]


@pytest.mark.parametrize(("options", "problems"), PROBLEMS)
def test_problems(home: Path, options: Mapping[str, Any], problems: list[str]) -> None:
    """Each option that is probably wrong is named with its effect and its fix."""
    found = summary_of(home, **options).problems
    assert len(found) == len(problems), found
    for problem, start in zip(found, problems, strict=True):
        assert problem.reason.startswith(start)
        assert problem.fix


FACTS: list[tuple[Mapping[str, Any], str, str]] = [
    # options, fact, its text
    ({}, "serves", "2 domains from mail.toml"),
    ({}, "listens", "http://127.0.0.1:4243, 1 worker"),
    ({"host": "::1", "workers": 3}, "listens", "http://[::1]:4243, 3 workers"),
    ({"unix_socket": "/run/w.sock"}, "listens", "/run/w.sock, 1 worker"),
    ({"unix_socket": "/run/w.sock"}, "clients", "programs of this machine that can open"),
    ({}, "clients", "programs of this machine, such as a web server"),
    ({"host": "192.0.2.1"}, "clients", "all machines that can reach 192.0.2.1"),
    ({}, "forwarding_headers", "ignored"),
    ({"proxy_count": 2}, "forwarding_headers", "trusted from 2 proxies"),
    ({"trusted_proxies": ["::1/128"]}, "forwarding_headers", "trusted from ::1/128"),
    ({"public_url": URL}, "public_url", URL),
    ({}, "public_url", "https://autodiscover.DOMAIN for each domain"),
    (
        {},
        "admin",
        "http://127.0.0.1:4244/admin/ (sign in with the link of `waypost admin link`)",
    ),
    ({"admin_port": 0}, "admin", "disabled"),
    (RIGHT | {"sign_in": "imap"}, "sign_in", f"{URL}/sign-in"),
    ({"sign_in": "imap"}, "sign_in", "https://autodiscover.DOMAIN/sign-in"),
    (
        OPENID,
        "sign_in",
        f"{URL}/sign-in (redirect URI for https://login.example.com: {URL}/sign-in/oidc/callback)",
    ),
    ({}, "metrics", "disabled"),
    ({"metrics_listen": "[::1]:9243"}, "metrics", "http://[::1]:9243/metrics"),
]


@pytest.mark.parametrize(("options", "fact", "text"), FACTS)
def test_facts(home: Path, options: Mapping[str, Any], fact: str, text: str) -> None:
    """The summary names the source, the listeners, the clients and the trusted proxies."""
    summary = summary_of(home, **options)
    assert summary.facts[fact].startswith(text)
    lines = list(summary_lines(summary))
    assert any(line.strip().startswith(fact.replace("_", " ")) and text in line for line in lines)


def test_sign_in_is_not_named_if_disabled(home: Path) -> None:
    """Without a way to sign in, the summary has no line about it."""
    assert "sign_in" not in summary_of(home).facts


NEEDS: Final = "(sign-in needs a database: `waypost db upgrade`)"
LINK: Final = "(sign in with the link of `waypost admin link`)"
SIGN_INS: list[tuple[Mapping[str, Any], str]] = [
    # options, how operators sign in
    ({}, LINK),  # `waypost serve` has created this database before.
    ({"demo": True}, NEEDS),
    ({"providers": "mail.toml"}, NEEDS),
    ({"demo": True, "db_uri": "sqlite://"}, NEEDS),
    ({"demo": True, "db_uri": "sqlite:///other.sqlite"}, NEEDS),
    ({"demo": True, "db_uri": "sqlite:///here.sqlite"}, LINK),
    ({"demo": True, "db_uri": "sqlite+pysqlite:///here.sqlite?timeout=1"}, LINK),
    ({"demo": True, "db_uri": "postgresql://db.example/waypost"}, LINK),
]


@pytest.mark.parametrize(("options", "text"), SIGN_INS)
def test_sign_in_of_operators(home: Path, options: Mapping[str, Any], text: str) -> None:
    """If the domains are not in a database and there is none, the summary says how to create it."""
    (home / "here.sqlite").touch()
    assert summary_of(home, **options).facts["admin"].endswith(text)


def test_json(home: Path) -> None:
    """In the log in JSON, the summary is one line, and each problem is a warning with its fix."""
    (home / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    made = signing(home / "keys", days=(-1, 3))
    with serving(home, "--providers", "mail.toml", *made.flags) as server:
        lines = events(server.log)
    (serves,) = [line for line in lines if line["event"] == "serving"]
    assert serves["serves"] == f"2 domains from {home}/mail.toml"
    assert serves["listens"] == f"{server.place}, 1 worker"
    problems = [line for line in lines if line["event"] == "check the setup"]
    assert {line["level"] for line in problems} == {"warning"}
    assert [line["reason"].partition(":")[0] for line in problems] == [
        "public_url is not set",
        "no proxy is trusted",
        "profile_cert",
    ]
    assert all(line["fix"] for line in problems)


def test_terminal(home: Path) -> None:
    """For people, the summary is a block after the listener, and before the URLs to try."""
    (home / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    flags = ("--providers", "mail.toml", "--log-format", "console")
    with serving(home, *flags) as server:
        text = server.log.read_text()
    assert text.index("listening") < text.index("  serves  ") < text.index("Try:")
    assert text.count("\n  not right") == 2
    assert "check the setup" not in text
    with serving(home, *flags, "--loglevel", "warning") as server:
        text = server.log.read_text()
    assert "  serves  " not in text
    assert text.count("check the setup") == 2


def test_password_of_the_database(home: Path) -> None:
    """The summary names a database without its password."""
    uri = f"sqlite:///{home}/a.sqlite?password=hunter2"
    with serving(home, WAYPOST_DB_URI=uri) as server:
        text = server.log.read_text()
    assert "hunter2" not in text
    assert f"the database sqlite:///{home}/a.sqlite" in text


def test_first_request_of_an_untrusted_proxy(home: Path) -> None:
    """The first request with headers of a proxy that is not trusted is logged, with the fix."""
    with serving(home, "--demo") as server:
        for _ in range(3):
            answer = httpx.get(
                f"{server.place}{AUTOCONFIG}alice@example.com",
                headers={"X-Forwarded-For": "192.0.2.1"},
            )
            assert answer.status_code == 200
        text = wait_for_log(server.log, "forwarding headers are ignored")
    (line,) = [line for line in events(server.log) if "forwarding headers" in line["event"]]
    assert text.count("forwarding headers are ignored") == 1
    assert (line["level"], line["peer"]) == ("warning", "127.0.0.1")
    assert line["header"] == "x-forwarded-for"
    assert "proxy_count = 1" in line["fix"]
