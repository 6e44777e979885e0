"""All targets. A module is imported by `make fuzz` only after atheris can count its code."""

from tests.fuzz.target import Target
from tests.fuzz.targets.agreement import AGREEMENTS
from tests.fuzz.targets.files import FILES
from tests.fuzz.targets.network import NETWORK
from tests.fuzz.targets.requests import REQUESTS
from tests.fuzz.targets.sign_in import SIGN_IN


def targets() -> dict[str, Target]:
    """Return all targets by their names."""
    return {target.name: target for target in (*REQUESTS, *SIGN_IN, *FILES, *NETWORK, *AGREEMENTS)}
