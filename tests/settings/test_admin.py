"""The options of the admin listener, and the URL of its pages."""

from typing import Any

import pytest
from pydantic import ValidationError

from waypost.settings.admin import ADMIN_PORT, AdminOptions, admin_pages_url

URLS: list[tuple[dict[str, Any], str]] = [
    # the options, the URL
    ({}, "http://127.0.0.1:4244"),
    ({"admin_port": 80}, "http://127.0.0.1:80"),
    ({"admin_port": 0}, f"http://127.0.0.1:{ADMIN_PORT}"),
    ({"admin_host": "127.0.0.2", "admin_port": 5000}, "http://127.0.0.2:5000"),
    ({"admin_host": "::1"}, "http://[::1]:4244"),
    ({"admin_host": "::1", "admin_port": 0}, "http://[::1]:4244"),
    ({"admin_url": "https://Admin.example.com/"}, "https://admin.example.com"),
    ({"admin_url": "https://a.test:8443", "admin_port": 0}, "https://a.test:8443"),
    ({"admin_url": "https://[2001:db8::1]", "admin_host": "::1"}, "https://[2001:db8::1]"),
]


@pytest.mark.parametrize(("options", "url"), URLS)
def test_url_of_the_pages(options: dict[str, Any], url: str) -> None:
    """A person can open the URL: that of the web server in front, or that of the listener."""
    assert admin_pages_url(AdminOptions(**options)) == url


WRONG: list[tuple[str, Any, str]] = [
    # the option, its value, the rule that it breaks
    ("admin_host", "0.0.0.0", "is not a loopback address"),
    ("admin_host", "::", "is not a loopback address"),
    ("admin_host", "192.0.2.1", "is not a loopback address"),
    ("admin_host", "localhost", "is a name"),
    ("admin_host", "[::1]", "has brackets"),
    ("admin_host", "", "is empty"),
    ("admin_port", -1, "is negative"),
    ("admin_port", 65536, "is too large"),
    ("admin_url", "http://admin.example.com", "is not https"),
    ("admin_url", "https://admin.example.com/pages", "has a path"),
    ("admin_url", "https://alice@admin.example.com", "has a user"),
    ("admin_url", "https://admin.example.com:0", "has no such port"),
    ("admin_url", "https://", "has no host"),
    ("audit_retention_days", -1, "is negative"),
    ("audit_retention_days", 36501, "is longer than a century"),
    ("tls_names", (), "is empty"),
    ("tls_names", ("www",), "is no host name that Waypost uses"),
]
IDS = [f"{name} {rule}" for name, _, rule in WRONG]


@pytest.mark.parametrize(("name", "value", "rule"), WRONG, ids=IDS)
def test_wrong_values(name: str, value: object, rule: str) -> None:
    """A value that would open the listener to others, or that no one could use, is refused."""
    assert rule
    with pytest.raises(ValidationError) as caught:
        AdminOptions(**{name: value})  # type: ignore[arg-type]
    assert {one["loc"][0] for one in caught.value.errors()} == {name}


def test_tls_names() -> None:
    """The host names that get a certificate are those of the draft and of Autodiscover."""
    assert AdminOptions().tls_names == ("autoconfig", "autodiscover", "ua-auto-config")
    assert AdminOptions(tls_names=("apex", "mta-sts")).tls_names == ("apex", "mta-sts")
