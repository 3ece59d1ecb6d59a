"""The FastAGI process: ``python -m agi_scripts``.

Owns: reading settings and secrets, putting the server together, and its end by signal. Must not: start anything else.
"""

import logging
import signal
import sys
import threading

import structlog
from peewee import PeeweeException

from agi_scripts import voicemail_file
from agi_scripts.engine import Engine
from agi_scripts.entries import ENTRIES
from agi_scripts.house import House
from agi_scripts.server import Server
from models.db import DatabaseError, open_database
from models.log_stream import unfailing
from models.secrets import SecretsError, load_or_create
from models.settings import SettingsError, load
from models.snapshot import SnapshotError

SWEEP_SECONDS = 60.0

log = structlog.get_logger(__name__)


def main() -> int:
    try:
        settings = load()
        secrets = load_or_create(settings.secrets_file)
    except (SettingsError, SecretsError) as error:
        print(error, file=sys.stderr)
        return 2
    _log_as(settings.log_level)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        database = open_database(settings)
        house = House(settings, database, Engine(settings.control_port, secrets.control_token))
        server = Server(house, ENTRIES)
        kept = voicemail_file.keep_left_behind(house)
        _look_once(house)
        database.close()  # this thread's; each session opens its own
        server.start(settings.agi_port)
    except (DatabaseError, OSError) as error:
        log.error("agi_not_started", why=str(error))
        return 1
    log.info("agi_ready", port=settings.agi_port, messages_found=kept)
    while not stop.wait(SWEEP_SECONDS):
        try:
            voicemail_file.keep_left_behind(house)
        except Exception:
            log.exception("agi_sweep_failed")
    log.info("agi_stopping", **server.counts)
    server.stop()
    house.close()
    return 0


def _look_once(house: House) -> None:
    """What the first call would wait for otherwise: modules, the database's pages."""
    try:
        house.routing()
    except (SnapshotError, PeeweeException) as error:
        log.warning("agi_no_routing", error=str(error)[:200])  # the fallback says so to each caller, until it is mended


def _log_as(level: str) -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        logger_factory=structlog.PrintLoggerFactory(unfailing(sys.stderr)),
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
