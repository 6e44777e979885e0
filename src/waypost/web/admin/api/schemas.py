"""The schemas of the description: those of the providers file, and the API's."""

from typing import Any, Final

from waypost.providers_file.models.objects import object_schemas
from waypost.web.admin.api.descriptions import PROBLEM_SCHEMA, reference

_TEXT: Final = {"type": "string"}
_OPTIONAL_TEXT: Final = {"type": ["string", "null"]}
_LINES: Final = {"type": "array", "items": _TEXT}
_OBJECT: Final = {"type": ["object", "null"]}
_NAMES: Final = {"domain": "Domain", "provider": "Provider"}
_DIRECTORIES: Final = ("ldap_directory", "sql_directory", "file_directory", "ldapserver")


def api_schemas() -> dict[str, Any]:
    """Return all schemas by their names."""
    schemas: dict[str, Any] = {}
    for name, schema in object_schemas().items():
        schemas |= {key: _lifted(value) for key, value in schema.pop("$defs", {}).items()}
        schemas[_NAMES.get(name, name)] = _lifted(schema)
    count = {"type": "integer", "readOnly": True, "description": "The number of its domains."}
    schemas["Provider"]["properties"]["domains"] = count
    schemas["Directory"] = {"anyOf": [reference(name) for name in _DIRECTORIES]}
    schemas["Service"] = reference("ServiceTable")
    return schemas | _errors_and_plans() | _bodies() | _records()


def _lifted(value: Any) -> Any:  # noqa: ANN401 -- a schema or a part of one
    """Return a schema whose definitions are schemas of the description.

    A key that must be absent is `{"not": {}}`: generators of clients refuse `false`.
    """
    if isinstance(value, list):
        return [_lifted(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: item.replace("#/$defs/", "#/components/schemas/")
        if key == "$ref"
        else _lifted(_without_false(item) if key == "properties" else item)
        for key, item in value.items()
    }


def _without_false(properties: dict[str, Any]) -> dict[str, Any]:
    return {key: {"not": {}} if one is False else one for key, one in properties.items()}


def _object_of(*required: str, **properties: Any) -> dict[str, Any]:  # noqa: ANN401 -- schemas
    return {"type": "object", "properties": properties, "required": list(required)}


def _errors_and_plans() -> dict[str, Any]:
    mistake = _object_of("path", "message", path=_TEXT, message=_TEXT)
    code = _TEXT | {"description": "A stable word for programs."}
    problem = _object_of(
        *("type", "title", "status", "detail", "code"),
        type=_TEXT,
        title=_TEXT,
        status={"type": "integer"},
        detail=_TEXT,
        code=code,
        errors={"type": "array", "items": mistake},
    )
    plan = _object_of(
        *("dry_run", "plan", "counts"),
        dry_run={"type": "boolean"},
        plan=_object_of(added=_LINES, changed=_LINES, removed=_LINES),
        counts={"type": "object", "additionalProperties": {"type": "integer"}},
        object=_OBJECT,
        warnings=_LINES,
    )
    return {PROBLEM_SCHEMA: problem | {"description": "RFC 9457"}, "Plan": plan}


def _bodies() -> dict[str, Any]:
    services = {"type": "array", "items": reference("Service")}
    closed = {"additionalProperties": False}
    patch = "RFC 7396: null removes a key; other values replace those of the object."
    token = _object_of(
        "name",
        name=_TEXT | {"minLength": 1, "maxLength": 128},
        role={"enum": ["read", "write"]},
        domains=_LINES | {"minItems": 1, "maxItems": 200},
        provider=_OPTIONAL_TEXT,
        expires=_OPTIONAL_TEXT | {"description": "Such as 12h or 90d."},
    )
    link = _object_of(
        "address",
        address=_TEXT,
        name=_TEXT | {"maxLength": 128},
        device=_TEXT | {"maxLength": 64},
        aliases=_LINES,
        app_password=_OPTIONAL_TEXT
        | {"writeOnly": True, "description": "The link gives it out once; no answer has it."},
        expires=_TEXT | {"description": "Such as 12h or 7d; 2d if absent, at most 90d."},
        uses={"type": "integer", "minimum": 1, "maximum": 100},
    )
    return {
        "MergePatch": {"type": "object", "description": patch},
        "NewName": _object_of("name", name=_TEXT) | closed,
        "Services": _object_of("services", services=services) | closed,
        "BulkLines": _TEXT | {"description": "One domain on each line, as a JSON object."},
        "NewToken": token | closed,
        "NewSetupLink": link | closed,
    }


def _records() -> dict[str, Any]:
    entry = _object_of(
        *("id", "at", "principal", "principal_kind", "action", "can_be_undone"),
        id={"type": "integer"},
        at=_TEXT | {"format": "date-time"},
        principal=_TEXT,
        principal_kind={"enum": ["token", "person", "command"]},
        remote=_OPTIONAL_TEXT,
        action=_TEXT,
        object_kind=_OPTIONAL_TEXT,
        object_name=_OPTIONAL_TEXT,
        before=_OBJECT,
        after=_OBJECT,
        undo_of={"type": ["integer", "null"]},
        can_be_undone={"type": "boolean", "description": "Whether undo would work now."},
    )
    times = dict.fromkeys(("created", "expires", "last_used", "revoked"), _OPTIONAL_TEXT)
    token = _object_of(
        *("id", "name", "role"),
        id=_TEXT,
        name=_TEXT,
        role={"enum": ["read", "write"]},
        domains=_LINES,
        provider=_OPTIONAL_TEXT,
        created_by=_TEXT,
        token=_TEXT | {"description": "Only in the answer to the creation."},
        **times,
    )
    return {"AuditEntry": entry, "Token": token} | _setup_links()


def _setup_links() -> dict[str, Any]:
    number = {"type": "integer"}
    link = _object_of(
        *("id", "address", "has_password", "uses_left", "state", "expires"),
        id=number,
        address=_TEXT,
        name=_TEXT,
        aliases=_LINES,
        device=_TEXT,
        has_password={"type": "boolean"},
        uses_left=number,
        state={"enum": ["valid", "used", "expired"]},
        created=_TEXT,
        expires=_TEXT,
        used=_OPTIONAL_TEXT,
    )
    without = "null without a database: the link is then a signed token that nothing counts."
    new_link = _object_of(
        *("url", "id", "address", "expires", "uses"),
        url=_TEXT | {"description": "Only in this answer."},
        id={"type": ["integer", "null"], "description": without},
        address=_TEXT,
        expires=_TEXT,
        uses={"type": ["integer", "null"], "description": without},
        qr=_TEXT | {"description": "A data: URL, if the parameter qr asks for it."},
    )
    return {"SetupLink": link, "NewLink": new_link}
