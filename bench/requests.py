"""The requests of the cases: one template for the samples in Python and for the load of wrk."""

import random
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from bench.domains import FACTOR, SPAN

LOCAL_PARTS: Final = 1_000_000
"""How many different local parts the addresses of a domain have."""

_FIELD = re.compile(r"(\{address\}|\{domain\})")
_PLAIN = re.compile(r"[^ !#-\[\]-~]")

# wrk calls `done` once, and its summary has exact numbers, where its own report rounds.
_DONE = """
done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"requests": %d, "bytes": %d, "microseconds": %d, "status": %d, '
            .. '"sockets": %d, "p99": %.1f}\\n',
        summary.requests, summary.bytes, summary.duration, errors.status,
        errors.connect + errors.read + errors.write + errors.timeout, latency:percentile(99.0)))
end
"""
_FIXED = """
local text = TEXT
request = function()
    return text
end
"""
_RANDOM = """
math.randomseed(SEED)
local random, format = math.random, string.format
request = function()
    local domain = format("PREFIX-%08x.example", random(0, DOMAINS - 1) * FACTOR % SPAN)
    local address = format("user%06d@", random(0, LOCAL_PARTS - 1)) .. domain
    return TEXT
end
"""


class Asked(NamedTuple):
    """The address that a request is about. All addresses of a template have the same length."""

    address: str
    domain: str


@dataclass(frozen=True, slots=True)
class Template:
    """A request with places for an address.

    Attributes:
        path: the path with `{address}` or `{domain}`.
        body: the body of a POST request; without a body, the request is a GET.
        close: whether the client asks for the end of the connection.
        domains: how many domains the addresses belong to; 0 is the same address each time.
        prefix: the first word of the domains.
    """

    path: str
    body: str = ""
    close: bool = False
    domains: int = 0
    prefix: str = "customer"

    def asked(self, numbers: random.Random) -> Asked:
        """Return the address of the next request."""
        many = self.domains > 0
        number = numbers.randrange(self.domains) if many else 1
        user = numbers.randrange(LOCAL_PARTS) if many else 1
        domain = f"{self.prefix}-{number * FACTOR % SPAN:08x}.example"
        return Asked(f"user{user:06d}@{domain}", domain)

    def any_asked(self) -> Asked:
        """Return an address of the template."""
        return self.asked(seeded(0))

    def raw(self, asked: Asked) -> bytes:
        """Return the bytes of a request."""
        text = self._text(len(self._filled(self.body, asked)))
        return self._filled(text, asked).encode()

    def script(self, seed: int) -> str:
        """Return the Lua script that makes wrk send these requests, with a seeded random order."""
        any_address = self.any_asked()
        text = self._text(len(self._filled(self.body, any_address)))
        if not self.domains:
            return _FIXED.replace("TEXT", _quoted(self._filled(text, any_address))) + _DONE
        values = {
            "SEED": f"{seed}",
            "PREFIX": self.prefix,
            "DOMAINS": f"{self.domains}",
            "FACTOR": f"{FACTOR}",
            "SPAN": f"{SPAN}",
            "LOCAL_PARTS": f"{LOCAL_PARTS}",
            "TEXT": " .. ".join(map(_quoted, filter(None, _FIELD.split(text)))),
        }
        return re.sub("|".join(values), lambda found: values[found[0]], _RANDOM) + _DONE

    def _text(self, length: int) -> str:
        lines = [f"{'POST' if self.body else 'GET'} {self.path} HTTP/1.1", "Host: 127.0.0.1"]
        if self.body:
            lines += ["Content-Type: text/xml; charset=utf-8", f"Content-Length: {length}"]
        if self.close:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", self.body])

    def _filled(self, text: str, asked: Asked) -> str:
        return text.replace("{address}", asked.address).replace("{domain}", asked.domain)


def seeded(seed: int) -> random.Random:
    """Return numbers that are the same for the same seed."""
    return random.Random(seed)  # noqa: S311 -- a sample, no secret


def _quoted(text: str) -> str:
    """Return a string of Lua, or the name of a variable for a place of a template."""
    if _FIELD.fullmatch(text):
        return text[1:-1]
    return '"' + _PLAIN.sub(lambda found: f"\\{ord(found[0]):03d}", text) + '"'
