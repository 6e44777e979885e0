"""Unusual and bad input of the commands of administration: CSV files and KEY=VALUE arguments."""

import io
import shutil
from pathlib import Path

import pytest

from tests.cli.administration.cases import INC
from tests.cli.conftest import DATABASE, Waypost
from waypost.cli.main import main
from waypost.providers_file.document import MAX_BYTES

PROVIDERS = f"""
[[provider]]
name = "{INC}"
domains = ["example.com"]
services = [
  {{ type = "imap", host = "imap.example.com" }},
  {{ type = "smtp", host = "smtp.example.com" }},
]
"""
ADD = ("domain", "add", "--csv", "in.csv")


@pytest.fixture(name="sample", scope="module")
def _sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample")
    (folder / "mail.toml").write_text(PROVIDERS, encoding="utf-8")
    uri = f"sqlite:///{folder / DATABASE.name}"
    assert main(["apply", f"{folder / 'mail.toml'}", "--db-uri", uri]) == 0
    return folder


@pytest.fixture(autouse=True)
def _filled(sample: Path, home: Path) -> None:
    """Put a provider with a domain into the default database."""
    (home / DATABASE).parent.mkdir(parents=True)
    shutil.copy(sample / DATABASE.name, home / DATABASE)
    shutil.copy(sample / "mail.toml", home)


GOOD_FILES = [
    # what is unusual, the bytes
    ("a byte order mark", b"\xef\xbb\xbfdomain,provider\nnew.example,Example Inc.\n"),
    ("semicolons and quotes", b'domain;provider\n"new.example";"Example Inc."\n'),
    ("tabs", b"domain\tprovider\nnew.example\tExample Inc.\n"),
    ("Windows line ends", b"domain,provider\r\nnew.example,Example Inc.\r\n"),
    ("no last line end", b"domain,provider\nnew.example,Example Inc."),
    ("spaces, capitals and empty lines", b" Domain , PROVIDER\n\n NEW.example , Example Inc.\n,\n"),
    ("another order of the columns", b"like,provider,domain\nexample.com,,new.example\n"),
]


@pytest.mark.parametrize(
    "raw", [raw for _, raw in GOOD_FILES], ids=[what for what, _ in GOOD_FILES]
)
def test_good_files(waypost: Waypost, home: Path, raw: bytes) -> None:
    """Files as spreadsheets write them are read."""
    (home / "in.csv").write_bytes(raw)
    outcome = waypost(*ADD)
    assert (outcome.code, outcome.err) == (0, "3 added, 0 changed, 0 removed\n")
    assert waypost("domain", "show", "new.example").code == 0


BAD_FILES = [
    # the rule that is broken, the bytes, a part of the message
    ("not UTF-8", b"domain,provider\nb\xfccher.example,Example Inc.\n", "UTF-8"),
    ("UTF-16", "domain,provider\n".encode("utf-16"), "UTF-8"),
    ("a NUL", b"domain,provider\nnew\0.example,Example Inc.\n", "line 2"),
    ("empty", b"", "line 1: the column domain is missing"),
    ("no column domain", b"name,provider\nnew.example,x\n", "line 1: unknown column 'name'"),
    ("a mistyped column", b"domain,provvider\nnew.example,x\n", "did you mean provider?"),
    ("a column twice", b"domain,domain\nnew.example,x\n", "line 1: a column appears twice"),
    ("too many values", b"domain,provider\na.example,Example Inc.,x\n", "line 2: has 3 values"),
    ("no domain", b"domain,provider\n,Example Inc.\n", "line 2: domain: is missing"),
    ("no provider", b"domain,provider\nnew.example,\n", "line 2: needs one of provider, like"),
    (
        "a provider and a model",
        b"domain,provider,like\nnew.example,Example Inc.,example.com\n",
        "line 2: needs one of provider, like and alias_of",
    ),
    (
        "a domain twice",
        b"domain,provider\na.example,Example Inc.\nA.example,Example Inc.\n",
        "line 3: domain: A.example is also on line 2",
    ),
    ("an open quote", b'domain,provider\n"new.example,Example Inc.\n', "line 2: not CSV"),
    ("a quote inside", b'domain,provider\n"a"b,Example Inc.\n', "line 2: not CSV"),
    ("an unknown model", b"domain,like\nnew.example,x.example\n", "line 2: like: there is no"),
    ("an unknown provider", b"domain,provider\nnew.example,X\n", "line 2: provider: the database"),
    ("a domain that exists", b"domain,provider\nexample.com,Example Inc.\n", "exists already"),
    (
        "a huge cell",
        b"domain,provider\n" + b"a" * 200_000 + b",x\n",
        "line 2: not CSV: field larger",
    ),
]


@pytest.mark.parametrize(
    ("raw", "message"), [one[1:] for one in BAD_FILES], ids=[one[0] for one in BAD_FILES]
)
def test_bad_files(waypost: Waypost, home: Path, raw: bytes, message: str) -> None:
    """A mistake names the file and the line, and nothing is changed."""
    (home / "in.csv").write_bytes(raw)
    outcome = waypost(*ADD)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("error: in.csv: ")
    assert message in outcome.err
    assert waypost("apply", "mail.toml").err == "nothing to do\n"


