"""Rules of the highest level: how a connector is verified, and whether it uses what its system offers."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from hub.contract.records import Op
from hub.testing.kit.bench import Bench

_TYPING_SECONDS = 300.0
_OPS = 10


def real_server_in_ci(bench: Bench) -> None:
    """The rules run on the real system, not on a stand-in.  Checked: the bench started it and signed in."""
    assert bench.real, "the bench runs a stand-in, not the real system"
    assert bench.connect().check().name, "the real system did not say who we are"


def typed_strictly(bench: Bench) -> None:
    """The package is marked as typed and ``mypy --strict`` finds nothing in it.  Checked by running mypy."""
    package = bench.connector.__module__.partition(".")[0]
    spec = importlib.util.find_spec(package)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    assert places, f"{package} is no package"
    folder = Path(places[0])
    assert (folder / "py.typed").is_file(), f"{package} has no py.typed"
    assert importlib.util.find_spec("mypy") is not None, "mypy is not installed: pip install mypy"
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary", str(folder)]
    done = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, timeout=_TYPING_SECONDS)
    assert done.returncode == 0, f"mypy --strict: {(done.stdout or done.stderr).strip()[:500]}"


def bulk_api_used(bench: Bench) -> None:
    """Several ops go in one call.  Checked: ten creates, or ten updates, make fewer calls that write than ops."""
    able = bench.able
    bench.exempt_unless(able.writes & {"create", "update"}, "the connector does not write")
    assert able.batch > 1, "one op in a call is declared: batch = 1"
    assert able.per_call != 1, "one op in a call is declared: per_call = 1"
    spent = []
    if "create" in able.writes:
        spent.append(
            _calls(bench, [Op(f"c{number}", "create", None, bench.document(number)) for number in range(_OPS)])
        )
    if "update" in able.writes:
        ids = list(bench.person_sees()) or bench.fill(_OPS)
        bench.later(600)
        ops = [Op(f"u{number}", "update", id_, {bench.text: f"bulk {number}"}) for number, id_ in enumerate(ids)]
        spent.append(_calls(bench, ops))
    assert min(spent) < _OPS, f"{_OPS} ops took {min(spent)} calls that write"


def _calls(bench: Bench, ops: Sequence[Op]) -> int:
    """How many calls that write the ops made; 0 without a wire."""
    connector = bench.connect()
    connector.check()
    before = len(bench.wire.sent) if bench.wire else 0
    receipts = bench.write(*ops, connector=connector)
    failed = [str(item.error) for item in receipts if item.error is not None]
    assert len(receipts) == len(ops), f"{len(receipts)} receipts for {len(ops)} ops"
    assert not failed, f"the writes failed: {failed[0]}"
    return len([sent for sent in bench.wire.sent[before:] if bench.writes(sent)]) if bench.wire else 0
