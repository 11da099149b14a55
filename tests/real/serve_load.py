"""A real `crmhub serve` under load: runs every second, and webhooks as fast as they are answered.

    python -m tests.real.serve_load --minutes 5

Says how fast webhooks are answered, how many runs they cost, and whether the memory of the process goes on growing: what it
uses in the last third of the time is compared with the first third.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import random
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import requests

from tests.real.kill_serve import HOOK, Folders, wait_for

MOST = 15_000_000
"""Bytes by which the memory may grow."""


def value(page: str, name: str) -> float:
    return float(next(line.rpartition(" ")[2] for line in page.splitlines() if line.startswith(name)))


def main(minutes: float, people: int) -> int:
    with tempfile.TemporaryDirectory(prefix="crmhub-load-") as name:
        place = Folders(Path(name), people)
        plan = place.run("plan", "customers")["result"]["customers"]["plan"]
        place.run("sync", "customers", "--approve", plan["approval"])
        runs = place.ask("SELECT count(*) FROM run")[0][0]
        process = place.serve()
        url = f"http://127.0.0.1:{place.port}"
        with requests.Session() as session:
            session.trust_env = False
            assert wait_for(lambda: _answers(session, url), process)
            times, memory, refused = _load(session, url, minutes * 60)
            started = int(value(session.get(f"{url}/metrics", timeout=30).text, "crmhub_runs_total"))
        wait_for(lambda: not place.ask("SELECT 1 FROM inbox"), process)
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        runs = place.ask("SELECT count(*) FROM run")[0][0] - runs
    third = len(memory) // 3
    first, last = statistics.median(memory[:third]), statistics.median(memory[-third:])
    times.sort()
    print(
        f"{len(times)} webhooks accepted ({len(times) / minutes / 60:.0f} a second), half within "
        f"{times[len(times) // 2] * 1000:.0f} ms, 99 % within {times[int(len(times) * 0.99)] * 1000:.0f} ms, "
        f"{refused} asked to come again; {runs} runs ({started} when last asked); memory {first / 1e6:.1f} MB at the beginning, "
        f"{last / 1e6:.1f} MB at the end; exit code {code}"
    )
    return 0 if code == 0 and last - first < MOST else 1


def _answers(session: requests.Session, url: str) -> bool:
    try:
        return session.get(f"{url}/healthz", timeout=5).ok
    except requests.RequestException:
        return False


def _load(session: requests.Session, url: str, seconds: float) -> tuple[list[float], list[float], int]:
    """Seconds that answers took, bytes in use by the process from time to time, and how many were not accepted."""
    rng = random.Random(5)
    times, memory, refused = list[float](), list[float](), 0
    end, look = time.monotonic() + seconds, 0.0
    number = 0
    while time.monotonic() < end:
        number += 1
        ids = [f"ghost{rng.randrange(500)}"]
        body = json.dumps({"event": f"e{number}", "at": time.time(), "resource": "contacts", "ids": ids}).encode()
        signed = hmac.new(HOOK.encode(), body, hashlib.sha256).hexdigest()
        began = time.perf_counter()
        answer = session.post(f"{url}/hooks/told", body, headers={"X-Signature": signed}, timeout=30)
        if answer.status_code == 200:
            times.append(time.perf_counter() - began)
        else:
            refused += 1
        if time.monotonic() >= look:
            look = time.monotonic() + 1
            page = session.get(f"{url}/metrics", timeout=30).text
            memory.append(value(page, "process_resident_memory_bytes"))
    return times, memory, refused


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--people", type=int, default=60)
    arguments = parser.parse_args()
    sys.exit(main(arguments.minutes, arguments.people))
