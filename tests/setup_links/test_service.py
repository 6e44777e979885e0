"""A use of a link on a server: whatever fails leaves nothing half made."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from tests.setup_links.stored import KEY, TARGET, MemoryRows
from waypost.core.errors import LinkBusy, LinkInvalid, NoUsableService, StoreUnavailable
from waypost.setup_links.app_password import AppPasswordError, AppPasswordRequest
from waypost.setup_links.keys import LinkKeys
from waypost.setup_links.link import LinkTarget, LinkTerms
from waypost.setup_links.links import SetupLinks
from waypost.setup_links.password_service import AppPasswordService
from waypost.setup_links.service import SetupLinkService

Build = Callable[[LinkTarget, str | None], Awaitable[str]]


class Source:
    """The operator's system: the passwords that are valid now. Implements `AppPasswordSource`."""

    def __init__(self, fails: str = "") -> None:
        self.valid: dict[str, str] = {}
        self.created = 0
        self._fails = fails

    def create(self, request: AppPasswordRequest) -> str:
        self.created += 1
        assert (request.address, request.device) == ("alice@example.com", "phone")
        if self._fails != "create":
            self.valid[request.id] = f"password {self.created}"
        if self._fails in {"create", "after create"}:
            raise AppPasswordError("the system is away")
        return self.valid[request.id]

    def revoke(self, request: AppPasswordRequest) -> None:
        if self._fails == "revoke":
            raise AppPasswordError("the system is away")
        self.valid.pop(request.id, None)


async def build(target: LinkTarget, password: str | None) -> str:
    return f"{target.address} {password}"


async def cannot_build(_target: LinkTarget, _password: str | None) -> str:
    raise NoUsableService("there is no service")


def run(service: SetupLinkService, token: str, builder: Build = build) -> str:
    try:
        return asyncio.run(service.use(token, builder))
    finally:
        service.close()


def made(password: str | None = None) -> tuple[MemoryRows, str]:
    rows = MemoryRows()
    links = SetupLinks(rows, LinkKeys([KEY]))
    return rows, links.create(TARGET, LinkTerms(60, 1, password)).token


def service_of(rows: MemoryRows, source: Source | None) -> SetupLinkService:
    passwords = None if source is None else AppPasswordService(source)
    return SetupLinkService(SetupLinks(rows, LinkKeys([KEY])), passwords)


def test_a_new_password() -> None:
    """A use gets a password of the operator's system, and uses the link up."""
    source = Source()
    rows, token = made()
    assert run(service_of(rows, source), token) == "alice@example.com password 1"
    assert list(source.valid.values()) == ["password 1"]
    with pytest.raises(LinkInvalid):
        run(service_of(rows, source), token)
    assert source.created == 1


def test_a_stored_password() -> None:
    """A stored password is given out, and the operator's system is not asked."""
    source = Source()
    rows, token = made("stored")
    assert run(service_of(rows, source), token) == "alice@example.com stored"
    assert source.created == 0


def test_no_password() -> None:
    """Without a stored password and without a system there is none."""
    rows, token = made()
    service = service_of(rows, None)
    assert not service.makes_passwords
    assert run(service, token) == "alice@example.com None"


FAILURES = [
    # what fails in the operator's system, the method that finds no database, the builder, the error
    ("create", "", build, AppPasswordError),
    ("after create", "", build, AppPasswordError),
    ("", "", cannot_build, NoUsableService),
    ("", "complete", build, StoreUnavailable),
]


@pytest.mark.parametrize(("fails", "fails_at", "builder", "error"), FAILURES)
def test_a_failure(fails: str, fails_at: str, builder: Build, error: type[Exception]) -> None:
    """After a failure no password is valid, and the link can be used again, with its old name."""
    source = Source(fails)
    rows, token = made()
    rows.fails_at = fails_at
    with pytest.raises(error):
        run(service_of(rows, source), token, builder)
    assert source.valid == {}
    rows.fails_at = ""
    working = Source()
    assert run(service_of(rows, working), token) == "alice@example.com password 1"


def test_a_database_that_is_away_before() -> None:
    """If the database is away, no password is made."""
    source = Source()
    rows, token = made()
    rows.fails_at = "lease"
    with pytest.raises(StoreUnavailable):
        run(service_of(rows, source), token)
    assert source.created == 0


def test_a_password_that_cannot_be_revoked() -> None:
    """The log names the request of a password that may still be valid, and no secret."""
    source = Source("revoke")
    rows, token = made()
    with capture_logs() as lines, pytest.raises(NoUsableService):
        run(service_of(rows, source), token, cannot_build)
    (line,) = [one for one in lines if "id" in one]
    assert line["id"] in source.valid
    assert "password 1" not in str(line)
    assert "alice" not in str(line)
    # The next try has the same name, so that the system replaces the password.
    assert run(service_of(rows, source), token) == "alice@example.com password 2"
    assert list(source.valid.values()) == ["password 2"]


def test_a_lease_that_cannot_be_released() -> None:
    """The lease ends by itself, and the first error counts."""
    rows, token = made()
    rows.fails_at = "release"
    with capture_logs() as lines, pytest.raises(NoUsableService):
        run(service_of(rows, None), token, cannot_build)
    assert [line["log_level"] for line in lines] == ["warning"]


def test_a_use_that_took_too_long() -> None:
    """A device whose lease has ended gets no answer, and its password is revoked."""
    source = Source()
    rows, token = made()

    async def slow(target: LinkTarget, password: str | None) -> str:
        rows.leases.clear()
        return await build(target, password)

    with pytest.raises(LinkBusy):
        run(service_of(rows, source), token, slow)
    assert source.valid == {}


def test_a_late_failure_does_not_touch_the_next_device() -> None:
    """A device whose lease may have ended revokes nothing: the id is that of the next one, too."""
    source, now = Source(), [0.0]
    rows, token = made()
    links = SetupLinks(rows, LinkKeys([KEY]))
    service = SetupLinkService(links, AppPasswordService(source, lambda: now[0]))

    async def slow(_target: LinkTarget, _password: str | None) -> str:
        now[0] = 25.0
        rows.leases.clear()
        source.valid = dict.fromkeys(source.valid, "of the next device")
        return "late"

    with capture_logs() as lines, pytest.raises(LinkBusy):
        run(service, token, slow)
    assert list(source.valid.values()) == ["of the next device"]
    assert any("may still be valid" in line["event"] for line in lines)


def test_two_devices() -> None:
    """Of two devices at the same moment one gets a password, and the other one is asked to wait."""
    source = Source()
    rows, token = made()
    service = service_of(rows, source)

    async def both() -> list[str | BaseException]:
        began, meeting = asyncio.Event(), asyncio.Event()

        async def waiting(target: LinkTarget, password: str | None) -> str:
            began.set()
            await meeting.wait()
            return await build(target, password)

        first = asyncio.create_task(service.use(token, waiting))
        await began.wait()
        second = await asyncio.gather(service.use(token, build), return_exceptions=True)
        meeting.set()
        return [await first, *second]

    answer, refused = asyncio.run(both())
    service.close()
    assert answer == "alice@example.com password 1"
    assert isinstance(refused, LinkBusy)
    assert len(source.valid) == 1
