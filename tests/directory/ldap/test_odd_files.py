"""Files of an LDAP directory that are not regular files are refused, without waiting."""

import os
from pathlib import Path

import pytest

from waypost.core.model import Secret
from waypost.directory.ldap.errors import LdapFailure
from waypost.directory.ldap.options import TlsOptions
from waypost.directory.ldap.passwords import password
from waypost.directory.ldap.tls import tls_context

SAID = "is a FIFO, a socket or a device, and only regular files are read"


@pytest.fixture(name="fifo")
def _fifo(tmp_path: Path) -> str:
    os.mkfifo(tmp_path / "fifo")
    return f"{tmp_path}/fifo"


def test_tls_options(fifo: str) -> None:
    """The error about a FIFO as ca_file, cert_file or key_file names the option."""
    for tls_options in (
        TlsOptions(ca_file=fifo),
        TlsOptions(cert_file=fifo),
        TlsOptions(cert_file=__file__, key_file=fifo),
    ):
        with pytest.raises(LdapFailure, match=SAID):
            tls_context(tls_options)


def test_password(fifo: str) -> None:
    """The error about a FIFO or an endless device as password file names the file."""
    for file in (fifo, "/dev/zero"):
        with pytest.raises(LdapFailure, match=SAID):
            password(Secret(file=file))
