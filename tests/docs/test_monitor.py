"""The page about the monitor: its settings, its script for mail, and its line for cron."""

import json
import subprocess
import tomllib
from pathlib import Path

from tests.docs.pages import ROOT, blocks
from tests.servers.requirements import require
from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.monitor.notify import make_message
from waypost.monitor.results import FindingChange, KeptFinding

PAGE = ROOT / "docs" / "monitor.md"
CHANGE = FindingChange(
    "new",
    "domain",
    "a.example",
    KeptFinding.of(doctor_diagnostic("certificate-expired", "a.example:443", "\n\u2028ä"), 0.0),
)


def test_script_for_mail(tmp_path: Path) -> None:
    """The script writes a mail with one subject line, and a paragraph for each change."""
    require(programs=["jq"])
    (script,) = blocks(PAGE, "bash")
    text = script.text.replace("| curl ", f"> {tmp_path / 'mail'} && : ")
    assert text != script.text
    message = json.dumps(make_message("mx1", "2026-01-01T00:00:00Z", [CHANGE]))
    subprocess.run(["sh", "-c", text], input=message, text=True, check=True)
    lines = (tmp_path / "mail").read_text(encoding="utf-8").splitlines()
    assert lines[2].startswith("Subject: Waypost on mx1: 1 new, 0 gone; first: new error")
    assert lines[4] == ""
    assert lines[5] == "new error certificate-expired: a.example:443 "
    assert lines[-1] == "  fix: renew it, and make the server load the new one"


def test_webhook() -> None:
    """The setting for a webhook is a list of texts, and curl is its program."""
    (setting,) = blocks(PAGE, "toml")
    assert tomllib.loads(setting.text)["monitor_notify"][0] == "curl"


def test_line_for_cron() -> None:
    """The line prints the report only if the command fails."""
    (cron,) = blocks(PAGE, "text")
    line = cron.text.splitlines()[-1].removeprefix("17 * * * * waypost ")
    for code, printed in ((0, ""), (1, "report\n")):
        command = line.replace("waypost monitor --once", f"sh -c 'echo report; exit {code}'")
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
        assert done.stdout == printed
