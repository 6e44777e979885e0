"""All that an operator can be told about a directory of the kind sql.

docs/directories/sql.md has each of them in a table, with its cure.
"""

import enum


class Message(enum.StrEnum):
    """The texts; what stands in braces is filled in, and is never a password or an address."""

    NO_URI = "no uri is given; write uri, uri_file or uri_env"
    URI_FILE = "uri_file: {path} cannot be read: {reason}"
    URI_FILE_EMPTY = "uri_file: the first line of {path} is empty"
    URI_ENV = "uri_env: the environment variable {name} is not set"
    BAD_URI = "uri: is not a database URI; write dialect+driver://user:password@host/database"
    UNKNOWN_KIND = "uri: Waypost knows no database {name!r}"
    NO_DRIVER = "uri: the driver for {driver} is not installed; {cure}"
    NOT_A_FILE = "uri: must name a SQLite file that is there, as sqlite:////var/lib/mail.sqlite"
    DRIVER_OPTIONS = "uri: the driver does not take its host or its options: {reason}"
    NO_FILE = "uri: {path}: {reason}; check the path, and that Waypost may read file and folder"
    NOT_SQLITE = "uri: {path}: {reason}; name a SQLite file"
    NO_SERVER = "{reason}; check the host and the port in uri, and that the server runs"
    NO_LOGIN = "{reason}; check the user and the password in uri"
    NO_DATABASE = "{reason}; check the name of the database in uri"
    FULL = "{reason}; let the server take more connections, or lower max_searches"
    NO_QUERY = "has no query for users, only a domains_query"
    NO_DOMAINS_QUERY = "has no domains_query"
    UNKNOWN_NAME = "{option}: :{name} is not known"
    NO_TABLE = "{option}: {reason}; check the names of tables and columns"
    NO_RIGHT = "{option}: {reason}; allow the user in uri to SELECT from it"
    WRITES = "{option}: {reason}; it may only read"
    WRONG = "{option}: {reason}; correct the statement"
    NO_LOGIN_COLUMN = "query: gives no column login; write SELECT ... AS login"
    NO_ROWS = "{option}: gives no rows; it must be a SELECT"
    TOO_SLOW = (
        "{option}: took longer than time_limit_seconds, {seconds:g} s; give the columns that it "
        "compares an index"
    )
    LOCKED = "{option}: {reason}; something else holds a lock"
    LOST = "{option}: {reason}; the connection or the server went away"
    BUSY = "all {connections} connections are in use; raise max_searches"
    AMBIGUOUS = "query: finds several rows for one address, which counts as nobody"

    def of(self, label: str, **fields: object) -> str:
        """Fill in the text for the directory of this name."""
        return f"directory {label}: {self.format(**fields)}"
