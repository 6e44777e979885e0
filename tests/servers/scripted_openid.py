"""A small OpenID provider on loopback that can break each rule."""

import base64
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

CLIENT_ID: Final = "waypost client"
CLIENT_SECRET: Final = "s3cret/with:signs"
Key = RSAKey | ECKey | OKPKey
Body = bytes | Mapping[str, Any]


class _AllAlgorithms(JWSRegistry):
    """Every algorithm, without warnings."""

    def get_alg(self, name: str) -> Any:
        return self.algorithms[name]


@dataclass
class ScriptedOpenId:
    """What the provider answers; `reset` makes it good again.

    Attributes:
        url: of the provider, which is also its name.
        key: signs.
        claims: of the next token; None leaves one out.
        header: of the next token.
        metadata: changes of the description.
        published: the keys at `jwks_uri`; None for the public part of `key`.
        bodies: the status and the body of a path, instead of a good answer.
        sign: makes a token; None for a good one.
        userinfo: what the userinfo endpoint answers.
        asked: how often each path was asked.
        hangs: is set when answers of paths in `slow` may be sent.
    """

    url: str
    key: Key
    claims: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    published: list[Mapping[str, Any]] | None = None
    bodies: dict[str, tuple[int, Body]] = field(default_factory=dict)
    sign: Callable[[dict[str, Any], dict[str, Any]], str] | None = None
    userinfo: dict[str, Any] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    forms: list[dict[str, str]] = field(default_factory=list)
    slow: set[str] = field(default_factory=set)
    hangs: threading.Event = field(default_factory=threading.Event)
    _codes: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def reset(self) -> None:
        """Make the provider good again."""
        self.hangs.set()
        fresh = ScriptedOpenId(self.url, self.key)
        for name in ("claims", "header", "metadata", "published", "bodies", "sign", "userinfo"):
            setattr(self, name, getattr(fresh, name))
        self.asked, self.forms, self.slow, self.hangs = Counter(), [], set(), threading.Event()

    def authorize(self, url: str) -> dict[str, str]:
        """Return the parameters of the callback after a person has signed in at a URL."""
        query = dict(parse_qsl(urlsplit(url).query))
        code = f"code-{len(self._codes)}"
        self._codes[code] = query
        return {"code": code, "state": query["state"]}

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, Body]:
        """Return the status and the body of the answer to a request."""
        self.asked[path] += 1
        if path in self.slow:
            self.hangs.wait(60)
        if path in self.bodies:
            return self.bodies[path]
        if path == "/token":
            return self._token(headers, dict(parse_qsl(body.decode())))
        if path == "/userinfo":
            return 200, self.userinfo
        if path == "/jwks":
            return 200, {"keys": self.published or [self.key.as_dict(private=False)]}
        if path == "/.well-known/openid-configuration":
            return 200, self._description()
        return 404, b"not found"

    def _description(self) -> dict[str, Any]:
        ends = {"authorization_endpoint": "/authorize", "token_endpoint": "/token"}
        ends |= {"jwks_uri": "/jwks", "userinfo_endpoint": "/userinfo"}
        urls = {name: f"{self.url}{path}" for name, path in ends.items()}
        return {"issuer": self.url, **urls, **self.metadata}

    def _token(self, headers: Mapping[str, str], form: dict[str, str]) -> tuple[int, Body]:
        self.forms.append(form)
        pair = base64.b64encode(b"waypost+client:s3cret%2Fwith%3Asigns").decode()
        by_form = form.get("client_secret") == CLIENT_SECRET and form.get("client_id") == CLIENT_ID
        if headers.get("Authorization") != f"Basic {pair}" and not by_form:
            return 401, {"error": "invalid_client"}
        query = self._codes.get(form["code"])
        self._codes[form["code"]] = {}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not query or query["code_challenge"] != challenge:
            return 400, {"error": "invalid_grant", "error_description": "ada@example.com"}
        now = int(time.time())
        claims = {
            "iss": self.url,
            "sub": "8f1c2a",
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": query["nonce"],
            "preferred_username": "ada",
            "groups": ["mail-admins"],
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": self.key.kid, **self.header}
        token = (self.sign or self.good_token)(header, claims)
        return 200, {"access_token": "access", "token_type": "Bearer", "id_token": token}

    def good_token(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """Return a token with a valid signature."""
        return jwt.encode(header, claims, self.key, registry=_AllAlgorithms())


@contextmanager
def scripted_openid() -> Iterator[ScriptedOpenId]:
    """Run the provider in a thread."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    key = RSAKey.generate_key(2048, auto_kid=True)
    provider = ScriptedOpenId(f"http://127.0.0.1:{server.server_port}", key)
    handler.provider = provider  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.hangs.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    provider: ScriptedOpenId

    def do_GET(self) -> None:
        """Answer a GET."""
        self._send(b"")

    def do_POST(self) -> None:
        """Answer a POST."""
        self._send(self.rfile.read(int(self.headers["Content-Length"])))

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""

    def _send(self, body: bytes) -> None:
        status, answer = self.provider.answer(self.path, dict(self.headers.items()), body)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if 300 <= status < 400:
                self.send_header("Location", f"{self.provider.url}/jwks")
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            self.close_connection = True


def query_of(url: str) -> dict[str, list[str]]:
    """Return the parameters of a URL."""
    return parse_qs(urlsplit(url).query)
