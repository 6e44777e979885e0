"""The output formats for zones: zone file, JSON, octoDNS, Terraform and nsupdate."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from waypost.formats.dns.records import Alias, Data, Published, Record, ServiceAt


def write(published: Published, form: str) -> bytes:
    """Return all records in one of FORMS.

    Raises:
        KeyError: there is no such form.
    """
    return FORMS[form](published).encode()


def _zone(published: Published) -> str:
    """Return lines of a zone file (RFC 1035 s5), to paste or to include."""
    rows = [
        (f"{one.name}.", str(one.ttl_seconds), "IN", one.data.type, one.rdata_text())
        for one in published.records
    ]
    widths = [max((len(row[at]) for row in rows), default=0) for at in range(4)]
    lines = [
        " ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]])
        for row in rows
    ]
    return _joined([*_comments(published, ";"), *lines])


def _nsupdate(published: Published) -> str:
    """Return a script for nsupdate(1), RFC 2136 s2.5, which replaces all names in one update."""
    # Other TXT records of the domain itself, such as SPF, must not be deleted.
    names = dict.fromkeys(
        one.name for one in published.records if one.name != published.domain.ascii
    )
    # RFC 2136 s3.4.2.2: servers silently ignore an alias if the name has other records, and
    # other records if the name has an alias.
    lines = [f"update delete {name}." for name in names]
    for one in published.records:
        data = f"{one.data.type} {one.rdata_text()}"
        lines.append(f"update add {one.name}. {one.ttl_seconds} {data}")
    return _joined([*_comments(published, ";"), *lines, "send"])


def _json(published: Published) -> str:
    """Return JSON for other programs."""
    records = [
        {
            "name": f"{one.name}.",
            "ttl": one.ttl_seconds,
            "type": one.data.type,
            "data": _members(one.data),
        }
        for one in published.records
    ]
    return _dumped(
        {
            "domain": published.domain.ascii,
            "left_out": list(published.left_out),
            "records": records,
        }
    )


def _octodns(published: Published) -> str:
    """Return a zone for octoDNS's YamlProvider: JSON is YAML, and the keys are in its order."""
    zone: dict[str, list[dict[str, Any]]] = {}
    comments = list(_comments(published, "#"))
    for (name, kind), found in _sets(published).items():
        if name == published.domain.ascii:
            comments += [f"# {line}" for line in _shared(name, kind, found)]
            continue
        entry: dict[str, Any] = {"ttl": found[0].ttl_seconds, "type": kind}
        values = [_octodns_value(one.data) for one in found]
        entry.update({"value": values[0]} if kind == "CNAME" else {"values": values})
        zone.setdefault(_below(name, published), []).append(entry)
    entries = {name: sets[0] if len(sets) == 1 else sets for name, sets in zone.items()}
    return _joined([*comments, _dumped(entries).rstrip("\n")])


def _octodns_value(data: Data) -> object:
    if isinstance(data, Alias):
        return f"{data.target}."
    # octoDNS rejects an unescaped semicolon.
    return _members(data) if isinstance(data, ServiceAt) else data.text.replace(";", "\\;")


def _terraform(published: Published) -> str:
    """Return Terraform's JSON for the provider hashicorp/dns, which uses RFC 2136."""
    comments = [line.removeprefix("# ") for line in _comments(published, "#")]
    resources: dict[str, dict[str, Any]] = {}
    for (name, kind), found in _sets(published).items():
        if name == published.domain.ascii:
            comments += _shared(name, kind, found)
            continue
        label = name.replace(".", "_")
        resource = {
            "zone": f"{published.domain}.",
            "name": _below(name, published),
            "ttl": found[0].ttl_seconds,
            **_terraform_values(found),
        }
        resources.setdefault(_TERRAFORM[kind], {})[label] = resource
    return _dumped({"//": comments, "resource": resources})


def _shared(name: str, kind: str, found: list[Record]) -> Iterator[str]:
    """Yield a comment for each record of a set that also has other records, such as SPF."""
    for one in found:
        yield f"Add to the {kind} set of {name}: {one.rdata_text()}"


_TERRAFORM: Final = {
    "CNAME": "dns_cname_record",
    "SRV": "dns_srv_record_set",
    "TXT": "dns_txt_record_set",
}


def _terraform_values(found: list[Record]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for one in found:
        data = one.data
        if isinstance(data, Alias):
            values["cname"] = f"{data.target}."
        elif isinstance(data, ServiceAt):
            values.setdefault("srv", []).append(_members(data))
        else:
            # Terraform's templates begin with these.
            text = data.text.replace("${", "$${").replace("%{", "%%{")
            values.setdefault("txt", []).append(text)
    return values


def _members(data: Data) -> dict[str, Any]:
    if isinstance(data, Alias):
        return {"target": f"{data.target}."}
    if isinstance(data, ServiceAt):
        return {
            "priority": data.priority,
            "weight": data.weight,
            "port": data.port,
            "target": f"{data.target}.",
        }
    return {"text": data.text}


def _sets(published: Published) -> dict[tuple[str, str], list[Record]]:
    """Return the records grouped into sets with the same name and type."""
    sets: dict[tuple[str, str], list[Record]] = {}
    for one in published.records:
        sets.setdefault((one.name, one.data.type), []).append(one)
    return sets


def _below(name: str, published: Published) -> str:
    """Return a name relative to the domain; the domain itself is the empty name."""
    return name.removesuffix(published.domain.ascii).removesuffix(".")


def _comments(published: Published, sign: str) -> Iterator[str]:
    yield f"{sign} DNS records of {published.domain} for mail clients."
    for line in published.left_out:
        yield f"{sign} Left out: {' '.join(line.split())}"


def _dumped(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _joined(lines: list[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


FORMS: Final[Mapping[str, Callable[[Published], str]]] = {
    "zone": _zone,
    "json": _json,
    "octodns": _octodns,
    "terraform": _terraform,
    "nsupdate": _nsupdate,
}
"""The writer of each output format, by its name."""
