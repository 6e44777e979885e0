"""`waypost show outlook-reg`: a registry file that makes Outlook ask the right server."""

from typing import Annotated

import typer

from waypost.cli.arguments import parse_domain
from waypost.cli.output import write_document
from waypost.core.errors import SettingsError
from waypost.formats.outlook_registry import is_folder, render, render_local

DomainsArgument = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="DOMAIN",
        help="Outlook reads the answer for these domains from a file DOMAIN.xml on its computer.",
    ),
]
FolderFlag = Annotated[
    str, typer.Option("--folder", metavar="PATH", help="The Windows folder with these files.")
]
PolicyFlag = Annotated[
    bool, typer.Option("--policy", help="Write to the registry keys of group policies.")
]


def outlook_reg(
    domains: DomainsArgument = None,
    folder: FolderFlag = r"C:\Autodiscover",
    policy: PolicyFlag = False,
) -> None:
    """Print a .reg file for classic Outlook.

    With this file, Outlook asks the server of the domain, and does not ask Microsoft's servers
    first. If domains are given, Outlook reads their answers from files.
    """
    if not domains:
        write_document(render(policy=policy))
        return
    if not is_folder(folder):
        rule = r"use a Windows folder such as C:\Autodiscover"
        raise SettingsError([f"--folder: {folder}: {rule}"])
    names = [parse_domain(domain) for domain in domains]
    write_document(render_local(names, folder, policy=policy))
