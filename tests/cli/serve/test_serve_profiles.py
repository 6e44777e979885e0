"""A running server that signs profiles, and accepts passwords."""

import http.client
import os
import plistlib
import shutil
import signal
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.cli.conftest import Waypost
from tests.cli.serve.test_serve import Server, serving
from tests.cli.serve.test_serve_reload import all_started, until
from tests.profiles.making import NAME, Signing, openssl_verifies, signing
from tests.servers.patience import PATIENCE_SECONDS
from waypost.settings.profiles import RISKS

PATH = "/mobileconfig?emailaddress=alice@example.com"


def ask(server: Server, method: str = "GET", body: str = "", **headers: str) -> tuple[int, bytes]:
    place = server.place.removeprefix("http://")
    with closing(http.client.HTTPConnection(place, timeout=PATIENCE_SECONDS)) as connection:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, PATH, body or None, sent)
        answer = connection.getresponse()
        return answer.status, answer.read()


def signed_by(server: Server, root: Path, times: int = 8) -> bool:
    """Return whether all workers sign with this; each connection may reach another one."""
    return all(openssl_verifies(ask(server)[1], root) is not None for _ in range(times))


@pytest.mark.parametrize("workers", ["1", "2"])
def test_renewed_without_a_restart(home: Path, workers: str) -> None:
    """New files are used soon, broken ones change nothing and are logged once; SIGHUP reloads."""
    made, new = signing(home / "keys"), signing(home / "new")
    flags = ["--demo", "--workers", workers, "--log-format", "json", *made.flags]
    with serving(home, *flags) as server:
        all_started(server, int(workers))
        status, profile = ask(server)
        content = openssl_verifies(profile, made.root)
        assert status == 200
        assert content is not None
        assert plistlib.loads(content)["PayloadType"] == "Configuration"
        made.files.key.write_bytes(b"broken")
        until(lambda: "profile certificate rejected" in server.log.read_text(), "logged")
        assert signed_by(server, made.root)
        for old, source in zip(made.files.paths, new.files.paths, strict=True):
            shutil.copy(source, old)
        until(lambda: signed_by(server, new.root), "renewed")
        text = server.log.read_text()
        assert text.count("profile certificate rejected") == 1
        assert text.count('"event": "profile certificate loaded"') == 1
        os.kill(server.pid, signal.SIGHUP)
        again = '"event": "profile certificate loaded"'
        until(lambda: server.log.read_text().count(again) == 2, "read again")
        assert signed_by(server, new.root)


BAD: list[tuple[Callable[[Signing], object], str, str]] = [
    # a change of good files, a part of the error
    (lambda made: made.files.key.chmod(0o644), "profile_key: ", "can be read by others"),
    (lambda made: made.files.key.unlink(), "profile_key: ", "cannot be read: No such file"),
    (
        lambda made: made.files.certificate.write_text("x"),
        "profile_cert: ",
        "contains no certificate",
    ),
]


@pytest.mark.parametrize(("spoil", "option", "said"), BAD)
def test_refused_at_the_start(
    waypost: Waypost, home: Path, spoil: Callable[[Signing], object], option: str, said: str
) -> None:
    """If signing files cannot be used, the server does not start, with one line."""
    made = signing(home / "keys")
    spoil(made)
    outcome = waypost("serve", "--demo", "--log-format", "json", *made.flags)

    assert outcome.code == 2
    (line,) = (line for line in outcome.err.splitlines() if not line.startswith("{"))
    assert line.startswith(f"error: {option}{home}/keys/")
    assert said in line


def test_expired_at_the_start(waypost: Waypost, home: Path) -> None:
    """If the certificate has expired, the server does not start."""
    made: Signing = signing(home / "keys", days=(-2, -1))
    outcome = waypost("serve", "--demo", *made.flags)

    assert outcome.code == 2
    assert (
        f"profile_cert: {made.files.certificate}: the certificate of CN={NAME} exp" in outcome.err
    )


def test_unsigned_profiles_import_no_signing_library(home: Path) -> None:
    """A server without signing does not import the library for it."""
    with serving(home, "--demo") as server:
        assert ask(server)[1].startswith(b"<?xml")
        maps = Path(f"/proc/{server.pid}/maps").read_text()
    assert "cryptography" not in maps


def test_password_by_a_proxy(home: Path) -> None:
    """With automx2's sentence, a password is in the profile, and not in the log."""
    made = signing(home / "keys")
    flags = ["--demo", "--proxy-count", "1", "--loglevel", "debug", *made.flags]
    form = urlencode({"emailaddress": "alice@example.com", "password": "s3cret"})
    kind = {"Content_Type": "application/x-www-form-urlencoded"}
    with serving(home, *flags, PERMIT_CLEARTEXT_PASSWORDS=RISKS) as server:
        status, profile = ask(server, "POST", form, **kind, X_Forwarded_Proto="https")
        content = openssl_verifies(profile, made.root)
        assert status == 200
        assert content is not None
        mail = plistlib.loads(content)["PayloadContent"][0]
        assert (mail["IncomingPassword"], mail["OutgoingPassword"]) == ("s3cret", "s3cret")
        plain = ask(server, "POST", form, **kind, X_Forwarded_Proto="http")
        assert plain == (403, b"a password is accepted over https only; none was read\n")
        odd = ask(server, "POST", form + "%ff", **kind, X_Forwarded_Proto="https")
        assert odd[0] == 400
        until(lambda: server.log.read_text().count("/mobileconfig") >= 3, "log")
        assert "s3cret" not in server.log.read_text()
