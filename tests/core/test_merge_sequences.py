"""Merge many sequences of services into one."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.making import host_service
from waypost.core import merge_sequences as merging
from waypost.core.merge_sequences import merge_sequences
from waypost.core.model import Service

A, B, C, D = (host_service(host=f"{name}.example.com") for name in "abcd")


def test_shared_services_are_merged() -> None:
    """Services that domains have in the same order are merged, with their domains."""
    assert merge_sequences([(A, C), (A, B, C), (C, D)]) == [
        (A, (0, 1)),
        (B, (1,)),
        (C, (0, 1, 2)),
        (D, (2,)),
    ]


def test_other_order_is_kept() -> None:
    """If domains have different orders, each keeps its own."""
    assert merge_sequences([(A, B), (B, A)]) == [(A, (0,)), (B, (0, 1)), (A, (1,))]


def test_domains_without_services() -> None:
    """Domains without services have nothing to merge."""
    assert merge_sequences([(), ()]) == []


MANY = [host_service(host=f"{number}.example.com") for number in range(200)]


@pytest.mark.parametrize("gap", [1, 2, 8, 2**40])
@pytest.mark.parametrize(
    "sequences",
    [
        [(A, own, B) for own in MANY],
        [(own, B) for own in MANY],
        [(after, before) for before, after in pairwise(MANY)],
        [(A,) * 50, (B, *(A,) * 50), (A, B) * 50],
        [tuple(MANY), tuple(reversed(MANY)), tuple(MANY[::7])],
    ],
    ids=["between", "before", "chain", "repeated", "reversed"],
)
def test_many_insertions_at_one_place(
    monkeypatch: pytest.MonkeyPatch, sequences: list[tuple[Service, ...]], gap: int
) -> None:
    """The order is kept where ranks are used up, and the places around get new ones."""
    merged = merge_sequences(sequences)
    monkeypatch.setattr(merging, "_GAP", gap)
    assert merge_sequences(sequences) == merged
    for index, sequence in enumerate(sequences):
        assert tuple(service for service, owners in merged if index in owners) == sequence


@examples(200)
@given(st.lists(st.lists(st.sampled_from([A, B, C, D]), max_size=6), max_size=6))
def test_each_domain_keeps_its_sequence(sequences: list[list[Service]]) -> None:
    """The merged services of a domain are its own, in its own order."""
    merged = merge_sequences(sequences)
    for index, sequence in enumerate(sequences):
        assert [service for service, owners in merged if index in owners] == sequence
    assert all(owners == tuple(sorted(set(owners))) for _, owners in merged)
