"""The process `jobs`: `python -m admin.bulk.worker`. Takes up loads as their states ask, one after another; delivers
webhooks, prints and SMS over HTTP beside them, and tells of tickets and callbacks that fall due, each in a thread
of its own (`admin.webhooks.delivering`, `admin.printing.worker`, `admin.messaging.delivering`, `admin.reminders`).

Owns: what is next, the child that does it, and the sign of life by which the pages know that somebody works. Must not:
read files or write contacts: the child does (`task`), so that a file that kills it kills nothing else.
docs/decisions/0014-work-in-the-database.md says why there is no queue beside the database.
"""

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Final

from peewee import PeeweeException

from admin.bulk import files, states
from admin.desk_news import DeskNews
from admin.engine import Engine
from admin.messaging.delivering import Sending, news_of
from admin.printing.worker import PrintWorker
from admin.reminders import Reminders
from admin.webhooks.delivering import Deliverer
from models.db import migrate, open_database
from models.secrets import load_or_create
from models.settings import Settings
from models.settings import load as load_settings
from models.tables import ContactImport
from models.tables.imports import WORK, ImportState

POLL_SECONDS: Final = 0.5
ALIVE_SECONDS: Final = 10.0
TRIES: Final = 2
LIFE: Final = "jobs.alive"


def sign_of_life(data_dir: Path) -> Path:
    return data_dir / LIFE


def is_alive(data_dir: Path) -> bool:
    """Did the process show itself a moment ago?"""
    try:
        return time.time() - sign_of_life(data_dir).stat().st_mtime < ALIVE_SECONDS
    except OSError:
        return False


def next_load() -> ContactImport | None:
    found: ContactImport | None = (
        ContactImport.select().where(ContactImport.state.in_(WORK)).order_by(ContactImport.id).first()
    )
    return found


class Worker:
    """`run` until `stop`."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stopping = Event()
        self._deaths: Counter[int] = Counter()
        self._child: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        self._stopping.set()
        if self._child is not None:
            self._child.terminate()  # it goes on at the next start where it stopped

    def run(self) -> None:
        self._show()
        database = open_database(self._settings)
        migrate(database)
        secrets = load_or_create(self._settings.secrets_file)
        networks = self._settings.webhook_networks
        engine = Engine(self._settings.control_port, secrets.control_token)
        webhooks = Deliverer(database, secrets.webhook_key, networks)
        webhooks.start()
        printing = PrintWorker(database, self._settings.data_dir)
        printing.start()
        messages = Sending(database, secrets.webhook_key, networks, news_of(database, DeskNews(engine)))
        messages.start()
        reminders = Reminders(database, engine)
        reminders.start()
        try:
            while not self._stopping.is_set():
                self._show()
                try:
                    load = next_load()
                except PeeweeException as error:
                    print(f"level=warning event=jobs_database_away why={error!r}", flush=True)
                    database.close()
                    load = None
                if load is None:
                    self._stopping.wait(POLL_SECONDS)
                else:
                    self._do(load)
        finally:
            reminders.stop()
            webhooks.stop()
            printing.stop()
            messages.stop()
            database.close()

    def _show(self) -> None:
        sign_of_life(self._settings.data_dir).touch()

    def _do(self, load: ContactImport) -> None:
        state = load.state
        self._child = subprocess.Popen([sys.executable, "-P", "-m", "admin.bulk.task", str(load.id)])
        while (status := self._wait()) is None:
            self._show()
        self._child = None
        if self._stopping.is_set():
            return
        now_there = ContactImport.get_by_id(load.id)
        if now_there.state is not state and status == 0:
            self._deaths.pop(load.id, None)
            return
        self._deaths[load.id] += 1
        print(f"level=warning event=job_died load={load.id} state={state.value} status={status}", flush=True)
        if self._deaths[load.id] < TRIES and state is not ImportState.READING:
            return
        self._after_death(now_there)

    def _wait(self) -> int | None:
        assert self._child is not None
        try:
            return self._child.wait(POLL_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    def _after_death(self, load: ContactImport) -> None:
        """A file that kills its reader has more in it than the memory may hold."""
        folder = files.folder_of(self._settings.data_dir, load.stored)
        upload = folder / files.UPLOAD
        size = upload.stat().st_size // 1_000_000 if upload.exists() else 0
        match load.state:
            case ImportState.READING:
                states.refuse(load, "file_too_large", {"size": size})
            case ImportState.QUEUED | ImportState.RUNNING:
                self._deaths.pop(load.id, None)
                states.give_up(load, "load_failed", {})
            case ImportState.UNDOING:
                self._stopping.wait(30)  # nothing else is right: it is tried until it is done
            case _:
                pass


def main() -> int:
    worker = Worker(load_settings())

    def stop(number: int, frame: FrameType | None) -> None:
        worker.stop()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    worker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
