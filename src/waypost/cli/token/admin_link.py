"""`waypost admin link`: sign in to the admin pages."""

from typing import Annotated

import typer

from waypost.admin.access.sessions import LINK_SECONDS, Sessions
from waypost.admin.principal import Role
from waypost.cli.options import DbUriFlag
from waypost.cli.output import print_line, print_stderr
from waypost.cli.principal import command_principal
from waypost.cli.sources.database import open_database
from waypost.cli.sources.settings import load_settings
from waypost.cli.token.scope_options import (
    DomainsFlag,
    ProviderFlag,
    RoleFlag,
    check_name,
    read_scope_options,
)
from waypost.cli.token.unknown_provider import warn_unknown_provider
from waypost.settings.admin import admin_pages_url


def link(
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="Who signs in, for the audit log.")
    ] = "admin",
    role: RoleFlag = Role.WRITE,
    domains: DomainsFlag = None,
    provider: ProviderFlag = None,
    db_uri: DbUriFlag = None,
) -> None:
    """Print a link that signs one person in to the admin pages.

    The link is valid once, within ten minutes.
    """
    settings = load_settings(db_uri=db_uri)
    scope = read_scope_options(role, domains, provider)
    label = check_name(name, "--name")
    with open_database(settings) as engine:
        warn_unknown_provider(settings, engine, scope.provider)
        sessions = Sessions(engine, retention_days=settings.audit_retention_days)
        secret = sessions.create_link(label, scope, by=command_principal())
    print_line(f"{admin_pages_url(settings)}/admin/sign-in?link={secret}")
    print_stderr(f"The link is valid once, for {LINK_SECONDS // 60} minutes.")
