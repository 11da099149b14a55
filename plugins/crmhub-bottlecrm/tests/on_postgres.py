"""The rules of the contract kit on a BottleCRM with PostgreSQL, as in production; CI runs them on SQLite, which is faster.

python plugins/crmhub-bottlecrm/tests/on_postgres.py        about two minutes
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from crmhub_bottlecrm.bench import CACHE, AccountsBench, ContactsBench
from hub.testing.bottlecrm_server import start_on_postgres
from hub.testing.kit import RULES, attempt
from hub.testing.postgres import start_postgres
from hub.testing.servers import RunningServer


def main() -> int:
    """Prints each rule that is not done; returns 1 if one failed."""
    with (
        tempfile.TemporaryDirectory() as folder,
        start_postgres() as postgres,
        start_on_postgres(Path(folder), postgres, cache=CACHE) as server,
    ):

        class OnPostgres(ContactsBench):
            def running_server(self) -> RunningServer:
                return server

            def make_empty(self) -> None:
                for resource in ("contacts", "accounts"):
                    for row in self.person.everything(resource):
                        self.person.delete(resource, row["id"])

        class AccountsOnPostgres(OnPostgres, AccountsBench):
            pass

        failed = 0
        for bench in (OnPostgres, AccountsOnPostgres):
            outcomes = [attempt(bench, rule) for rule in RULES]
            for outcome in outcomes:
                if outcome.state != "done":
                    print(f"{bench.resource}: {outcome.rule.id} is {outcome.state}: {outcome.text}")
            done = sum(outcome.state == "done" for outcome in outcomes)
            print(f"{bench.resource}: {done} of {len(outcomes)} rules done")
            failed += sum(outcome.state == "failed" for outcome in outcomes)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
