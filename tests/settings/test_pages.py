import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.settings.machine import Machine
from waypost.settings import (
    load_from_process,
    masked_text,
    options,
    reference,
    rows,
    sample,
    secret_texts,
)

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_sample_changes_nothing() -> None:
    """The unchanged sample file sets nothing."""
    assert tomllib.loads(sample()) == {}


def test_sample_is_the_table(machine: Machine) -> None:
    """With all options of the sample uncommented and own keys, the file has the defaults."""
    lines = sample().splitlines()
    text = "\n".join(re.sub(r"^#(?=\w+ = )", "", line) for line in lines)
    assert list(tomllib.loads(text)) == [option.name for option in options()]
    defaults = machine.load().settings
    machine.write("work/waypost.toml", text)
    refused = [problem.split()[1] for problem in machine.problems()]
    assert refused == ["log_key", "link_key", "app_password_hook_key"]
    own_keys = re.sub(
        rf"^({'|'.join(refused)}) = .*", rf'\1 = "{"k" * 32}"', text, flags=re.MULTILINE
    )
    machine.write("work/waypost.toml", own_keys)
    loaded = machine.load().settings
    for option in options():
        if option.default is not None:
            assert getattr(loaded, option.name) == getattr(defaults, option.name)


def test_sample_fits_a_terminal() -> None:
    """No line of the sample file is longer than 100 characters."""
    assert max(len(line) for line in sample().splitlines()) <= 100


def test_reference_page_is_fresh() -> None:
    """The reference page is equal to the generated one; `make docs` writes it."""
    assert PAGE.read_text(encoding="utf-8") == reference()


def test_reference_page_by_command() -> None:
    """`python -m waypost.settings` prints the reference page."""
    command = [sys.executable, "-m", "waypost.settings"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, encoding="utf-8")
    assert done.stdout == reference()


def test_rows_have_values_and_sources(machine: Machine) -> None:
    """The current values are listed option by option, with their sources."""
    machine.environ |= {"WAYPOST_TRUSTED_PROXIES": "::1 127.0.0.0/8", "WAYPOST_DEMO": "yes"}
    table = {row.name: (row.value, row.source) for row in rows(machine.load())}
    assert list(table) == [option.name for option in options()]
    assert table["trusted_proxies"] == ("::1/128, 127.0.0.0/8", "WAYPOST_TRUSTED_PROXIES")
    assert table["demo"] == ("true", "WAYPOST_DEMO")
    assert table["db_echo"] == ("false", "default")
    assert table["providers"] == ("(none)", "default")


MASKED = [
    # as given, as shown
    ("sqlite:////var/a.sqlite", "sqlite:////var/a.sqlite"),
    ("mysql://h/d", "mysql://h/d"),
    ("mysql://u@h/d", "mysql://u@h/d"),
    ("mysql+pymysql://u:s3cret@h/d", "mysql+pymysql://u:***@h/d"),
    ("mysql+pymysql://u:s3:cr/et@s3cret@h:3306/d", "mysql+pymysql://u:***@h:3306/d"),
    ("postgresql://:s3cret@/d?host=/run", "postgresql://:***@/d?host=/run"),
    ("postgresql://h/d?user=u&password=s3cret", "postgresql://h/d?user=u&password=***"),
    ("postgresql://h/d?sslPassword=s3cret&a=b", "postgresql://h/d?sslPassword=***&a=***"),
    ("u:s3cret@h", "***@h"),
]


@pytest.mark.parametrize("name", ["db_uri", "db_read_uri"])
@pytest.mark.parametrize(("given", "expected"), MASKED)
def test_database_password_is_masked(name: str, given: str, expected: str) -> None:
    """A database URI is shown without its password."""
    (option,) = (option for option in options() if option.name == name)
    assert masked_text(option, given) == expected


def test_passwords_of_both_databases_are_secrets(machine: Machine) -> None:
    """The log masks the passwords of the database and of its replica."""
    machine.environ["WAYPOST_DB_URI"] = "postgresql://u:hunter2@h/d"
    machine.environ["WAYPOST_DB_READ_URI"] = "postgresql://u:s3cret@h2/d"
    assert {"hunter2", "s3cret"} <= secret_texts(machine.load().settings)


def test_key_is_masked(machine: Machine) -> None:
    """The key of the hashes is masked."""
    table = {row.name: row.value for row in rows(machine.load({"log_key": "s3cret" * 3}))}
    assert table["log_key"] == "***"


def test_process(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command line uses the environment and the working folder of its process."""
    file = machine.write("work/waypost.toml", "port = 1\n")
    monkeypatch.chdir(machine.cwd)
    monkeypatch.setenv("HOME", str(machine.home))
    monkeypatch.setenv("WAYPOST_WORKERS", "2")
    loaded = load_from_process({"demo": True})
    assert loaded.file == file
    assert (loaded.settings.port, loaded.settings.workers, loaded.settings.demo) == (1, 2, True)
