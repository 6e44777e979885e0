"""Keys that are public, and settings files with secrets that other users can read."""

import pytest

from tests.settings.machine import Machine

LINK = "a-long-random-text-of-at-least-32-characters"
HOOK = "another-random-text-of-at-least-32-characters"
SAMPLES = [
    # lines of the file, the option with a public key
    (f'link_key = "{LINK}"', "link_key"),
    (f'link_key = "{"k" * 32} {LINK}"', "link_key"),
    (
        f'app_password_hook = "https://a.example/"\napp_password_hook_key = "{HOOK}"',
        "app_password_hook_key",
    ),
    ('log_key = "a long random text"', "log_key"),
]


@pytest.mark.parametrize(("lines", "name"), SAMPLES)
def test_sample_keys(machine: Machine, lines: str, name: str) -> None:
    """A key of the documentation is refused, also next to another, and not shown."""
    machine.write("work/waypost.toml", f"{lines}\n")
    (problem,) = machine.problems()
    line = len(lines.splitlines())
    start = f"ROOT/work/waypost.toml:{line}: {name} has the key of the documentation, which is"
    assert problem.startswith(start)
    assert problem.endswith("use a random text, such as `openssl rand -base64 32` prints")
    assert LINK not in problem


def test_sample_key_of_a_variable(machine: Machine) -> None:
    """The mistake names the variable."""
    machine.environ["WAYPOST_LINK_KEY"] = LINK
    assert machine.problems()[0].startswith("WAYPOST_LINK_KEY: link_key has the key of")


KEY = f'link_key = "{"k" * 32}"'
READABLE = [
    # file, content, mode, the options that the warning names
    ("work/waypost.toml", KEY, 0o644, "link_key"),
    ("work/waypost.toml", KEY, 0o604, "link_key"),
    (
        "work/waypost.toml",
        f'{KEY}\nlog_key = "{"l" * 16}"\ndb_uri = "postgresql://a:pw@b.example/c"',
        0o664,
        "db_uri, log_key, link_key",
    ),
    ("home/.automx2.conf", "[automx2]\ndb_uri = mysql://a:pw@b.example/c", 0o644, "db_uri"),
    ("work/waypost.toml", KEY, 0o640, None),
    ("work/waypost.toml", KEY, 0o600, None),
    ("work/waypost.toml", 'db_uri = "postgresql://a@b.example/c"', 0o644, None),
    ("work/waypost.toml", "port = 4000", 0o644, None),
]


@pytest.mark.parametrize(("name", "content", "mode", "options"), READABLE)
def test_readable_secrets(
    machine: Machine, name: str, content: str, mode: int, options: str | None
) -> None:
    """A secret in a settings file that every user can read has a warning, which names the fix."""
    file = machine.write(name, f"{content}\n")
    file.chmod(mode)
    warnings = [one for one in machine.load().warnings if "every user" in one]
    if options is None:
        assert warnings == []
        return
    assert warnings == [
        (
            f"{file}: every user of this machine can read the secret in {options}; run chmod 640 "
            f"{file}, and give the file the group of Waypost"
        )
    ]


def test_secrets_of_other_sources(machine: Machine) -> None:
    """A secret of the environment does not make a readable file worse."""
    machine.write("work/waypost.toml", "port = 4000\n").chmod(0o644)
    machine.environ["WAYPOST_LINK_KEY"] = "k" * 32
    assert machine.load().warnings == ()
