from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.settings.machine import Machine
from waypost.core.errors import SettingsError
from waypost.settings import LoadedSettings, load, options

MISSING = Path("/nonexistent")
NAMES = [option.variable for option in options()]


def _load(environ: dict[str, str]) -> LoadedSettings:
    return load(environ, {}, MISSING, MISSING, MISSING)


@given(st.integers(0, 65535))
def test_every_port(port: int) -> None:
    """Every port that TCP has can be given as a text."""
    assert _load({"WAYPOST_PORT": str(port)}).settings.port == port


@given(st.integers().filter(lambda number: not 0 <= number <= 65535))
def test_no_other_port(port: int) -> None:
    """A number that is not a port is refused, and the error names the variable."""
    with pytest.raises(SettingsError, match=r"^WAYPOST_PORT: port is "):
        _load({"WAYPOST_PORT": str(port)})


@given(st.floats(0, 86400))
def test_every_time_to_live(seconds: float) -> None:
    """Every number of seconds that is allowed can be given as a text."""
    assert _load({"WAYPOST_CACHE_TTL": repr(seconds)}).settings.cache_ttl == seconds


@given(st.lists(st.ip_addresses().map(str), min_size=1), st.sampled_from([",", " ", ", "]))
def test_lists(addresses: list[str], separator: str) -> None:
    """A list is separated by commas, spaces or both, and keeps its order."""
    loaded = _load({"WAYPOST_TRUSTED_PROXIES": separator.join(addresses)})
    found = [str(network.network_address) for network in loaded.settings.trusted_proxies]
    assert found == addresses


@given(st.dictionaries(st.sampled_from(NAMES), st.text(st.characters(exclude_characters="\0"))))
def test_any_text(environ: dict[str, str]) -> None:
    """Any content of the variables is accepted, or refused with lines that name a variable."""
    try:
        sources = {str(source) for source in _load(environ).sources.values()}
    except SettingsError as error:
        problems = error.problems
    else:
        assert sources - {"default"} == {name for name in environ if environ[name].strip()}
        problems = ()
    assert all(any(name in problem for name in environ) for problem in problems)


@pytest.mark.parametrize("value", ["", "  "])
def test_empty_variable(machine: Machine, value: str) -> None:
    """An empty variable counts as not set."""
    machine.environ |= {"WAYPOST_PORT": value, "WAYPOST_LOG_KEY": value}
    loaded = machine.load()
    assert loaded.settings.port == 4243
    assert str(loaded.sources["port"]) == "default"


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("WAYPOST_SERVICE_HOST", "10.0.0.1"),
        ("WAYPOST_SERVICE_PORT", "4243"),
        ("WAYPOST_SERVICE_PORT_HTTP", "4243"),
        ("WAYPOST_PORT", "tcp://10.0.0.1:4243"),
        ("WAYPOST_PORT_4243_TCP_ADDR", "10.0.0.1"),
        ("WAYPOST_ADMIN_SERVICE_HOST", "10.0.0.1"),
        ("WAYPOST_ADMIN_PORT", "tcp://10.0.0.1:4244"),
        ("WAYPOST_ADMIN_PORT_4244_TCP_ADDR", "10.0.0.1"),
        ("WAYPOST_MONITOR_PORT", "tcp://10.0.0.1:4245"),
        ("WAYPOST_MONITOR_SERVICE_HOST", "10.0.0.1"),
    ],
)
def test_variables_of_kubernetes(machine: Machine, variable: str, text: str) -> None:
    """Variables of Kubernetes for services of Waypost are not options."""
    machine.environ[variable] = text
    settings = machine.load().settings
    assert (settings.port, settings.admin_port) == (4243, 4244)


def test_other_variables(machine: Machine) -> None:
    """Variables of other programs are ignored."""
    machine.environ |= {"PORT": "1", "AUTOMX2_DB_URI": "x", "waypost_port": "1"}
    assert machine.load().settings.port == 4243


def test_unknown_variable(machine: Machine) -> None:
    """An unknown variable WAYPOST_... is refused, with the most similar option."""
    machine.environ["WAYPOST_LOGLEVLE"] = "debug"
    assert machine.problems() == (
        "WAYPOST_LOGLEVLE: not an option; did you mean WAYPOST_LOGLEVEL?",
    )


RISKS = "I_understand_the_risks"


def test_sentence_of_automx2(machine: Machine) -> None:
    """automx2's variable permits passwords in the same way as Waypost's own."""
    machine.environ["PERMIT_CLEARTEXT_PASSWORDS"] = RISKS
    loaded = machine.load()
    assert loaded.settings.permit_cleartext_passwords == RISKS
    assert str(loaded.sources["permit_cleartext_passwords"]) == "PERMIT_CLEARTEXT_PASSWORDS"
    machine.environ["WAYPOST_PERMIT_CLEARTEXT_PASSWORDS"] = RISKS
    source = machine.load().sources["permit_cleartext_passwords"]
    assert str(source) == "WAYPOST_PERMIT_CLEARTEXT_PASSWORDS"


@pytest.mark.parametrize("text", ["yes", "1", "i_understand_the_risks", "I understand the risks"])
def test_any_other_sentence(machine: Machine, text: str) -> None:
    """Any other value of automx2's variable permits nothing, as in automx2, with a warning."""
    machine.environ["PERMIT_CLEARTEXT_PASSWORDS"] = text
    loaded = machine.load()
    assert loaded.settings.permit_cleartext_passwords is None
    assert loaded.warnings == (f"PERMIT_CLEARTEXT_PASSWORDS: is not {RISKS}; ignored",)


def test_json_without_end(machine: Machine) -> None:
    """Very deeply nested JSON is refused like any other text."""
    machine.environ["WAYPOST_PROFILE_CONSENT"] = "[" * 100_000
    with pytest.raises(SettingsError, match=r"^WAYPOST_PROFILE_CONSENT: profile_consent is "):
        machine.load()
