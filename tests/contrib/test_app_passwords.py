"""The adapters: an app password that they make logs in by IMAP, until it is revoked."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.app_passwords.dovecot import Dovecot, dovecot
from tests.contrib.files import CONTRIB
from tests.servers.accounts import folder_of
from tests.servers.authority import Authority
from tests.servers.mariadb import MariaDb
from tests.servers.requirements import require
from tests.servers.slapd import PASSWORD, PEOPLE, SUFFIX, WRITER, Slapd, slapd
from waypost.app_passwords.command_hook import CommandHook
from waypost.app_passwords.messages import write_request
from waypost.setup_links.app_password import AppPasswordError, AppPasswordRequest

FOLDER = CONTRIB / "app-passwords"
ALICE = AppPasswordRequest("a" * 32, "alice@example.com", "phone", "Alice")
TABLET = replace(ALICE, id="b" * 32, device="tablet")
# The columns as in PostfixAdmin's upgrade_1849_mysql and in mailcow's init_db.inc.php, which the
# adapters and the queries use; `mailbox` has more columns there.
TABLES = {
    "postfixadmin": """
CREATE TABLE mailbox (username varchar(255) NOT NULL PRIMARY KEY,
  password varchar(255) NOT NULL, domain varchar(255) NOT NULL,
  active tinyint(1) NOT NULL DEFAULT 1);
CREATE TABLE mailbox_app_password (id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  username varchar(255) DEFAULT NULL, description varchar(255) DEFAULT NULL,
  password_hash varchar(255) DEFAULT NULL);
""",
    "mailcow": """
CREATE TABLE mailbox (username varchar(255) NOT NULL PRIMARY KEY,
  password varchar(255) NOT NULL, domain varchar(255) NOT NULL,
  active tinyint(1) NOT NULL DEFAULT 1);
CREATE TABLE app_passwd (id int NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name varchar(255) NOT NULL, mailbox varchar(255) NOT NULL, domain varchar(255) NOT NULL,
  password varchar(255) NOT NULL, created datetime(0) NOT NULL DEFAULT NOW(0),
  modified datetime ON UPDATE CURRENT_TIMESTAMP,
  imap_access tinyint(1) NOT NULL DEFAULT 1, smtp_access tinyint(1) NOT NULL DEFAULT 1,
  dav_access tinyint(1) NOT NULL DEFAULT 1, eas_access tinyint(1) NOT NULL DEFAULT 1,
  pop3_access tinyint(1) NOT NULL DEFAULT 1, sieve_access tinyint(1) NOT NULL DEFAULT 1,
  active tinyint(1) NOT NULL DEFAULT 1);
""",
}
MAILBOXES = """
INSERT INTO mailbox (username, password, domain, active) VALUES
  ('alice@example.com', 'x', 'example.com', 1), ('gone@example.com', 'x', 'example.com', 0);
