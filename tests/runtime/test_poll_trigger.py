"""Waiting for the next poll."""

import asyncio

from waypost.runtime.poll_trigger import PollTrigger

LONG_SECONDS = 60.0


def test_no_poll_requested() -> None:
    """The wait ends by itself, and returns that no poll was requested."""
    assert asyncio.run(PollTrigger().wait(0.01)) is False


def test_poll_requested_before_and_during_the_wait() -> None:
    """A request ends the wait at once, whether it comes before or during it, and counts once."""

    async def watch() -> list[bool]:
        trigger = PollTrigger()
        trigger.request()
        trigger.request()
        before = await trigger.wait(LONG_SECONDS)
        again = await trigger.wait(0.01)
        asyncio.get_running_loop().call_soon(trigger.request)
        return [before, again, await trigger.wait(LONG_SECONDS)]

    assert asyncio.run(asyncio.wait_for(watch(), 10)) == [True, False, True]
