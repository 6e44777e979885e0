"""All messages about a directory of the kind `sql`.

docs/directories/sql.md has a table of the messages, with the fix for each.
"""

import enum


class SqlMessage(enum.StrEnum):
    """The texts. The fields in braces never contain a password or an address."""

    NO_URI = "no uri is set; set uri, uri_file or uri_env"
    URI_FILE = "uri_file: {path} cannot be read: {reason}"
    URI_FILE_EMPTY = "uri_file: the first line of {path} is empty"
    URI_ENV = "uri_env: the environment variable {name} is not set"
    BAD_URI = "uri: is not a database URI; write dialect+driver://user:password@host/database"
    UNKNOWN_KIND = "uri: Waypost does not support the database {name!r}"
    NO_DRIVER = "uri: the driver for {driver} is not installed; {fix}"
    NOT_A_FILE = "uri: must name an existing SQLite file, as sqlite:////var/lib/mail.sqlite"
    DRIVER_OPTIONS = "uri: the driver rejects the host or the options: {reason}"
    NO_FILE = (
        "uri: {path}: {reason}; check the path, and that Waypost may read the file and its folder"
    )
    NOT_SQLITE = "uri: {path}: {reason}; name a SQLite file"
    NO_SERVER = "{reason}; check the host and the port in uri, and that the server runs"
    NO_LOGIN = "{reason}; check the user and the password in uri"
    NO_DATABASE = "{reason}; check the name of the database in uri"
    FULL = "{reason}; let the server accept more connections, or lower max_searches"
    NO_QUERY = "has no query for users, only a domains_query"
    NO_DOMAINS_QUERY = "has no domains_query"
    UNKNOWN_NAME = "{option}: :{name} is not known"
    NO_TABLE = "{option}: {reason}; check the names of tables and columns"
    NO_RIGHT = "{option}: {reason}; allow the user in uri to SELECT from it"
    WRITES = "{option}: {reason}; the statement may only read"
    WRONG = "{option}: {reason}; correct the statement"
    NO_LOGIN_COLUMN = "query: returns no column login; write SELECT ... AS login"
    NO_ROWS = "{option}: is not a SELECT; write a SELECT"
    TOO_SLOW = (
        "{option}: took longer than time_limit_seconds ({seconds:g} s); add an index for the "
        "columns that it compares"
    )
    LOCKED = "{option}: {reason}; another process holds a lock"
    LOST = "{option}: {reason}; the connection was lost"
    BUSY = "all {connections} connections are in use; raise max_searches"
    AMBIGUOUS = "query: finds several rows for one address; the user counts as unknown"

    def of(self, label: str, **fields: object) -> str:
        """Return the text for the directory of this name, with its fields filled in."""
        return f"directory {label}: {self.format(**fields)}"