"""
QUERIES = {
    "postfixadmin": (
        "SELECT username AS user, password_hash AS password FROM mailbox_app_password "
        "WHERE username = '%u' AND password_hash = CONCAT('{{SHA256.HEX}}', SHA2('%w', 256))"
    ),
    # mailcow compares all rows in Lua; a query returns one, so the test has one at a time.
    "mailcow": (
        "SELECT mailbox AS user, password FROM app_passwd "
        "WHERE mailbox = '%u' AND active = '1' AND imap_access = '1'"
    ),
}
SQL_CONF = """driver = mysql
connect = host={socket} dbname={database} option_file={options} option_group=client
default_pass_scheme = SSHA512
password_query = {query}
"""
LDAP_CONF = """uris = {url}
base = {base}
auth_bind = yes
pass_filter = (mail=%u)
pass_attrs = mail=user
dn = {writer}
dnpass = {password}
"""
SQL_OPTIONS = """[client]
socket = {socket}
user = waypost
password = "{password}"
database = {database}
"""
LDAP_OPTIONS = """[ldap]
url = {url}
bind_dn = {writer}
bind_password = {password}
base = {people}
ca_file = {authority}
"""


@dataclass(frozen=True)
class Machine:
    """A mail server with every kind of app passwords.

    Attributes:
        commands: the command of each adapter.
        passwords: the passwd-file.
    """

    dovecot: Dovecot
    commands: dict[str, list[str]]
    passwords: Path

    def hook(self, name: str) -> CommandHook:
        return CommandHook(self.commands[name], 60)


def query_of(name: str) -> str:
    return QUERIES[name].replace("{{", "{").replace("}}", "}")


@pytest.fixture(name="machine", scope="module")
def _machine(mariadb_server: MariaDb) -> Iterator[Machine]:
    require(programs=["dovecot"], modules=["pymysql", "ldap"])
    with ExitStack() as stack:
        # Dovecot's processes run as other users, which must be able to read these files.
        folder = stack.enter_context(folder_of(None))
        passdbs, commands = [], {}
        passwords = folder / "app-passwords"
        passwords.touch()
        passdbs.append(
            f"driver = passwd-file\n  args = username_format=%u/%{{sha256:password}} {passwords}"
        )
        commands["dovecot"] = [f"{FOLDER / 'dovecot-passwd-file'}", f"{passwords}"]
        for name, tables in TABLES.items():
            passdbs.append(_sql(name, tables, mariadb_server, folder))
            commands[name] = [f"{FOLDER / 'sql-table'}", name, f"{folder / name}.cnf"]
        passdbs.append(_ldap(stack, folder))
        commands["ldap"] = [f"{FOLDER / 'ldap-attribute'}", f"{folder / 'ldap.ini'}"]
        server = stack.enter_context(
            dovecot("\n".join(f"passdb {{\n  {passdb}\n}}" for passdb in passdbs))
        )
        with_python = {name: [sys.executable, *command] for name, command in commands.items()}
        yield Machine(server, with_python, passwords)


def _sql(name: str, tables: str, server: MariaDb, folder: Path) -> str:
    from tests.servers.database_server import PASSWORD as DATABASE_PASSWORD

    database = server.fresh()
    server.sql(tables + MAILBOXES, database)
    values = {"socket": server.socket, "database": database, "password": DATABASE_PASSWORD}
    options = folder / f"{name}.cnf"
    options.write_text(SQL_OPTIONS.format(**values), encoding="utf-8")
    conf = folder / f"{name}.conf"
    text = SQL_CONF.format(query=query_of(name), options=options, **values)
    conf.write_text(text, encoding="utf-8")
    return f"driver = sql\n  args = {conf}"


def _ldap(stack: ExitStack, folder: Path) -> str:
    authority = Authority.create(folder)
    # libldap compares the certificate for localhost with the name of the machine.
    pair = authority.issue("localhost", ["localhost", socket.gethostname()])
    people = {"objectClass": ["inetOrgPerson"], "sn": ["A"], "cn": ["Alice"]}
    writer = {"objectClass": ["person"], "cn": ["writer"], "sn": ["w"]}
    entries = [
        (SUFFIX, {"objectClass": ["dcObject", "organization"], "o": ["E"], "dc": ["example"]}),
        (PEOPLE, {"objectClass": ["organizationalUnit"], "ou": ["people"]}),
        (WRITER, {**writer, "userPassword": [PASSWORD]}),
        (f"uid=alice,{PEOPLE}", {**people, "uid": ["alice"], "mail": [ALICE.address]}),
    ]
    server: Slapd = stack.enter_context(slapd(authority, pair, entries))
    values = {"writer": WRITER, "password": PASSWORD, "authority": authority.certificate}
    options = LDAP_OPTIONS.format(url=server.tls_url, people=PEOPLE, **values)
    (folder / "ldap.ini").write_text(options, encoding="utf-8")
    conf = folder / "ldap.conf"
    conf.write_text(LDAP_CONF.format(url=server.url, base=PEOPLE, **values), encoding="utf-8")
    return f"driver = ldap\n  args = {conf}"


ADAPTERS = ["dovecot", "postfixadmin", "mailcow", "ldap"]


@pytest.mark.parametrize("name", ADAPTERS)
def test_login(machine: Machine, name: str) -> None:
    """A new app password logs in; the same request replaces it, and revoke removes it."""
    hook = machine.hook(name)
    first = hook.create(ALICE)
    assert machine.dovecot.accepts(ALICE.address, first)
    assert machine.dovecot.refuses(ALICE.address, first[:-1])
    second = hook.create(ALICE)
    assert second != first
    assert machine.dovecot.accepts(ALICE.address, second)
    assert machine.dovecot.refuses(ALICE.address, first)
    hook.revoke(TABLET)
    assert machine.dovecot.accepts(ALICE.address, second)
    hook.revoke(ALICE)
    assert machine.dovecot.refuses(ALICE.address, second)
    hook.revoke(ALICE)  # again, as after an answer that was lost


@pytest.mark.parametrize("name", [name for name in ADAPTERS if name != "mailcow"])
def test_two_devices(machine: Machine, name: str) -> None:
    """Each device has its own app password, which another device's end does not change."""
    hook = machine.hook(name)
    phone, tablet = hook.create(ALICE), hook.create(TABLET)
    assert machine.dovecot.accepts(ALICE.address, phone)
    assert machine.dovecot.accepts(ALICE.address, tablet)
    hook.revoke(ALICE)
    assert machine.dovecot.refuses(ALICE.address, phone)
    assert machine.dovecot.accepts(ALICE.address, tablet)
    hook.revoke(TABLET)


