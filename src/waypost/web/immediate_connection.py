"""A connection that sends some answers at once, before uvicorn's protocol sees the request."""

from waypost.web.connection import HttpConnection


class ImmediateConnection(HttpConnection):
    """A connection with the same limits for answers that are sent at once.

    A subclass calls `send_at_once` in its `data_received`, instead of parsing the data, but only
    while the connection is idle (`is_idle`).
    """

    _answered_at = 0.0

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection; answers sent at once do not start the time again."""
        rest = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if rest > 0:
            self._keep_alive(rest)
        else:
            super().timeout_keep_alive_handler()

    def send_at_once(self, answer: bytes, *, closes: bool) -> None:
        """Send a whole answer.

        Args:
            answer: the status line, the header fields and the body.
            closes: whether the connection is closed after it.
        """
        self.server_state.total_requests += 1
        self._lingering.write_open(answer)  # An idle connection is not closing.
        if closes:
            self.transport.close()
            return
        self._head_deadline.stop()  # It starts again with the next request that is parsed.
        self._answered_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._keep_alive(self.timeout_keep_alive)
        self._limit.mark_waiting(self)

    def _keep_alive(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )
