"""One worker of the public listener in this process: connections without sockets."""

from collections.abc import Callable, Iterable
from typing import Self

from tests.web.asgi import settings
from tests.web.in_process import Listener
from waypost.directory.directories import Directories
from waypost.directory.factory import open_directory
from waypost.lookup.lookup import Lookup
from waypost.runtime.metrics import Metrics
from waypost.settings import Settings
from waypost.web.connection import HttpConnection
from waypost.web.public.answer_templates import AnswerTemplates
from waypost.web.public.app import PublicApp
from waypost.web.public.public_connection import LastAnswers, PublicConnection
from waypost.wiring.runtime import Domains, Runtime


class Worker(Listener):
    """A worker, with templates of answers or without them.

    Attributes:
        is_accepting: whether the first request of a connection is answered before there is a
            connection, if that is possible.
    """

    def __init__(
        self,
        domains: Callable[[Metrics], Domains],
        options: Settings | None = None,
        *,
        has_templates: bool = True,
        secrets: Iterable[str] = (),
    ) -> None:
        super().__init__(secrets)
        self.cache = domains(self.metrics)
        people = Directories(open_directory, metrics=self.metrics)
        runtime = Runtime(self.cache, Lookup(self.cache, people), people, None, self.metrics)
        self.templates = AnswerTemplates() if has_templates else None
        self.is_accepting = False
        self.app = PublicApp(
            options or settings(),
            lambda _: runtime,
            templates=self.templates,
            log_writer=self.log_writer,
        )
        if self.templates is None:
            self.serve(self.app, HttpConnection)
        else:
            self.serve(self.app, PublicConnection, templates=self.templates)

    def __enter__(self) -> Self:
        self.run(self.app.open)
        return self

    def __exit__(self, *error: object) -> None:
        self.run_until_complete(self.app.close())
        super().__exit__(*error)

    def send(
        self, *pieces: bytes, peer: str | None = "192.0.2.7", pause: float = 0.0
    ) -> tuple[bytes, bool]:
        """Send pieces on a new connection; return all answers, and whether it was closed."""
        if self.is_accepting and self.templates is not None and len(pieces) == 1:
            answer = LastAnswers(self.templates, self._state).answer(pieces[0], peer)
            if answer is not None:
                return answer, True
        return super().send(*pieces, peer=peer, pause=pause)

    def clear_log(self) -> None:
        """Forget all lines of the log."""
        self._log.seek(0)
        self._log.truncate()

    @property
    def log_text(self) -> str:
        """The log, as it was written."""
        return self._log.getvalue()

    @property
    def raw_lines(self) -> list[str]:
        """The lines of the access log, with other digits for times.

        Other lines are left out: those of all workers of a process go to the last one.
        """
        return [line for line in super().raw_lines if '"event": "request"' in line]
