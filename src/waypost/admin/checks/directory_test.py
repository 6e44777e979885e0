"""Test a directory with one user."""

import time
from dataclasses import dataclass

from waypost.admin.checks.lookup_report import LookupReport
from waypost.admin.principal import Principal
from waypost.admin.readers import open_reader
from waypost.admin.source import AdminSource
from waypost.core.address import EmailAddress
from waypost.core.errors import AddressError, InvalidObject, ObjectNotFound
from waypost.core.model import Domain
from waypost.store.sql.store import SqlStore
from waypost.wiring.stores import open_store


@dataclass(frozen=True, slots=True)
class DirectoryTestCases:
    """The use case that asks a directory."""

    source: AdminSource
    principal: Principal

    def run(self, label: str, text: str) -> LookupReport:
        """Look up a user; the report is complete."""
        # An answer of the directory is about any user of any domain.
        self.principal.check_everything("test a directory")
        try:
            address = EmailAddress.parse(text)
        except AddressError as error:
            raise InvalidObject([("address", str(error))]) from error
        with open_reader(self.source) as reader:
            known = {one.label: one for one in reader.directories(self.principal)}
        if label not in known:
            raise ObjectNotFound(f"there is no directory {label!r}")
        started = time.perf_counter()
        domain = self._domain(address)
        seconds = time.perf_counter() - started
        report = LookupReport(self.source.settings, address, domain, known[label], seconds)
        for _ in report.run():
            pass
        return report

    def _domain(self, address: EmailAddress) -> Domain | None:
        if self.source.engine is not None:
            return SqlStore(self.source.engine).find(address.domain)
        store = open_store(self.source.settings)
        try:
            return store.find(address.domain)
        finally:
            store.close()
