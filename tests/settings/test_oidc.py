"""The options of the sign-in at an OpenID provider."""

import json
from pathlib import Path

import pytest

from waypost.core.errors import SettingsError
from waypost.core.model import DomainPattern
from waypost.settings import secret_texts
from waypost.settings.loading import LoadedSettings, load
from waypost.settings.role_text import RoleText, parse_role_text

GOOD = {
    "WAYPOST_OIDC_ISSUER": "https://login.example.com/realms/a/",
    "WAYPOST_OIDC_CLIENT_ID": "waypost",
    "WAYPOST_OIDC_CLIENT_SECRET": "not-in-the-log",
    "WAYPOST_OIDC_ROLES": json.dumps({"/mail admins": "write", "desk": "read *.Example.com"}),
}
BAD: list[tuple[dict[str, str], str]] = [
    ({"ISSUER": "http://login.example.com"}, "oidc_issuer is"),
    ({"ISSUER": "https://login.example.com/?a=b"}, "oidc_issuer is"),
    ({"ISSUER": "https://login.example.com/#a"}, "oidc_issuer is"),
    ({"ISSUER": "https://ada:hunter2@login.example.com/"}, "oidc_issuer is"),
    ({"ISSUER": "https://login.example.com/a b"}, "oidc_issuer is"),
    ({"ISSUER": ""}, "oidc_client_id requires oidc_issuer"),
    ({"CLIENT_ID": ""}, "oidc_issuer requires oidc_client_id"),
    ({"ROLES": ""}, "oidc_issuer requires oidc_roles"),
    ({"ROLES": "{}"}, "oidc_roles is"),
    ({"ROLES": "write"}, "oidc_roles is"),
    ({"ROLES": '{"a": "admin"}'}, "oidc_roles is"),
    ({"ROLES": '{"a": ""}'}, "oidc_roles is"),
    ({"ROLES": '{"": "write"}'}, "oidc_roles is"),
    ({"ROLES": '{"a": 7}'}, "oidc_roles is"),
    ({"ROLES": '{"a": "write *.*.example.com"}'}, "oidc_roles is"),
    ({"ROLES": '{"a": "write provider"}'}, "oidc_roles is"),
    ({"CLIENT_SECRET": "x" * 5000}, "oidc_client_secret is"),
]


def loaded(environ: dict[str, str], tmp_path: Path) -> LoadedSettings:
    """Return the settings of an environment alone."""
    return load(environ, {}, tmp_path, tmp_path, tmp_path)


def test_good_options(tmp_path: Path) -> None:
    """The options are read, and the secret is masked everywhere."""
    settings = loaded(GOOD, tmp_path).settings
    assert settings.oidc_issuer == "https://login.example.com/realms/a/"
    assert settings.oidc_roles == {"/mail admins": "write", "desk": "read *.Example.com"}
    assert settings.oidc_groups_claim == "groups"
    assert "not-in-the-log" in secret_texts(settings)
    assert "not-in-the-log" not in repr(settings)


@pytest.mark.parametrize(("change", "message"), BAD)
def test_bad_options(change: dict[str, str], message: str, tmp_path: Path) -> None:
    """A wrong value, or an option without the ones that it needs, is an error at the start."""
    changed = {f"WAYPOST_OIDC_{name}": value for name, value in change.items()}
    with pytest.raises(SettingsError, match=message) as caught:
        loaded({**GOOD, **changed}, tmp_path)
    assert "hunter2" not in str(caught.value)
    assert "x" * 99 not in str(caught.value)


def test_secret_as_credential(tmp_path: Path) -> None:
    """The secret can be a credential of systemd."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    (folder / "oidc_client_secret").write_text("of-the-file\n")
    environ = GOOD | {"CREDENTIALS_DIRECTORY": f"{folder}", "WAYPOST_OIDC_CLIENT_SECRET": ""}
    assert loaded(environ, tmp_path).settings.oidc_client_secret == "of-the-file"


SIGN_IN = {
    "WAYPOST_SIGN_IN_OIDC_ISSUER": "https://login.example.com/realms/mail",
    "WAYPOST_SIGN_IN_OIDC_CLIENT_ID": "waypost",
    "WAYPOST_SIGN_IN_OIDC_CLIENT_SECRET": "not-in-the-log",
    "WAYPOST_PUBLIC_URL": "https://setup.example.com",
    "WAYPOST_LINK_KEY": "k" * 32,
}
BAD_SIGN_IN: list[tuple[dict[str, str], str]] = [
    ({"SIGN_IN_OIDC_ISSUER": "http://login.example.com"}, "sign_in_oidc_issuer is"),
    ({"SIGN_IN_OIDC_ISSUER": ""}, "sign_in_oidc_client_id requires sign_in_oidc_issuer"),
    ({"SIGN_IN_OIDC_CLIENT_ID": ""}, "sign_in_oidc_issuer requires sign_in_oidc_client_id"),
    ({"PUBLIC_URL": ""}, "sign_in_oidc_issuer requires public_url"),
    ({"LINK_KEY": ""}, "sign_in_oidc_issuer requires link_key or link_key_file"),
    ({"SIGN_IN_OIDC_CLAIM": "x" * 300}, "sign_in_oidc_claim is"),
]


def test_sign_in_of_mail_users(tmp_path: Path) -> None:
    """Mail users have their own provider; the claim is the verified address by default."""
    settings = loaded(SIGN_IN, tmp_path).settings
    assert (settings.oidc_issuer, settings.sign_in_oidc_claim) == (None, "email")
    assert settings.sign_in_oidc_issuer == "https://login.example.com/realms/mail"
    assert "not-in-the-log" in secret_texts(settings)
    assert "not-in-the-log" not in repr(settings)
    by_file = SIGN_IN | {"WAYPOST_LINK_KEY": "", "WAYPOST_LINK_KEY_FILE": "/a/link.key"}
    assert loaded(by_file, tmp_path).settings.sign_in_oidc_issuer is not None


@pytest.mark.parametrize(("change", "message"), BAD_SIGN_IN)
def test_bad_options_of_mail_users(change: dict[str, str], message: str, tmp_path: Path) -> None:
    """A wrong value, or an option without the ones that it needs, is an error at the start."""
    changed = {f"WAYPOST_{name}": value for name, value in change.items()}
    with pytest.raises(SettingsError, match=message) as caught:
        loaded({**SIGN_IN, **changed}, tmp_path)
    assert "not-in-the-log" not in str(caught.value)


def test_role_texts() -> None:
    """A role is read or write, then patterns, then a provider."""
    pattern = DomainPattern("*.example.com")
    assert parse_role_text(" write ") == RoleText("write")
    assert parse_role_text("read *.EXAMPLE.com provider A  B") == RoleText(
        "read", (pattern,), "A B"
    )


INVALID_OTHERS = [
    # option, its value, which is not allowed
    ("LINK_KEY", "short"),
    ("PUBLIC_URL", "http://"),
]


@pytest.mark.parametrize(("name", "value"), INVALID_OTHERS)
def test_one_error_for_an_invalid_option(name: str, value: str, tmp_path: Path) -> None:
    """An option with a wrong value is not missing, so it has one error."""
    with pytest.raises(SettingsError) as caught:
        loaded({**SIGN_IN, f"WAYPOST_{name}": value}, tmp_path)
    (problem,) = caught.value.problems
    assert f"{name.lower()} is " in problem
