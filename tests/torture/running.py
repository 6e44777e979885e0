"""Running an attack together with a probe."""

from contextlib import ExitStack
from pathlib import Path
from typing import Final

from tests.torture.attack import Attack, Figure
from tests.torture.companion import Companion
from tests.torture.probe import Probe
from tests.torture.server import Server
from tests.torture.waiting import seconds_until

PROBE_SECONDS: Final = 1.0
WARM_UP_ANSWERS: Final = 5


def run(attack: Attack, workers: int, folder: Path) -> list[Figure]:
    """Start a server, attack it, stop it; return all figures, those of the probe among them.

    Raises:
        TimeoutError: the server does not start.
        pytest.skip.Exception: a program that the attack needs is missing.
    """
    if attack.prepare is not None:
        attack.prepare(folder)
    with ExitStack() as stack:
        companion = (
            None if attack.companion is None else stack.enter_context(attack.companion(folder))
        )
        server = Server(
            folder,
            workers=workers,
            options=attack.options or ("--demo",),
            memory=attack.memory,
            descriptors=attack.descriptors,
            environment=attack.environment,
            disk=attack.disk,
            stderr=None if attack.stderr is None else stack.enter_context(attack.stderr()),
            companion=companion if companion is not None else Companion({}),
        )
        stack.enter_context(server)
        if attack.probed:
            figures = _run_probed(attack, server)
        else:
            figures = attack.run(server)
        tracebacks = server.log_text().count("Traceback")
        seconds = server.stop()
    tracebacks = max(tracebacks, server.log_text().count("Traceback"))
    return [
        *figures,
        Figure("tracebacks in the log", tracebacks, "", 0),
        Figure("SIGTERM to the end", seconds, "s", attack.stops_within),
    ]


def _run_probed(attack: Attack, server: Server) -> list[Figure]:
    with Probe(server.port) as warm_up:
        seconds_until(lambda: warm_up.answers >= WARM_UP_ANSWERS * server.workers)
    with Probe(server.port) as probe:
        figures = attack.run(server)
    return [
        *figures,
        Figure("answers during the attack", probe.answers, "", 1, at_least=True),
        Figure("failures during the attack", len(probe.failures), "", attack.lost),
        Figure("slowest answer during the attack", probe.slowest, "s", attack.slowest),
    ]
