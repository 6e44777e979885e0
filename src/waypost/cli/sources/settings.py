"""The settings of a command."""

from pathlib import Path

from waypost.cli.output import print_stderr, print_warnings
from waypost.settings import Settings, database_of, load_from_process, source_of_database


def load_settings(
    providers: Path | None = None,
    demo: bool = False,
    db_uri: str | None = None,
    public_url: str | None = None,
) -> Settings:
    """Load the settings with the flags of a command, and print which database is used.

    Raises:
        SettingsError: with all mistakes in the settings.
    """
    flags = {"providers": providers, "demo": demo or None, "db_uri": db_uri}
    flags["public_url"] = public_url
    loaded = load_from_process(flags)
    print_warnings(loaded.warnings)
    if (uri := database_of(loaded, Path.cwd())) is not None:
        print_stderr(f"database: {uri} ({source_of_database(loaded)})")
    return loaded.settings
