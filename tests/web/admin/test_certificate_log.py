"""The log line of a request for a certificate is the same as that of structlog."""

import io

import pytest

from tests.web.in_process import Listener, StringLog
from waypost.web.admin.certificate_log import CertificateLog
from waypost.web.public.log_texts import HIDDEN

LINES = [
    ("autoconfig.example.com", 200, "ok"),
    ("autodiscover.example.com", 200, "ok"),
    ("www.example.com", 404, "not a host name of a domain that is served here"),
    (HIDDEN, 404, "not a host name"),
    ("*.example.com", 404, "not a host name"),
    ("autoconfig.example.com", 503, "store_unavailable"),
    ("autoconfig.s3cret.example", 200, "ok"),
    ("autoconfig.S3CRET.example", 404, "not a host name"),
    ("autoconfig.pw.example", 200, "ok"),
    ("autoconfig.apwa.example", 200, "ok"),
    ("autoconfig.example.com", 200, "100 % sure"),
]


@pytest.mark.parametrize(
    "secrets",
    [(), ("s3cret",), ("s3cret", "pw", ""), ("ok",), ("host",), ("5f0c3b9e7d1a4286",), ("a.c",)],
)
def test_lines(secrets: tuple[str, ...]) -> None:
    """Each line is the one that structlog renders, and a secret is masked in it."""
    with Listener(secrets) as quick:
        log = CertificateLog(quick.log_writer, secrets)
        for line in LINES * 2:
            log.write(*line)
    with Listener(secrets) as usual:
        log = CertificateLog(None, secrets)
        for line in LINES * 2:
            log.write(*line)
    assert quick.raw_lines == usual.raw_lines
    assert len(quick.raw_lines) == 2 * len(LINES)


class CountingLog(StringLog):
    """A writer that counts the rendered lines that it gets."""

    lines = 0

    def write(self, text: str) -> int:
        self.lines += 1
        return super().write(text)


@pytest.mark.parametrize(("secrets", "lines"), [((), 3), (("other",), 3), (("example",), 0)])
def test_rendered_lines(secrets: tuple[str, ...], lines: int) -> None:
    """Structlog renders no line again that differs only in the host, if no secret is in it."""
    with Listener(secrets):
        writer = CountingLog(io.StringIO())
        log = CertificateLog(writer, secrets)
        for name in ("a.example", "b.example", "c.example"):
            log.write(name, 200, "ok")
        assert writer.lines == lines


def test_lines_below_the_level() -> None:
    """Lines that the level excludes are not written."""
    with Listener(level="WARNING") as listener:
        CertificateLog(listener.log_writer).write(*LINES[0])
        assert listener.raw_lines == []
