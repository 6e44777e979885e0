"""Changes of the files for TLS."""

import os
from pathlib import Path

from tests.servers.authority import Authority
from waypost.directory.ldap.options import TlsOptions
from waypost.directory.ldap.tls import TlsContexts


def test_other_authority_with_an_older_time(authority: Authority, tmp_path: Path) -> None:
    """A file that `cp -p` replaces by one with the same time is read again."""
    file = tmp_path / "ca.pem"
    file.write_bytes(authority.certificate.read_bytes())
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    contexts = TlsContexts(TlsOptions(ca_file=f"{file}"))
    before = contexts.get()
    assert contexts.get() is before

    other = tmp_path / "other.pem"
    other.write_bytes(Authority.create(tmp_path).certificate.read_bytes())
    os.utime(other, ns=times)
    other.replace(file)

    after = contexts.get()
    assert after is not before
    assert after.get_ca_certs() != before.get_ca_certs()
