"""The engine's and the AGI server's log on a disk without space: the kernel's own full device."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")
PROGRAM = """
import logging, structlog
from {program}.__main__ import _log_as
_log_as("INFO")
for _ in range(500):
    structlog.get_logger().error("recording_disk_full", what="x" * 200)
    logging.getLogger("other").error("a library's line")
try:
    raise ValueError("told")
except ValueError:
    structlog.get_logger().exception("sweep_failed")
print("went on")
"""


@pytest.mark.skipif(not FULL.exists(), reason="this kernel has no /dev/full")
@pytest.mark.parametrize("program", ["ari_app", "agi_scripts"])
def test_a_log_that_can_not_be_written_stops_nobody(program: str) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM.format(program=program)],
            stdout=subprocess.PIPE,
            stderr=full,
            timeout=60,
            check=False,
        )
    assert done.stdout == b"went on\n"
