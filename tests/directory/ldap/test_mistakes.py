"""The message for each mistake, from a real slapd or a scripted server."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.directory.ldap.conftest import has_timeouts
from tests.directory.ldap.finding import ask
from tests.servers.authority import Authority, KeyPair
from tests.servers.scripted_ldap import (
    BIND_ANSWER,
    DONE,
    EXTENDED_ANSWER,
    Script,
    raw_server,
    result,
    rude,
    scripted_ldap,
    serving_tls,
    silent,
    wordy,
)
from tests.servers.slapd import PASSWORD, PEOPLE, POOR, READER, SUFFIX, Slapd, slapd
from tests.servers.waypost import free_port
from waypost.core.errors import DirectoryError, DirectoryUnavailable, WaypostError
from waypost.core.model import LdapBind, LdapDirectory, LdapSecurity, Secret
from waypost.directory.ldap.errors import LdapProblem

pytestmark = pytest.mark.servers
ADDRESS = "person1@example.com"
WRONG = "not this one"


@dataclass(frozen=True)
class World:
    """The tools to make a mistake."""

    directory: LdapDirectory
    server: Slapd
    authority: Authority
    folder: Path
    stack: ExitStack

    def pair(self, **options: Any) -> KeyPair:
        """Return a certificate for localhost."""
        return self.authority.issue("made-up", ["localhost"], **options)

    def plain(self, url: str) -> LdapDirectory:
        """Return the directory at another server, without TLS and with short limits."""
        return replace(has_timeouts(self.directory, url), security=LdapSecurity.NONE)

    def scripted(self, **answers: list[bytes | None]) -> LdapDirectory:
        """Return the directory at a server that follows a script."""
        return self.plain(self.stack.enter_context(scripted_ldap(Script(**answers))).url)

    def raw(self, talk: Callable[..., None], scheme: str = "ldap") -> LdapDirectory:
        """Return the directory at a server that does not speak LDAP."""
        port = self.stack.enter_context(raw_server(talk))
        return self.plain(f"{scheme}://localhost:{port}")

    def anonymous(self) -> LdapDirectory:
        """Return the directory for an anonymous user."""
        return replace(
            self.directory, bind=LdapBind.ANONYMOUS, bind_user=None, bind_password=Secret()
        )

    def file(self, name: str, text: str) -> str:
        """Write a file, and return its path."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return f"{path}"


@pytest.fixture(name="world")
def _world(
    directory: LdapDirectory, server: Slapd, authority: Authority, tmp_path: Path
) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(directory, server, authority, tmp_path, stack)


AD_TEXT = (
    "80090308: LdapErr: DSID-0C09044E, comment: AcceptSecurityContext error, data 52e, v4563\0"
)
AD_BIND_FIRST = (
    "000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful "
    "bind must be completed on the connection., data 0, v4563"
)
AD_SIGNING = (
    "00002028: LdapErr: DSID-0C090257, comment: The server requires binds to turn on integrity "
    "checking if SSL\\TLS are not already active on the connection, data 0, v4563"
)

