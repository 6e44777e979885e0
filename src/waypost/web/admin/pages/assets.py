"""The style sheet, the script and the icon, with a hash of the content in their names."""

from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Final

from fastapi import APIRouter, Request, Response

_TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FILES: Final = ("style.css", "script.js", "icon.svg")
_HEADERS: Final = {
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}


@cache
def _assets() -> dict[str, tuple[str, bytes]]:
    """Return the content of each file by the name in its URL, with the name of the file."""
    found = {}
    for name in _FILES:
        content = resources.files(__package__).joinpath(f"static/{name}").read_bytes()
        stem, _, suffix = name.partition(".")
        found[f"{stem}.{sha256(content).hexdigest()[:16]}.{suffix}"] = name, content
    return found


def asset_url(name: str) -> str:
    """Return the URL of a file."""
    return next(f"/admin/static/{key}" for key, (known, _) in _assets().items() if known == name)


def add_assets(router: APIRouter) -> None:
    """Add /admin/static/."""

    @router.get("/admin/static/{name}", include_in_schema=False)
    async def asset(request: Request, name: str) -> Response:
        if name not in _assets():
            return Response("not found\n", 404, {"cache-control": "no-store"}, "text/plain")
        file, content = _assets()[name]
        headers = _HEADERS | {"etag": f'"{name.split(".")[1]}"'}
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(None, 304, headers)
        return Response(content, 200, headers, _TYPES[file.rpartition(".")[2]])
