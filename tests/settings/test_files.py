import os
from pathlib import Path

import pytest

from tests.settings.machine import Machine

PLACES = [
    "named.toml",
    "named.conf",
    "work/waypost.toml",
    "home/.config/waypost/waypost.toml",
    "etc/waypost/waypost.toml",
    "home/.automx2.conf",
    "etc/automx2/automx2.conf",
    "etc/automx2.conf",
]


def _write(machine: Machine, place: str, value: int) -> Path:
    header = "[automx2]\n" if place.endswith(".conf") else ""
    return machine.write(place, f"{header}proxy_count = {value}\n")


@pytest.mark.parametrize("first", range(len(PLACES)))
def test_order_of_locations(machine: Machine, first: int) -> None:
    """Of all existing files, only the first in the documented order is read."""
    files = [_write(machine, place, value) for value, place in enumerate(PLACES) if value >= first]
    if first == 0:
        machine.environ["WAYPOST_CONFIG"] = str(machine.root / "named.toml")
    if first <= 1:
        machine.environ["AUTOMX2_CONF"] = str(machine.root / "named.conf")
    loaded = machine.load()
    assert loaded.file == files[0]
    assert loaded.settings.proxy_count == first
    assert str(loaded.sources["proxy_count"]).startswith(f"{files[0]}:")


def test_xdg_config_home(machine: Machine) -> None:
    """XDG_CONFIG_HOME moves the user's file, unless it is not absolute."""
    moved = _write(machine, "moved/waypost/waypost.toml", 1)
    usual = _write(machine, "home/.config/waypost/waypost.toml", 2)
    machine.environ["XDG_CONFIG_HOME"] = str(machine.root / "moved")
    assert machine.load().file == moved
    machine.environ["XDG_CONFIG_HOME"] = "moved"
    assert machine.load().file == usual


def test_named_file_must_exist(machine: Machine) -> None:
    """The file in WAYPOST_CONFIG must exist; no other file is read instead."""
    _write(machine, "work/waypost.toml", 1)
    machine.environ["WAYPOST_CONFIG"] = "missing.toml"
    assert machine.problems() == ("WAYPOST_CONFIG: there is no file ROOT/work/missing.toml",)


def test_named_automx2_file_may_be_missing(machine: Machine) -> None:
    """The file in AUTOMX2_CONF may be missing, as in automx2, with a warning."""
    file = _write(machine, "work/waypost.toml", 1)
    machine.environ["AUTOMX2_CONF"] = "/missing/automx2.conf"
    loaded = machine.load()
    assert loaded.file == file
    assert loaded.warnings == (
        "AUTOMX2_CONF: there is no file /missing/automx2.conf; trying the other locations",
    )


@pytest.mark.parametrize(
    ("given", "place"), [("~/mine.toml", "home/mine.toml"), ("sub/mine.toml", "work/sub/mine.toml")]
)
def test_named_file_may_be_relative(machine: Machine, given: str, place: str) -> None:
    """WAYPOST_CONFIG may be relative to the home or to the working folder."""
    file = _write(machine, place, 1)
    machine.environ["WAYPOST_CONFIG"] = given
    assert machine.load().file == file


def test_relative_paths(machine: Machine) -> None:
    """A path in a file is relative to its folder, and elsewhere to the working folder."""
    machine.write("etc/waypost/waypost.toml", 'providers = "mail.toml"\n')
    assert machine.load().settings.providers == machine.etc / "waypost" / "mail.toml"
    machine.environ["WAYPOST_PROVIDERS"] = "mail.toml"
    assert machine.load().settings.providers == machine.cwd / "mail.toml"
    assert machine.load({"providers": "~/m.toml"}).settings.providers == machine.home / "m.toml"


def test_folder_in_place_of_a_file(machine: Machine) -> None:
    """A file that cannot be read is an error with its name."""
    (machine.cwd / "waypost.toml").mkdir(parents=True)
    assert machine.problems() == ("ROOT/work/waypost.toml: cannot be read: Is a directory",)


