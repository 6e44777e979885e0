"""One lookup step by step, as `waypost directory test` shows it."""

import importlib
import json
import socket
import struct
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.directory.ldap.conftest import has_timeouts
from tests.directory.ldap.finding import raw
from tests.servers.authority import Authority
from tests.servers.scripted_ldap import Script, scripted_ldap
from tests.servers.slapd import PASSWORD, PEOPLE, READER, SUFFIX, Slapd, slapd
from tests.servers.waypost import free_port
from waypost.core.model import LdapBind, LdapDirectory, LdapSecurity, LdapServer, Secret
from waypost.directory.ldap.transport import connect
from waypost.directory.probe import probe
from waypost.directory.step import Step

pytestmark = pytest.mark.servers
STEPS = ["resolve", "connect", "tls", "bind", "base", "search", "entry", "user"]


def probed(directory: LdapDirectory | LdapServer, address: str, **options: str) -> list[Step]:
    """Return all steps, after a check that they contain no secret."""
    steps = list(probe(directory, raw(address), **options))
    text = json.dumps([[step.text, step.details] for step in steps], ensure_ascii=False)
    assert PASSWORD not in text
    assert json.dumps(PASSWORD, ensure_ascii=False) not in text
    return steps


def test_each_step(directory: LdapDirectory, server: Slapd) -> None:
    """Each server of a directory is tested, and each step shows its result."""
    both = replace(directory, urls=(server.url, server.tls_url))
    steps = probed(both, "several@example.com")
    assert [(step.name, step.ok) for step in steps] == [(name, True) for name in STEPS * 2]
    assert [step.details["server"] for step in steps[::8]] == [server.url, server.tls_url]
    found = {step.name: step for step in steps[:8]}
    assert "127.0.0.1" in found["resolve"].text
    assert found["connect"].details["port"] == server.port
    assert found["tls"].text.startswith(
        "TLSv1.3 by StartTLS, certificate for localhost, from Authority of a test run, until "
    )
    assert found["tls"].details["days_left"] == 0
    assert found["tls"].details["verified"] is True
    assert found["bind"].text == f"as {READER}, password ***, authorized as dn:{READER}"
    assert found["base"].text == f"{SUFFIX} exists"
    assert found["search"].text == "(mail=several@example.com): 1 hit"
    assert found["entry"].details["values"] == {
        "uid": ["first.login", "second.login"],
        "cn": ["Several"],
    }
    assert found["user"].text == "login name: first.login; display name: Several"
    assert all(step.seconds > 0 for step in steps)


def test_filter_as_it_is_sent(directory: LdapDirectory) -> None:
    """The filter is shown as the server gets it, escaped."""
    *_, search, _, _ = probed(directory, "a*b@example.com")
    assert search.text == r"(mail=a\2ab@example.com): 1 hit"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("missing@example.com", "no hit: the user is unknown"),
        ("triple@example.com", "more than one hit, so the user counts as unknown"),
    ],
)
def test_none_or_several_entries(directory: LdapDirectory, address: str, said: str) -> None:
    """The search is the last step if it finds no entry or more than one."""
    *_, last = probed(directory, address)
    assert (last.name, last.ok) == ("search", False)
    assert last.text.endswith(said)


def test_why_a_certificate_is_not_accepted(
    directory: LdapDirectory, server: Slapd, authority: Authority
) -> None:
    """If TLS fails, the step still shows the certificate: its names, issuer and end."""
    unknown = probed(replace(directory, ca_file=None), "a@example.com")[-1]
    other = replace(directory, urls=(f"ldaps://127.0.0.1:{server.tls_port}",))
    wrong = probed(other, "a@example.com")[-1]
    pair = authority.issue("ended", ["localhost"], days=(-20, -10.5))
    with slapd(authority, pair, [(SUFFIX, {"objectClass": ["domain"], "dc": ["example"]})]) as old:
        ended = probed(replace(directory, urls=(old.url,)), "a@example.com")[-1]
    for step, problem, days in (
        (unknown, "unknown_ca", 0),
        (wrong, "wrong_name", 0),
        (ended, "expired", -11),
    ):
        assert (step.name, step.ok, step.details["problem"]) == ("tls", False, problem)
        assert step.details["names"] == ["localhost"]
        assert step.details["issuer"] == "Authority of a test run"
        assert step.details["days_left"] == days
        assert (
            "the server sent a certificate for localhost, from Authority of a test run" in step.text
        )


