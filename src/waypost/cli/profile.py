"""`waypost profile`: configuration profiles as files."""

import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from waypost.cli.options import JsonFlag
from waypost.cli.output import EXIT_FINDINGS, align_columns, print_json, print_line, print_stderr
from waypost.core.errors import ProfileError
from waypost.diagnostics.profile_file import (
    ProfileReport,
    X509Certificate,
    inspect,
    read_authorities,
)

FILE_MAX_BYTES: Final = 8 * 1024 * 1024

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A profile, as a device receives it.")
]
CaFlag = Annotated[
    Path | None,
    typer.Option(
        "--ca",
        metavar="FILE",
        help="The authorities to trust (PEM). Default: those of this machine.",
    ),
]


def verify(file: FileArgument, ca: CaFlag = None, as_json: JsonFlag = False) -> None:
    """Check the signature of a profile, and print its content.

    Exit code 1 if the profile is not signed, or if a device would not trust the signature.
    """
    data, trusted = _read(file), _trusted_authorities(ca)
    try:
        report = inspect(data, trusted, datetime.now(UTC))
    except ProfileError as error:
        raise ProfileError(f"{file}: {error}") from error
    if as_json:
        _print_report_json(report)
    else:
        _print_report(report)
    if report.problems:
        raise typer.Exit(EXIT_FINDINGS)


def _read(path: Path, option: str = "") -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(FILE_MAX_BYTES + 1)
    except OSError as error:
        raise ProfileError(f"{option}{path}: cannot be read: {error.strerror}") from error
    if len(data) > FILE_MAX_BYTES:
        raise ProfileError(f"{option}{path}: is larger than {FILE_MAX_BYTES} bytes")
    return data


def _trusted_authorities(ca: Path | None) -> list[X509Certificate]:
    """Read the authorities to trust, from the given file or from this machine."""
    if ca is None:
        default_paths = ssl.get_default_verify_paths()
        candidates = (
            default_paths.cafile,
            default_paths.openssl_cafile,
            "/etc/ssl/certs/ca-certificates.crt",
        )
        ca = next((Path(path) for path in candidates if path and Path(path).is_file()), None)
    if ca is None:
        return []
    data = _read(ca, "--ca: ")
    try:
        return read_authorities(data)
    except ProfileError as error:
        raise ProfileError(f"--ca: {ca}: {error}") from error


def _print_report(report: ProfileReport) -> None:
    valid_until = "" if report.valid_until is None else f"{report.valid_until:%Y-%m-%d %H:%M} UTC"
    rows = [
        ("signed by", report.signer or "-"),
        ("valid until", valid_until or "-"),
        ("trusted by", " < ".join(report.chain) or "-"),
        ("profile", f"{report.name} ({report.identifier})"),
        ("organization", report.organization or "-"),
        *(("payload", f"{payload.type} {payload.name}") for payload in report.payloads),
    ]
    for line in align_columns(rows):
        print_line(line)
    for problem in report.problems:
        print_stderr(problem)


def _print_report_json(report: ProfileReport) -> None:
    valid_until = report.valid_until
    print_json(
        {
            "signed": report.signer is not None,
            "signer": report.signer,
            "valid_until": None if valid_until is None else valid_until.isoformat(),
            "chain": list(report.chain),
            "trusted": bool(report.chain),
            "name": report.name,
            "organization": report.organization,
            "identifier": report.identifier,
            "payloads": [
                {"type": payload.type, "name": payload.name, "identifier": payload.identifier}
                for payload in report.payloads
            ],
            "problems": list(report.problems),
        }
    )
