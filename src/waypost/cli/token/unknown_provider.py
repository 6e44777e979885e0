"""A warning about a limit to a provider that does not exist."""

from waypost.admin.facade import Admin
from waypost.admin.source import AdminSource
from waypost.cli.output import print_warnings
from waypost.cli.principal import command_principal
from waypost.core.errors import ObjectNotFound, ProvidersError
from waypost.database.engine import Engine
from waypost.settings import Settings


def warn_unknown_provider(settings: Settings, engine: Engine, provider: str | None) -> None:
    """Print a warning if no provider has the name in --provider.

    The provider may be added later, so this is no error. A command calls this function before it
    stores a secret: if the database fails here, no secret is stored that the command cannot print.

    Args:
        settings: define whether the providers are in a file.
        engine: the database.
        provider: the name; None without such a limit.

    Raises:
        StoreError: the database cannot be used.
    """
    if provider is None:
        return
    source = AdminSource(settings, None if settings.uses_providers_file else engine)
    admin = Admin(source, command_principal())
    try:
        admin.get_provider(provider)
    except ObjectNotFound as error:
        effect = "this gives access to no domain until a provider has this name"
        print_warnings([f"--provider: {error}; {effect}"])
    except ProvidersError:
        return  # The file has mistakes, which `waypost lint` and the service report.
