"""The statements that a piece of code sends to a database."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa


@contextmanager
def recorded_statements(engine: sa.Engine) -> Iterator[list[str]]:
    """Yield a list that gets the text of each statement inside `with`, in their order."""
    statements: list[str] = []

    def record(*event: object) -> None:
        statements.append(str(event[2]))

    sa.event.listen(engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        sa.event.remove(engine, "before_cursor_execute", record)
