"""Files for Windows' registry, from the command line."""

import codecs
import re

import pytest

from tests.cli.conftest import Outcome, Waypost
from waypost.cli.main import main

KEY = re.compile(
    r"\[HKEY_CURRENT_USER\\Software(\\Policies)?\\Microsoft\\Office\\16\.0\\Outlook\\\w+\]"
)
VALUE = re.compile(r'"[\w.-]+"=(dword:[0-9a-f]{8}|"([^"\\]|\\\\)+")')


def lines_of(data: bytes) -> list[str]:
    """Parse a file as regedit does; raise AssertionError if regedit could not."""
    assert data.startswith(codecs.BOM_UTF16_LE)
    text = data[2:].decode("utf-16-le")
    assert text.endswith("\r\n")
    # No line of another system: each line feed ends a CRLF.
    assert text.count("\n") == text.count("\r") == text.count("\r\n")
    first, empty, *rest = text.removesuffix("\r\n").split("\r\n")
    assert (first, empty) == ("Windows Registry Editor Version 5.00", "")
    assert KEY.fullmatch(rest[0])
    assert [
        one for one in rest if one and not KEY.fullmatch(one) and not VALUE.fullmatch(one)
    ] == []
    return rest


FILES = [
    # arguments, a required line
    ([], '"DisableOffice365SimplifiedAccountCreation"=dword:00000001'),
    ([], '"ExcludeExplicitO365Endpoint"=dword:00000001'),
    (
        ["--policy"],
        r"[HKEY_CURRENT_USER\Software\Policies\Microsoft\Office\16.0\Outlook\AutoDiscover]",
    ),
    (["alice@example.com"], r'"example.com"="C:\\Autodiscover\\example.com.xml"'),
    (["example.com"], r'"example.com"="C:\\Autodiscover\\example.com.xml"'),
    (["example.com", "bücher.example"], r'"PreferLocalXML"=dword:00000001'),
    (
        ["bücher.example", "--folder", "\\\\server\\share\\"],
        r'"xn--bcher-kva.example"="\\\\server\\share\\xn--bcher-kva.example.xml"',
    ),
]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(("arguments", "line"), FILES)
def test_file(arguments: list[str], line: str, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    """A file is as from regedit: UTF-16 with a byte order mark, CRLF, header, keys and values."""
    assert main(["show", "outlook-reg", *arguments]) == 0
    assert line in lines_of(capsysbinary.readouterr().out)


BAD = [
    # arguments, the rule
    (
        ["*.example.com"],
        "*.example.com: is neither an address such as alice@example.com nor a domain",
    ),
    (["alice@exa mple.com"], "a label of the domain"),
    (["example.com", "--folder", "Autodiscover"], "--folder: Autodiscover: use a Windows folder"),
    (["example.com", "--folder", 'C:\\a"b'], "use a Windows folder"),
    (["example.com", "--folder", "C:\\a\r\nb"], "use a Windows folder"),
    (["example.com", "--folder", "/tmp"], "use a Windows folder"),
]


@pytest.mark.parametrize(("arguments", "rule"), BAD)
def test_wrong_use(waypost: Waypost, arguments: list[str], rule: str) -> None:
    """An invalid domain or Windows folder is wrong use, and no file is printed."""
    outcome: Outcome = waypost("show", "outlook-reg", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert rule in outcome.err
