"""The report of the doctor as JSON data."""

from dataclasses import replace

from waypost.diagnostics.doctor.codes import doctor_diagnostic
from waypost.diagnostics.doctor.report_json import group_of, is_about_host, report_json


def test_report() -> None:
    """Findings are in the order of the command, and texts of servers can be made safe."""
    finding = doctor_diagnostic("mail-none", "example.com")
    report = report_json([finding], [], lambda text: text.upper())
    assert [one["code"] for one in report["findings"]] == ["mail-none"]  # type: ignore[attr-defined]
    assert report["findings"][0]["place"] == str(finding.location).upper()  # type: ignore[index]
    assert (report["clients"], report["rules"]) == ([], [])


def test_groups() -> None:
    """The same text is shown once, and a group knows whether it is about a host."""
    finding = doctor_diagnostic("mail-none", "example.com")
    group = group_of([finding, replace(finding)], ("Outlook",))
    assert (group.count, group.broken_clients, is_about_host(group)) == (1, ("Outlook",), False)
