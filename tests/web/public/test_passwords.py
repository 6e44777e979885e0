"""Passwords in profiles: accepted only if the operator permits it, and shown in nothing else."""

import io
import json
import plistlib
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.profiles.making import Signing, openssl_verifies, signing
from tests.web.asgi import Answer, Client, settings
from tests.web.conftest import CATALOG
from tests.web.public.page import profile_form
from waypost.runtime.logs import configure
from waypost.runtime.prometheus import exposition
from waypost.settings.profiles import RISKS
from waypost.wiring.runtime import wire

PATH = "/mobileconfig"
SECRET = "s3cret p&ss=wörd"
FORM = {"content-type": "application/x-www-form-urlencoded"}
GOOD = {"emailaddress": "alice@example.com", "name": "Alice", "password": SECRET}


@pytest.fixture(name="permitting")
def _permitting() -> Iterator[Client]:
    client = Client(CATALOG, settings(permit_cleartext_passwords=RISKS))
    yield client
    client.close()


def post(client: Client, fields: dict[str, str], **options: object) -> Answer:
    return client.post(PATH, urlencode(fields).encode(), headers=FORM, **options)


def passwords(body: bytes) -> set[str]:
    return {
        value
        for payload in plistlib.loads(body)["PayloadContent"]
        for key, value in payload.items()
        if key.endswith("Password") and isinstance(value, str)
    }


def test_permitted(permitting: Client) -> None:
    """A form over https gets a profile with the password in it, which no cache may store."""
    answer = post(permitting, GOOD)

    assert (answer.status, passwords(answer.body)) == (200, {SECRET})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/x-apple-aspen-config"
    assert "etag" not in answer.headers


@pytest.mark.parametrize("domain", ["Sesame-Open", "sesame-open.example"])
def test_a_password_in_the_wrong_field(domain: str) -> None:
    """A text in place of the address that is not in a served domain is not repeated or logged."""
    given = {**GOOD, "emailaddress": f"x@{domain}"}
    logged = io.StringIO()
    configure("debug", "json", logged)
    client = Client(CATALOG, settings(permit_cleartext_passwords=RISKS, log_addresses=True))
    refused, served = post(client, given), post(client, GOOD)
    client.close()

    assert (refused.status, served.status) == (404, 200)
    assert "sesame" not in f"{refused.text} {logged.getvalue()}".lower()
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]
    assert [line.get("domain") for line in lines if line["event"] == "request"] == [
        None,
        "example.com",
    ]


def test_without_a_password(permitting: Client) -> None:
    """A form without a password gets the profile that GET returns, and is not stored either."""
    answer = post(permitting, {"emailaddress": "a+b@example.com", "password": ""})

    assert answer.body == permitting.get(PATH, query="emailaddress=a%2Bb@example.com").body
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.rule("mobileconfig-no-password")
def test_not_permitted(client: Client) -> None:
    """Without the operator's permission a form is refused, with what to do instead."""
    answer = post(client, GOOD)

    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.text == ("passwords are not accepted here; use GET with emailaddress and name\n")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.rule("mobileconfig-no-password")
def test_query_is_not_read(permitting: Client) -> None:
    """A password in the query is ignored, by GET and by POST, permitted or not."""
    query = urlencode(GOOD)
    for answer in (
        permitting.get(PATH, query=query),
        permitting.post(
            PATH, b"emailaddress=alice@example.com&name=Alice", query=query, headers=FORM
        ),
    ):
        assert (answer.status, passwords(answer.body)) == (200, set())


def test_http(permitting: Client) -> None:
    """Over http nothing is read, whatever headers a client sends that is not a proxy."""
    headers = FORM | {"X-Forwarded-Proto": "https", "Forwarded": "proto=https"}
    answer = permitting.post(PATH, urlencode(GOOD).encode(), headers=headers, scheme="http")

    assert answer.status == 403
    assert answer.text == "a password is accepted over https only; none was read\n"


@pytest.mark.parametrize(("proto", "status"), [("https", 200), ("http", 403)])
def test_behind_a_proxy(proto: str, status: int) -> None:
    """Behind a trusted proxy the proxy's scheme counts."""
    client = Client(CATALOG, settings(permit_cleartext_passwords=RISKS, proxy_count=1))
    headers = FORM | {"X-Forwarded-Proto": proto, "X-Forwarded-For": "192.0.2.1"}
    answer = client.post(PATH, urlencode(GOOD).encode(), headers=headers, scheme="http")
    client.close()

    assert answer.status == status


BAD = [
    # the form, status, the whole answer
    ({"password": SECRET}, 400, "emailaddress: is not an email address"),
    ({"emailaddress": SECRET}, 400, "emailaddress: is not an email address"),
    (GOOD | {"name": "a\0"}, 400, "name: contains a control character"),
    (GOOD | {"name": SECRET * 9}, 400, "name: longer than 128 characters"),
    (GOOD | {"password": SECRET + "\n"}, 400, "password: contains a control character"),
    (GOOD | {"password": SECRET * 17}, 400, "password: longer than 256 characters"),
    (GOOD | {"password": SECRET * 600}, 413, "the request is longer than 8192 bytes"),
    (GOOD | {f"x{n}": "" for n in range(60)}, 400, "the form has too many fields"),
    (GOOD | {"emailaddress": "a@example.org"}, 404, "emailaddress: its domain is not served here"),
]


