"""The key `profile` of a providers file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from waypost.core.errors import ProvidersError
from waypost.core.model import ProfileSettings, Provider, SigningFiles
from waypost.providers_file.load import read_providers

HEAD = "[[provider]]\nname = 'X'\n[provider.profile]\n"


def read(text: str, folder: Path | None = None) -> Provider:
    """Return the one provider of a file."""
    found = read_providers(f"{HEAD}{text}", name="f", format="toml", folder=folder)
    (provider,) = found.catalog.unused_providers
    return provider


GOOD = [
    # value, meaning
    ("", ProfileSettings()),
    ("cert = '/c'\nkey = '/k'", ProfileSettings(SigningFiles("/c", "/k"))),
    (
        "cert = 'c'\nkey = 'a/k'\nchain = '/x'",
        ProfileSettings(SigningFiles("/f/c", "/f/a/k", "/x")),
    ),
    ('organization = "A & B"', ProfileSettings(organization="A & B")),
    ('description = "One.\\nTwo."', ProfileSettings(description="One.\nTwo.")),
    (
        "consent = { default = 'Yes?', de = 'Ja?' }",
        ProfileSettings(consent=(("de", "Ja?"), ("default", "Yes?"))),
    ),
    ("removable = false\ndays = 1", ProfileSettings(removable=False, days=1)),
    ("removable = true", ProfileSettings(removable=True)),
    (
        "expires = '2030-12-31'",
        ProfileSettings(expires=datetime(2030, 12, 31, tzinfo=UTC).replace(tzinfo=None)),
    ),
]


@pytest.mark.parametrize(("text", "meant"), GOOD)
def test_good(text: str, meant: ProfileSettings) -> None:
    """Each key is read; a relative path is relative to the folder of the file."""
    assert read(text, Path("/f")).profile == meant


BAD = [
    # value, problem
    ("certs = '/c'", "certs: unknown key; did you mean cert"),
    ("cert = '/c'", "cert: requires key; set both"),
    ("key = '/k'", "key: requires cert; set both"),
    ("chain = '/x'", "chain: requires cert; set both"),
    ("cert = 'c'\nkey = '/k'", "cert: must be an absolute path here"),
    ("cert = 1\nkey = '/k'", "cert: must be a string, not a whole number"),
    ("cert = ''\nkey = '/k'", "cert: must not be empty"),
    ("organization = 1", "organization: must be a string"),
    ("organization = ' '", "organization: must not be empty"),
    (f"organization = '{'x' * 129}'", "organization: is longer than 128 characters"),
    ('description = "a\\u0007"', "description: contains a control character"),
    ("consent = 'Yes?'", "consent: must be a table, not a string"),
    ("consent = {}", "consent: is empty"),
    ("consent = { '' = 'x' }", "consent: has a key that is neither default nor a language"),
    ("consent = { Default = 'x' }", "consent: has a key that is neither default nor a language"),
    ("consent = { german = 'x' }", "consent: has a key that is neither default nor a language"),
    ("consent = { de = 1 }", "consent.de: must be a string"),
    ("removable = 1", "removable: must be true or false"),
    ("days = 0", "days: must be a whole number from 1 to 36500"),
    ("expires = '2030-02-30'", 'expires: must be a day, such as "2030-12-31"'),
    ("expires = '20301231'", "expires: must be a day"),
    ("expires = 2030-12-31", "expires: must be a string, not a date"),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_bad(text: str, said: str) -> None:
    """Each mistake has the key, the rule and the line where the provider begins."""
    with pytest.raises(ProvidersError) as raised:
        read(text)
    (problem,) = raised.value.problems
    assert problem.startswith(f"f: provider[0].profile.{said}")
    assert problem.endswith("(this provider begins on line 1)")
