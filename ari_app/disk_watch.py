"""Is there space for recordings of conversations?

Owns: the look at the disks, and the verdict with its margin. Must not: delete anything, or know calls.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

MEGABYTE = 1024 * 1024
MARGIN_PERCENT = 10
"""So much more than the limit must be free before it is enough again: else it would flicker."""


def free_bytes(folder: Path) -> int:
    """For us, on the disk of this folder, or of the nearest one above it that exists."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(os.fspath(folder)).free


class DiskWatch:
    """`look()` now and then; `changed(enough)` is called when the verdict changes."""

    def __init__(
        self,
        folders: Sequence[Path],
        limit_mb: int,
        changed: Callable[[bool], None],
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._folders = tuple(folders)
        self._limit = limit_mb * MEGABYTE
        self._changed = changed
        self._free = free
        self.enough = True
        self.free_mb: int | None = None
        """On the fullest of the disks; None: not looked at yet, or it can't be told."""

    @property
    def limit_mb(self) -> int:
        return self._limit // MEGABYTE

    def look(self) -> None:
        try:
            free = min(self._free(folder) for folder in self._folders)
        except OSError as error:
            log.warning("disk_not_looked_at", error=str(error))
            self.free_mb = None
            return
        self.free_mb = free // MEGABYTE
        margin = 0 if self.enough else self._limit * MARGIN_PERCENT // 100
        enough = free >= self._limit + margin
        if enough is self.enough:
            return
        self.enough = enough
        if enough:
            log.info("recording_disk_ok", free_mb=self.free_mb)
        else:
            log.error("recording_disk_full", free_mb=self.free_mb, limit_mb=self.limit_mb, what="nothing is recorded")
        self._changed(enough)
