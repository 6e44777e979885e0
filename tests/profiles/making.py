"""Certificates that profiles are signed with, and OpenSSL, which checks what was signed."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.servers.authority import Authority, Key
from tests.servers.requirements import program, require
from waypost.profiles.files import ProfileFiles

NAME = "profiles.example.com"


@dataclass(frozen=True)
class Signing:
    """Files to sign with.

    Attributes:
        root: the authority that a device trusts.
        files: a certificate of an intermediate authority, its key, and that authority's.
    """

    root: Path
    files: ProfileFiles

    @property
    def flags(self) -> list[str]:
        """Return the flags of `waypost serve`."""
        flags = ["--profile-cert", f"{self.files.certificate}", "--profile-key"]
        flags += [f"{self.files.key}", "--profile-chain", f"{self.files.chain}"]
        return flags


def signing(
    folder: Path,
    *,
    key: Key | None = None,
    days: tuple[float, float] = (-1 / 24, 1),
) -> Signing:
    """Create files in a folder: an authority, one below it, and a certificate of the second one."""
    folder.mkdir(exist_ok=True)
    root = Authority.create(folder, below=1)
    middle = root.intermediate("intermediate")
    pair = middle.issue(NAME, [NAME], key=key, days=days)
    files = ProfileFiles(pair.certificate, pair.key, middle.certificate)
    return Signing(root.certificate, files)


def openssl_verifies(signed: bytes, root: Path, *flags: str) -> bytes | None:
    """Return the content of signed data as OpenSSL reads it; None if OpenSSL rejects it."""
    require(programs=["openssl"])
    command = [program("openssl"), "cms", "-verify", "-inform", "DER", "-CAfile", str(root)]
    # A web server's certificate, which most operators use, is not one for mail.
    command += ["-binary", "-purpose", "any", *flags]
    done = subprocess.run(command, input=signed, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None
