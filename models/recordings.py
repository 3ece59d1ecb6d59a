"""Where recorded conversations lie, and the SQL of their rows.

Owns: <data_dir>/recordings/<year>/<month>/<day>/<name>.wav, by the day (UTC) on which the call began; the rows' states.
Must not: record, move or serve a file.

Every write is safe to repeat, in any order: who tells what a part is (the engine's writer) and who tells what became
of its file (the mover) each leave the other's columns alone.
"""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from peewee import Database

from models import webhooks
from models.db import execute, execute_many, placeholder, transaction
from models.values.recording import RecordingProblem, RecordingRow, RecordingState

FOLDER: Final = "recordings"
SUFFIX: Final = ".wav"
MOST_CUTS: Final = 150
_NAME: Final = re.compile(r"[a-z]{1,20}-(?P<epoch>[0-9]{1,11})\.[A-Za-z0-9._-]{1,60}", re.ASCII)
_UPSERT: Final = (
    "INSERT INTO recordings (name, call_id, call_center_id, part, began_at, ended_at, cuts, state, sha256, size, "
    "duration_ms) VALUES (?, ?, (SELECT id FROM call_centers WHERE id = ?), ?, ?, ?, ?, 'pending', '', 0, 0) "
    "ON CONFLICT (name) DO UPDATE SET call_id = excluded.call_id, "
    "call_center_id = coalesce(excluded.call_center_id, recordings.call_center_id), part = excluded.part, "
    "began_at = excluded.began_at, ended_at = excluded.ended_at, cuts = excluded.cuts"
)


@dataclass(frozen=True, slots=True)
class KeptFile:
    """What the mover found out of a file."""

    sha256: str
    size: int
    duration_ms: int


def path_of(data_dir: Path, name: str) -> Path:
    """Where a part lies: its name tells when its call began.

    Raises ValueError for what is no name of ours: no path from outside ever enters.
    """
    found = _NAME.fullmatch(name)
    if found is None or ".." in name:
        raise ValueError("not a recording's name")
    day = datetime.fromtimestamp(int(found["epoch"]), UTC)
    return data_dir / FOLDER / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}" / (name + SUFFIX)


def write(database: Database, rows: Iterable[RecordingRow]) -> None:
    """Inside the caller's transaction. What became of the file is left as it is."""
    execute_many(database, _marked(database, _UPSERT), [_values(row) for row in rows])


def write_new(database: Database, row: RecordingRow) -> None:
    """Of a file that was found: what is known of it already stays."""
    sql = _UPSERT.partition(" DO UPDATE")[0] + " DO NOTHING"
    execute(database, _marked(database, sql), _values(row))


def _values(row: RecordingRow) -> tuple[Any, ...]:
    cuts = [[cut.at_ms, cut.lasted_ms, cut.why.value] for cut in row.cuts[:MOST_CUTS]]
    told = json.dumps(cuts, separators=(",", ":"))
    return row.name, row.call_id, row.call_center_id, row.part, row.began_at, row.ended_at, told


def kept(database: Database, name: str, file: KeptFile, at: int) -> bool:
    """The file lies where it belongs, and webhooks are told. False: it was deleted meanwhile, and stays so."""
    before = "SELECT call_id, part, state FROM recordings WHERE name = ?"
    sql = (
        "UPDATE recordings SET state = 'kept', problem = NULL, sha256 = ?, size = ?, duration_ms = ?, kept_at = ? "
        "WHERE name = ? AND state <> 'deleted'"
    )
    with transaction(database):
        found = execute(database, _marked(database, before), (name,)).fetchone()
        execute(database, _marked(database, sql), (file.sha256, file.size, file.duration_ms, at, name))
        if found is not None and found[2] not in (RecordingState.KEPT, RecordingState.DELETED):
            webhooks.tell_recorded(database, name, str(found[0]), {"part": int(found[1])}, at)
    return found is None or found[2] != RecordingState.DELETED


def lost(database: Database, names: Sequence[str]) -> None:
    """There is no such file anywhere."""
    sql = "UPDATE recordings SET state = 'lost' WHERE name = ? AND state = 'pending'"
    execute_many(database, _marked(database, sql), [(name,) for name in names])


def failed(database: Database, name: str, problem: RecordingProblem) -> None:
    """Its file is none that could be kept."""
    sql = "UPDATE recordings SET state = 'failed', problem = ? WHERE name = ? AND state = 'pending'"
    execute(database, _marked(database, sql), (problem.value, name))


def states(database: Database, names: Sequence[str]) -> dict[str, RecordingState]:
    """Of those that have a row."""
    found: dict[str, RecordingState] = {}
    for part in (names[at : at + 500] for at in range(0, len(names), 500)):
        sql = f"SELECT name, state FROM recordings WHERE name IN ({', '.join('?' * len(part))})"  # noqa: S608
        rows = execute(database, _marked(database, sql), part).fetchall()
        found |= {str(name): RecordingState(state) for name, state in rows}
    return found


def pending(database: Database, before: int) -> list[str]:
    """Parts that ended before then and were not kept yet."""
    sql = "SELECT name FROM recordings WHERE state = ? AND ended_at < ? ORDER BY id LIMIT 1000"
    rows = execute(database, _marked(database, sql), (RecordingState.PENDING.value, before)).fetchall()
    return [str(name) for (name,) in rows]


def expired(database: Database, at: int, limit: int = 200) -> list[str]:
    """Whose call center, as it is set now, does not want it kept any longer; the oldest first."""
    sql = (
        "SELECT r.name FROM recordings r JOIN call_centers c ON c.id = r.call_center_id "
        "WHERE r.state = ? AND c.recording_days > 0 AND r.began_at < ? - c.recording_days * CAST(86400000 AS bigint) "
        "ORDER BY r.began_at LIMIT ?"
    )
    rows = execute(database, _marked(database, sql), (RecordingState.KEPT.value, at, limit)).fetchall()
    return [str(name) for (name,) in rows]


def deleted(database: Database, name: str, at: int, by: int | None = None) -> bool:
    """Its file is gone: by retention, or by this administrator. False: it had been deleted before."""
    sql = "UPDATE recordings SET state = ?, deleted_at = ?, deleted_by_id = ? WHERE name = ? AND state <> ?"
    values = (RecordingState.DELETED.value, at, by, name, RecordingState.DELETED.value)
    return bool(execute(database, _marked(database, sql), values).rowcount)


def _marked(database: Database, sql: str) -> str:
    return sql.replace("?", placeholder(database))
