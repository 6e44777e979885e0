"""Evolution finds accounts by itself, from a running Waypost."""

import pytest

from tests.clients.conftest import Front
from tests.clients.evolution import Evolution

pytestmark = pytest.mark.clients


def test_look(gnome_client: Evolution, front: Front) -> None:
    for domain in ("everywhere","by-well-known","by-http","by-http-well-known","starttls","fetched","choice","careful","modern","unserved","unknown", "xn--bcher-kva"):
        before = len(front.log.of_domain(f"{domain}.example"))
        try:
            print(gnome_client.set_up(f"Alice+tag@{domain}.example"))
        except Exception as e:
            print(repr(e))
        for one in front.log.of_domain(f"{domain}.example", after=before):
            print("  ", one, one.status)
