"""Asterisk's event log, read as it grows: the truth about what the engine did not see.

Owns: following the CEL file (its place kept in the database), the stories of calls that are not over, and the audit
that writes the CDR of any call that ended, or came and went, unseen. Must not: be needed while all goes well.

The file is only read forward. The mark stored is the beginning of the oldest story that is not over, so a restart
reads again what it may not have used yet; writing a record twice changes nothing.
"""

from __future__ import annotations

import csv
import json
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from ari_app.clock import now_ms
from ari_app.core import cel, ids
from ari_app.core.cel import Row, Story
from dialplan import names
from models.values.cdr import CallRecord

log = structlog.get_logger(__name__)

COLUMN = {name: index for index, (name, _) in enumerate(names.CEL_COLUMNS)}
ROTATE_BYTES = 64 * 1024 * 1024
MOST_STORIES = 50_000
QUIET_MS = 10_000
ROWS_AT_ONCE = 100


_OURS: Final = {names.CEL_FALLBACK_EVENT: "USER_DEFINED", names.CEL_BLOCKED_EVENT: "BLOCKED"}


def parse(line: str) -> Row | None:
    """One line of the file; None for one that is damaged or of no use (the log must not stop the engine)."""
    try:
        fields = next(csv.reader((line,), strict=True))
        if len(fields) != len(COLUMN):
            return None
        seconds, _, fraction = fields[COLUMN["event_time"]].partition(".")
        extra = fields[COLUMN["extra"]]
        kind = fields[COLUMN["event_type"]]
        cause = called = None
        if kind == "HANGUP" and extra:
            told = json.loads(extra).get("hangupcause")
            cause = int(told) if told is not None else None
        user_event = fields[COLUMN["user_event"]]
        if user_event:
            if not {user_event, kind} & _OURS.keys():
                return None
            kind = _OURS.get(user_event) or _OURS[kind]
            called = json.loads(extra).get("extra", "") if extra.startswith("{") else extra
        return Row(
            kind=kind,
            at=int(seconds) * 1000 + int((fraction + "000")[:3]),
            channel_name=fields[COLUMN["channel_name"]],
            channel=fields[COLUMN["channel_id"]],
            call_id=fields[COLUMN["linked_id"]],
            calling_number=fields[COLUMN["calling_number"]],
            calling_name=fields[COLUMN["calling_name"]],
            extension=fields[COLUMN["extension"]],
            context=fields[COLUMN["context"]],
            called=called or "",
            cause=cause,
        )
    except (csv.Error, ValueError, StopIteration, AttributeError):
        return None


@dataclass(slots=True)
class _Open:
    story: Story
    start: str
    """The mark of its first row."""
    last_at: int = 0