def test_no_file(waypost: Waypost, home: Path) -> None:
    """A file that is missing, a folder, or too large is an error with its path."""
    (home / "folder").mkdir()
    with (home / "huge.csv").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    for name in ("missing.csv", "folder", "huge.csv"):
        outcome = waypost("domain", "add", "--csv", name)
        assert (outcome.code, outcome.out) == (2, "")
        assert name in outcome.err


ASSIGNMENTS = [
    # an argument, what is stored, or None if it is removed
    ("short_name=text", "text"),
    ("short_name=a=b", "a=b"),
    ('short_name="993"', "993"),
    ("short_name=1.5", "1.5"),
    ("short_name=NaN", "NaN"),
    ("short_name=null", "null"),
    ("short_name=@file.txt", "from a file"),
    ("short_name=@-", "from standard input"),
    ("short_name=", None),
]


@pytest.mark.parametrize(("argument", "stored"), ASSIGNMENTS)
def test_values(
    waypost: Waypost, home: Path, monkeypatch: pytest.MonkeyPatch, argument: str, stored: str | None
) -> None:
    """A value is JSON or a text, from the argument, from a file or from standard input."""
    (home / "file.txt").write_text("from a file\n", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO("from standard input\n"))
    assert waypost("provider", "add", "New", "short_name=Old").code == 0
    assert waypost("provider", "set", "New", argument).code == 0
    shown = waypost("provider", "show", "New").out
    assert (f'"short_name": "{stored}"' in shown) if stored else "short_name" not in shown


BAD_VALUES = [
    ("short_name=993", "short_name: must be a string"),
    ("short_name={}", "short_name: must be a string"),
    ("short_name=" + "[" * 100_000, "short_name: is longer than"),
    ("short_name=@binary.txt", "short_name: binary.txt: cannot be read"),
    ("short_name=@nul.txt", "short_name: contains a control character"),
    ("short_name=@.", "short_name: .: cannot be read"),
    ("short_name=@huge.txt", "short_name: is longer than"),
    ("short_name=\udcff", "short_name: contains a control character"),
    ("short_name", "short_name: must have the form KEY=VALUE"),
    ("\x1b[31m=x", "unknown key"),
]


@pytest.mark.parametrize(("argument", "rule"), BAD_VALUES, ids=[rule for _, rule in BAD_VALUES])
def test_bad_values(waypost: Waypost, home: Path, argument: str, rule: str) -> None:
    """A value that cannot be used is wrong use, with the key and the rule."""
    (home / "binary.txt").write_bytes(b"\xff\xfe")
    (home / "nul.txt").write_bytes(b"a\0b")
    (home / "huge.txt").write_bytes(b"x" * 3_000_000)
    outcome = waypost("provider", "set", INC, argument)
    assert (outcome.code, outcome.out) == (2, "")
    assert rule in outcome.err
    assert len(outcome.err) < 500
    assert "\x1b" not in outcome.err


def test_settings_with_a_providers_file(waypost: Waypost, home: Path) -> None:
    """A providers file in the settings cannot be changed; --db-uri counts more than the file."""
    (home / "waypost.toml").write_text('providers = "mail.toml"\n', encoding="utf-8")
    add = ("domain", "add", "new.example", "--provider", INC)
    outcome = waypost(*add)
    assert (outcome.code, outcome.out) == (1, "")
    assert "mail.toml; change this file" in outcome.err
    assert waypost("provider", "list").out == f"{INC}  1 domain\n"
    path = home / ".local" / "state" / "waypost" / "waypost.sqlite"
    assert waypost(*add, "--db-uri", f"sqlite:///{path}").code == 0


def test_many_mistakes(waypost: Waypost, home: Path) -> None:
    """Of very many mistakes, the first ones are printed, and the number of the others."""
    (home / "in.csv").write_text("domain\n" + "a.example\n" * 1501, encoding="ascii")
    outcome = waypost(*ADD)
    lines = outcome.err.splitlines()
    assert (outcome.code, len(lines)) == (2, 1002)
    assert lines[-2].endswith("and 2,001 more mistakes")
    assert lines[-1] == "error: 3,001 mistakes; nothing was changed"


ALL = b"""domain,provider,like
a.example,Nothing,
,Example Inc.,
b_c.example,Example Inc.,
d.example,,exxample.com
e.example,Example Inc.,example.com
example.com,Example Inc.,
good.example,Example Inc.,
GOOD.example,Example Inc.,
f.example,exampl inc,
"""


def test_all_mistakes_of_a_file(waypost: Waypost, home: Path) -> None:
    """Mistakes of the file, of its names and of its values are printed at once, by line."""
    (home / "in.csv").write_bytes(ALL)
    for more in ((), ("--dry-run",)):
        outcome = waypost(*ADD, *more)
        assert (outcome.code, outcome.out) == (2, "")
        found = [line.removeprefix("error: in.csv: ") for line in outcome.err.splitlines()]
        assert [line.partition(": ")[0] for line in found[:-1]] == [
            *("line 2", "line 3", "line 4", "line 5", "line 6", "line 7", "line 9", "line 10")
        ]
        assert "`waypost provider add NAME` adds one" in found[0]
        assert found[3].endswith("there is no domain exxample.com; did you mean example.com?")
        assert found[7].endswith("; did you mean 'Example Inc.'?")
        assert found[-1] == "error: 8 mistakes; nothing was changed"
    assert waypost("apply", "mail.toml").err == "nothing to do\n"
