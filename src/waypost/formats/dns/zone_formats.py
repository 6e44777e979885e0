"""The output formats for zones: zone file, JSON, octoDNS, Terraform and nsupdate."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from waypost.formats.dns.records import CnameData, DnsRecords, Record, RecordData, SrvData


def write(dns_records: DnsRecords, zone_format: str) -> bytes:
    """Return all records in one of ZONE_FORMATS.

    Raises:
        KeyError: there is no such format.
    """
    return ZONE_FORMATS[zone_format](dns_records).encode()


def _zone(dns_records: DnsRecords) -> str:
    """Return lines of a zone file (RFC 1035 s5), to paste or to include."""
    rows = [
        (f"{record.name}.", str(record.ttl_seconds), "IN", record.data.type, record.rdata_text())
        for record in dns_records.records
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    lines = [
        " ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]])
        for row in rows
    ]
    return _join_lines([*_comments(dns_records, ";"), *lines])


def _nsupdate(dns_records: DnsRecords) -> str:
    """Return a script for nsupdate(1), RFC 2136 s2.5, which replaces all names in one update."""
    # Other TXT records of the domain itself, such as SPF, must not be deleted.
    names = dict.fromkeys(
        record.name for record in dns_records.records if record.name != dns_records.domain.ascii
    )
    # RFC 2136 s3.4.2.2: servers silently ignore an alias if the name has other records, and
    # other records if the name has an alias.
    lines = [f"update delete {name}." for name in names]
    for record in dns_records.records:
        data = f"{record.data.type} {record.rdata_text()}"
        lines.append(f"update add {record.name}. {record.ttl_seconds} {data}")
    return _join_lines([*_comments(dns_records, ";"), *lines, "send"])


def _json(dns_records: DnsRecords) -> str:
    """Return JSON for other programs."""
    records = [
        {
            "name": f"{record.name}.",
            "ttl": record.ttl_seconds,
            "type": record.data.type,
            "data": _data_as_dict(record.data),
        }
        for record in dns_records.records
    ]
    return _to_json(
        {
            "domain": dns_records.domain.ascii,
            "left_out": list(dns_records.left_out),
            "records": records,
        }
    )


def _octodns(dns_records: DnsRecords) -> str:
    """Return a zone for octoDNS's YamlProvider: JSON is YAML, and the keys are in its order."""
    zone: dict[str, list[dict[str, Any]]] = {}
    comments = list(_comments(dns_records, "#"))
    for (name, kind), record_set in _record_sets(dns_records).items():
        if name == dns_records.domain.ascii:
            comments += [f"# {line}" for line in _shared_set_comments(name, kind, record_set)]
            continue
        entry: dict[str, Any] = {"ttl": record_set[0].ttl_seconds, "type": kind}
        values = [_octodns_value(record.data) for record in record_set]
        entry.update({"value": values[0]} if kind == "CNAME" else {"values": values})
        zone.setdefault(_relative_name(name, dns_records), []).append(entry)
    entries = {name: sets[0] if len(sets) == 1 else sets for name, sets in zone.items()}
    return _join_lines([*comments, _to_json(entries).rstrip("\n")])


def _octodns_value(data: RecordData) -> object:
    if isinstance(data, CnameData):
        return f"{data.target}."
    # octoDNS rejects an unescaped semicolon.
    return _data_as_dict(data) if isinstance(data, SrvData) else data.text.replace(";", "\\;")


def _terraform(dns_records: DnsRecords) -> str:
    """Return Terraform's JSON for the provider hashicorp/dns, which uses RFC 2136."""
    comments = [line.removeprefix("# ") for line in _comments(dns_records, "#")]
    resources: dict[str, dict[str, Any]] = {}
    for (name, kind), record_set in _record_sets(dns_records).items():
        if name == dns_records.domain.ascii:
            comments += _shared_set_comments(name, kind, record_set)
            continue
        label = name.replace(".", "_")
        resource = {
            "zone": f"{dns_records.domain}.",
            "name": _relative_name(name, dns_records),
            "ttl": record_set[0].ttl_seconds,
            **_terraform_values(record_set),
        }
        resources.setdefault(_TERRAFORM[kind], {})[label] = resource
    return _to_json({"//": comments, "resource": resources})


def _shared_set_comments(name: str, kind: str, record_set: list[Record]) -> Iterator[str]:
    """Yield a comment for each record of a set that also has other records, such as SPF."""
    for record in record_set:
        yield f"Add to the {kind} set of {name}: {record.rdata_text()}"


_TERRAFORM: Final = {
    "CNAME": "dns_cname_record",
    "SRV": "dns_srv_record_set",
    "TXT": "dns_txt_record_set",
}


def _terraform_values(record_set: list[Record]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for record in record_set:
        data = record.data
        if isinstance(data, CnameData):
            values["cname"] = f"{data.target}."
        elif isinstance(data, SrvData):
            values.setdefault("srv", []).append(_data_as_dict(data))
        else:
            # Terraform's templates begin with these.
            text = data.text.replace("${", "$${").replace("%{", "%%{")
            values.setdefault("txt", []).append(text)
    return values


def _data_as_dict(data: RecordData) -> dict[str, Any]:
    if isinstance(data, CnameData):
        return {"target": f"{data.target}."}
    if isinstance(data, SrvData):
        return {
            "priority": data.priority,
            "weight": data.weight,
            "port": data.port,
            "target": f"{data.target}.",
        }
    return {"text": data.text}


def _record_sets(dns_records: DnsRecords) -> dict[tuple[str, str], list[Record]]:
    """Return the records grouped into sets with the same name and type."""
    sets: dict[tuple[str, str], list[Record]] = {}
    for record in dns_records.records:
        sets.setdefault((record.name, record.data.type), []).append(record)
    return sets


def _relative_name(name: str, dns_records: DnsRecords) -> str:
    """Return a name relative to the domain; the domain itself is the empty name."""
    return name.removesuffix(dns_records.domain.ascii).removesuffix(".")


def _comments(dns_records: DnsRecords, sign: str) -> Iterator[str]:
    yield f"{sign} DNS records of {dns_records.domain} for mail clients."
    for line in dns_records.left_out:
        yield f"{sign} Left out: {' '.join(line.split())}"


def _to_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _join_lines(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


ZONE_FORMATS: Final[Mapping[str, Callable[[DnsRecords], str]]] = {
    "zone": _zone,
    "json": _json,
    "octodns": _octodns,
    "terraform": _terraform,
    "nsupdate": _nsupdate,
}
"""The writer of each output format, by its name."""
