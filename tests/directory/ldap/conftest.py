"""One slapd for all LDAP tests, and directories that point to it."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.servers.authority import Authority, KeyPair
from tests.servers.slapd import CLIENT_NAME, PASSWORD, READER, SUFFIX, Slapd
from waypost.core.model import DirectoryLimits, LdapBind, LdapDirectory, Secret


@pytest.fixture(name="client_pair", scope="session")
def _client_pair(authority: Authority) -> KeyPair:
    """Return a client certificate whose owner may read everything."""
    usage = [ExtendedKeyUsageOID.CLIENT_AUTH]
    return authority.issue(CLIENT_NAME, ["client.example.com"], usage=usage)


@pytest.fixture(name="directory")
def _directory(server: Slapd, authority: Authority) -> LdapDirectory:
    """Return a directory as operators configure it: StartTLS, a password, a private CA."""
    return LdapDirectory(
        label="staff",
        urls=(server.url,),
        search_base=SUFFIX,
        bind=LdapBind.SIMPLE,
        bind_user=READER,
        bind_password=Secret(PASSWORD),
        ca_file=f"{authority.certificate}",
        limits=DirectoryLimits(time_limit_seconds=5, connect_timeout_seconds=5),
    )


@pytest.fixture(name="password_file")
def _password_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\nsecond line\n", encoding="utf-8")
    return path


def has_timeouts(directory: LdapDirectory, *urls: str, seconds: float = 0.8) -> LdapDirectory:
    """Return a directory with short limits, and with other servers if given."""
    limits = replace(directory.limits, time_limit_seconds=seconds, connect_timeout_seconds=seconds)
    return replace(directory, limits=limits, urls=urls or directory.urls)
