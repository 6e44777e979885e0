"""Small readers of the output formats for zones."""

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import yaml
from dns.name import from_text as name_from_text
from dns.rdata import from_text as rdata_from_text
from dns.rdatatype import RdataType
from dns.rdtypes.ANY.TXT import TXT
from dns.zone import Zone

from waypost.formats.dns import Record

Row = tuple[str, int, str, str]
"""Owner, TTL, type and data of a record; the strings of a TXT record are joined."""


def row(name: str, ttl: int, kind: str, text: str) -> Row:
    """Build a row from the text of a zone file, parsed by dnspython."""
    data = rdata_from_text("IN", kind, text)
    if isinstance(data, TXT):
        text = b"".join(data.strings).decode()
    else:
        text = data.to_text()
    return name_from_text(name).to_text(), ttl, kind, text


def of_records(records: Iterable[Record]) -> set[Row]:
    return {row(f"{r.name}.", r.ttl_seconds, r.data.type, r.rdata_text()) for r in records}


def of_server(zone: Zone) -> set[Row]:
    """Read the records of a server, without those that every zone has."""
    rows = set()
    for name, ttl, data in zone.iterate_rdatas():
        if data.rdtype in {RdataType.CNAME, RdataType.SRV, RdataType.TXT}:
            text = data.to_text(zone.origin, relativize=False)
            owner = name.choose_relativity(zone.origin, relativize=False).to_text()
            rows.add(row(owner, ttl, data.rdtype.name, text))
    return rows


def _zone(body: str, _domain: str) -> set[Row]:
    rows = set()
    for line in body.splitlines():
        if not line.startswith(";"):
            name, ttl, _, kind, text = line.split(maxsplit=4)
            rows.add(row(name, int(ttl), kind, text))
    return rows


def _nsupdate(body: str, _domain: str) -> set[Row]:
    rows = set()
    for line in body.splitlines():
        if line.startswith("update add "):
            name, ttl, kind, text = line.removeprefix("update add ").split(maxsplit=3)
            rows.add(row(name, int(ttl), kind, text))
    return rows


def _json(body: str, _domain: str) -> set[Row]:
    return {
        (one["name"], one["ttl"], one["type"], _text(one["data"]))
        for one in json.loads(body)["records"]
    }


def _octodns(body: str, domain: str) -> set[Row]:
    rows = set()
    for name, sets in yaml.safe_load(body).items():
        for one in sets if isinstance(sets, list) else [sets]:
            for value in one.get("values", [one.get("value")]):
                text = _text(value)
                # octoDNS refuses a semicolon without a backslash.
                assert not re.search(r"(?<!\\);", text)
                text = text.replace("\\;", ";")
                owner = f"{name}.{domain}." if name else f"{domain}."
                rows.add((owner, one["ttl"], one["type"], text))
    return rows


def _terraform(body: str, _domain: str) -> set[Row]:
    rows = set()
    for kind, resources in json.loads(body)["resource"].items():
        key = {"dns_cname_record": "cname", "dns_srv_record_set": "srv"}.get(kind, "txt")
        for one in resources.values():
            values = [one[key]] if key == "cname" else one[key]
            for value in values:
                text = _text(value).replace("$${", "${").replace("%%{", "%{")
                rows.add((f"{one['name']}.{one['zone']}", one["ttl"], key.upper(), text))
    return rows


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if "priority" in value:
        return " ".join(f"{value[key]}" for key in ("priority", "weight", "port", "target"))
    return f"{value['target'] if 'target' in value else value['text']}"


READERS: dict[str, Callable[[str, str], set[Row]]] = {
    "zone": _zone,
    "json": _json,
    "octodns": _octodns,
    "terraform": _terraform,
    "nsupdate": _nsupdate,
}
