"""Windows registry files that make classic Outlook ask the domain's own server.

The values disable steps of Outlook's search (Microsoft's KB3211279), or its own first dialog
(KB3189194). None of them disables a step that reaches Waypost.
The file format is described in Microsoft's "How to add, modify, or delete registry subkeys and
values by using a .reg file"; version 5.00 is UTF-16 with a byte order mark, as regedit exports it.
"""

import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from waypost.core.address import DomainName

_FIRST_LINE: Final = "Windows Registry Editor Version 5.00"
# 16.0 is Outlook 2016 and all newer versions.
_USER: Final = r"HKEY_CURRENT_USER\Software\Microsoft\Office\16.0\Outlook"
_POLICY: Final = r"HKEY_CURRENT_USER\Software\Policies\Microsoft\Office\16.0\Outlook"
_ON: Final = "dword:00000001"
# A drive or a share, without characters that Windows forbids in a path.
_FOLDER: Final = re.compile(
    r"""(?:[A-Za-z]:|\\\\[^\\/:*?"<>|\x00-\x1f]+)(?:\\[^\\/:*?"<>|\x00-\x1f]+)*\\?"""
)

_Keys = Mapping[str, Mapping[str, str]]


def is_folder(text: str) -> bool:
    """Return whether a text is the path of a Windows folder that `render_local` can write."""
    return _FOLDER.fullmatch(text) is not None


def render(*, policy: bool = False) -> bytes:
    """Return a file that makes Outlook ask the domain before, or without, Microsoft's service.

    Args:
        policy: whether the values go into the keys of group policies, which users cannot change.
    """
    flags = ("ExcludeExplicitO365Endpoint", "ExcludeScpLookup", "ExcludeLastKnownGoodURL")
    keys = {
        "AutoDiscover": dict.fromkeys(flags, _ON),
        "Setup": {"DisableOffice365SimplifiedAccountCreation": _ON},
    }
    return _to_bytes(keys, policy)


def render_local(domains: Sequence[DomainName], folder: str, *, policy: bool = False) -> bytes:
    r"""Return a file that makes Outlook read the answer for each domain from an XML file.

    Args:
        domains: the domains; each has a file `DOMAIN.xml`.
        folder: the Windows folder of these files, such as `C:\Autodiscover`.
        policy: as for `render`.
    """
    values = {"PreferLocalXML": _ON}
    for domain in domains:
        values[domain.ascii] = _quote(f"{folder.rstrip(chr(92))}\\{domain.ascii}.xml")
    return _to_bytes({"AutoDiscover": values}, policy)


def _to_bytes(keys: _Keys, policy: bool) -> bytes:
    lines = "\r\n".join(_lines(keys, _POLICY if policy else _USER))
    return codecs.BOM_UTF16_LE + f"{lines}\r\n".encode("utf-16-le")


def _lines(keys: _Keys, parent_key: str) -> Iterator[str]:
    yield _FIRST_LINE
    for key, values in keys.items():
        yield ""
        yield f"[{parent_key}\\{key}]"
        for name, value in values.items():
            yield f'"{name}"={value}'


def _quote(text: str) -> str:
    r"""Return a text in quotation marks, with a `\` before each `\` and `"`."""
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'
