"""One step of a lookup in a directory, as `waypost directory test` shows it."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a lookup, with its result.

    Attributes:
        name: a short name: `resolve`, `connect`, `tls`, `bind`, `base`, `search`, `entry`, ….
        ok: whether the step succeeded. After a failed step no other step follows, unless
            another server is tried.
        text: one line for people: what was found, or what failed and how to fix it.
        details: the same for scripts, without secrets.
        seconds: how long the step took.
    """

    name: str
    ok: bool
    text: str
    details: dict[str, object] = field(default_factory=dict)
    seconds: float = 0.0