REFUSED = [
    # adapter, address, what the operator reads
    ("postfixadmin", "bob@example.com", "there is no active mailbox of this address"),
    ("postfixadmin", "gone@example.com", "there is no active mailbox of this address"),
    ("mailcow", "bob@example.com", "there is no active mailbox of this address"),
    ("ldap", "bob@example.com", "there is not exactly one entry of this address"),
    ("ldap", "*@example.com", "there is not exactly one entry of this address"),
    # "postfixadmin" and "mailcow" are the same command.
    *(
        (name, address, "characters that this adapter does not")
        for name in ADAPTERS
        if name != "mailcow"
        for address in ("a:b@example.com", "a'b@example.com", "a\nb@example.com")
    ),
]


@pytest.mark.parametrize(("name", "address", "problem"), REFUSED)
def test_refused(machine: Machine, name: str, address: str, problem: str) -> None:
    """A mailbox that does not exist, and an address that needs quotes, get no app password."""
    with pytest.raises(AppPasswordError, match=problem):
        machine.hook(name).create(replace(ALICE, address=address))


NOT_VALID = "the request is not valid"
OTHER_VERSION = "the request is of another version"
BAD_ADDRESS = "the address has characters that this adapter does not accept"
BAD_REQUESTS = [
    # what replaces a request or a part of it, what the operator reads
    (b"", NOT_VALID),
    (b"{", NOT_VALID),
    (b"\xff", NOT_VALID),
    (b"{}", NOT_VALID),
    (b"[]", NOT_VALID),
    (b'"create"', NOT_VALID),
    (b"[" * 60_000, NOT_VALID),
    ({"version": 2}, OTHER_VERSION),
    ({"version": [1]}, OTHER_VERSION),
    ({"action": "replace"}, OTHER_VERSION),
    ({"action": ["create"]}, NOT_VALID),
    ({"action": {"create": 1}}, NOT_VALID),
    ({"action": None}, NOT_VALID),
    ({"id": "A" * 32}, NOT_VALID),
    ({"id": 1}, NOT_VALID),
    ({"address": ["alice@example.com"]}, NOT_VALID),
    ({"address": "alice"}, BAD_ADDRESS),
    ({"address": "\ud800@example.com"}, BAD_ADDRESS),
    ({"address": "alice@\udfff.example"}, BAD_ADDRESS),
    ({"device": None}, NOT_VALID),
    ({"device": "a\nb"}, "the device has characters that this adapter does not accept"),
]