def test_wrong_bytes(machine: Machine) -> None:
    """A file that is not UTF-8 is an error with the position of the byte."""
    machine.write("work/waypost.toml", "").write_bytes(b"# \xff\n")
    assert machine.problems() == ("ROOT/work/waypost.toml: not UTF-8: byte 2 is wrong",)


def test_byte_order_mark(machine: Machine) -> None:
    """A byte order mark, which some editors write, is ignored."""
    machine.write("work/waypost.toml", "\ufeffport = 1\n")
    assert machine.load().settings.port == 1


BAD_FILES = [
    # text, what is said behind the name of the file
    ("port = 70000", ":1: port is 70000, but must be a whole number from 0 to 65535"),
    ("port = true", ":1: port is true, but must be a whole number from 0 to 65535"),
    ("\nport = 1.5", ":2: port is 1.5, but must be a whole number from 0 to 65535"),
    ("port = 1979-05-27", ':1: port is "1979-05-27", but must be a whole number from 0 to 65535'),
    ("profile_expires = 2030-12-31", ':1: profile_expires is "2030-12-31", but must be a date in'),
    ('profile_expires = "1893456000"', ':1: profile_expires is "1893456000", but must be a date'),
    ('profile_organization = " "', ':1: profile_organization is " ", but must be a text of'),
    ('profile_description = "a\\u0007b"', ":1: profile_description is "),
    ("profile_consent = {}", ":1: profile_consent is {}, but must be a table of languages"),
    ('profile_consent = { "d e" = "x" }', ":1: profile_consent is "),
    ('profile_consent = { Default = "x" }', ":1: profile_consent is "),
    ('profile_consent = { german = "x" }', ":1: profile_consent is "),
    ("profile_consent = { de = 1 }", ":1: profile_consent is "),
    ('profile_consent = { de = "" }', ":1: profile_consent is "),
    ('profile_consent = "x"', ':1: profile_consent is "x", but must be a table of languages'),
    ("profile_days = 0", ":1: profile_days is 0, but must be a whole number from 1 to 36500"),
    ('permit_cleartext_passwords = "yes"', ":1: permit_cleartext_passwords is "),
    ("permit_cleartext_passwords = true", ":1: permit_cleartext_passwords is true, but must be I_"),
    ("demo = 1", ":1: demo is 1, but must be true or false"),
    ('demo = "yes"', ':1: demo is "yes", but must be true or false'),
    ("cache_ttl = nan", ":1: cache_ttl is NaN, but must be a number of seconds from 0 to 86400"),
    ('host = ""', ':1: host is "", but must be an IP address or a host name'),
    ('host = "a b"', ':1: host is "a b", but must be an IP address or a host name'),
    ('loglevel = "loud"', ':1: loglevel is "loud", but must be debug, info, warning, error or '),
    ("providers = 5", ":1: providers is 5, but must be the path of a providers file"),
    (
        'trusted_proxies = ["10.0.0.1/8"]',
        ':1: trusted_proxies is ["10.0.0.1/8"], but must be a list of networks such as',
    ),
    ('trusted_proxies = "::1"', ':1: trusted_proxies is "::1", but must be a list of networks'),
    ('db_uri = "a.sqlite"', ':1: db_uri is "a.sqlite", but must be a database URI such as'),
    ('log_key = "short"', ":1: log_key is ***, but must be a text of at least 16 characters"),
    ("db_ur = 1", ":1: db_ur is not an option; did you mean db_uri?"),
    ('"prot" = 1', ":1: prot is not an option; did you mean port?"),
    ("zzz = 1", ":1: zzz is not an option; `waypost config sample` lists all options"),
    ("# a\n[waypost]\nport = 1", ":2: waypost is a table; options must be at the top level"),
    ("[[provider]]\nname = 'a'", ":1: provider is not an option; did you mean providers?"),
    ("cache.ttl = 1", ":1: cache is a table; options must be at the top level"),
    ("port = ", ":1: not TOML: Invalid value"),
    ("port = 1\nport = 2", ":2: not TOML: Cannot overwrite a value"),
]


