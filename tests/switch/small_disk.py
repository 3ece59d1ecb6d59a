"""A filesystem that can really be full.

Owns: mounting a small tmpfs, filling it to its last byte, emptying and unmounting it. Must not: know what is on it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

MEGABYTE = 1024 * 1024


class SmallDisk:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, *files: Path) -> None:
        """Until the kernel refuses a single byte more, and in these files too: the last page of each has room left."""
        for path in (self._ballast, *files):
            with path.open("ab", buffering=0) as file:
                for size in (MEGABYTE, 4096, 1):
                    with suppress(OSError):
                        while True:
                            file.write(b"\n" * size)
                with pytest.raises(OSError, match="No space left"):
                    file.write(b"\n")

    def make_space(self) -> None:
        self._ballast.unlink()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """Mounted at this folder; unmounted whatever happens, though something still has a file open there."""
    folder.mkdir(parents=True)
    order = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(folder)]
    try:
        done = subprocess.run(order, capture_output=True, text=True, timeout=10, check=False)
    except FileNotFoundError:
        pytest.skip("a full disk needs a small filesystem of its own: there is no mount here")
    if done.returncode:
        pytest.skip(f"a full disk needs a small filesystem of its own, and user {os.getuid()} may not mount one: "
                    f"{done.stderr.strip()}")  # fmt: skip
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, timeout=10, check=True)
