"""Write docs/clients.md and the accounts of the recorded clients: `python -m tests.clients`."""

from tests.clients.page import PAGE, page
from tests.clients.recorded import ACCOUNTS, CASES, accounts

ACCOUNTS.mkdir(exist_ok=True)
for case in CASES:
    (ACCOUNTS / f"{case}.txt").write_text(accounts(case), encoding="utf-8")
PAGE.write_text(page(), encoding="utf-8")
