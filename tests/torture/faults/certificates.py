"""Certificates that are replaced by bad and good ones: for profiles, and of slapd's authority."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.profiles.making import Signing, openssl_verifies, signing
from tests.torture.attack import Figure
from tests.torture.deployment import Deployment, copy_signing, with_database, with_file
from tests.torture.fault import NOTHING, STALE_USERS, Fault, Trial
from tests.torture.load.connection import Client
from tests.torture.load.load import wait_until_right
from tests.torture.waiting import seconds_until

# The breaker of a directory waits up to 30 seconds.
_RECOVERS_SECONDS: Final = 35
_SLOW_WORKER_SECONDS: Final = 5.0


def _replace_by_bad(trial: Trial) -> list[Figure]:
    """Replace the files by bad ones of each kind, and then by the good ones."""
    deployment = trial.deployment
    for number, spoil in enumerate(_BAD):
        spoil(deployment.keys, deployment.server.folder / f"bad{number}")
        time.sleep(max(1.6, trial.seconds / len(_BAD)))
        copy_signing(deployment.signings[0], deployment.keys)
    return []


def _renew(trial: Trial) -> list[Figure]:
    """Renew certificate, key and chain, one file after the other, and measure how long it takes."""
    deployment = trial.deployment
    old, new = deployment.signings
    deployment.expected.accept_signers(old.files.certificate, new.files.certificate)
    copy_signing(new, deployment.keys)
    seconds = seconds_until(lambda: _is_signed_with(deployment, new), pause=0.1)
    # On a busy machine, one of the workers may have answered none of these questions.
    end = time.monotonic() + _SLOW_WORKER_SECONDS
    while time.monotonic() < end:
        if not _is_signed_with(deployment, new):
            end = time.monotonic() + _SLOW_WORKER_SECONDS
        time.sleep(0.2)
    deployment.expected.accept_signers(new.files.certificate)
    wait_until_right(trial.tally)
    deployment.signings.reverse()
    return [Figure("until the new certificate is used", seconds, "s", 10)]


def _distrust(trial: Trial) -> list[Figure]:
    """Replace the authority that slapd's certificate is from by another one, then by a text."""
    services = trial.deployment.services
    kept = services.authority.read_bytes()
    try:
        for content in (trial.deployment.signings[0].root.read_bytes(), b"no certificate\n"):
            services.authority.write_bytes(content)
            services.directory.stop()  # Open connections would stay in use.
            services.directory.start()
            time.sleep(trial.seconds / 2)
    finally:
        services.authority.write_bytes(kept)
    return []


def _is_signed_with(deployment: Deployment, made: Signing) -> bool:
    """Return whether many answers, so those of all workers, are signed with new files."""
    question = next(one for one in deployment.expected.repeated if one.client == "Apple")
    bodies = [Client(deployment.server.port).ask(question).body for _ in range(24)]
    certificate = deployment.expected.signer_of(made.files.certificate)
    return all(certificate in body for body in bodies) and (
        openssl_verifies(bodies[-1], made.root) is not None
    )


def _cut_certificate(keys: Path, _folder: Path) -> None:
    path = keys / "cert.pem"
    path.write_bytes(path.read_bytes()[:200])


def _other_key(keys: Path, folder: Path) -> None:
    shutil.copy(signing(folder).files.key, keys / "key.pem")


def _expired(keys: Path, folder: Path) -> None:
    copy_signing(signing(folder, days=(-2, -1)), keys)


def _no_key(keys: Path, _folder: Path) -> None:
    (keys / "key.pem").unlink()


_BAD: Final[tuple[Callable[[Path, Path], None], ...]] = (
    _cut_certificate,
    _other_key,
    _expired,
    _no_key,
)

FAULTS = (
    Fault(
        "the certificate for profiles is replaced by a bad one",
        with_file,
        _replace_by_bad,
        NOTHING,
        ("profile certificate rejected", "profile certificate loaded"),
        5,
    ),
    Fault(
        "the certificate for profiles is replaced by a good one",
        with_file,
        _renew,
        NOTHING,
        ("profile certificate loaded",),
        5,
    ),
    Fault(
        "the ca_file of a directory is replaced by a bad one",
        with_database,
        _distrust,
        STALE_USERS,
        ("directory failed", "directory answers again"),
        _RECOVERS_SECONDS,
    ),
)