Mistake = Callable[[World], LdapDirectory]
TEMPORARY: dict[LdapProblem, Mistake] = {
    LdapProblem.NO_HOST: lambda w: w.plain("ldap://no-such-host.invalid"),
    LdapProblem.NO_SOCKET: lambda w: w.plain(f"ldapi://{quote(f'{w.folder}/none', safe='')}"),
    LdapProblem.REFUSED: lambda w: w.plain(f"ldap://localhost:{free_port()}"),
    # RFC 919 s7: the broadcast address, which accepts no connection.
    LdapProblem.UNREACHABLE: lambda w: w.plain("ldap://255.255.255.255"),
    LdapProblem.TLS_TIMEOUT: lambda w: w.raw(silent, "ldaps"),
    LdapProblem.TLS_CUT: lambda w: w.raw(rude, "ldaps"),
    LdapProblem.BIND_TIMEOUT: lambda w: w.raw(silent),
    LdapProblem.SEARCH_TIMEOUT: lambda w: w.scripted(search=[]),
    LdapProblem.TIME_LIMIT: lambda w: w.scripted(search=[result(DONE, 3)]),
    LdapProblem.BUSY: lambda w: w.scripted(search=[result(DONE, 51)]),
    LdapProblem.CUT: lambda w: w.scripted(search=[None]),
}
LASTING: dict[LdapProblem, Mistake] = {
    LdapProblem.NO_PASSWORD_FILE: lambda w: replace(
        w.directory, bind_password=Secret(file=f"{w.folder}/none")
    ),
    LdapProblem.NO_PASSWORD_VARIABLE: lambda w: replace(
        w.directory, bind_password=Secret(variable="NO_SUCH_VARIABLE")
    ),
    LdapProblem.NO_PASSWORD: lambda w: replace(
        w.directory, bind_password=Secret(file=w.file("empty", "\n"))
    ),
    LdapProblem.BAD_TLS_FILE: lambda w: replace(
        w.directory, ca_file=w.file("no.pem", "not a certificate")
    ),
    LdapProblem.NO_STARTTLS: lambda w: replace(
        w.scripted(extended=[result(EXTENDED_ANSWER, 2, "unsupported extended operation")]),
        security=LdapSecurity.STARTTLS,
    ),
    LdapProblem.NOT_TLS: lambda w: w.raw(wordy, "ldaps"),
    LdapProblem.UNKNOWN_CA: lambda w: replace(w.directory, ca_file=None),
    LdapProblem.WRONG_NAME: lambda w: replace(
        w.directory, urls=(w.server.url.replace("localhost", "127.0.0.1"),)
    ),
    LdapProblem.BAD_CERTIFICATE: lambda w: replace(
        w.raw(serving_tls(w.pair(usage=[ExtendedKeyUsageOID.CLIENT_AUTH])), "ldaps"),
        ca_file=w.directory.ca_file,
    ),
    LdapProblem.TLS_FAILED: lambda w: w.raw(
        serving_tls(w.pair(), certificate_wanted=True), "ldaps"
    ),
    LdapProblem.BAD_LOGIN: lambda w: replace(w.directory, bind_password=Secret(WRONG)),
    LdapProblem.BAD_BIND_USER: lambda w: replace(w.directory, bind_user="anna@corp.example.com"),
    LdapProblem.NO_ANONYMOUS: lambda w: replace(
        w.scripted(bind=[result(BIND_ANSWER, 48, "anonymous bind disallowed")]),
        bind=LdapBind.ANONYMOUS,
        bind_user=None,
        bind_password=Secret(),
    ),
    LdapProblem.BIND_NEEDS_TLS: lambda w: w.scripted(bind=[result(BIND_ANSWER, 8, AD_SIGNING)]),
    LdapProblem.BAD_EXTERNAL: lambda w: replace(
        w.anonymous(), bind=LdapBind.EXTERNAL, security=LdapSecurity.NONE
    ),
    LdapProblem.BIND_FAILED: lambda w: w.scripted(bind=[result(BIND_ANSWER, 80, "no idea")]),
    LdapProblem.NO_BASE: lambda w: replace(w.directory, search_base=f"ou=none,{SUFFIX}"),
    LdapProblem.BAD_BASE: lambda w: replace(w.directory, search_base="people"),
    LdapProblem.BAD_FILTER: lambda w: replace(w.directory, search_filter="(mail={0}"),
    LdapProblem.NO_ACCESS: lambda w: replace(w.directory, bind_user=POOR, search_base=PEOPLE),
    LdapProblem.NEEDS_BIND: lambda w: w.scripted(search=[result(DONE, 1, AD_BIND_FIRST)]),
    LdapProblem.REFERRAL: lambda w: w.scripted(search=[result(DONE, 10)]),
    LdapProblem.SIZE_LIMIT: lambda w: w.scripted(search=[result(DONE, 11)]),
    LdapProblem.SEARCH_FAILED: lambda w: w.scripted(search=[result(DONE, 53)]),
}
# Tested in another module, or below in another way.
OTHERS = {
    *(LdapProblem.NO_LIBRARY, LdapProblem.BROKEN_LIBRARY, LdapProblem.CONNECT_TIMEOUT),
    *(LdapProblem.EXPIRED, LdapProblem.NOT_YET_VALID, LdapProblem.NOT_LDAP),
    *(LdapProblem.ALL_IN_USE, LdapProblem.CLOSED),
}


@pytest.mark.parametrize("problem", [*TEMPORARY, *LASTING], ids=lambda one: one.name)
def test_mistakes(world: World, problem: LdapProblem) -> None:
    """Each mistake has one line that names the directory, the server and the option."""
    mistake = (TEMPORARY | LASTING)[problem]
    expected = DirectoryUnavailable if problem in TEMPORARY else DirectoryError
    with pytest.raises(expected) as caught:
        ask(mistake(world), ADDRESS)
    check(caught.value, problem)


def check(error: WaypostError, problem: LdapProblem) -> None:
    """Check an error's text."""
    begin, *_ = problem.message.text.removeprefix("{server}").partition("{")
    text = str(error)
    assert text.startswith("directory staff: ")
    assert begin in text
    assert "\n" not in text
    assert "\0" not in text
    assert PASSWORD not in text
    assert WRONG not in text
    assert "person1" not in text


def test_table_is_complete() -> None:
    """Every message is tested: by this table, below, or in another module."""
    assert set(LdapProblem) == set(TEMPORARY) | set(LASTING) | OTHERS


