"""Who pays for the queries of a request."""

import asyncio

from waypost.runtime.limits.query_charges import charge_queries_to, charge_query


def test_each_task_has_its_payer() -> None:
    """Queries of two requests at the same time are charged to the one that caused them."""
    charged: list[str] = []

    async def request(name: str) -> None:
        charge_queries_to(lambda: charged.append(name))
        await asyncio.sleep(0)
        await asyncio.create_task(query())

    async def query() -> None:
        charge_query()

    async def run() -> None:
        charge_query()  # without a request
        await asyncio.gather(request("a"), request("b"))
        charge_query()

    asyncio.run(run())
    assert sorted(charged) == ["a", "b"]


def test_no_payer() -> None:
    """A request of a client without limits pays for nothing."""
    charge_queries_to(None)
    charge_query()
