"""What runs next to a server that is attacked, and may be attacked itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


class Crashing(Protocol):
    """A server that may be killed, and be started again."""

    @property
    def pid(self) -> int:
        """The id of its process."""

    def start(self) -> None:
        """Start the server."""

    def kill(self) -> None:
        """Kill the server as a crash would."""


@dataclass(frozen=True, slots=True)
class Companion:
    """A service that runs next to `waypost serve`.

    Attributes:
        environment: the variables with which `waypost serve` finds it.
        crashing: the server that an attack breaks; None if there is none.
    """

    environment: Mapping[str, str]
    crashing: Crashing | None = None
