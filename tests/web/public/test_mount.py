"""The path below which Waypost is mounted in another site."""

import pytest

from waypost.web.public.asgi_request import asgi_request
from waypost.web.public.mount import Mount, below_mount
from waypost.web.public.origin.proxy import ProxyTrust
from waypost.web.public.origin.schemes import is_redirect_loop
from waypost.web.public.request import Message, Request

# What a server sends, and the path of the mount.
ROOT_PATHS = [
    ("", ""),
    ("/", ""),
    ("//", ""),
    ("/a", "/a"),
    ("/a/", "/a"),
    ("//a//b//", "/a/b"),
    ("/ä b", "/ä b"),
    ("a", ""),
    (".evil.example", ""),
    ("@evil.example/", ""),
]


@pytest.mark.parametrize(("root_path", "path"), ROOT_PATHS)
def test_mount(root_path: str, path: str) -> None:
    """A mount is a path that begins with a slash; any other value is the whole site."""
    mount = Mount.of(root_path)
    assert mount.path == path
    assert mount.url_path.isascii()
    assert not mount.url_path.startswith("//")


# The path and the undecoded path of a request, its mount, and both of them below the mount.
BELOW = [
    ("/a/x", b"/a/x", "/a", "/x", b"/x"),
    ("/a", b"/a", "/a", "/", b"/"),
    ("/a/", b"/a/", "/a", "/", b"/"),
    ("/ab/x", b"/ab/x", "/a", "/ab/x", b"/ab/x"),
    ("/x", b"/x", "/a", "/x", b"/x"),
    ("/ä b/x", b"/%C3%A4%20b/x", "/ä b", "/x", b"/x"),
    ("/ä b/x@y", b"/%c3%a4%20b/x%40y", "/ä b", "/x@y", b"/x%40y"),
    ("/a/b/x", b"/a/b/x", "/a/b", "/x", b"/x"),
    ("/a//x", b"/a//x", "/a", "//x", b"//x"),
    # The undecoded path does not have the mount: another server has changed it.
    ("/a/x", b"/other/x", "/a", "/x", b"/x"),
]


@pytest.mark.parametrize(("path", "raw_path", "mount", "rest", "raw_rest"), BELOW)
def test_below(path: str, raw_path: bytes, mount: str, rest: str, raw_rest: bytes) -> None:
    """The path of the mount is removed from both forms of a path, if the path begins with it."""
    assert below_mount(path, raw_path, Mount.of(mount)) == (rest, raw_rest)


async def _never() -> Message:
    raise AssertionError("the body must not be read")


def _request(path: str, raw_path: bytes | None, root_path: str) -> Request:
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": raw_path,
        "root_path": root_path,
        "query_string": b"",
        "headers": [(b"host", b"autodiscover.example.com")],
        "scheme": "https",
        "http_version": "1.1",
    }
    return asgi_request(scope, _never, ProxyTrust())


# The path of a scope, its `root_path`, and the path that is routed.
SCOPES = [
    ("/setup/mail/config-v1.1.xml", b"/setup/mail/config-v1.1.xml", "/setup"),
    ("/setup/mail/config-v1.1.xml", None, "/setup"),
    ("/mail/config-v1.1.xml", b"/mail/config-v1.1.xml", "/setup"),
    ("/mail/config-v1.1.xml", b"/setup/mail/config-v1.1.xml", "/setup"),
    ("/setup//mail//config-v1.1.xml", b"/setup//mail//config-v1.1.xml", "/setup"),
    ("/mail/config-v1.1.xml", b"/mail/config-v1.1.xml", "/"),
]


@pytest.mark.parametrize(("path", "raw_path", "root_path"), SCOPES)
def test_scopes(path: str, raw_path: bytes | None, root_path: str) -> None:
    """Servers with and without the mount in `path` send the same request."""
    request = _request(path, raw_path, root_path)
    assert request.path == "/mail/config-v1.1.xml"


def test_no_redirect_to_itself() -> None:
    """Below a mount, neither the path of the protocol nor that of the mount is a new place."""
    path = "/autodiscover/autodiscover.xml"
    request = _request(f"/setup{path}", None, "/setup")
    host = "https://autodiscover.example.com"
    assert is_redirect_loop(request, f"{host}{path}")
    assert is_redirect_loop(request, f"{host}/setup{path}")
    assert not is_redirect_loop(request, f"{host}/other{path}")
