"""The options that all listeners have."""

from waypost.web.listener_options import listener_config


def test_options_of_all_listeners() -> None:
    """No listener names its software, writes uvicorn's access log, or trusts a proxy by itself."""
    config = listener_config()("waypost.web:app", lifespan="off")
    assert (config.server_header, config.access_log, config.proxy_headers) == (False, False, False)
    assert (config.ws, config.log_config, config.lifespan) == ("none", None, "off")