@pytest.mark.parametrize(("text", "said"), BAD_FILES)
def test_bad_files(machine: Machine, text: str, said: str) -> None:
    """An error about the file has the file, the line, the option and the allowed values."""
    machine.write("work/waypost.toml", text + "\n")
    (problem,) = machine.problems()
    assert problem.startswith(f"ROOT/work/waypost.toml{said}")


def test_line_behind_a_long_text(machine: Machine) -> None:
    """The line is that of the key, not a similar line inside a text."""
    machine.write("work/waypost.toml", 'log_key = """\nprot = 1\n0123456789"""\n\nprot = 2\n')
    assert machine.problems() == (
        "ROOT/work/waypost.toml:5: prot is not an option; did you mean port?",
    )


def test_folder_without_permission(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without permission for this user is a warning, and is not skipped silently."""
    folder = machine.write("etc/waypost/waypost.toml", "port = 1\n").parent
    exists = Path.exists

    def closed(path: Path) -> bool:
        if path.parent == folder:
            raise PermissionError(13, "Permission denied")
        return exists(path)

    monkeypatch.setattr(Path, "exists", closed)
    loaded = machine.load()
    assert loaded.file is None
    (warning,) = loaded.warnings
    assert warning.startswith(f"{folder}: permission denied, the files in it are not read; owner")
    assert "(runuser -u USER -- waypost ...)" in warning


def test_file_that_may_not_be_read(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A settings file that this user may not read is an error that names its owner."""
    file = machine.write("etc/waypost/waypost.toml", "port = 1\n")

    def refused(_path: Path, max_bytes: int) -> bytes:
        raise PermissionError(13, "Permission denied", max_bytes)

    monkeypatch.setattr("waypost.settings.files.read_regular_file", refused)
    (problem,) = machine.problems()
    assert problem.startswith("ROOT/etc/waypost/waypost.toml: cannot be read: Permission denied; ")
    assert f"owner {file.owner()}, group {file.group()}; run the command as" in problem


BOMBS = [
    # text, what is said behind the name of the file
    (".".join("a" * 15_000) + " = 1", ":1: not TOML: a key has more than 16 parts"),
    ("a = " + "[" * 100_000, ":1: not TOML: tables or lists are nested too deeply"),
    ("port = " + "1" * 5000, ":1: not TOML: a key or a number is longer than 1000 characters"),
    ("x = 1\n" * 2, ":2: not TOML: Cannot overwrite a value"),
    ("#" * 1024 * 1024 + "\n", ": is larger than 1024 KiB, which is too large for a settings file"),
    ("".join(f"a{n} = 1\n" for n in range(50_000)), ":1: a0 is not an option; `waypost config"),
    ('a = """\n' + "port = 1\n" * 50_000 + '"""\n', ":1: a is not an option"),
    ("port" * 200 + " = 1\n", f":1: {'port' * 25} is not an option"),
]


@pytest.mark.parametrize(("text", "said"), BOMBS, ids=[said for _, said in BOMBS])
def test_what_costs_much(machine: Machine, text: str, said: str) -> None:
    """A settings file that is expensive to read is refused, with a few lines."""
    machine.write("etc/waypost/waypost.toml", text)
    problems = machine.problems()
    assert problems[0].startswith(f"ROOT/etc/waypost/waypost.toml{said}")
    assert len(problems) <= 101
    assert max(map(len, problems)) < 300


@pytest.mark.parametrize("place", PLACES)
def test_fifo(machine: Machine, place: str) -> None:
    """A FIFO is refused without waiting."""
    os.mkfifo(_write(machine, f"{place}.d/x", 1).parent / "fifo")
    (machine.root / f"{place}.d/fifo").rename(machine.root / place)
    machine.environ["WAYPOST_CONFIG" if place.endswith(".toml") else "AUTOMX2_CONF"] = str(
        machine.root / place
    )
    (problem,) = machine.problems()
    assert problem.startswith(f"ROOT/{place}: cannot be read: is a FIFO")
