"""What each answer must be, learned from a healthy server; and a verdict about each answer."""

import enum
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.servers.patience import PATIENCE_SECONDS
from tests.torture.load.connection import Answer, Client
from tests.torture.load.questions import (
    NEW_DOMAIN_WORD,
    NEW_USER_WORD,
    Kind,
    Question,
    login_of,
    repeated_questions,
    templates,
)
from waypost.parsing import cms

RETRY_AFTER_MAX_SECONDS: Final = 60
_UNAVAILABLE: Final = b"the service is unavailable; ask again later\n"
_SIGNED: Final = b"\x30"


class Verdict(enum.Enum):
    """What an answer is, compared with the one that the healthy server gave."""

    RIGHT = "right"
    GENERAL = "the general answer"
    """That of the domain, without the data of the directory about the user."""
    PREVIOUS = "the previous answer"
    UNAVAILABLE = "503 with Retry-After, or ErrorCode 603"
    REPEATED = "right at the second attempt"
    WRONG = "wrong"
    LOST = "lost"


class Expected:
    """The right answers, in one or more versions."""

    def __init__(self, *, directory: bool) -> None:
        """Initialize without answers.

        Args:
            directory: whether users are in a directory.
        """
        self.repeated = repeated_questions(directory=directory)
        self.once = templates(directory=directory)
        self._versions: list[dict[tuple[str, Kind, str], Answer]] = []
        self.accepted: tuple[int, ...] = ()
        """The versions that are right now; the last is the newest."""
        self.signers: tuple[bytes, ...] = ()
        """The certificates that may sign profiles, in DER."""

    def accept_signers(self, *certificates: Path) -> None:
        """Accept the first certificates of these PEM files as those that sign profiles."""
        self.signers = tuple(map(self.signer_of, certificates))

    @staticmethod
    def signer_of(certificate: Path) -> bytes:
        """Return the first certificate of a PEM file in DER."""
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
        return found.public_bytes(Encoding.DER)

    def learn(self, client: Client) -> None:
        """Learn the answers of a worker, which must be healthy; all workers must agree.

        Raises:
            AssertionError: an answer is not the one of a healthy server.
        """
        answers = {}
        for question in [*self.repeated, *self.once]:
            answer = self._learned(client, question)
            answers[_key(question)] = answer
        self._check_general(answers)
        if not self._versions:
            self._versions.append(answers)
            self.accepted = (0,)
        assert answers == self._versions[0]

    def _learned(self, client: Client, question: Question) -> Answer:
        """Return an answer; a directory may be slow when it is asked for the first time."""
        end = time.monotonic() + PATIENCE_SECONDS
        answer = self._read(client.ask(question))
        while not _is_plausible(question, answer):
            assert time.monotonic() < end, (question, answer)
            time.sleep(0.2)
            answer = self._read(client.ask(question))
        return answer

    def derive(self, old: bytes, new: bytes) -> int:
        """Add a version with another text, and return its number; it is not accepted yet."""
        newest = self._versions[self.accepted[-1]]
        self._versions.append(
            {
                key: replace(answer, body=answer.body.replace(old, new))
                for key, answer in newest.items()
            }
        )
        return len(self._versions) - 1

    def judge(self, question: Question, raw: Answer, accepted: Iterable[int]) -> Verdict:
        """Return what an answer is.

        Args:
            question: the request.
            raw: the answer.
            accepted: the versions that were accepted while the request lasted.
        """
        answer = self._read(raw)
        if _is_unavailable(question, answer):
            return Verdict.UNAVAILABLE
        newest = self.accepted[-1]
        for number in sorted(accepted, reverse=True):
            right = self._right(question, number)
            if answer == right:
                return Verdict.RIGHT if number == newest else Verdict.PREVIOUS
            if question.login and answer == _general(question, right):
                return Verdict.GENERAL
        return Verdict.WRONG

    def _right(self, question: Question, number: int) -> Answer:
        version = self._versions[number]
        if (answer := version.get(_key(question))) is not None:
            return answer
        (template,) = (
            one for one in self.once if (one.client, one.kind) == (question.client, question.kind)
        )
        answer = version[_key(template)]
        name, _, domain = question.address.partition("@")
        word = domain.partition(".")[0] if question.kind is Kind.NEW_DOMAIN else name
        placeholder = NEW_DOMAIN_WORD if question.kind is Kind.NEW_DOMAIN else NEW_USER_WORD
        return replace(answer, body=answer.body.replace(placeholder.encode(), word.encode()))

    def _read(self, answer: Answer) -> Answer:
        """Return an answer with the content and the signer of a signed profile."""
        if not answer.body.startswith(_SIGNED):
            return answer
        try:
            signed = cms.verify(answer.body)
        except cms.CmsError as error:
            return replace(answer, body=f"{error}".encode())
        signer = signed.signer.public_bytes(Encoding.DER)
        if signer not in self.signers:
            return replace(answer, body=b"signed by another certificate")
        # Which of the accepted certificates it is depends on the worker.
        return replace(answer, body=signed.content, signer=b"accepted")

    def _check_general(self, version: dict[tuple[str, Kind, str], Answer]) -> None:
        """Check that users without an entry get what `_general` returns for the others."""
        for question in self.repeated:
            if question.kind is Kind.USER and question.client in {"Thunderbird", "Outlook"}:
                stranger = question.address.replace("user", "stranger")
                other = version[question.client, Kind.STRANGER, stranger]
                body = other.body.replace(stranger.encode(), question.address.encode())
                assert _general(question, version[_key(question)]) == replace(other, body=body)


def _key(question: Question) -> tuple[str, Kind, str]:
    return question.client, question.kind, question.address


def _general(question: Question, right: Answer) -> Answer:
    """Return the general answer: the address is the login name."""
    body = right.body.replace(question.login.encode(), question.address.encode())
    return replace(right, body=body)


def _is_unavailable(question: Question, answer: Answer) -> bool:
    """Return whether an answer asks the client to try again, in the form of its format."""
    if question.client == "Outlook":
        return answer.status == 200 and b"<ErrorCode>603</ErrorCode>" in answer.body
    seconds = answer.retry_after
    if answer.status != 503 or not seconds.isdecimal():
        return False
    if not 1 <= int(seconds) <= RETRY_AFTER_MAX_SECONDS:
        return False
    if question.client == "new Outlook":
        return "ErrorCode" in json.loads(answer.body)
    return answer.body == _UNAVAILABLE


def _is_plausible(question: Question, answer: Answer) -> bool:
    """Return whether an answer can be that of a healthy server."""
    if question.kind is Kind.UNSERVED:
        is_error = answer.status == 200 and b"<ErrorCode>500</ErrorCode>" in answer.body
        return is_error if question.client == "Outlook" else answer.status == 404
    domain = question.address.partition("@")[2]
    if question.client == "new Outlook":
        return answer.status == 200 and f"autodiscover.{domain}".encode() in answer.body
    has_login = question.login.encode() in answer.body
    if question.kind is Kind.STRANGER:
        has_login = login_of("stranger").encode() not in answer.body
    return answer.status == 200 and f"imap.{domain}".encode() in answer.body and has_login
