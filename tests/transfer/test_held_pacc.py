"""What is held for domains of a providers file, and the file beside it."""

import stat
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.making import EXAMPLE_COM
from waypost.address import DomainName
from waypost.errors import ProvidersError
from waypost.transfer.held_pacc import MAX_OCTETS, HeldFile, held_path, read_held

OTHER = DomainName("xn--bcher-kva.example")
OLD = '{"info":{"provider":{"name":"Bücher 📚"}}}'.encode()


@pytest.fixture(name="providers")
def _providers(tmp_path: Path) -> Path:
    path = tmp_path / "mail.toml"
    path.write_text("[[provider]]\n", encoding="utf-8")
    path.chmod(0o640)
    return path


def test_holding(providers: Path) -> None:
    """The first document is held, to the byte, until it is let go; then no file is left."""
    held = HeldFile(providers)

    assert held.hold(EXAMPLE_COM, OLD) == OLD
    assert held.hold(EXAMPLE_COM, b"new") == OLD
    assert held.hold(OTHER, b"other") == b"other"
    assert held.all() == read_held(providers) == {"example.com": OLD, OTHER.ascii: b"other"}
    assert not held.release(EXAMPLE_COM, b"new")
    assert held.release(EXAMPLE_COM, OLD)
    assert not held.release(EXAMPLE_COM, OLD)
    assert held.release(OTHER, b"other")
    assert sorted(providers.parent.iterdir()) == [providers]


def test_who_may_read_it(providers: Path) -> None:
    """The file may be read by those who may read the providers file, and by nobody else."""
    HeldFile(providers).hold(EXAMPLE_COM, OLD)
    found, wanted = held_path(providers).stat(), providers.stat()

    assert stat.S_IMODE(found.st_mode) == 0o640
    assert (found.st_uid, found.st_gid) == (wanted.st_uid, wanted.st_gid)


BAD = [
    # octets, what is said
    (b"", "not JSON"),
    (b'{"held": {"a.example": "x"', "line 1, column 27: not JSON"),
    (b"[]", "the outermost value must be a table"),
    (b"{}", 'must be {"held": {DOMAIN: DOCUMENT, ...}}'),
    (b'{"held": {}, "more": 1}', 'must be {"held": {DOMAIN: DOCUMENT, ...}}'),
    (b'{"held": ["a.example"]}', 'must be {"held": {DOMAIN: DOCUMENT, ...}}'),
    (b'{"held": {"a..example": "x"}}', "held.'a..example': is not a domain"),
    (b'{"held": {"*.example": "x"}}', "held.'*.example': is not a domain"),
    (b'{"held": {"a.example": 1}}', "held.'a.example': must be a text"),
    (b'{"held": {"a.example": ""}}', "held.'a.example': must be a text"),
    (b'{"held": {"a.example": {"info": 1}}}', "held.'a.example': must be a text"),
    (b'{"held": {"a.example": "\\ud800"}}', "held.'a.example': holds half a character"),
    (b'{"held": {"a.example": "x", "a.example": "y"}}', "the key 'a.example' stands twice"),
    (b'{"held": {"a.example": "x", "A.Example": "y"}}', "stands there twice, in other letters"),
    (b"\xff\xfe", "is not UTF-8"),
    (b"\x00", "NUL"),
    (b'{"held": ' + b"[" * 100_000, "nested too deeply"),
    (b" " * (MAX_OCTETS + 1), "is larger than 16 MiB"),
]


@pytest.mark.parametrize(("octets", "said"), BAD, ids=[said for _, said in BAD])
def test_broken_file(providers: Path, octets: bytes, said: str) -> None:
    """A broken file is named with its mistake by whoever reads it, and stays as it is."""
    path = held_path(providers)
    path.write_bytes(octets)
    held = HeldFile(providers)

    for act in (
        held.all,
        lambda: held.hold(EXAMPLE_COM, OLD),
        lambda: held.release(EXAMPLE_COM, OLD),
    ):
        with pytest.raises(ProvidersError) as caught:
            act()
        assert all(problem.startswith(f"{path}: ") for problem in caught.value.problems)
        assert said in str(caught.value)
    assert path.read_bytes() == octets
    assert sorted(providers.parent.iterdir()) == [providers, path]


def test_too_much(providers: Path) -> None:
    """What the file could not be read with is not written to it."""
    held = HeldFile(providers)
    held.hold(EXAMPLE_COM, OLD)

    with pytest.raises(ProvidersError, match="would become too large"):
        held.hold(OTHER, b"x" * MAX_OCTETS)
    assert held.all() == {"example.com": OLD}


def test_no_file(providers: Path) -> None:
    """What stands in the place of the file, or of its folder, is a mistake that names it."""
    held_path(providers).mkdir()
    with pytest.raises(ProvidersError, match=r"mail\.toml\.pacc\.json: cannot be read"):
        read_held(providers)
    with pytest.raises(ProvidersError, match=r"mail\.toml\.pacc\.json: cannot be written"):
        HeldFile(providers / "mail.toml").hold(EXAMPLE_COM, OLD)


def test_many_at_once(providers: Path) -> None:
    """Of many who hold one document wins, and of many who let it go one has done so."""
    held, released = set[bytes](), list[bool]()
    document = {str(number).encode() for number in range(8)}

    def hold(one: bytes) -> None:
        held.add(HeldFile(providers).hold(EXAMPLE_COM, one))
        HeldFile(providers).hold(DomainName(f"a{one.decode()}.example"), one)

    def release(one: bytes) -> None:
        released.append(HeldFile(providers).release(EXAMPLE_COM, one))

    run([partial(hold, one) for one in document])
    (winner,) = held
    assert len(read_held(providers)) == 9
    run([partial(release, winner)] * 8)
    assert sorted(released) == [False] * 7 + [True]
    assert len(read_held(providers)) == 8


def run(acts: list[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@given(st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_any_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever text a document is, its bytes come back."""
    providers = tmp_path_factory.mktemp("held") / "mail.json"
    providers.touch()
    HeldFile(providers).hold(EXAMPLE_COM, text.encode())

    assert read_held(providers) == {"example.com": text.encode()}
