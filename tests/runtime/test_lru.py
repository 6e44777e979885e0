"""What is cached, and what is dropped."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from waypost.runtime.lru import LruCache, TwoPartCache


def test_invented_names_push_out_no_real_one() -> None:
    """However many answers are missing ones, the found ones stay."""
    keeping = TwoPartCache[str, str](2, 3)
    keeping.put("real", "found", is_found=True)
    for number in range(100):
        keeping.put(f"invented{number}", "missing", is_found=False)
    assert keeping.get("real") == "found"
    assert len(list(keeping)) == 4


def test_least_recently_used_is_dropped() -> None:
    """An answer that is used is dropped last."""
    cache = LruCache[str, int](2)
    cache.put("first", 1)
    cache.put("second", 2)
    cache.get("first")
    cache.put("third", 3)
    assert [cache.get(key) for key in ("first", "second", "third")] == [1, None, 3]


def test_discard() -> None:
    """An answer that is removed is gone; a second removal does nothing."""
    cache = LruCache[str, int](2)
    cache.put("first", 1)
    cache.put("second", 2)
    cache.discard("first")
    cache.discard("first")
    cache.put("third", 3)
    assert list(cache) == [2, 3]


def test_an_answer_takes_the_place_of_the_other_kind() -> None:
    """A name that was missing and is found now, or the reverse, is cached once."""
    keeping = TwoPartCache[str, int](2, 2)
    keeping.put("name", 1, is_found=True)
    keeping.put("name", 2, is_found=False)
    assert (keeping.get("name"), list(keeping)) == (2, [2])
    keeping.put("name", 3, is_found=True)
    assert (keeping.get("name"), list(keeping)) == (3, [3])


def test_clearing_forgets_both_kinds() -> None:
    """After `clear` nothing is left."""
    keeping = TwoPartCache[str, int](2, 2)
    keeping.put("found", 1, is_found=True)
    keeping.put("missing", 2, is_found=False)
    keeping.clear()
    assert list(keeping) == []


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=60))
def test_the_newest_are_kept(steps: Sequence[tuple[int, bool]]) -> None:
    """Of each kind, the last answers are cached, and no more than fit."""
    keeping = TwoPartCache[int, int](3, 2)
    newest: dict[int, bool] = {}
    for number, (key, is_found) in enumerate(steps):
        keeping.put(key, number, is_found=is_found)
        newest.pop(key, None)
        newest[key] = is_found
        for kind, size in ((True, 3), (False, 2)):
            same = [other for other, found in newest.items() if found is kind]
            for other in same[: max(0, len(same) - size)]:
                del newest[other]
    assert {key for key in range(10) if keeping.get(key) is not None} == set(newest)
