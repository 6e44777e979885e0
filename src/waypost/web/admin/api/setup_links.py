"""Setup links: create, list and revoke."""

import base64
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from waypost.admin.access.duration import parse_duration
from waypost.core.address import EmailAddress
from waypost.core.errors import AddressError, InvalidObject, LinkError
from waypost.setup_links.link import LinkTarget, LinkTerms, checked_target, checked_terms
from waypost.setup_links.qr_code import MEDIA_TYPES, image
from waypost.web.admin.api.access import CurrentAdmin
from waypost.web.admin.api.changes import NO_STORE, DryRun, json_response, plan_response
from waypost.web.admin.api.descriptions import describe_change, describe_list
from waypost.web.admin.api.inputs import read_object
from waypost.web.admin.api.resources import Cursor, Limit

QrCode = Annotated[
    Literal["svg", "png"] | None,
    Query(description="Also return the QR code of the link, as a data: URL of this format."),
]


class NewSetupLink(BaseModel):
    """The wish for a link. Its errors do not repeat the values."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)

    address: str
    name: str = ""
    device: str = ""
    aliases: list[str] = Field(default_factory=list)
    app_password: SecretStr | None = None
    expires: str = "2d"
    uses: int = 1

    def target(self) -> LinkTarget:
        """Return the person and the device.

        Raises:
            InvalidObject: names the key and its rule.
        """
        try:
            address = EmailAddress.parse(self.address)
        except AddressError as error:
            raise InvalidObject([("address", str(error))]) from error
        try:
            return checked_target(address, self.name, self.aliases, self.device)
        except LinkError as error:
            raise _invalid(error) from error

    def terms(self) -> LinkTerms:
        """Return how long and how often the link can be used.

        Raises:
            InvalidObject: names the key and its rule, and never shows the password.
        """
        password = self.app_password
        try:
            seconds = parse_duration(self.expires)
        except ValueError as error:
            raise InvalidObject([("expires", str(error))]) from error
        try:
            return checked_terms(
                seconds, self.uses, None if password is None else password.get_secret_value()
            )
        except LinkError as error:
            raise _invalid(error) from error


def add_setup_links(router: APIRouter) -> None:
    """Add /setup-links."""

    @router.get(
        "/setup-links",
        summary="List the setup links, the newest first.",
        **describe_list("SetupLink"),
    )
    async def list_links(admin: CurrentAdmin, limit: Limit = 50, cursor: Cursor = None) -> Response:
        items, following = await run_in_threadpool(admin.setup_links.page, limit, cursor)
        return json_response({"items": items, "next": following})

    @router.post(
        "/setup-links",
        summary="Create a setup link; only this answer has its URL.",
        **describe_change("NewSetupLink", "NewLink", created=True),
    )
    async def create_link(
        request: Request, admin: CurrentAdmin, qr: QrCode = None, dry_run: DryRun = False
    ) -> Response:
        admin.principal.check_write()
        try:
            wish = NewSetupLink.model_validate(await read_object(request))
        except ValidationError as error:
            mistakes = [
                (".".join(f"{part}" for part in one["loc"]), one["msg"]) for one in error.errors()
            ]
            raise InvalidObject(mistakes) from None
        target, terms = wish.target(), wish.terms()
        if dry_run:
            plan = await run_in_threadpool(admin.setup_links.plan_creation, target, terms)
            return plan_response(plan, dry_run=True)
        link = await run_in_threadpool(admin.setup_links.create, target, terms)
        code = {} if qr is None else {"qr": await run_in_threadpool(_data_url, link.url, qr)}
        return json_response({**link.data, **code}, 201)

    @router.delete(
        "/setup-links/{link_id}",
        summary="Revoke a setup link, with its password.",
        **describe_change(None, None),
    )
    async def revoke_link(
        _request: Request, link_id: int, admin: CurrentAdmin, dry_run: DryRun = False
    ) -> Response:
        if dry_run:
            plan = await run_in_threadpool(admin.setup_links.plan_revocation, link_id)
            return plan_response(plan, dry_run=True)
        await run_in_threadpool(admin.setup_links.revoke, link_id)
        return Response(None, 204, NO_STORE)


def _data_url(url: str, kind: str) -> str:
    data = base64.b64encode(image(url, kind)).decode("ascii")
    return f"data:{MEDIA_TYPES[kind]};base64,{data}"


def _invalid(error: LinkError) -> InvalidObject:
    """Return the error with the key that its text begins with."""
    part, _, rule = str(error).partition(": ")
    path = {"alias": "aliases", "app password": "app_password"}.get(part, part)
    return InvalidObject([(path, rule)])
