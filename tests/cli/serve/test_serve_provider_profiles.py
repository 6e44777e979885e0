"""A running server whose providers have their own certificates."""

import http.client
import json
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Waypost
from tests.cli.serve.test_serve import Server, serving
from tests.cli.serve.test_serve_reload import all_started, until
from tests.profiles.making import Signing, openssl_verifies, signing
from tests.servers.patience import PATIENCE_SECONDS, wait_for_log
from waypost.cli.main import main

MAIL = 'services = [{ type = "imap", host = "a.example" }, { type = "smtp", host = "b.example" }]\n'


def provider(domain: str, made: Signing | None) -> str:
    """Write a provider with one domain, which is also its name."""
    text = f'[[provider]]\nname = "{domain}"\ndomains = ["{domain}"]\n{MAIL}'
    if made is not None:
        # Relative to the folder of the file.
        cert, key, chain = (f"{path.parent.name}/{path.name}" for path in made.files.paths)
        text += f'[provider.profile]\ncert = "{cert}"\nkey = "{key}"\nchain = "{chain}"\n'
    return text


def ask(server: Server, domain: str) -> tuple[int, bytes]:
    place = server.place.removeprefix("http://")
    with closing(http.client.HTTPConnection(place, timeout=PATIENCE_SECONDS)) as connection:
        connection.request("GET", f"/mobileconfig?emailaddress=alice@{domain}")
        answer = connection.getresponse()
        return answer.status, answer.read()


def signed_by(server: Server, domain: str, root: Path, times: int = 8) -> bool:
    """Return whether all workers sign with this; each connection may reach another one."""
    answers = [ask(server, domain)[1] for _ in range(times)]
    return all(openssl_verifies(answer, root) is not None for answer in answers)


@pytest.mark.rule("mobileconfig-signed-by-its-provider")
@pytest.mark.parametrize("workers", ["1", "2"])
def test_two_providers(home: Path, workers: str) -> None:
    """Each provider has its own certificate, which can be renewed without a restart."""
    first, second, new = (signing(home / name) for name in ("first", "second", "new"))
    file = home / "mail.toml"
    good = provider("a.test", first) + provider("b.test", second) + provider("c.test", None)
    file.write_text(good)
    with serving(
        home, "--providers", "mail.toml", "--workers", workers, "--log-format", "json"
    ) as server:
        all_started(server, int(workers))
        assert signed_by(server, "a.test", first.root)
        assert signed_by(server, "b.test", second.root)
        assert ask(server, "c.test")[1].startswith(b"<?xml")
        for old, source in zip(first.files.paths, new.files.paths, strict=True):
            shutil.copy(source, old)
        until(lambda: signed_by(server, "a.test", new.root), "renewed")
        assert signed_by(server, "b.test", second.root)
        second.files.key.chmod(0o644)
        file.write_text(good + provider("d.test", None))
        until(
            lambda: (
                "providers file rejected; keeping the previous version" in server.log.read_text()
            ),
            "logged",
        )
        assert ask(server, "d.test")[0] == 404, "the previous version is served"
        assert signed_by(server, "b.test", second.root)
        lines = [json.loads(line) for line in server.log.read_text().splitlines() if line[0] == "{"]
        (reason,) = (
            one["reason"]
            for one in lines
            if one["event"] == "providers file rejected; keeping the previous version"
        )
        assert reason.startswith(f'provider "b.test": profile.key: {second.files.key}: can be read')
        second.files.key.chmod(0o600)
        os.kill(server.pid, signal.SIGHUP)
        until(lambda: ask(server, "d.test")[0] == 200, "fixed")


BAD: list[tuple[Callable[[Signing], object], str, str]] = [
    # a change of good files, a part of the error
    (lambda made: made.files.key.chmod(0o644), "key", "can be read by others"),
    (lambda made: made.files.certificate.unlink(), "cert", "cannot be read: No such file"),
]


@pytest.mark.parametrize(("spoil", "key", "said"), BAD)
def test_refused_at_the_start(
    waypost: Waypost, home: Path, spoil: Callable[[Signing], object], key: str, said: str
) -> None:
    """If a provider's files cannot be used, the server does not start, with one line."""
    made = signing(home / "keys")
    spoil(made)
    (home / "mail.toml").write_text(provider("a.test", made))
    outcome = waypost("serve", "--providers", "mail.toml", "--log-format", "json")

    assert outcome.code == 2
    (line,) = (line for line in outcome.err.splitlines() if not line.startswith("{"))
    assert line.startswith(f'error: provider "a.test": profile.{key}: {home}/keys/')
    assert said in line


def test_database(waypost: Waypost, home: Path) -> None:
    """With a database, broken files are logged, and their profiles are refused until a fix."""
    made = signing(home / "keys")
    key = made.files.key.read_bytes()
    made.files.key.write_bytes(b"broken")
    (home / "mail.toml").write_text(provider("a.test", made) + provider("b.test", None))
    environ = {"WAYPOST_DB_URI": "sqlite:///mail.sqlite", "WAYPOST_CACHE_TTL": "0"}
    assert waypost("apply", "mail.toml", "--db-uri", environ["WAYPOST_DB_URI"]).code == 0
    exported = waypost("export", "--db-uri", environ["WAYPOST_DB_URI"])
    assert f'profile = {{ cert = "{made.files.certificate}", key = ' in exported.out
    with serving(home, "--log-format", "json", **environ) as server:
        assert (
            '"event": "profiles cannot be signed; requests for them are refused"'
            in server.log.read_text()
        )
        assert [ask(server, "a.test")[0] for _ in range(3)] == [503] * 3
        assert ask(server, "b.test")[1].startswith(b"<?xml")
        text = wait_for_log(server.log, "signing unavailable; profile request refused")
        assert text.count('"event": "signing unavailable; profile request refused"') == 1
        assert text.count('provider \\"a.test\\": profile.key: ') >= 1
        made.files.key.write_bytes(key)
        until(lambda: ask(server, "a.test")[0] == 200, "fixed")
        assert signed_by(server, "a.test", made.root)
        (home / "mail.toml").write_text(provider("a.test", None) + provider("b.test", made))
        assert waypost("apply", "mail.toml", "--db-uri", environ["WAYPOST_DB_URI"]).code == 0
        assert ask(server, "a.test")[1].startswith(b"<?xml")
        assert signed_by(server, "b.test", made.root)


def test_show(waypost: Waypost, home: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """`show mobileconfig` signs in the same way as the server, and prints mistakes."""
    made, general = signing(home / "own"), signing(home / "general")
    (home / "mail.toml").write_text(provider("a.test", made) + provider("b.test", None))
    (home / "waypost.toml").write_text(
        f'profile_cert = "{general.files.certificate}"\nprofile_key = "{general.files.key}"\n'
        f'profile_chain = "{general.files.chain}"\n'
    )
    for domain, root in (("a.test", made.root), ("b.test", general.root)):
        capsysbinary.readouterr()
        assert main(["show", "mobileconfig", f"a@{domain}", "--providers", "mail.toml"]) == 0
        assert openssl_verifies(capsysbinary.readouterr().out, root) is not None
    made.files.key.chmod(0o644)
    outcome = waypost("show", "mobileconfig", "alice@a.test", "--providers", "mail.toml")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(f'error: provider "a.test": profile.key: {made.files.key}: can')
