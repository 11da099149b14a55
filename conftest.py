"""What the whole suite does to be quick, without a test being another one.

- Tests write their files to memory where there is enough of it: a store waits for the disk, and a test's store need not
  outlive the machine.  A TMPDIR that is set is respected.
- Python keeps what it has compiled, also where PYTHONDONTWRITEBYTECODE is set: tests start `crmhub` hundreds of times.

Programs that tests start inherit both.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from hub.testing.servers import prepared_servers

MEMORY = Path("/dev/shm")  # noqa: S108  # where Linux has a file system in memory
ENOUGH = 4 * 2**30
"""Bytes that must be free there: what some runs of the whole suite leave, and a margin."""


def memory() -> str:
    """The folder in memory; "" where there is none, it is too small (in containers it often has 64 MB), or it runs no
    programs, which some tests write."""
    try:
        flags = os.statvfs(MEMORY).f_flag
        free = shutil.disk_usage(MEMORY).free
    except OSError:
        return ""
    usable = os.access(MEMORY, os.W_OK) and not flags & os.ST_NOEXEC and free >= ENOUGH
    return str(MEMORY) if usable else ""


if "TMPDIR" not in os.environ and (found := memory()):
    os.environ["CRMHUB_TEST_SERVERS"] = str(prepared_servers())  # these are large and stay
    os.environ["TMPDIR"] = tempfile.tempdir = found
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
