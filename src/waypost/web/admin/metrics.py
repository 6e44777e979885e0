"""`GET /metrics`: what this process counts, for Prometheus on the same machine."""

from typing import Final

from fastapi import APIRouter, Response

from waypost.metrics import CONTENT_TYPE, Registry, exposition

PATH: Final = "/metrics"


def add_metrics(router: APIRouter, registry: Registry) -> None:
    """Add the URL.

    Args:
        router: gets it.
        registry: of this process alone; what mail clients are answered is told elsewhere, at
            `metrics_listen`.
    """

    async def told() -> Response:
        return Response(exposition(registry), media_type=CONTENT_TYPE)

    router.add_api_route(
        PATH,
        told,
        methods=["GET"],
        response_class=Response,
        responses={200: {"content": {CONTENT_TYPE: {}}, "description": "Prometheus' text format."}},
        summary="What is counted here.",
        name="metrics",
    )