@pytest.mark.parametrize(("change", "problem"), BAD_REQUESTS)
def test_bad_requests(tmp_path: Path, change: bytes | dict[str, object], problem: str) -> None:
    """A request that is not valid gets an error as answer, and changes nothing."""
    data = change if isinstance(change, bytes) else request_with(change)
    assert ask(tmp_path, data) == (1, {"error": problem})
    assert passwords_in(tmp_path) == ""


def test_device_without_a_name(tmp_path: Path) -> None:
    """A link need not name a device, so a request without such a name gets a password."""
    code, answer = ask(tmp_path, request_with({"device": ""}))
    assert (code, list(answer)) == (0, ["password"])
    assert ALICE.id in passwords_in(tmp_path)


def request_with(change: dict[str, object]) -> bytes:
    """Return Waypost's request for an app password with some other values."""
    return json.dumps(json.loads(write_request("create", ALICE)) | change).encode()


def ask(folder: Path, data: bytes) -> tuple[int, dict[str, str]]:
    """Send a request to the adapter for a passwd-file; return its exit code and its answer."""
    file = folder / "app-passwords"
    file.touch()
    command = [sys.executable, f"{FOLDER / 'dovecot-passwd-file'}", f"{file}"]
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    assert done.stderr == b""
    answer: dict[str, str] = json.loads(done.stdout)
    return done.returncode, answer


def passwords_in(folder: Path) -> str:
    """Return the content of the passwd-file."""
    return (folder / "app-passwords").read_text(encoding="utf-8")


def test_many_at_once(machine: Machine) -> None:
    """Requests at the same moment lose no line of the passwd-file, whose mode stays."""
    machine.passwords.chmod(0o640)
    hook = machine.hook("dovecot")
    requests = [replace(ALICE, id=f"{number:032x}") for number in range(4)]
    threads = [threading.Thread(target=hook.create, args=[request]) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(machine.passwords.read_text(encoding="utf-8").splitlines()) == 4
    assert machine.passwords.stat().st_mode & 0o777 == 0o640
    for request in requests:
        hook.revoke(request)
    assert machine.passwords.read_text(encoding="utf-8") == ""
    assert {path.name for path in machine.passwords.parent.glob("app-passwords*")} == {
        "app-passwords",
        "app-passwords.lock",
    }


def test_missing_systems(machine: Machine, tmp_path: Path) -> None:
    """A file or a server that is missing is named in the error, without a secret."""
    away = {"url": "ldap://127.0.0.1:1", "writer": WRITER, "password": "s3cret", "people": ""}
    options = {
        "sql.cnf": "[client]\nhost = 127.0.0.1\nport = 1\nuser = w\npassword = s3cret\n",
        "ldap.ini": LDAP_OPTIONS.format(authority="/etc/ssl/certs/ca-certificates.crt", **away),
        "ca.ini": LDAP_OPTIONS.format(authority="/x", **away),
        "empty.ini": "",
    }
    for name, text in options.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    for script, arguments, problem in [
        ("dovecot-passwd-file", [f"{tmp_path}/none"], "does not exist; create an empty file"),
        ("sql-table", ["mailcow", f"{tmp_path}/sql.cnf"], "the database refuses: error 2003"),
        ("ldap-attribute", [f"{tmp_path}/ldap.ini"], "the directory refuses: SERVER_DOWN"),
        ("ldap-attribute", [f"{tmp_path}/ca.ini"], "/x: has no certificates that can be used"),
        ("ldap-attribute", [f"{tmp_path}/empty.ini"], "empty.ini: cannot be read: KeyError"),
        ("sql-table", ["other", "x"], "ended with exit status 1"),
    ]:
        hook = CommandHook([sys.executable, f"{FOLDER / script}", *arguments], 60)
        with pytest.raises(AppPasswordError, match=problem) as caught:
            hook.create(ALICE)
        assert "s3cret" not in str(caught.value)
    assert machine.commands
