"""What the API says about itself, in OpenAPI 3.1."""

from typing import Any, Final

PROBLEM_SCHEMA: Final = "Problem"
LINES_TYPE: Final = "application/x-ndjson"
_PROBLEM: Final = {
    "content": {
        "application/problem+json": {"schema": {"$ref": f"#/components/schemas/{PROBLEM_SCHEMA}"}}
    }
}
_READ_PROBLEMS: Final = {
    400: "A parameter is unknown, is given twice, or is not valid; `errors` names it.",
    401: "The token is missing or not valid.",
    403: "The token does not allow this.",
    404: "There is no such object.",
    422: "A value is not allowed; `errors` has the path of each mistake.",
    429: "Too many requests; try again later.",
    503: "The database does not answer; try again later.",
}
_CHANGE_PROBLEMS: Final = _READ_PROBLEMS | {
    409: "The change is not possible, or must be confirmed with `confirm=1`.",
    412: "The object has another version than the one in If-Match.",
    413: "The body is too large.",
    415: "The body has another media type.",
}
_ETAG_HEADER: Final = {
    "ETag": {"description": "The version of the object.", "schema": {"type": "string"}}
}

Description = dict[str, Any]


def describe_object(schema: str) -> Description:
    """Return the arguments of a route that answers with one object."""
    return {
        "responses": problems(_READ_PROBLEMS)
        | {
            200: {
                "description": "The object.",
                "headers": _ETAG_HEADER,
                "content": _json(reference(schema)),
            },
            304: {"description": "The client has this version."},
        }
    }


def describe_list(schema: str) -> Description:
    """Return the arguments of a route that answers with a part of a list."""
    page = {
        "type": "object",
        "properties": {
            "items": {"type": "array", "items": reference(schema)},
            "next": {"type": ["string", "null"]},
        },
        "required": ["items", "next"],
    }
    return describe_answer("A part of the list.", page)


def describe_answer(
    text: str, schema: Description, media_type: str = "application/json"
) -> Description:
    """Return the arguments of a route that only reads."""
    answer = {200: {"description": text, "content": {media_type: {"schema": schema}}}}
    return {"responses": problems(_READ_PROBLEMS) | answer}


def describe_change(
    body: str | None,
    answer: str | None,
    *,
    created: bool = False,
    media_type: str = "application/json",
) -> Description:
    """Return the arguments of a route that changes something.

    Args:
        body: the schema of the request; None without a body.
        answer: the schema of the answer; None if the object is deleted.
        created: whether the object may be new.
        media_type: of the request; application/json is always allowed.
    """
    responses: dict[int, Any] = problems(_CHANGE_PROBLEMS)
    plan = reference("Plan")
    if answer is None:
        responses[204] = {"description": "Deleted."}
        responses[200] = {"description": "The plan of a dry run.", "content": _json(plan)}
    else:
        changed = {"anyOf": [reference(answer), plan]}
        responses[200] = {
            "description": "The object after the change, or the plan of a dry run.",
            "headers": _ETAG_HEADER,
            "content": _json(changed),
        }
    if created:
        responses[201] = {
            "description": "The new object.",
            "headers": _ETAG_HEADER,
            "content": _json(reference(answer or "")),
        }
    extra: Description = {
        "parameters": [
            {
                "name": "If-Match",
                "in": "header",
                "description": "The ETag of the version that is changed.",
                "schema": {"type": "string"},
            }
        ]
    }
    if body is not None:
        content = {name: {"schema": reference(body)} for name in {media_type, "application/json"}}
        extra["requestBody"] = {"required": True, "content": content}
    status = 200 if answer is not None else 204
    return {"responses": responses, "openapi_extra": extra, "status_code": status}


def describe_plan(text: str) -> Description:
    """Return the arguments of a route that answers with a plan, also after the change."""
    answer = {200: {"description": text, "content": _json(reference("Plan"))}}
    return {"responses": problems(_CHANGE_PROBLEMS) | answer}


def describe_lines(text: str, body: str | None = None) -> Description:
    """Return the arguments of a route that answers with one JSON object on each line (NDJSON).

    Args:
        text: what the lines are.
        body: the schema of the request; None for a route that only reads.
    """
    lines = {"type": "string", "description": "One JSON object on each line."}
    if body is None:
        return describe_answer(text, lines, LINES_TYPE)
    description = describe_change(body, None, media_type=LINES_TYPE)
    del description["responses"][204]
    answer = {"description": text, "content": {LINES_TYPE: {"schema": lines}}}
    description["responses"][200] = answer
    return description | {"status_code": 200}


def problems(texts: dict[int, str]) -> dict[int, Any]:
    """Return the descriptions of problem documents."""
    return {status: {"description": text, **_PROBLEM} for status, text in texts.items()}


def reference(schema: str) -> Description:
    """Return a reference to a schema of the description."""
    return {"$ref": f"#/components/schemas/{schema}"}


def _json(schema: Description) -> Description:
    return {"application/json": {"schema": schema}}
