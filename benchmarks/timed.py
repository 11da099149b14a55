"""Run a command, or several with pipes between them, and report what they cost: ``python -S benchmarks/timed.py REPORT COMMAND
[:: COMMAND ...]``.

It is small, so that the most memory of a child, which counts from the moment before it runs its program, is the program's own.
The report: {cpu: seconds of user and system time, with all descendants, rss: MB, of all commands together, seconds, codes}.
"""

import json
import os
import subprocess
import sys
import time


def main() -> None:
    """Run to the end; the exit code is the first one that is not 0."""
    report, *words = sys.argv[1:]
    commands: list[list[str]] = [[]]
    for word in words:
        if word == "::":
            commands.append([])
        else:
            commands[-1].append(word)
    begun = time.perf_counter()
    running: dict[int, int] = {}
    source = None
    for place, command in enumerate(commands):
        out = subprocess.PIPE if place < len(commands) - 1 else None
        process = subprocess.Popen(command, stdin=source or subprocess.DEVNULL, stdout=out)
        if source is not None:
            source.close()
        source, running[process.pid] = process.stdout, place
    cpu, rss, codes = 0.0, 0.0, [0] * len(commands)
    while running:
        pid, status, used = os.wait4(-1, 0)
        place = running.pop(pid)
        cpu += used.ru_utime + used.ru_stime
        rss += used.ru_maxrss / (1024 * 1024 if sys.platform == "darwin" else 1024)
        codes[place] = os.waitstatus_to_exitcode(status)
    found = {"cpu": cpu, "rss": rss, "seconds": time.perf_counter() - begun, "codes": codes}
    with open(report, "w", encoding="utf-8") as handle:
        json.dump(found, handle)
    sys.exit(next((code for code in codes if code), 0))


if __name__ == "__main__":
    main()
