"""`waypost token create`, `list` and `revoke`: tokens for programs that use the API."""

import time
from typing import Annotated

import typer

from waypost.admin.access.duration import utc_text
from waypost.admin.access.records import token_data
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.tokens import TokenRecord, Tokens
from waypost.admin.principal import Role
from waypost.cli.options import DbUriFlag, JsonFlag
from waypost.cli.output import (
    EXIT_FINDINGS,
    print_json,
    print_line,
    print_rows,
    print_stderr,
)
from waypost.cli.principal import command_principal
from waypost.cli.sources.database import open_database
from waypost.cli.sources.settings import load_settings
from waypost.cli.token.scope_options import (
    DomainsFlag,
    ProviderFlag,
    RoleFlag,
    check_name,
    read_expiry,
    read_scope_options,
)
from waypost.cli.token.unknown_provider import warn_unknown_provider


def create(  # noqa: PLR0913 -- one argument for each option
    *,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What the token is for.")],
    role: RoleFlag = Role.READ,
    domains: DomainsFlag = None,
    provider: ProviderFlag = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", metavar="TIME", help="How long it is valid, such as 12h or 90d."),
    ] = None,
    db_uri: DbUriFlag = None,
    as_json: JsonFlag = False,
) -> None:
    """Create a token for the API, and print it.

    Waypost stores only a digest of the token, and cannot print the token again. The id, for
    `waypost token revoke`, goes to standard error.
    """
    scope = read_scope_options(role, domains, provider)
    label, seconds = check_name(name, "--name"), read_expiry(expires)
    settings = load_settings(db_uri=db_uri)
    with open_database(settings) as engine:
        warn_unknown_provider(settings, engine, scope.provider)
        tokens = Tokens(engine, retention_days=settings.audit_retention_days)
        secret, record = tokens.create(
            label, scope, by=command_principal(), expires_seconds=seconds
        )
    if as_json:
        print_json({"token": secret, **token_data(record)})
        return
    print_line(secret)
    print_stderr(f"token {record.id} for {record.name}: {_scope_text(record.scope)}")


def list_tokens(db_uri: DbUriFlag = None, as_json: JsonFlag = False) -> None:
    """List the tokens, without their secrets.

    Each line has the id, the name, the role with its limits, the expiry and the last use.
    """
    with open_database(load_settings(db_uri=db_uri)) as engine:
        records = Tokens(engine).list()
    if as_json:
        print_json([token_data(record) for record in records])
        return
    print_rows([_row(record) for record in records], "no tokens; see `waypost token create --help`")


def revoke(
    token_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id from `waypost token list`.")
    ],
    db_uri: DbUriFlag = None,
) -> None:
    """Revoke a token at once.

    Exit code 1 if there is no valid token with this id.
    """
    settings = load_settings(db_uri=db_uri)
    with open_database(settings) as engine:
        tokens = Tokens(engine, retention_days=settings.audit_retention_days)
        if not tokens.revoke(token_id, by=command_principal()):
            print_stderr(f"error: no valid token has the id {token_id}; see `waypost token list`")
            raise typer.Exit(EXIT_FINDINGS)
    print_line(f"revoked {token_id}")


def _row(record: TokenRecord) -> tuple[str, ...]:
    state = "never expires"
    if record.revoked_at is not None:
        state = f"revoked {utc_text(record.revoked_at)}"
    elif record.expires_at is not None:
        word = "expires" if record.is_valid(time.time()) else "expired"
        state = f"{word} {utc_text(record.expires_at)}"
    used_at = record.last_used_at
    last_use = "never used" if used_at is None else f"used {utc_text(used_at)}"
    return record.id, record.name, _scope_text(record.scope), state, last_use


def _scope_text(scope: AccessScope) -> str:
    limits = [pattern.text for pattern in scope.domains]
    if scope.provider is not None:
        limits.append(f"provider {scope.provider}")
    return f"{scope.role.value} {', '.join(limits) or 'everything'}"
