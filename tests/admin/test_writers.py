"""Several writers at the same time."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.admin.cases import IMAP, SMTP, served
from tests.servers.patience import PATIENCE_SECONDS
from waypost.admin.facade import Admin
from waypost.core.errors import StoreUnavailable, VersionConflict

WRITERS = 4


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run calls at the same time, and return their results or their conflicts.

    On a busy machine, one may wait longer for the others than the database allows; it tries again.
    """
    barrier = Barrier(len(calls))

    def run(call: Callable[[], object]) -> object:
        barrier.wait(60)
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return call()
            except VersionConflict as error:
                return error
            except StoreUnavailable:
                if time.monotonic() > end:
                    raise

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_one_version_changes_once(any_admin: Admin) -> None:
    """Of changes of the same version one is made, and the others are refused."""
    first = any_admin.put_domain("new.example", served()).new
    assert first is not None

    def change(number: int) -> Callable[[], object]:
        services = [{**IMAP, "host": f"h{number}.example"}, SMTP]
        return lambda: any_admin.patch_domain(
            "new.example", {"services": services}, if_match=first.version
        )

    results = at_once(*map(change, range(WRITERS)))
    assert sum(isinstance(one, VersionConflict) for one in results) == WRITERS - 1
    assert len(any_admin.audit().items) == 2


def test_one_name_is_created_once(any_admin: Admin) -> None:
    """Of several creations of one domain one succeeds."""

    def create() -> object:
        return any_admin.put_domain("new.example", served(), if_none_match="*")

    results = at_once(*[create] * WRITERS)
    assert sum(isinstance(one, VersionConflict) for one in results) == WRITERS - 1


def test_different_domains(any_admin: Admin) -> None:
    """Changes of different domains all succeed."""
    at_once(
        *(
            lambda number=number: any_admin.put_domain(f"d{number}.example", served())
            for number in range(WRITERS)
        )
    )
    assert len(any_admin.list_domains(prefix="d").items) == WRITERS
