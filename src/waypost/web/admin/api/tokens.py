"""Tokens, for principals without limits."""

from functools import partial

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from waypost.admin.access.duration import parse_duration
from waypost.admin.access.records import token_data
from waypost.admin.access.scope import AccessScope
from waypost.admin.access.tokens import NAME_MAX_CHARS
from waypost.admin.principal import Role
from waypost.core.errors import ObjectNotFound
from waypost.core.model import DomainPattern
from waypost.providers_file.models.domain import parse_pattern
from waypost.web.admin.api.access import CurrentPrincipal, current_tokens
from waypost.web.admin.api.changes import NO_STORE, DryRun, json_response, plan_response
from waypost.web.admin.api.descriptions import describe_change, describe_list
from waypost.web.admin.api.inputs import read_object
from waypost.web.admin.api.problems import problem_response


class NewToken(BaseModel):
    """The wish for a token."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(min_length=1, max_length=NAME_MAX_CHARS)
    role: str = "read"
    # An empty list is refused: it could be the mistake of a script, and would mean no limit.
    domains: list[str] | None = Field(default=None, min_length=1, max_length=200)
    provider: str | None = Field(default=None, min_length=1, max_length=NAME_MAX_CHARS)
    expires: str | None = None

    @field_validator("name", "provider")
    @classmethod
    def _printable(cls, value: str | None) -> str | None:
        if value is not None and (not value.isprintable() or value != value.strip()):
            raise ValueError("must be printable, without spaces around it")
        return value

    @field_validator("role")
    @classmethod
    def _role(cls, value: str) -> str:
        if value not in {"read", "write"}:
            raise ValueError("must be read or write")
        return value

    @field_validator("domains")
    @classmethod
    def _patterns(cls, value: list[str] | None) -> list[str] | None:
        return None if value is None else [parse_pattern(text).text for text in value]

    @field_validator("expires")
    @classmethod
    def _duration(cls, value: str | None) -> str | None:
        if value is not None:
            parse_duration(value)
        return value

    def scope(self) -> AccessScope:
        """Return what the token may read or change."""
        patterns = tuple(DomainPattern(text) for text in self.domains or ())
        return AccessScope(Role(self.role), patterns, self.provider)


def add_tokens(router: APIRouter) -> None:
    """Add /tokens."""

    @router.get("/tokens", summary="List the tokens.", **describe_list("Token"))
    async def list_tokens(request: Request, principal: CurrentPrincipal) -> Response:
        principal.check_everything("list tokens")
        records = await run_in_threadpool(current_tokens(request).list)
        return json_response({"items": [token_data(record) for record in records], "next": None})

    @router.post(
        "/tokens",
        summary="Create a token; only this answer has its secret.",
        **describe_change("NewToken", "Token", created=True),
    )
    async def create_token(
        request: Request, principal: CurrentPrincipal, dry_run: DryRun = False
    ) -> Response:
        principal.check_everything("create tokens")
        try:
            wish = NewToken.model_validate(await read_object(request))
        except ValidationError as error:
            mistakes = [{"path": path, "message": rule} for path, rule in token_mistakes(error)]
            detail = "the token cannot be created; see errors"
            return problem_response(422, "invalid", detail, errors=mistakes)
        tokens = current_tokens(request)
        seconds = None if wish.expires is None else parse_duration(wish.expires)
        if dry_run:
            plan = tokens.plan_creation(wish.name, wish.scope(), expires_seconds=seconds)
            return plan_response(plan, dry_run=True)
        create = partial(tokens.create, by=principal, expires_seconds=seconds)
        secret, record = await run_in_threadpool(create, wish.name, wish.scope())
        return json_response({"token": secret, **token_data(record)}, 201)

    @router.delete(
        "/tokens/{token_id}", summary="Revoke a token at once.", **describe_change(None, None)
    )
    async def revoke_token(
        request: Request, token_id: str, principal: CurrentPrincipal, dry_run: DryRun = False
    ) -> Response:
        principal.check_everything("revoke tokens")
        tokens = current_tokens(request)
        if dry_run:
            plan = await run_in_threadpool(tokens.plan_revocation, token_id)
            if plan is not None:
                return plan_response(plan, dry_run=True)
        elif await run_in_threadpool(partial(tokens.revoke, token_id, by=principal)):
            return Response(None, 204, NO_STORE)
        raise ObjectNotFound("there is no valid token with this id")


def token_mistakes(error: ValidationError) -> list[tuple[str, str]]:
    """Return the path of each mistake in a request for a token, and the broken rule."""
    return [
        (
            ".".join(f"{part}" for part in one["loc"]),
            str(one["ctx"]["error"]) if one["type"] == "value_error" else one["msg"],
        )
        for one in error.errors(include_url=False)
    ]
