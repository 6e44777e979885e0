"""The results of the monitor on the pages."""

from pathlib import Path

from tests.web.admin.api.api_client import READER, Api
from tests.web.admin.pages.person import Person
from waypost.monitor.results import KeptFinding, Subject
from waypost.monitor.state import MonitorState, SeenCertificate
from waypost.monitor.state_file import FILE_NAME, write_state


def test_results_of_the_monitor(api: Api, tmp_path: Path) -> None:
    """The overview and the page show what was found, and a file that is no state is named."""
    folder = tmp_path / "monitor"
    folder.mkdir()
    person = Person(api, READER)
    assert person.get("/admin/monitor").status_code == 404
    assert "/admin/monitor" not in person.get("/admin/").text
    state = MonitorState()
    texts = "imap.example.com:993", "", "the certificate has ended", "get a new one"
    finding = KeptFinding("certificate-ended", "error", *texts, 1_700_000_000)
    state.put(Subject("domain", "example.com", 1_700_000_000, (finding,)))
    state.certificates["smtp.example.com:465"] = SeenCertificate(1_800_000_000, 1_700_000_000)
    write_state(folder, state)
    for url in ("/admin/", "/admin/monitor"):
        text = person.get(url).text
        assert "the certificate has ended" in text
        assert "smtp.example.com:465" in text
        assert "2027-01-15" in text
    (folder / FILE_NAME).write_text("{}", encoding="utf-8")
    assert "is not a state of" in person.get("/admin/monitor").text
