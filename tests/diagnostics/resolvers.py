"""Resolvers on 127.0.0.1 that give every query the same answer, or none."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum

from dns import rcode
from dns.message import from_wire, make_response

from tests.servers.waypost import free_port


class Script(Enum):
    """The answer of a resolver to every query; names of answers are the DNS codes."""

    DEAD = "nothing listens"
    HANGING = "takes packets and answers none"
    NONSENSE = "answers what is no DNS message"
    SERVFAIL = rcode.SERVFAIL
    NXDOMAIN = rcode.NXDOMAIN
    REFUSED = rcode.REFUSED
    NOTIMP = rcode.NOTIMP


@contextmanager
def resolver(
    script: Script, but: Mapping[str, Script] | None = None, *, delay: float = 0.0
) -> Iterator[int]:
    """Start a resolver, and yield its port.

    Args:
        script: for all names.
        but: for some names.
        delay: the seconds until each answer.
    """
    if script is Script.DEAD:
        yield free_port()
        return

    def reply_to(target: bytes) -> bytes | None:
        time.sleep(delay)
        reply = make_response(from_wire(target))
        name = f"{reply.question[0].name}".rstrip(".")
        done = (but or {}).get(name, script)
        if done is Script.NONSENSE:
            return b"\x00\xff"
        if done is Script.HANGING:
            return None
        reply.set_rcode(rcode.Rcode(done.value))
        return reply.to_wire()

    with name_server(reply_to) as port:
        yield port


@contextmanager
def name_server(reply_to: Callable[[bytes], bytes | None]) -> Iterator[int]:
    """Start a UDP server that sends what a function returns for each packet; yield its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(0.05)
        is_over = threading.Event()

        def answer() -> None:
            while not is_over.is_set():
                try:
                    target, sender = listening.recvfrom(4096)
                except TimeoutError:
                    continue
                if (reply := reply_to(target)) is not None:
                    listening.sendto(reply, sender)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            is_over.set()
            thread.join(10)
