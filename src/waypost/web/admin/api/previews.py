"""What clients get, and what the checks say about a domain."""

import asyncio
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response
from fastapi.concurrency import run_in_threadpool

from waypost.admin.facade import Admin
from waypost.web.admin.api.access import CurrentAdmin
from waypost.web.admin.api.changes import NO_STORE, json_response
from waypost.web.admin.api.descriptions import describe_answer
from waypost.web.admin.api.problems import ApiError

PreviewFormat = Literal[
    "autoconfig", "autodiscover", "autodiscover-json", "activesync", "mobileconfig", "pacc"
]
DOCTORS_MAX: Final = 4
"""How many reports of the doctor are made at once: each has many connections."""
TTL_MAX: Final = 2**31 - 1  # RFC 2181 s8
_DOCUMENT: Final = {"type": "string", "description": "The document, byte for byte."}
_REPORT: Final = {"type": "object"}
_RECORDS: Final = {"description": "A list of objects, or a text in another format."}
_NAMES: Final = {
    "type": "object",
    "properties": {"names": {"type": "array", "items": {"type": "string"}}},
}


def add_previews(router: APIRouter) -> None:
    """Add /addresses, and the reports below /domains."""
    doctors = asyncio.Semaphore(DOCTORS_MAX)

    @router.get(
        "/addresses/{address:path}/{format}",
        summary="The answer that a client gets, byte for byte.",
        **describe_answer("The document.", _DOCUMENT, "*/*"),
    )
    async def preview(address: str, format: PreviewFormat, admin: CurrentAdmin) -> Response:  # noqa: A002
        found = await run_in_threadpool(admin.preview, address, format)
        headers = NO_STORE | {"content-type": found.content_type}
        return Response(found.body, 200, headers)

    @router.get(
        "/domains/{name}/dns",
        summary="The DNS records that a domain should publish.",
        **describe_answer("The records.", _RECORDS, "*/*"),
    )
    async def dns(
        name: str,
        admin: CurrentAdmin,
        format: Annotated[str, Query(description="As of `waypost show dns`.")] = "json",  # noqa: A002
        ttl: Annotated[int, Query(ge=0, le=TTL_MAX, description="In seconds.")] = 3600,
    ) -> Response:
        found = await run_in_threadpool(admin.dns, name, format, ttl)
        return Response(found.body, 200, NO_STORE | {"content-type": found.content_type})

    @router.get(
        "/domains/{name}/names",
        summary="The host names of a domain that need a certificate.",
        **describe_answer("The host names.", _NAMES),
    )
    async def names(name: str, admin: CurrentAdmin) -> Response:
        return json_response({"names": list(await run_in_threadpool(admin.names, name))})

    @router.get(
        "/domains/{name}/lint",
        summary="Configuration of a domain that breaks mail clients.",
        **describe_answer("The report of `waypost lint --json`.", _REPORT),
    )
    async def lint(name: str, admin: CurrentAdmin) -> Response:
        return json_response(await run_in_threadpool(admin.lint, name))

    @router.post(
        "/domains/{name}/doctor",
        summary="Check which mail clients work for a domain.",
        **describe_answer("The report of `waypost doctor --json`.", _REPORT),
    )
    async def doctor(name: str, admin: CurrentAdmin) -> Response:
        return json_response(await _diagnose(doctors, admin, name))


async def _diagnose(doctors: asyncio.Semaphore, admin: Admin, name: str) -> dict[str, Any]:
    if doctors.locked():
        detail = f"{DOCTORS_MAX} domains are being checked; try again later"
        raise ApiError(429, "too_many_requests", detail, {"retry-after": "10"})
    async with doctors:
        return await run_in_threadpool(partial(admin.doctor, name))
