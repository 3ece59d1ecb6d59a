"""The web and the engine on one data folder with the demonstration account, against a real switch.

Owns: bringing them up and taking them down. Must not: assert.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser.site import Site
from switch.running_engine import RunningEngine

from models.db import open_database

Place = tuple[Site, RunningEngine]


@contextmanager
def placed(filled: Path, folder: Path, engine_of: Callable[[Path, int], RunningEngine], **web: Any) -> Iterator[Place]:
    """`engine_of(data folder, the web's port)` makes the engine, not started yet; `web`: settings of the web alone."""
    data_dir = folder / "data"
    shutil.copytree(filled, data_dir)
    with Site(data_dir) as site:
        engine = engine_of(data_dir, site.port)
        settings = engine.settings
        site.serve(open_database(settings), desk_port=settings.desk_port, control_port=settings.control_port, **web)
        engine.start()
        yield site, engine
        engine.stop()
        for phone in engine.rows("SELECT endpoint FROM agents WHERE endpoint IS NOT NULL"):
            engine.switch.remove_phone(str(phone[0]))
