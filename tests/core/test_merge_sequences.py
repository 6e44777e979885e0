"""Merge many sequences of services into one."""

from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.making import host_service
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


@examples(200)
@given(st.lists(st.lists(st.sampled_from([A, B, C, D]), max_size=6), max_size=6))
def test_each_domain_keeps_its_sequence(sequences: list[list[Service]]) -> None:
    """The merged services of a domain are its own, in its own order."""
    merged = merge_sequences(sequences)
    for index, sequence in enumerate(sequences):
        assert [service for service, owners in merged if index in owners] == sequence
    assert all(owners == tuple(sorted(set(owners))) for _, owners in merged)
