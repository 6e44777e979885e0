"""`waypost show outlook-reg`: a file for Windows' registry, for Outlook that asks elsewhere."""

import re
from typing import Annotated, Final

import typer

from waypost.cli.reporting import write_document
from waypost.cli.typed import typed_domain
from waypost.errors import SettingsError

EXAMPLE: Final = "Example: waypost show outlook-reg > outlook.reg"
DomainsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[DOMAIN]...",
        help="Domains whose answer Outlook shall read from a file DOMAIN.xml on its computer.",
    ),
]
FolderFlag = Annotated[
    str, typer.Option("--folder", metavar="PATH", help="Where these files are on Windows.")
]
PolicyFlag = Annotated[
    bool, typer.Option("--policy", help="Write to the place of group policies, for a company.")
]
# A drive or a share; and no character that Windows forbids in a path.
_FOLDER: Final = re.compile(
    r"""(?:[A-Za-z]:|\\\\[^\\/:*?"<>|\x00-\x1f]+)(?:\\[^\\/:*?"<>|\x00-\x1f]+)*\\?"""
)


def outlook_reg(
    domains: DomainsArgument = None,
    folder: FolderFlag = r"C:\Autodiscover",
    policy: PolicyFlag = False,
) -> None:
    """A .reg file for classic Outlook: ask the domain's own server, not Microsoft's first.

    With domains: read their answers from files.
    """
    from waypost.formats.outlook_registry import render, render_local  # noqa: PLC0415

    if not domains:
        write_document(render(policy=policy))
        return
    if _FOLDER.fullmatch(folder) is None:
        rule = r"write a folder of Windows, such as C:\Autodiscover"
        raise SettingsError([f"--folder: {folder}: {rule}"])
    names = [typed_domain(domain) for domain in domains]
    write_document(render_local(names, folder, policy=policy))
