"""`waypost directory test` against a real slapd."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost, home, waypost
from tests.directory.serving import providers
from tests.servers.authority import Authority
from tests.servers.slapd import PASSWORD, Slapd

__all__ = ["home", "waypost"]

pytestmark = pytest.mark.servers

STEPS = [
    "domain", "resolve", "connect", "tls", "bind", "base", "search", "entry", "user", "answer",
]  # fmt: skip


def test_steps(waypost: Waypost, tmp_path: Path, server: Slapd, authority: Authority) -> None:
    """The command shows a lookup step by step, up to the client's answer, without secrets."""
    path = providers(tmp_path, server.tls_url, authority)
    asked = ("directory", "test", "several@example.com", "--providers", f"{path}")
    plain, outcome = waypost(*asked), waypost(*asked, "--json")
    shown = json.loads(outcome.out)

    assert (plain.code, outcome.code) == (0, 0), plain.out
    assert [step["name"] for step in shown["steps"]] == STEPS
    assert all(step["ok"] for step in shown["steps"])
    assert shown["user"]["login_name"] == "first.login"
    for part in ("localhost", "(mail=several@example.com)", "mx7.example.com", "TLS"):
        assert part in plain.out
    for text in (plain.out, plain.err, outcome.out, outcome.err):
        assert PASSWORD not in text


FAILING = [
    # address, the mistake, the step that fails, its text
    ("missing@example.com", "", "search", "unknown"),
    ("double@example.com", "", "search", "more than one"),
    ("several@example.com", "ou=missing", "base", "search_base"),
    ("several@example.com", "wrong password", "bind", "bind_password"),
    ("several@example.com", "no authority", "tls", "ca_file"),
]


@pytest.mark.parametrize(("address", "wrong", "step", "said"), FAILING)
def test_step_that_fails(  # noqa: PLR0917 -- four of them are fixtures
    address: str,
    wrong: str,
    step: str,
    said: str,
    waypost: Waypost,
    tmp_path: Path,
    server: Slapd,
    authority: Authority,
) -> None:
    """The output names the step that fails, and the option to check."""
    path = providers(tmp_path, server.tls_url, authority)
    text = path.read_text(encoding="utf-8")
    changes = {
        "ou=missing": ('search_base = "', 'search_base = "ou=missing,'),
        "wrong password": (PASSWORD, "another"),
        "no authority": (f'ca_file = "{authority.certificate}"\n', ""),
    }
    path.write_text(text.replace(*changes.get(wrong, ("", ""))), encoding="utf-8")
    outcome = waypost("directory", "test", address, "--providers", f"{path}", "--json")
    shown = json.loads(outcome.out)

    assert outcome.code == 1
    failed = next(one for one in shown["steps"] if not one["ok"])
    assert failed["name"] == step
    assert said in failed["text"]
