"""The options of Waypost, their sources, and the precedence of the sources.

`table` contains all options; the TOML file, the environment variables, the flags of
`waypost serve`, the sample file and the reference page use this table.
`loading` combines the sources: a flag has precedence over the environment, the environment over
the credentials, the credentials over the file, and the file over the default.
"""

from waypost.settings.database_source import database_of, lacks_database, source_of_database
from waypost.settings.loading import LoadedSettings, load, load_from_process, monitor_folder
from waypost.settings.option import Option
from waypost.settings.pages import SettingRow, reference, rows, sample
from waypost.settings.secret_values import masked_text, secret_texts
from waypost.settings.sources import Source, SourceKind
from waypost.settings.table import Settings, default_db_uri, options
from waypost.settings.validators import in_memory

__all__ = [
    "LoadedSettings",
    "Option",
    "SettingRow",
    "Settings",
    "Source",
    "SourceKind",
    "database_of",
    "default_db_uri",
    "in_memory",
    "lacks_database",
    "load",
    "load_from_process",
    "masked_text",
    "monitor_folder",
    "options",
    "reference",
    "rows",
    "sample",
    "secret_texts",
    "source_of_database",
]
