import pytest

from tests.settings.machine import Machine


def test_documented_file(machine: Machine) -> None:
    """A file from automx2's manual works unchanged, without a warning."""
    file = machine.write(
        "etc/automx2/automx2.conf",
        "[automx2]\n# A comment.\nloglevel = WARNING\ndb_echo = no\n"
        "db_uri = sqlite:////var/lib/automx2/db.sqlite\nproxy_count = 1\n",
    )
    loaded = machine.load()
    assert loaded.file == file
    assert loaded.warnings == ()
    settings = loaded.settings
    assert (settings.loglevel, settings.db_echo, settings.proxy_count) == ("warning", False, 1)
    assert settings.db_uri == "sqlite:////var/lib/automx2/db.sqlite"
    assert str(loaded.sources["db_uri"]) == f"{file}:5"


GOOD = [
    # text below [automx2], option, value
    ("db_echo = YES", "db_echo", True),
    ("db_echo = On", "db_echo", True),
    ("db_echo = 1", "db_echo", True),
    ("db_echo = true", "db_echo", True),
    ("db_echo = Off", "db_echo", False),
    ("db_echo = NO", "db_echo", False),
    ("db_echo: 0", "db_echo", False),
    ("DB_ECHO=yes", "db_echo", True),
    ("loglevel = DEBUG", "loglevel", "debug"),
    ("loglevel = warn", "loglevel", "warning"),
    ("loglevel = FATAL", "loglevel", "critical"),
    ("loglevel = NOTSET", "loglevel", "debug"),
    ("proxy_count = 2", "proxy_count", 2),
    ("db_uri = mysql+pymysql://u:p%%40ss@h/d", "db_uri", "mysql+pymysql://u:p%40ss@h/d"),
    ("db_uri = sqlite:///%(where)s/a\n[DEFAULT]\nwhere = /srv", "db_uri", "sqlite:////srv/a"),
]


@pytest.mark.parametrize(("text", "name", "value"), GOOD)
def test_good_lines(machine: Machine, text: str, name: str, value: object) -> None:
    """Waypost reads the same value from a line as automx2."""
    machine.write("etc/automx2.conf", f"[automx2]\n{text}\n")
    loaded = machine.load()
    assert getattr(loaded.settings, name) == value
    assert loaded.warnings == ()


WARNED = [
    # text, option, value, what is said behind the name of the file
    (
        "[automx2]\ndb_uri = mysql://u:p%40ss@h/d",
        "db_uri",
        "mysql://u:p%40ss@h/d",
        ":2: db_uri has a single %; the value is used as it is",
    ),
    (
        "[automx2]\n\ncache = 1",
        "proxy_count",
        0,
        ":3: cache is not an option of automx2; ignored",
    ),
    (
        "[other]\nproxy_count = 1",
        "proxy_count",
        0,
        ": there is no section [automx2]; the file has no effect",
    ),
    (
        "[automx2]\ndb_uri = sqlite:///:memory:",
        "db_uri",
        "sqlite:///:memory:",
        ":2: db_uri is a database in memory; its content is lost when the process ends",
    ),
]


@pytest.mark.parametrize(("text", "name", "value", "said"), WARNED)
def test_warned_lines(machine: Machine, text: str, name: str, value: object, said: str) -> None:
    """Unusual but harmless lines in automx2's file are read, with a warning."""
    file = machine.write("home/.automx2.conf", text + "\n")
    loaded = machine.load()
    assert getattr(loaded.settings, name) == value
    assert loaded.warnings == (f"{file}{said}",)


BAD = [
    # text, what is said behind the name of the file
    ("[automx2]\nproxy_count = two", ':2: proxy_count is "two", but must be a whole number from'),
    ("[automx2]\nproxy_count = -1", ':2: proxy_count is "-1", but must be a whole number from'),
    ("[automx2]\ndb_echo = perhaps", ':2: db_echo is "perhaps", but must be true or false'),
    ("[automx2]\nloglevel = LOUD", ':2: loglevel is "LOUD", but must be debug, info,'),
    ("[automx2]\ndb_uri = a:s3cret@b", ':2: db_uri is "***@b", but must be a database URI'),
    ("[automx2]\ndb_uri =", ':2: db_uri is "", but must be a database URI'),
    ("db_uri = s3cret", ":1: this line must be below a line [automx2]"),
    ("[automx2]\ns3cret", ":2: is neither [section] nor key = value"),
    ("[automx2]\nloglevel=INFO\nloglevel=INFO", ":3: loglevel is set twice"),
    ("[automx2]\n[automx2]", ":2: the section [automx2] occurs twice"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_bad_lines(machine: Machine, text: str, said: str) -> None:
    """An error has the file, the line and the rule, and no secret."""
    machine.write("etc/automx2.conf", text + "\n")
    (problem,) = machine.problems()
    assert problem.startswith(f"ROOT/etc/automx2.conf{said}")
    assert "s3cret" not in problem


def test_variable_wins_over_automx2(machine: Machine) -> None:
    """Waypost's environment has precedence over automx2's file, and over Waypost's own file."""
    machine.write("etc/automx2.conf", "[automx2]\nproxy_count = 1\n")
    machine.environ["WAYPOST_PROXY_COUNT"] = "3"
    assert machine.load().settings.proxy_count == 3


def test_values_that_grow(machine: Machine) -> None:
    """Keys with very many references to each other are refused, and not expanded."""
    keys = "".join(f"k{n} = {f'%(k{n + 1})s' * 100}\n" for n in range(8))
    machine.write("etc/automx2.conf", f"[automx2]\ndb_uri = %(k0)s\n{keys}k8 = sqlite://\n")
    assert machine.problems()[0] == (
        "ROOT/etc/automx2.conf:2: db_uri is longer than 65536 characters"
    )


def test_very_many_keys(machine: Machine) -> None:
    """Of very many unknown keys, a hundred are reported, and an option still has an effect."""
    keys = "".join(f"k{n} = 1\n" for n in range(20_000))
    machine.write("etc/automx2.conf", f"[automx2]\n{keys}proxy_count = 2\n")
    loaded = machine.load()
    assert loaded.settings.proxy_count == 2
    assert len(loaded.warnings) == 101
    assert loaded.warnings[-1].endswith("has more keys that automx2 ignores")