def test_active_directory_error_numbers(world: World) -> None:
    """The error shows Active Directory's number for a failed login in words; the login is a UPN."""
    script = Script(bind=[result(BIND_ANSWER, 49, AD_TEXT)])
    way = replace(
        world.plain(world.stack.enter_context(scripted_ldap(script)).url),
        bind_user="waypost@corp.example.com",
    )
    with pytest.raises(DirectoryError, match="the user or the password is wrong; data 52e"):
        ask(way, ADDRESS)
    assert b"waypost@corp.example.com" in script.asked[0][1]


@pytest.mark.parametrize(
    ("days", "problem"),
    [((-2, -1), LdapProblem.EXPIRED), ((1, 2), LdapProblem.NOT_YET_VALID)],
    ids=["expired", "not yet valid"],
)
@pytest.mark.parametrize("way", ["ldaps", "starttls"])
def test_certificate_out_of_date(
    directory: LdapDirectory,
    authority: Authority,
    days: tuple[float, float],
    problem: LdapProblem,
    way: str,
) -> None:
    """A certificate that has expired, or is not valid yet, ends the connection before the bind."""
    pair = authority.issue("old", ["localhost"], days=days)
    with slapd(authority, pair, [(SUFFIX, {"objectClass": ["domain"], "dc": ["example"]})]) as old:
        url = old.tls_url if way == "ldaps" else old.url
        with pytest.raises(DirectoryError) as caught:
            ask(replace(directory, urls=(url,)), ADDRESS)
    check(caught.value, problem)


def test_nothing_is_sent_before_tls(world: World) -> None:
    """If StartTLS is refused, no bind follows, and no password is sent."""
    script = Script(extended=[result(EXTENDED_ANSWER, 52)])
    url = world.stack.enter_context(scripted_ldap(script)).url
    with pytest.raises(DirectoryError, match="does not offer StartTLS"):
        ask(has_timeouts(world.directory, url), ADDRESS)
    assert [tag for tag, _ in script.asked] == [0x77]


def test_empty_password_is_not_sent(world: World) -> None:
    """A name with an empty password is refused without a request: it would be anonymous."""
    script = Script()
    url = world.stack.enter_context(scripted_ldap(script)).url
    way = replace(has_timeouts(world.directory, url), bind_password=Secret())
    with pytest.raises(DirectoryError, match="bind_password is empty"):
        ask(replace(way, security=LdapSecurity.NONE), ADDRESS)
    assert script.asked == []


def test_server_that_speaks_something_else(world: World) -> None:
    """A StartTLS request recognizes a server that does not speak LDAP."""
    way = replace(world.raw(wordy), security=LdapSecurity.STARTTLS)
    with pytest.raises(DirectoryError) as caught:
        ask(way, ADDRESS)
    check(caught.value, LdapProblem.NOT_LDAP)


def test_address_that_swallows_everything(directory: LdapDirectory) -> None:
    """If a connection gets no answer at all, the time limit for connections applies."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server, ExitStack() as stack:
        place = server.getsockname()
        for _ in range(3):  # Linux lets one more wait than the backlog, and then drops.
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(place)
        way = has_timeouts(directory, f"ldap://localhost:{place[1]}")
        with pytest.raises(DirectoryUnavailable) as caught:
            ask(way, ADDRESS)
    check(caught.value, LdapProblem.CONNECT_TIMEOUT)


def agrees_and_hangs() -> Script:
    """Return a server that agrees to StartTLS but starts no handshake."""
    return Script(extended=[result(EXTENDED_ANSWER, 0)])


def test_hanging_is_bounded(world: World) -> None:
    """At any step where a server hangs, the search ends near its time limit."""
    hanging = world.stack.enter_context(scripted_ldap(agrees_and_hangs()))
    ways = {
        "tls": world.raw(silent, "ldaps"),
        "starttls": replace(world.raw(silent), security=LdapSecurity.STARTTLS),
        "handshake after starttls": replace(
            world.plain(hanging.url), security=LdapSecurity.STARTTLS
        ),
        "bind": world.raw(silent),
        "external bind": replace(
            world.raw(silent), bind=LdapBind.EXTERNAL, bind_user=None, bind_password=Secret()
        ),
        "search": world.scripted(search=[]),
        "search after references": world.scripted(search=[b"\x73\x06\x04\x04ldap"]),
    }
    taken = {}
    for name, way in ways.items():
        begin = time.monotonic()
        with pytest.raises(DirectoryUnavailable):
            ask(way, ADDRESS)
        taken[name] = time.monotonic() - begin
    # The servers would wait for 30 s; each limit is 0.8 s.
    assert {name: seconds for name, seconds in taken.items() if not 0.6 < seconds < 25} == {}


def test_reader_is_the_same(directory: LdapDirectory) -> None:
    """The directory that the table above changes does answer."""
    assert directory.bind_user == READER
    assert ask(directory, ADDRESS) is not None