def test_certificate_that_is_not_verified(directory: LdapDirectory) -> None:
    """With `tls_verify = false`, the step shows the certificate and that it was not verified."""
    steps = probed(replace(directory, tls_verify=False, ca_file=None), "person1@example.com")
    (tls,) = (step for step in steps if step.name == "tls")
    assert tls.text.endswith("; not verified, as tls_verify is false")
    assert (tls.details["verified"], tls.details["names"]) == (False, ["localhost"])
    assert steps[-1].ok


def test_where_it_stops(directory: LdapDirectory, password_file: Path) -> None:
    """A server's first failure ends its steps, and the next server's follow."""
    redirect = f"ldap://localhost:{free_port()}"
    ways = {
        "resolve": replace(directory, urls=("ldap://no-such-host.invalid",)),
        "connect": replace(directory, urls=(redirect,)),
        "bind": replace(directory, bind_password=Secret("not this one")),
        "base": replace(directory, search_base=f"ou=none,{PEOPLE}"),
        "search": replace(directory, search_filter="(mail={0}"),
    }
    for name, way in ways.items():
        steps = probed(way, "person1@example.com")
        assert [step.name for step in steps] == STEPS[: STEPS.index(name) + 1]
        assert [step.ok for step in steps] == [True] * (len(steps) - 1) + [False]
    second = replace(
        directory,
        urls=(redirect, *directory.urls),
        bind_password=Secret(file=f"{password_file}"),
    )
    steps = probed(second, "person1@example.com")
    assert [step.name for step in steps] == ["resolve", "connect", *STEPS]
    assert f"password from {password_file}" in steps[5].text


def test_server_that_resets_connections(
    directory: LdapDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that resets each connection at once is a failure of the next step."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def connect_and_wait(*args: Any) -> socket.socket:
            connection = connect(*args)
            accepted, _ = server.accept()
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            accepted.close()
            with suppress(ConnectionResetError):
                connection.recv(1)
            return connection

        # As it is imported by the probe; other tests import modules again.
        module = importlib.import_module("waypost.directory.ldap.probe")
        monkeypatch.setattr(module, "connect", connect_and_wait)
        port = server.getsockname()[1]
        way = replace(directory, urls=(f"ldap://127.0.0.1:{port}",))
        steps = probed(way, "person1@example.com")
        assert [(step.name, step.ok) for step in steps] == [
            ("resolve", True),
            ("connect", True),
            ("tls", False),
        ]
        assert steps[1].text == f"127.0.0.1, port {port}, is open"


def test_silence_is_bounded(directory: LdapDirectory) -> None:
    """A silent server fails at the step where it is silent."""
    with scripted_ldap(Script(bind=[])) as script:
        way = replace(has_timeouts(directory, script.url), security=LdapSecurity.NONE)
        *_, last = probed(way, "person1@example.com")
    assert (last.name, last.details["problem"]) == ("bind", "bind_timeout")


def test_by_socket(directory: LdapDirectory, server: Slapd) -> None:
    """Over ldapi there is no TLS, and the server returns the identity of the process."""
    way = replace(
        directory,
        urls=(server.socket_url,),
        bind=LdapBind.EXTERNAL,
        bind_user=None,
        bind_password=Secret(),
    )
    steps = probed(way, "person1@example.com")
    assert [step.name for step in steps] == [name for name in STEPS if name != "tls"]
    assert "cn=peercred,cn=external,cn=auth" in steps[2].text


def test_automx2_row(server: Slapd, authority: Authority) -> None:
    """automx2's rows are tested in the same way, with the authorities of `ldap_ca_file`."""
    row = LdapServer(7, "localhost", server.tls_port, True, SUFFIX, "(mail={0})", "uid")
    row = replace(row, bind_user=READER, bind_password=PASSWORD)
    steps = probed(row, "person1@example.com", ldap_ca_file=f"{authority.certificate}")
    assert [(step.name, step.ok) for step in steps] == [(name, True) for name in STEPS]
    assert steps[-1].text == "login name: p1; display name: none"
