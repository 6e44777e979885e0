"""The operator's command: what it gets, and what is done if it fails."""

import json
import sys
from pathlib import Path

import pytest

from waypost.core.errors import SettingsError
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.monitor import notify
from waypost.monitor.notify import Notifier, check_command, make_message, run_command
from waypost.monitor.results import FindingChange, KeptFinding

CHANGE = FindingChange(
    "new",
    "domain",
    "a.example",
    KeptFinding.of(doctor_diagnostic("certificate-expired", "a.example:443", "expired"), 0.0),
)
NOTE = FindingChange(
    "new", "domain", "a.example", KeptFinding.of(doctor_diagnostic("dns-missing", "x"), 0.0)
)


def test_message() -> None:
    """A message has a line for people and each error and warning, and no note."""
    message = make_message("mx1", "2026-01-01T00:00:00Z", [NOTE, CHANGE])
    assert message["summary"] == (
        "1 new, 0 gone; first: new error certificate-expired: the certificate has expired, and "
        "clients refuse it: a.example:443: expired"
    )
    assert message["changes"] == [
        {
            "change": "new",
            "kind": "domain",
            "name": "a.example",
            "code": "certificate-expired",
            "severity": "error",
            "place": "a.example:443",
            "detail": "expired",
            "message": "the certificate has expired, and clients refuse it",
            "fix": "renew it, and make the server load the new one",
            "link": "waypost explain certificate-expired",
            "since": "1970-01-01T00:00:00Z",
        }
    ]
    assert make_message("mx1", "", [CHANGE] * 501)["left_out"] == 1


FAILURES = [
    # arguments, and what is said
    (["sh", "-c", "cat >/dev/null; echo no such user >&2; exit 67"], "exit code 67: no such user"),
    (["sh", "-c", "exit 3"], "exit code 3"),
    (["sh", "-c", "sleep 60 & sleep 60"], "no end after 0.5 s; killed"),
    (["/nonexistent"], "No such file or directory"),
    ([sys.executable, "-c", "import sys; sys.stderr.write('x' * 100000); sys.exit(1)"], "xxx"),
]


@pytest.mark.parametrize(("argv", "said"), FAILURES, ids=[row[1] for row in FAILURES])
def test_failing_command(argv: list[str], said: str) -> None:
    """The reason has the exit code and the end of standard error."""
    reason = run_command(argv, {}, 0.5 if "sleep" in argv[-1] else 60.0)
    assert said in reason
    assert len(reason) < 600


def test_command_gets_json_without_a_shell(tmp_path: Path) -> None:
    """The message is on standard input, and no argument is interpreted."""
    script = "import sys; open(sys.argv[1], 'w').write(sys.argv[2] + sys.stdin.read())"
    target = tmp_path / "a b"
    argv = [sys.executable, "-c", script, f"{target}", "$HOME `id`"]
    assert run_command(argv, {"a": "\u202e'\"\n"}, 60.0) == ""
    text = target.read_text(encoding="utf-8")
    assert text.startswith("$HOME `id`{")
    assert json.loads(text.removeprefix("$HOME `id`")) == {"a": "\u202e'\"\n"}


def test_second_try(tmp_path: Path) -> None:
    """A command that fails is run again, and the message is not lost."""
    target = tmp_path / "seen"
    script = f"test -e {target} && cat >{target}.done && exit 0; touch {target}; exit 1"
    failed: list[tuple[str, bool]] = []
    notifier = Notifier(["sh", "-c", script], lambda *one: failed.append(one), [0.01])
    notifier.send({"summary": "x"})
    notifier.close(60)
    assert failed == [("exit code 1", True)]
    assert json.loads(Path(f"{target}.done").read_text()) == {"summary": "x"}
    assert notifier.failures == 1


def test_too_many_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages that wait for a slow command are limited; the others count as failures."""
    monkeypatch.setattr(notify, "MESSAGES_MAX", 1)
    failed: list[str] = []
    notifier = Notifier(["sh", "-c", "sleep 0.2"], lambda reason, _again: failed.append(reason))
    for _ in range(10):
        notifier.send({})
    notifier.close(60)
    assert set(failed) == {"too many messages wait for the command"}
    assert notifier.failures == len(failed) >= 7


def test_no_command() -> None:
    """Without a command, nothing is run; a command that does not exist is refused at the start."""
    notifier = Notifier([], lambda *_: None)
    notifier.send({})
    notifier.close(1)
    check_command(["sh"])
    check_command([])
    with pytest.raises(SettingsError, match="monitor_notify: no-such-program is not"):
        check_command(["no-such-program", "x"])
