"""Windows registry files for classic Outlook."""

import pytest

from waypost.core.address import DomainName
from waypost.formats.outlook_registry import is_folder, render, render_local

FOLDERS = [
    # the text, whether it is a Windows folder
    (r"C:\Autodiscover", True),
    ("C:", True),
    (r"\\server\share\mail\\"[:-1], True),
    ("Autodiscover", False),
    ("/etc/autodiscover", False),
    (r'C:\a"b', False),
    ("C:\\a\nb", False),
]


@pytest.mark.parametrize(("text", "expected"), FOLDERS)
def test_folders(text: str, expected: bool) -> None:
    """A drive or a share is a folder; a path that Windows forbids is not."""
    assert is_folder(text) is expected


@pytest.mark.parametrize("policy", [False, True])
def test_form_of_the_file(policy: bool) -> None:
    """The file is UTF-16 with a byte order mark and Windows line ends, as regedit exports it."""
    raw = render(policy=policy)
    lines = raw.decode("utf-16").split("\r\n")
    assert raw.startswith(b"\xff\xfe")
    assert lines[0] == "Windows Registry Editor Version 5.00"
    assert lines[-1] == ""
    keys = [line for line in lines if line.startswith("[")]
    assert len(keys) == 2
    assert all((r"\Policies\\"[:-1] in key) is policy for key in keys)
    assert '"ExcludeScpLookup"=dword:00000001' in lines


def test_answers_from_files() -> None:
    """Each domain has the path of its file, with escaped backslashes."""
    domains = [DomainName("example.com"), DomainName("example.org")]
    lines = render_local(domains, "C:\\Mail\\").decode("utf-16").split("\r\n")
    assert lines[3:6] == [
        '"PreferLocalXML"=dword:00000001',
        r'"example.com"="C:\\Mail\\example.com.xml"',
        r'"example.org"="C:\\Mail\\example.org.xml"',
    ]
