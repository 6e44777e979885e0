"""The options of uvicorn that all listeners have."""

from functools import partial

import uvicorn


def listener_config() -> "partial[uvicorn.Config]":
    """Return uvicorn's configuration with the common options, to be called with the others."""
    return partial(
        uvicorn.Config,
        loop="uvloop",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        # `origin.proxy` decides by Waypost's own options which proxies are believed.
        proxy_headers=False,
    )
