"""One step of one load, in a process of its own: `python -m admin.bulk.task <id>`.

Owns: the memory limit, and what each ending does to the load's state. Must not: choose which load is next (`worker`).
"""

import resource
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from peewee import Database

from admin.bulk import dry_run, files, loading, undoing
from admin.bulk.plan import Options
from admin.bulk.problems import BadFile
from admin.bulk.states import end, give_up, put, refuse
from models.db import open_database
from models.settings import load as load_settings
from models.tables import ContactImport, now
from models.tables.imports import ImportState

MEMORY: Final = 3 << 30  # bytes of address space: a full sheet of eight columns fits, a bomb does not
TELL_SECONDS: Final = 0.5


def step(database: Database, data_dir: Path, key: int) -> None:
    """Does what the load's state asks for, to its end."""
    load = ContactImport.get_by_id(key)
    folder = files.folder_of(data_dir, load.stored)
    match load.state:
        case ImportState.READING:
            _check(database, load, folder)
        case ImportState.QUEUED | ImportState.RUNNING:
            _load(database, load, folder)
        case ImportState.UNDOING:
            counts = undoing.run(database, load)
            if load.failure is not None:
                end(load, ImportState.FAILED, report={**(load.report or {}), "undone": counts})
            else:
                end(load, ImportState.UNDONE, report={**(load.report or {}), "undone": counts})
        case _:
            pass


def _check(database: Database, load: ContactImport, folder: Path) -> None:
    options = Options.of(load.options)
    try:
        report = dry_run.run(database, folder, options, _teller(load))
    except BadFile as error:
        refuse(load, error.problem.code, dict(error.problem.params))
    except MemoryError:
        refuse(load, "file_too_large", {"size": folder.joinpath(files.UPLOAD).stat().st_size // 1_000_000})
    else:
        put(load, ImportState.CHECKED, options=options.stored(), report=report,
             rows_total=report["counts"]["rows"], rows_done=0)  # fmt: skip


def _load(database: Database, load: ContactImport, folder: Path) -> None:
    if load.state is ImportState.QUEUED:
        put(load, ImportState.RUNNING, started_at=now())
    try:
        loading.run(database, load, folder, lambda done, total: None)
    except Exception as error:
        # Nothing stays half loaded.
        traceback.print_exc()
        problem = error.problem if isinstance(error, BadFile) else None
        give_up(load, problem.code if problem else "load_failed", dict(problem.params) if problem else {})
        step(database, folder.parent.parent, load.id)
    else:
        files.drop_upload(folder)
        end(load, ImportState.DONE)


def _teller(load: ContactImport) -> Callable[[int, int], None]:
    """Notes how far it is, now and then."""
    last = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > TELL_SECONDS:
            last = time.monotonic()
            ContactImport.update(rows_done=done, rows_total=total).where(ContactImport.id == load.id).execute()

    return tell


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    settings = load_settings()
    database = open_database(settings)
    try:
        step(database, settings.data_dir, int(sys.argv[1]))
    finally:
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
