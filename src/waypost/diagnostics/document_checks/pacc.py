"""Checks of PACC documents, and of their digest in DNS.

Source: draft-ietf-mailmaint-pacc-02 s"protocols", s"authentication", s"info" and s"DNS"; `submit`
is the name of `smtp` in revision -03. Unknown members are ignored, as clients do.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from waypost.diagnostics.simulated_clients.documents import DOCUMENT_MAX_BYTES
from waypost.diagnostics.simulated_clients.hosts import is_host

HOST_LABEL: Final = "ua-auto-config"
PATH: Final = "/.well-known/user-agent-configuration.json"
TXT_LABEL: Final = "_ua-auto-config"
_HOST_PROTOCOLS: Final = ("imap", "pop3", "smtp", "submit", "managesieve")
_URL_PROTOCOLS: Final = ("jmap", "caldav", "carddav", "webdav")
_NAME_MAX_CHARS: Final = {"name": 60, "shortName": 20}


def pacc_findings(body: bytes) -> list[str]:
    """Return what is wrong with a PACC document."""
    try:
        document = json.loads(body[:DOCUMENT_MAX_BYTES])
    except (ValueError, RecursionError):
        return ["it is no JSON"]
    if not isinstance(document, dict):
        return ["it is no object"]
    findings: list[str] = []
    for name, check in (
        ("protocols", _protocol_findings),
        ("authentication", _authentication_findings),
        ("info", _info_findings),
    ):
        member = document.get(name)
        if isinstance(member, dict):
            findings += check(member)
        else:
            findings.append(f"{name} is missing, or no object")
    return findings


def digest_findings(body: bytes, texts: Iterable[str]) -> list[str]:
    """Return a finding if no TXT record has the digest of a document (s"DNS").

    Args:
        body: the exact bytes of the document.
        texts: the TXT records at `_ua-auto-config` of the domain.
    """
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")
    records = [tags for tags in map(_tags, texts) if tags.get("v") == "UAAC1"]
    if not records:
        return [f"there is no TXT record {TXT_LABEL} with v=UAAC1, so clients reject the document"]
    if not any(
        record.get("a", "").lower() == "sha256" and record.get("d") == digest for record in records
    ):
        return [f"no TXT record {TXT_LABEL} has the digest of the document, which is {digest}"]
    return []


def _tags(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _protocol_findings(protocols: Mapping[str, Any]) -> Iterator[str]:
    if not any(name in protocols for name in (*_HOST_PROTOCOLS, *_URL_PROTOCOLS)):
        yield "protocols: none that the draft knows"
    for name, server in protocols.items():
        if name not in {*_HOST_PROTOCOLS, *_URL_PROTOCOLS}:
            continue
        if not isinstance(server, dict):
            yield f"{name} is no object"
        elif name in _HOST_PROTOCOLS and not is_host(f"{server.get('host', '')}"):
            yield f"{name}: host is no host name"
        elif name in _URL_PROTOCOLS:
            yield from (f"{name}: {finding}" for finding in _url_findings(server.get("url")))


def _url_findings(url: object) -> Iterator[str]:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        port = parts.port if parts else None
    except ValueError:
        parts = None
    if parts is None or parts.scheme != "https" or not parts.hostname:
        yield "url is no https URL"
    elif port is not None:
        yield "url contains a port"


def _authentication_findings(authentication: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(authentication.get("password"), bool):
        yield "authentication: password is missing, or neither true nor false"
    if "oauth-public" not in authentication:
        return
    oauth = authentication["oauth-public"]
    issuer = oauth.get("issuer") if isinstance(oauth, dict) else None
    # RFC 8414 s2.
    if not isinstance(issuer, str) or not issuer.startswith("https://") or {"?", "#"} & set(issuer):
        yield "oauth-public: issuer is no https URL without query and fragment"


def _info_findings(info: Mapping[str, Any]) -> Iterator[str]:
    provider = info.get("provider")
    if not isinstance(provider, dict) or not isinstance(provider.get("name"), str):
        yield "info: provider has no name"
        return
    for key, limit in _NAME_MAX_CHARS.items():
        if len(f"{provider.get(key, '')}") > limit:
            yield f"info: {key} is longer than {limit} characters"
    logos = provider.get("logo", [])
    for logo in logos if isinstance(logos, list) else [logos]:
        members = logo if isinstance(logo, dict) else {}
        if not all(isinstance(members.get(key), str) for key in ("url", "content-type")):
            yield "info: a logo has no url or no content-type"
    contacts = info["help"].get("contact", []) if isinstance(info.get("help"), dict) else []
    if not isinstance(contacts, list) or not all(isinstance(contact, str) for contact in contacts):
        yield "info: contact in help is no array of URIs"