@pytest.mark.parametrize(("fields", "status", "said"), BAD)
def test_bad_form(permitting: Client, fields: dict[str, str], status: int, said: str) -> None:
    """An error says what is wrong and repeats nothing of the form."""
    answer = post(permitting, fields)

    assert (answer.status, answer.text) == (status, f"{said}\n")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("kind", ["", "application/json", "multipart/form-data; boundary=x"])
def test_no_form(permitting: Client, kind: str) -> None:
    """A body that is not a form is refused, with the required type."""
    headers = {"content-type": kind} if kind else {}
    answer = permitting.post(PATH, urlencode(GOOD).encode(), headers=headers)

    assert answer.status == 400
    assert (
        answer.text == "the Content-Type of the request is not application/x-www-form-urlencoded\n"
    )


def test_bytes_that_are_no_text(permitting: Client) -> None:
    """A password that is not UTF-8 is refused and not repeated."""
    answer = permitting.post(PATH, b"emailaddress=a@example.com&password=s3cret%ff", headers=FORM)

    assert (answer.status, answer.text) == (400, "the form is not UTF-8\n")


@pytest.fixture(name="served", scope="module")
def _served() -> Iterator[Client]:
    """One application for all examples; it keeps nothing of a request."""
    client = Client(CATALOG, settings(permit_cleartext_passwords=RISKS))
    yield client
    client.close()


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    body=st.binary(max_size=120)
    | st.dictionaries(
        st.sampled_from(["emailaddress", "name", "password", "x"]),
        st.sampled_from(["alice@example.com", "a@b", ""]) | st.text(max_size=30),
    ).map(lambda fields: urlencode(fields, errors="surrogatepass").encode())
)
def test_any_form(served: Client, body: bytes) -> None:
    """For any form, the answer is a profile or an error with a reason."""
    answer = served.post(PATH, body, headers=FORM)

    assert answer.status in {200, 400, 404}
    assert answer.headers["cache-control"] == "no-store"
    if answer.status == 200:
        assert plistlib.loads(answer.body)["PayloadContent"]


def everything() -> list[tuple[dict[str, str], str]]:
    return [(GOOD, "https"), (GOOD, "http"), *((bad[0], "https") for bad in BAD)]


@pytest.mark.rule("mobileconfig-password-keys")
def test_password_is_not_leaked(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No log line of any level, no output, metric or memory contains a password that was sent."""
    made: Signing = signing(tmp_path_factory.mktemp("signing"))
    files = made.files
    options = settings(
        demo=True,
        permit_cleartext_passwords=RISKS,
        profile_cert=files.certificate,
        profile_key=files.key,
        profile_chain=files.chain,
        loglevel="debug",
    )
    out, logged = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        configure("debug", "json", logged)
        runtime = wire(options)
        client = Client(runtime, options)
        answers = [post(client, fields, scheme=scheme) for fields, scheme in everything()]
        client.close()
    metrics = exposition(runtime.metrics.registry)
    kept = repr(vars(runtime.signer)) + repr(vars(client.app)) + repr(runtime)
    lines = [json.loads(line) for line in logged.getvalue().splitlines()]

    assert openssl_verifies(answers[0].body, made.root) is not None
    assert "s3cret" in answers[0].body.decode("latin-1")
    assert sum(line["event"] == "request" for line in lines) == len(answers)
    found = f"{out.getvalue()} {logged.getvalue()} {metrics!r} {kept}"
    found += "".join(answer.text for answer in answers if answer.status != 200)
    assert "s3cret" not in found


def test_error_while_it_is_written(permitting: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even a defect during the request shows no password."""

    def fail(*_: object, **__: object) -> bytes:
        raise KeyError("defect")

    monkeypatch.setattr("waypost.formats.mobileconfig.profile.plistlib.dumps", fail)
    with capture_logs() as lines, pytest.raises(KeyError) as raised:
        post(permitting, GOOD)

    assert "s3cret" not in f"{lines} {raised.value!r} {raised.value.__cause__!r}"


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_page_asks(permitting: Client, client: Client, scheme: str) -> None:
    """The page asks for a password only if passwords are accepted."""
    query = "emailaddress=alice@example.com"
    asks = b'type="password"' in permitting.get("/", query=query, scheme=scheme).body

    assert asks is (scheme == "https")
    assert b'type="password"' not in client.get("/", query=query, scheme=scheme).body
    assert b'type="password"' not in permitting.get("/", scheme=scheme).body


def test_form_of_the_page(permitting: Client) -> None:
    """If passwords are accepted, the page's form posts all of its fields, with or without one."""
    form = profile_form(permitting.get("/", query="emailaddress=alice@example.com").text)
    assert form.method == "POST"
    form.fields["alias"] = "b@example.com"
    for typed in ("", SECRET):
        form.fields["password"] = typed
        answer = permitting.post(PATH, urlencode(form.form_values()).encode(), headers=FORM)
        assert answer.status == 200
        assert passwords(answer.body) == ({typed} if typed else set())
        assert b"alice@example.com, b@example.com" in answer.body


def test_aliases(permitting: Client) -> None:
    """A form may have aliases as a query does, and an invalid one is not repeated."""
    body = urlencode({**GOOD, "alias": ["b@example.com", "c@e.test"]}, doseq=True).encode()
    profile = plistlib.loads(permitting.post(PATH, body, headers=FORM).body)
    addresses = profile["PayloadContent"][0]["EmailAddress"]
    assert addresses == "alice@example.com, b@example.com, c@e.test"

    wrong = permitting.post(PATH, urlencode({**GOOD, "alias": SECRET}).encode(), headers=FORM)
    assert (wrong.status, wrong.text) == (400, "alias: the address has no @\n")
