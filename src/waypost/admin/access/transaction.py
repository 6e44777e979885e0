"""The transaction of a change of tokens, sign-in links and sessions."""

from collections.abc import Iterator
from contextlib import contextmanager

from waypost.database.engine import Connection, Engine, refuse_missing_file, write_transaction


@contextmanager
def access_transaction(engine: Engine) -> Iterator[Connection]:
    """Yield a connection in one transaction, as `write_transaction`, but create no SQLite file.

    A request without a sign-in must not create a database.

    Raises:
        StoreUnavailable: the database does not answer, or is locked for too long.
        StoreError: it answers, but cannot be used; or the SQLite file does not exist.
    """
    refuse_missing_file(engine)
    with write_transaction(engine) as connection:
        yield connection
