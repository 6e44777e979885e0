"""`waypost link create`: a one-time link for a person and a device, with its QR code."""

import re
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from waypost.admin.links.cases import NewLink
from waypost.cli.administration.connection import open_admin
from waypost.cli.administration.place import Place, TokenFileFlag, UrlFlag
from waypost.cli.link.qr_code import check_file, write_file
from waypost.cli.logs import disable_log
from waypost.cli.options import DbUriFlag, DemoFlag, JsonFlag, ProvidersFlag
from waypost.cli.output import print_json, print_line, print_stderr, write_document
from waypost.cli.show.common import AddressArgument, parse_address
from waypost.core.errors import LinkError
from waypost.runtime.regular_file import read_regular_file, reason_of
from waypost.setup_links.link import checked_target, checked_terms
from waypost.setup_links.qr_code import for_terminal

_DURATION: Final = re.compile(r"([0-9]{1,6})([mhd])")
_SECONDS: Final = {"m": 60, "h": 3600, "d": 86400}
_PASSWORD_MAX_BYTES: Final = 4096

NameFlag = Annotated[str, typer.Option("--name", metavar="NAME", help="The name of the person.")]
DeviceFlag = Annotated[
    str, typer.Option("--device", metavar="TEXT", help="What the device is called, such as phone.")
]
AliasFlag = Annotated[
    list[str] | None,
    typer.Option("--alias", metavar="ADDRESS", help="Another address of the mailbox; repeatable."),
]
ExpiresFlag = Annotated[
    str,
    typer.Option(
        "--expires", metavar="TIME", help="How long the link is valid: 30m, 12h or 7d, 90d at most."
    ),
]
UsesFlag = Annotated[
    int, typer.Option("--uses", metavar="NUMBER", help="How many devices can use the link.")
]
PasswordFlag = Annotated[
    str | None,
    typer.Option(
        "--app-password-file",
        metavar="FILE",
        help="A file with a password for the account, or - for standard input. The link gives it "
        "out once. It is stored encrypted, and removed after the last use.",
    ),
]
QrFlag = Annotated[
    bool | None,
    typer.Option(
        "--qr/--no-qr", help="Print the QR code of the link. Default: only on a terminal."
    ),
]
QrFileFlag = Annotated[
    Path | None,
    typer.Option("--qr-file", metavar="FILE", help="Write the QR code to this .svg or .png file."),
]


def create(  # noqa: PLR0913 -- each is a flag
    address: AddressArgument,
    *,
    name: NameFlag = "",
    device: DeviceFlag = "",
    alias: AliasFlag = None,
    expires: ExpiresFlag = "2d",
    uses: UsesFlag = 1,
    app_password_file: PasswordFlag = None,
    qr: QrFlag = None,
    qr_file: QrFileFlag = None,
    providers: ProvidersFlag = None,
    demo: DemoFlag = False,
    db_uri: DbUriFlag = None,
    url: UrlFlag = None,
    token_file: TokenFileFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Create a one-time link for a person and a device.

    Send it to the person, or show the QR code. A button on its page gives the settings, and uses
    the link up. Without a database, the link can be used until it expires.
    """
    target = checked_target(parse_address(address, "a setup link"), name, alias or (), device)
    terms = checked_terms(_parse_duration(expires), uses, _read_password(app_password_file))
    if qr_file is not None:
        check_file(qr_file)
    with open_admin(Place(db_uri, url, token_file, providers, demo)) as admin:
        disable_log()
        link = admin.setup_links.create(target, terms)
    if as_json:
        print_json(link.data)
    else:
        print_line(link.url)
        is_terminal = sys.stdout.isatty()
        if qr or (qr is None and is_terminal):
            write_document(for_terminal(link.url, has_colors=is_terminal))
        _print_notes(link)
    if qr_file is not None:
        write_file(link.url, qr_file)


def _parse_duration(text: str) -> int:
    """Return the seconds of a text such as `12h`."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise LinkError(f"--expires: {text}: must be a number with m, h or d, such as 30m or 7d")
    return int(match[1]) * _SECONDS[match[2]]


def _read_password(path: str | None) -> str | None:
    """Read a password, without the end of its line. Errors do not show it."""
    if path is None:
        return None
    try:
        data = (
            sys.stdin.buffer.read(_PASSWORD_MAX_BYTES + 1)
            if path == "-"
            else read_regular_file(path, _PASSWORD_MAX_BYTES)
        )
        return data.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise LinkError("--app-password-file: is not UTF-8") from None
    except OSError as error:
        raise LinkError(f"--app-password-file: {path}: {reason_of(error)}") from error


def _print_notes(link: NewLink) -> None:
    until, uses = link.data["expires"], link.data["uses"]
    if link.is_reusable:
        print_stderr(f"any number of devices can use it until {until}: there is no database")
    else:
        devices = "one device" if uses == 1 else f"{uses} devices"
        print_stderr(f"link {link.data['id']}: for {devices}, until {until}")
