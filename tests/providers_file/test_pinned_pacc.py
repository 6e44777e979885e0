"""The pinned PACC documents of a providers file."""

import stat
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.making import EXAMPLE_COM
from waypost.core.address import DomainName
from waypost.core.errors import ProvidersError
from waypost.providers_file.pinned_pacc import MAX_BYTES, PinnedFile, pinned_path, read_pinned

OTHER = DomainName("xn--bcher-kva.example")
OLD = '{"info":{"provider":{"name":"Bücher 📚"}}}'.encode()


@pytest.fixture(name="providers")
def _providers(tmp_path: Path) -> Path:
    path = tmp_path / "mail.toml"
    path.write_text("[[provider]]\n", encoding="utf-8")
    path.chmod(0o640)
    return path


def test_pin_and_unpin(providers: Path) -> None:
    """The first document is pinned, byte for byte, until it is unpinned; then no file is left."""
    pinned = PinnedFile(providers)

    assert pinned.pin(EXAMPLE_COM, OLD) == OLD
    assert pinned.pin(EXAMPLE_COM, b"new") == OLD
    assert pinned.pin(OTHER, b"other") == b"other"
    assert pinned.all() == read_pinned(providers) == {"example.com": OLD, OTHER.ascii: b"other"}
    assert not pinned.unpin(EXAMPLE_COM, b"new")
    assert pinned.unpin(EXAMPLE_COM, OLD)
    assert not pinned.unpin(EXAMPLE_COM, OLD)
    assert pinned.unpin(OTHER, b"other")
    assert sorted(providers.parent.iterdir()) == [providers]


def test_mode_and_owner_are_copied(providers: Path) -> None:
    """Only users that can read the providers file can read the pinned documents."""
    PinnedFile(providers).pin(EXAMPLE_COM, OLD)
    found, wanted = pinned_path(providers).stat(), providers.stat()

    assert stat.S_IMODE(found.st_mode) == 0o640
    assert (found.st_uid, found.st_gid) == (wanted.st_uid, wanted.st_gid)


BAD = [
    # bytes, problem
    (b"", "not JSON"),
    (b'{"pinned": {"a.example": "x"', "line 1, column 29: not JSON"),
    (b"[]", "the top level must be a table"),
    (b"{}", 'must be {"pinned": {DOMAIN: DOCUMENT, ...}}'),
    (b'{"pinned": {}, "more": 1}', 'must be {"pinned": {DOMAIN: DOCUMENT, ...}}'),
    (b'{"pinned": ["a.example"]}', 'must be {"pinned": {DOMAIN: DOCUMENT, ...}}'),
    (b'{"pinned": {"a..example": "x"}}', "pinned.'a..example': is not a domain"),
    (b'{"pinned": {"*.example": "x"}}', "pinned.'*.example': is not a domain"),
    (b'{"pinned": {"a.example": 1}}', "pinned.'a.example': must be a string"),
    (b'{"pinned": {"a.example": ""}}', "pinned.'a.example': must be a string"),
    (b'{"pinned": {"a.example": {"info": 1}}}', "pinned.'a.example': must be a string"),
    (b'{"pinned": {"a.example": "\\ud800"}}', "pinned.'a.example': contains half a character"),
    (b'{"pinned": {"a.example": "x", "a.example": "y"}}', "the key 'a.example' appears twice"),
    (b'{"pinned": {"a.example": "x", "A.Example": "y"}}', "appears twice, in different spellings"),
    (b"\xff\xfe", "is not UTF-8"),
    (b"\x00", "NUL"),
    (b'{"pinned": ' + b"[" * 100_000, "nested too deeply"),
    (b" " * (MAX_BYTES + 1), "is larger than 16 MiB"),
]


@pytest.mark.parametrize(("data", "said"), BAD, ids=[said for _, said in BAD])
def test_broken_file(providers: Path, data: bytes, said: str) -> None:
    """A broken file is reported with its mistake by each reader, and stays unchanged."""
    path = pinned_path(providers)
    path.write_bytes(data)
    pinned = PinnedFile(providers)

    for act in (
        pinned.all,
        lambda: pinned.pin(EXAMPLE_COM, OLD),
        lambda: pinned.unpin(EXAMPLE_COM, OLD),
    ):
        with pytest.raises(ProvidersError) as caught:
            act()
        assert all(problem.startswith(f"{path}: ") for problem in caught.value.problems)
        assert said in str(caught.value)
    assert path.read_bytes() == data
    assert sorted(providers.parent.iterdir()) == [providers, path]


def test_too_large_file_is_not_written(providers: Path) -> None:
    """A document that would make the file too large to read is not written."""
    pinned = PinnedFile(providers)
    pinned.pin(EXAMPLE_COM, OLD)

    with pytest.raises(ProvidersError, match="would become too large"):
        pinned.pin(OTHER, b"x" * MAX_BYTES)
    assert pinned.all() == {"example.com": OLD}


def test_no_file(providers: Path) -> None:
    """A path that is not a file, or a folder that is not a folder, is reported."""
    pinned_path(providers).mkdir()
    with pytest.raises(ProvidersError, match=r"mail\.toml\.pacc\.json: cannot be read"):
        read_pinned(providers)
    with pytest.raises(ProvidersError, match=r"mail\.toml\.pacc\.json: cannot be written"):
        PinnedFile(providers / "mail.toml").pin(EXAMPLE_COM, OLD)


def test_parallel_pins(providers: Path) -> None:
    """Of many parallel pins one document is pinned, and of many unpins one succeeds."""
    pinned, released = set[bytes](), list[bool]()
    document = {str(number).encode() for number in range(8)}

    def pin(one: bytes) -> None:
        pinned.add(PinnedFile(providers).pin(EXAMPLE_COM, one))
        PinnedFile(providers).pin(DomainName(f"a{one.decode()}.example"), one)

    def release(one: bytes) -> None:
        released.append(PinnedFile(providers).unpin(EXAMPLE_COM, one))

    run([partial(pin, one) for one in document])
    (winner,) = pinned
    assert len(read_pinned(providers)) == 9
    run([partial(release, winner)] * 8)
    assert sorted(released) == [False] * 7 + [True]
    assert len(read_pinned(providers)) == 8


def run(acts: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@given(st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_any_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """The bytes of any text come back unchanged."""
    providers = tmp_path_factory.mktemp("pinned") / "mail.json"
    providers.touch()
    PinnedFile(providers).pin(EXAMPLE_COM, text.encode())

    assert read_pinned(providers) == {"example.com": text.encode()}
