"""The pauses between retries."""

from waypost.runtime.backoff import BackOff


def test_pauses_grow() -> None:
    """Pauses double from one second to half a minute, and start again after a success."""
    now = [0.0]
    back_off = BackOff(lambda: now[0])
    assert not back_off.is_due()
    pauses = []
    for _ in range(7):
        back_off.record_failure()
        begin = now[0]
        while not back_off.is_due():
            now[0] += 0.5
        pauses.append(now[0] - begin)
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    back_off.reset()
    now[0] += 100
    assert not back_off.is_due()
    back_off.record_failure()
    now[0] += 1
    assert back_off.is_due()
