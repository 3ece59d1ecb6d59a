"""A message that Asterisk recorded, from its folder to the voicemails.

Owns: the folder of recordings that are not kept yet, also those that an end of ours left behind. Must not: record.

Beside each recording lies a note of whose it is, written first: Asterisk records on when we are gone.
"""

import contextlib
import json
import time
from pathlib import Path
from typing import Any, Final

import structlog
from peewee import PeeweeException

from agi_scripts.house import House
from models import files
from models.tables import CallCenter, Voicemail

log = structlog.get_logger(__name__)

_NOTE: Final = ".json"
_SOUND: Final = ".wav"
_HEADER: Final = 44
_BYTES_A_SECOND: Final = 16_000  # 8 kHz, 16 bit, one channel: what Asterisk's format_wav writes
LARGEST: Final = 32 * 1024 * 1024
IDLE_SECONDS: Final = 30.0


def begin(house: House, key: str, **about: Any) -> Path:
    """Where to record, without the ending: RECORD FILE adds it. `about`: columns of `Voicemail`. Raises OSError."""
    house.voicemail_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    place = house.voicemail_folder / key
    place.with_name(key + _NOTE).write_text(json.dumps(about), "utf-8")
    return place


def keep(house: House, key: str, *, shortest: int) -> bool:
    """Stores what was recorded as `key` and its row; False when there is nothing worth keeping, or not now.

    What can't be stored now stays in the folder, for `keep_left_behind`.
    """
    sound = house.voicemail_folder / (key + _SOUND)
    note = sound.with_suffix(_NOTE)
    seconds = length(sound)
    if seconds < shortest:
        for file in (sound, note):
            file.unlink(missing_ok=True)
        return False
    try:
        about = json.loads(note.read_text("utf-8"))
        content = sound.read_bytes()
        sha256 = files.store(house.settings.data_dir, content)
        with house.writing():
            if CallCenter.get_or_none(CallCenter.id == about.get("call_center")) is None:
                about["call_center"] = None  # it is gone meanwhile: the message is not
            if not Voicemail.select().where(Voicemail.key == key).exists():
                Voicemail.create(
                    key=key, sha256=sha256, size=len(content), seconds=seconds, recorded_at=house.now(), **about
                )
    except (OSError, ValueError, PeeweeException) as error:
        log.error("agi_message_not_kept_yet", key=key, error=str(error)[:200])
        return False
    for file in (sound, note):
        file.unlink(missing_ok=True)
    return True


def keep_left_behind(house: House, *, idle_seconds: float = IDLE_SECONDS) -> int:
    """Messages whose keeping did not come to its end, and that nobody has written to lately; how many were kept now."""
    kept = 0
    for note in sorted(house.voicemail_folder.glob("*" + _NOTE)):
        with contextlib.suppress(OSError):
            sound = note.with_suffix(_SOUND)
            touched = max(file.stat().st_mtime for file in (note, sound) if file.exists())
            if time.time() - touched >= idle_seconds:
                kept += keep(house, note.stem, shortest=1)
    return kept


def length(sound: Path) -> int:
    """Whole seconds; 0 when there is no recording. By size: the header is only right once Asterisk closed the file."""
    try:
        size = sound.stat().st_size
    except OSError:
        return 0
    return 0 if size > LARGEST else max(0, size - _HEADER) // _BYTES_A_SECOND
