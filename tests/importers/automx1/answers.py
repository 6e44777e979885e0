"""Parse the answers of automx or of Waypost into plain values, to compare them."""

import plistlib
from collections.abc import Mapping
from typing import Any, Final

from lxml import etree

from waypost.core.address import EmailAddress
from waypost.core.placeholders import expand
from waypost.diagnostics.comparison.answers import AnswerFormat, read_answer
from waypost.parsing import untrusted_xml

FORMATS: Final[tuple[AnswerFormat, ...]] = ("autoconfig", "autodiscover", "mobileconfig")
Facts = dict[str, Any]


def facts(raw: Mapping[str, tuple[int, bytes]], address: EmailAddress) -> Facts:
    """Parse the answers to one address.

    Args:
        raw: status and body of each of FORMATS, and of `mobilesync`.
        address: the address of the request.
    """
    return {form: _offers(form, *raw[form], address) for form in FORMATS} | {
        "names": [expand(name, address.domain, address) for name in _names(*raw["autoconfig"])],
        "domain_required": _texts(*raw["autodiscover"], "Protocol", "Type", "DomainRequired"),
        "activesync": _texts(*raw["mobilesync"], "Server", "Type", "Url"),
        "profile_name": expand(_profile_name(*raw["mobileconfig"]), address.domain, address),
    }


def _offers(form: AnswerFormat, status: int, body: bytes, address: EmailAddress) -> Any:
    answer = read_answer(form, status, body, address)
    if answer.outcome != "served":
        return answer.outcome
    return [
        [one.kind, one.host_or_url, one.port, one.security, " ".join(one.methods), one.login]
        for one in answer.services
    ]


def _names(status: int, body: bytes) -> list[str]:
    if status != 200:
        return []
    root = untrusted_xml.parse(body)
    return [
        (element.text or "")
        for tag in ("displayName", "displayShortName")
        for element in root.iter("{*}" + tag, tag)
    ]


def _texts(status: int, body: bytes, parent: str, key: str, value: str) -> dict[str, str]:
    if status != 200 or not body:
        return {}
    found = {}
    for element in untrusted_xml.parse(body).iter("{*}" + parent, parent):
        texts = {etree.QName(one).localname: (one.text or "") for one in element}
        if value in texts:
            found[texts[key].lower()] = texts[value]
    return found


def _profile_name(status: int, body: bytes) -> str:
    if status != 200 or not body:
        return ""
    return str(plistlib.loads(body)["PayloadDisplayName"])
