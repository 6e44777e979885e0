"""Domains, providers and directories: list, read, create, replace, change, delete and rename."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from waypost.admin.facade import Admin
from waypost.admin.remote.url_names import name_of_url
from waypost.admin.results import ChangeResult, Page, StoredObject
from waypost.web.admin.api.access import CurrentAdmin
from waypost.web.admin.api.changes import (
    NO_STORE,
    Confirm,
    DryRun,
    change_response,
    json_response,
    object_response,
)
from waypost.web.admin.api.descriptions import describe_change, describe_list, describe_object
from waypost.web.admin.api.inputs import (
    Conditions,
    etag,
    is_unchanged,
    read_conditions,
    read_object,
)
from waypost.web.admin.api.problems import ApiError

LIMIT_MAX: Final = 1000

Prefix = Annotated[str, Query(max_length=255, description="The first characters of the name.")]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX, description="The largest number of items.")]
Cursor = Annotated[
    str | None, Query(max_length=1024, description="`next` of the part before this one.")
]


@dataclass(frozen=True, slots=True)
class ObjectRoutes:
    """The URLs of one kind of objects, and the use cases behind them.

    Attributes:
        noun: in descriptions.
        schema: the name of the JSON Schema.
        path: the URL of one object; its parameter is `name`.
        read_name: returns the name in the URL.
        get: returns an object by its name.
        put, patch, delete: change an object.
        rename: gives an object another name; None if this kind has no such use case.
    """

    noun: str
    schema: str
    path: str
    get: Callable[..., StoredObject]
    put: Callable[..., ChangeResult]
    patch: Callable[..., ChangeResult]
    delete: Callable[..., ChangeResult]
    rename: Callable[..., ChangeResult] | None = None
    read_name: Callable[[str], str] = str


DOMAIN: Final = ObjectRoutes(
    "domain",
    "Domain",
    "/domains/{name}",
    Admin.get_domain,
    Admin.put_domain,
    Admin.patch_domain,
    Admin.delete_domain,
    Admin.rename_domain,
)
PROVIDER: Final = ObjectRoutes(
    "provider",
    "Provider",
    "/providers/{name}",
    Admin.get_provider,
    Admin.put_provider,
    Admin.patch_provider,
    Admin.delete_provider,
    Admin.rename_provider,
    name_of_url,
)
DIRECTORY: Final = ObjectRoutes(
    "directory",
    "Directory",
    "/directories/{name}",
    Admin.get_directory,
    Admin.put_directory,
    Admin.patch_directory,
    Admin.delete_directory,
)


def add_resources(router: APIRouter) -> None:
    """Add the URLs of all objects."""
    _add_lists(router)
    _add_services(router)
    for kind in (DOMAIN, PROVIDER, DIRECTORY):
        if kind.rename is not None:
            _add_rename(router, kind, kind.rename)
        _add_object(router, kind)
        _add_writing(router, kind)


def _add_lists(router: APIRouter) -> None:
    @router.get("/domains", summary="List domains.", **describe_list("Domain"))
    async def list_domains(  # noqa: PLR0913, PLR0917 -- one argument for each parameter
        admin: CurrentAdmin,
        prefix: Prefix = "",
        provider: Annotated[str | None, Query(description="The name of a provider.")] = None,
        host: Annotated[str | None, Query(description="The host of a service.")] = None,
        finding: Annotated[str | None, Query(description="A code of `waypost lint`.")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> Response:
        find = partial(
            admin.list_domains,
            prefix=prefix,
            provider=provider,
            host=host,
            finding=finding,
            limit=limit,
            cursor=cursor,
        )
        return _page(await run_in_threadpool(find))

    @router.get("/providers", summary="List providers.", **describe_list("Provider"))
    async def list_providers(
        admin: CurrentAdmin, prefix: Prefix = "", limit: Limit = 50, cursor: Cursor = None
    ) -> Response:
        find = partial(admin.list_providers, prefix=prefix, limit=limit, cursor=cursor)
        return _page(await run_in_threadpool(find))

    @router.get("/directories", summary="List directories.", **describe_list("Directory"))
    async def list_directories(
        admin: CurrentAdmin, prefix: Prefix = "", limit: Limit = 50, cursor: Cursor = None
    ) -> Response:
        find = partial(admin.list_directories, prefix=prefix, limit=limit, cursor=cursor)
        return _page(await run_in_threadpool(find))


def _add_object(router: APIRouter, kind: ObjectRoutes) -> None:
    @router.get(
        kind.path,
        name=f"get_{kind.noun}",
        summary=f"Read a {kind.noun}.",
        **describe_object(kind.schema),
    )
    async def get(request: Request, name: str, admin: CurrentAdmin) -> Response:
        stored = await run_in_threadpool(kind.get, admin, kind.read_name(name))
        if is_unchanged(request, stored.version):
            return Response(None, 304, NO_STORE | {"etag": etag(stored.version)})
        return object_response(stored)

    @router.delete(
        kind.path,
        name=f"delete_{kind.noun}",
        summary=f"Delete a {kind.noun}.",
        **describe_change(None, None),
    )
    async def delete(
        request: Request, name: str, admin: CurrentAdmin, dry_run: DryRun = False
    ) -> Response:
        change = partial(kind.delete, admin, kind.read_name(name))
        return await _change(read_conditions(request), change, dry_run)


def _add_writing(router: APIRouter, kind: ObjectRoutes) -> None:
    @router.put(
        kind.path,
        name=f"put_{kind.noun}",
        summary=f"Create or replace a {kind.noun}.",
        **describe_change(kind.schema, kind.schema, created=True),
    )
    async def put(
        request: Request,
        name: str,
        admin: CurrentAdmin,
        dry_run: DryRun = False,
        confirm: Confirm = False,
    ) -> Response:
        data, conditions = await read_object(request), read_conditions(request)
        key = kind.read_name(name)
        change = partial(kind.put, admin, key, data, if_none_match=conditions.if_none_match)
        return await _change(conditions, partial(change, confirm=confirm), dry_run)

    @router.patch(
        kind.path,
        name=f"patch_{kind.noun}",
        summary=f"Change a {kind.noun} by a JSON merge patch (RFC 7396).",
        **describe_change("MergePatch", kind.schema, media_type="application/merge-patch+json"),
    )
    async def patch(
        request: Request,
        name: str,
        admin: CurrentAdmin,
        dry_run: DryRun = False,
        confirm: Confirm = False,
    ) -> Response:
        data, conditions = await read_object(request), read_conditions(request)
        change = partial(kind.patch, admin, kind.read_name(name), data, confirm=confirm)
        return await _change(conditions, change, dry_run)


def _add_rename(router: APIRouter, kind: ObjectRoutes, rename: Callable[..., ChangeResult]) -> None:
    @router.post(
        f"{kind.path}/rename",
        name=f"rename_{kind.noun}",
        summary=f"Give a {kind.noun} another name.",
        **describe_change("NewName", kind.schema),
    )
    async def give_name(
        request: Request,
        name: str,
        admin: CurrentAdmin,
        dry_run: DryRun = False,
        confirm: Confirm = False,
    ) -> Response:
        data = await read_object(request)
        new_name = data.get("name")
        if not isinstance(new_name, str) or len(data) != 1:
            raise ApiError(422, "invalid", 'the body must be {"name": "the new name"}')
        change = partial(rename, admin, kind.read_name(name), new_name, confirm=confirm)
        return await _change(read_conditions(request), change, dry_run)


def _add_services(router: APIRouter) -> None:
    @router.put(
        f"{DOMAIN.path}/services/{{index}}",
        summary="Change one service of a domain, or add one.",
        **describe_change("Service", "Domain"),
    )
    async def put_service(
        request: Request,
        name: str,
        index: int,
        admin: CurrentAdmin,
        dry_run: DryRun = False,
        confirm: Confirm = False,
    ) -> Response:
        data = await read_object(request)
        change = partial(admin.put_service, name, index, data, confirm=confirm)
        return await _change(read_conditions(request), change, dry_run)

    @router.delete(
        f"{DOMAIN.path}/services/{{index}}",
        summary="Remove one service of a domain.",
        **describe_change(None, "Domain"),
    )
    async def delete_service(
        request: Request,
        name: str,
        index: int,
        admin: CurrentAdmin,
        dry_run: DryRun = False,
        confirm: Confirm = False,
    ) -> Response:
        change = partial(admin.put_service, name, index, None, confirm=confirm)
        return await _change(read_conditions(request), change, dry_run)

    @router.put(
        f"{PROVIDER.path}/services",
        summary="Set the services of all domains of a provider.",
        **describe_change("Services", "Provider"),
    )
    async def put_provider_services(
        request: Request,
        name: str,
        admin: CurrentAdmin,
        dry_run: DryRun = False,
        confirm: Confirm = False,
    ) -> Response:
        services = _services(await read_object(request))
        change = partial(admin.put_provider_services, name_of_url(name), services, confirm=confirm)
        return await _change(read_conditions(request), change, dry_run)


def _page(page: Page) -> Response:
    return json_response({"items": [item.data for item in page.items], "next": page.next})


async def _change(
    conditions: Conditions, change: Callable[..., ChangeResult], dry_run: bool
) -> Response:
    """Make a change under the conditions of the request, and answer with its result."""
    run = partial(change, if_match=conditions.if_match, dry_run=dry_run)
    return change_response(await run_in_threadpool(run), dry_run=dry_run)


def _services(data: dict[str, Any]) -> list[dict[str, Any]]:
    services = data.get("services")
    if not isinstance(services, list) or len(data) != 1:
        raise ApiError(422, "invalid", 'the body must be {"services": [...]}')
    if not all(isinstance(service, dict) for service in services):
        raise ApiError(422, "invalid", "each service must be an object")
    return services
