"""Statements whose text is generated once: rows, errors, and connections that the server closed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from waypost.core.errors import StoreError
from waypost.database.closed_connections import again_if_closed
from waypost.database.engine import Engine, open_engine, write_transaction
from waypost.database.statement import CompiledStatement, fetch_rows

NUMBERS = sa.Table("numbers", sa.MetaData(), sa.Column("number", sa.Integer))
SECRET = "s3cret"


@pytest.fixture(name="engine", params=[False, True], ids=["driver", "echo"])
def _engine(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Yield a database with two numbers; with echo, SQLAlchemy executes the statements."""
    engine = open_engine(f"sqlite:///{tmp_path}/numbers.sqlite", echo=request.param)
    with write_transaction(engine) as connection:
        NUMBERS.create(connection)
        connection.execute(NUMBERS.insert(), [{"number": 1}, {"number": 2}])
    yield engine
    engine.dispose()


def statement(engine: Engine, table: str = "numbers") -> CompiledStatement:
    """Return a statement that needs each parameter twice, in another order."""
    number = sa.column("number", sa.Integer)
    low, high = (sa.bindparam(name, type_=sa.Integer) for name in ("low", "high"))
    query = sa.select(number, high).select_from(sa.table(table))
    return CompiledStatement.compile(query.where(number >= low, number <= high), engine)


def test_rows(engine: Engine) -> None:
    """The rows are tuples, for any order of the values."""
    assert list(fetch_rows(engine, statement(engine), {"low": 2, "high": 3})) == [(2, 3)]
    assert list(fetch_rows(engine, statement(engine), {"high": 0, "low": 1})) == []


def test_error(engine: Engine) -> None:
    """An error of the driver says what to do, and has no value of a parameter."""
    with pytest.raises(StoreError, match=r"no such table.*run `waypost db upgrade`") as caught:
        fetch_rows(engine, statement(engine, "missing"), {"low": SECRET, "high": 1})
    cause: BaseException | None = caught.value
    while cause is not None:
        assert SECRET not in str(cause)
        cause = cause.__cause__


def test_missing_file(tmp_path: Path) -> None:
    """A SQLite file that does not exist is not created."""
    path = tmp_path / "missing.sqlite"
    engine = open_engine(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="there is no database file"):
        fetch_rows(engine, statement(engine), {"low": 1, "high": 1})
    assert not path.exists()


def failing(*errors: sa.exc.DBAPIError) -> tuple[Callable[[], str], list[sa.exc.DBAPIError]]:
    """Return a function that raises these errors in turn and then answers, and those left."""
    left = list(errors)

    def read() -> str:
        if left:
            raise left.pop(0)
        return "answer"

    return read, left


def error(*, is_lost: bool) -> sa.exc.DBAPIError:
    """Return an error of a driver."""
    return sa.exc.OperationalError("SELECT 1", None, Exception(), connection_invalidated=is_lost)


LOST = [
    # the errors in turn, whether an idle connection was in the pool, whether the read succeeds
    ([], True, True),
    ([True], True, True),
    ([True], False, False),
    ([False], True, False),
    ([True, True], True, False),
]


@pytest.mark.parametrize(("lost", "is_idle", "succeeds"), LOST)
def test_again_if_closed(tmp_path: Path, lost: list[bool], is_idle: bool, succeeds: bool) -> None:
    """A read is repeated once, and only if an idle connection was lost."""
    engine = open_engine(f"sqlite:///{tmp_path}/w.sqlite")
    if is_idle:
        engine.connect().close()
    read, left = failing(*(error(is_lost=one) for one in lost))
    if succeeds:
        assert again_if_closed(engine, read) == "answer"
    else:
        with pytest.raises(sa.exc.OperationalError):
            again_if_closed(engine, read)
    assert left == []
    engine.dispose()