class Ledger:
    """``read()`` follows the file; ``over()`` gives the stories that are; ``mark`` is where a restart begins."""

    def __init__(self, path: Path, mark: str | None = None) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._inode = 0
        self._offset = 0
        self._open: dict[str, _Open] = {}
        self._over: list[Story] = []
        self.damaged = 0
        self._seek(mark)

    @property
    def mark(self) -> str:
        """Everything before it has been used."""
        starts = [kept.start for kept in self._open.values()]
        return starts[0] if starts else f"{self._inode}:{self._offset}"

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self, pause: float = 0.0) -> None:
        """Take in what was appended. Raises OSError. With a `pause` (seconds) others get their turn between the rows.

        Half a minute of a busy switch is half a second of work, which would keep the interpreter from the event loop.
        """
        self._follow()
        for number, (start, line) in enumerate(self._lines(), 1):
            if pause and number % ROWS_AT_ONCE == 0:
                time.sleep(pause)
            row = parse(line)
            if row is None:
                self.damaged += bool(line.strip()) and not line.startswith('"APP_')
                continue
            # The channel of messages never ends: its story would hold the mark for ever.
            of_call = row.call_id and not row.channel_name.startswith(names.MESSAGE_CHANNEL)
            if of_call and row.kind not in ("APP_START", "APP_END"):
                self._tell(row, start)
        if len(self._open) > MOST_STORIES:
            for call_id in tuple(self._open)[: len(self._open) - MOST_STORIES]:
                del self._open[call_id]
                log.error("cel_story_dropped", call=call_id)

    def over(self) -> list[Story]:
        """The stories that ended since the last time: callers from a trunk, and calls that our agents made."""
        over, self._over = self._over, []
        return [_understood(story) for story in over if _is_call(story)]

    def settle(self, alive: Collection[str]) -> None:
        """Calls that have no channel on the switch are over, though the log does not say so (the switch was killed).

        Rows may come a moment after their channels' end: only what has been quiet for a while is settled.
        """
        quiet = now_ms() - QUIET_MS
        for call_id, kept in tuple(self._open.items()):
            if call_id not in alive and kept.last_at < quiet:
                del self._open[call_id]
                self._over.append(replace(kept.story, over=True))

    def give_back(self, stories: Iterable[Story]) -> None:
        """These could not be used now; ``over`` gives them again."""
        self._over[:0] = stories

    def story(self, call_id: str) -> Story | None:
        """What is known of a call that is not over."""
        kept = self._open.get(call_id)
        return _understood(kept.story) if kept else None

    def end_of(self, call_id: str, channel: str) -> tuple[int, int | None] | None:
        """When and why (Q.850) this channel ended, if the log says so."""
        kept = self._open.get(call_id)
        stories = [kept.story] if kept else [story for story in self._over if story.call_id == call_id]
        for story in stories:
            told = story.channels.get(channel)
            if told is not None and told.ended_at is not None:
                return told.ended_at, told.cause
        return None

    # ------------------------------------------------------------ inside
    def _tell(self, row: Row, start: str) -> None:
        kept = self._open.get(row.call_id)
        if kept is None:
            if row.kind != "CHAN_START":
                return  # its beginning lies before the mark: it was used already
            kept = self._open[row.call_id] = _Open(Story(row.call_id), start)
        kept.story = cel.tell(kept.story, row)
        kept.last_at = row.at
        if kept.story.over:
            del self._open[row.call_id]
            self._over.append(kept.story)

    def _rotated(self) -> Path:
        return self._path.with_name(self._path.name + ".1")

    def _seek(self, mark: str | None) -> None:
        inode, _, offset = (mark or "").partition(":")
        for path in (self._rotated(), self._path):
            try:
                found = os.stat(path)
            except OSError:
                continue
            if str(found.st_ino) == inode and found.st_size >= int(offset or 0):
                self._use(path, int(offset or 0))
                return
        # Unknown mark: from the beginning of what there is.
        for path in (self._rotated(), self._path):
            if path.exists():
                self._use(path, 0)
                return

    def _use(self, path: Path, offset: int) -> None:
        self.close()
        self._file = path.open("rb")
        self._inode = os.fstat(self._file.fileno()).st_ino
        self._offset = offset

    def _follow(self) -> None:
        if self._file is None and self._path.exists():
            self._use(self._path, 0)

    def _lines(self) -> Iterator[tuple[str, str]]:
        while self._file is not None:
            self._file.seek(self._offset)
            for raw in self._file:
                if not raw.endswith(b"\n"):
                    break  # being written
                start = f"{self._inode}:{self._offset}"
                self._offset += len(raw)
                yield start, raw.decode("utf-8", "replace")
            if not self._go_on():
                return

    def _go_on(self) -> bool:
        """After the end of a rotated file, its successor; a file that grew too large is rotated."""
        assert self._file is not None
        try:
            current = os.stat(self._path).st_ino
        except OSError:
            return False
        if current != self._inode:
            self._use(self._path, 0)
            return True
        if self._offset > ROTATE_BYTES and not any(
            kept.start.partition(":")[0] != str(self._inode) for kept in self._open.values()
        ):
            # Asterisk opens the file anew for each line, so it goes on in a new one.
            os.replace(self._path, self._rotated())
        return False


def _is_call(story: Story) -> bool:
    """Not a leg that was left alone, and not a service of the phone (*70 …)."""
    if ids.call_of(story.call_id) is not None:
        return False
    if story.context == names.CONTEXT_TRUNK or ids.is_click2dial(story.call_id):
        return True
    return story.context == names.CONTEXT_AGENT and story.called_number[:1] not in ("*", "#", "")


def _understood(story: Story) -> Story:
    return replace(story, ours=story.context == names.CONTEXT_AGENT)


def audit(
    stories: Iterable[Story],
    records: Mapping[str, CallRecord],
    live: Callable[[str], bool],
) -> list[tuple[Story, CallRecord | None]]:
    """Which of these calls have no closed record and nobody who will write one: with the open record, if any."""
    found = []
    for story in stories:
        record = records.get(story.call_id)
        if not live(story.call_id) and (record is None or not record.is_closed):
            found.append((story, record))
    return found
