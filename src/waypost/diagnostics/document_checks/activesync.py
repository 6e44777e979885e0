"""Checks of answers for ActiveSync, and of the JSON that precedes Autodiscover.

MS-ASCMD s2.2.1.1 (the response of the command Autodiscover). There is no standard for the JSON; the
checks require what Exchange sends and Outlook reads.
"""

import json
from collections.abc import Iterator
from typing import Final

from lxml import etree

from waypost.diagnostics.document_checks.mail_documents import parse_autodiscover
from waypost.diagnostics.simulated_clients import documents, urls
from waypost.diagnostics.simulated_clients.session import UnusableDocument

# MS-ASCMD, elements Type and Action.
_TYPES: Final = frozenset({"MobileSync", "CertEnroll"})
_ACTIONS: Final = ("Settings", "Redirect", "Error")


def activesync_findings(body: bytes) -> list[str]:
    """Return what is wrong with an answer for ActiveSync; an ErrorCode is not wrong."""
    try:
        root = parse_autodiscover(body)
    except UnusableDocument as error:
        return [str(error)]
    if any(True for _ in documents.protocols(root)):
        return ["there are mail settings in an answer for ActiveSync"]
    if documents.error_code(root):
        return []
    response = documents.find_response(root, urls.MOBILE_RESPONSE)
    if response is None:
        return ["there is no Response in the namespace of mobile devices, and no ErrorCode"]
    return list(dict.fromkeys(_response_findings(response)))


def _response_findings(response: etree._Element) -> Iterator[str]:
    if not documents.child_text(response, "Culture"):
        yield "there is no Culture"
    if not any(
        documents.child_text(user, "EMailAddress")
        for user in documents.elements_at(response, "User")
    ):
        yield "there is no EMailAddress in User"
    actions = documents.children(response, "Action")
    if len(actions) != 1:
        yield f"there are {len(actions)} Action elements instead of one"
        return
    findings = documents.children(actions[0], *_ACTIONS)
    if len(findings) != 1:
        yield f"Action contains {len(findings)} of {', '.join(_ACTIONS)} instead of one"
        return
    if documents.local_name(findings[0]) == "Settings":
        servers = documents.children(findings[0], "Server")
        if not servers:
            yield "there is no Server in Settings"
        for server in servers:
            yield from _server_findings(server)


def _server_findings(server: etree._Element) -> Iterator[str]:
    kind = documents.child_text(server, "Type")
    if kind not in _TYPES:
        yield f"Type {kind[:20]!r} is not one of {', '.join(sorted(_TYPES))}"
    elif kind == "MobileSync" and not documents.child_text(server, "Url").startswith("https://"):
        yield "the Url of MobileSync is not https"
    if not documents.child_text(server, "Name"):
        yield f"Server {kind[:20]} has no Name"


def json_findings(protocol: str, status: int, content_type: str, body: bytes) -> list[str]:
    """Return what is wrong with an answer to `autodiscover.json`.

    Args:
        protocol: the protocol in the request.
        status: the HTTP status; without success it is 404 or comes with Exchange's error members.
        content_type: of the answer.
        body: of the answer.
    """
    if status == 404:
        return []
    is_success = 200 <= status <= 299
    if not is_success and not 400 <= status <= 499:
        return [f"status {status} is neither a success nor a client error"]
    try:
        value = json.loads(body[: documents.DOCUMENT_MAX_BYTES])
    except (ValueError, RecursionError):
        return [f"status {status} without JSON"]
    if not isinstance(value, dict):
        return ["the JSON is no object"]
    findings = []
    if "json" not in content_type.lower():
        findings.append(f"it is sent as {content_type[:60]!r}, not as application/json")
    required_members = ("Protocol", "Url") if is_success else ("ErrorCode", "ErrorMessage")
    findings += [
        f"{name} is no text" for name in required_members if not isinstance(value.get(name), str)
    ]
    if is_success and not findings:
        if value["Protocol"].lower() != protocol.lower():
            findings.append(
                f"Protocol {value['Protocol'][:30]!r} is not the one that was asked for"
            )
        if not value["Url"].startswith("https://"):
            findings.append(f"Url {value['Url'][:60]!r} is not https")
    return findings
