"""Files from the switch to their place: whole, once, whatever fails on the way; away again when their time is over.

The switch is played over HTTP. The disk that is full is a refused write (fsync raises ENOSPC), not a full disk.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import io
import json
import os
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from ari_app import conversations, wav_stream
from ari_app.conversations import Conversations
from ari_app.disk_watch import DiskWatch
from ari_app.recordings import StoredRecordings
from models import recordings
from models.db import execute, open_database, transaction
from models.tables.base import from_epoch_ms
from models.values.recording import Cut, CutWhy, RecordingRow

CALL = "centralita-1790000000.7"
NAME = f"{CALL}.record.1"
AT = 1_790_000_000_000
SAMPLES = bytes(range(256)) * 500
WHOLE = wav_stream.header(len(SAMPLES)) + SAMPLES
UNCLOSED = wav_stream.header(0) + SAMPLES
"""As Asterisk leaves it when it is killed."""


class PlayedSwitch:
    """ARI's recordings: what is stored, what still runs."""

    def __init__(self, stored: dict[str, bytes]) -> None:
        self.stored = stored
        self.live: set[str] = set()
        self.stopped: list[str] = []
        self.broken = 0
        """So many downloads break off in the middle."""
        self.refused: set[str] = set()
        """It can't open these."""
        self.asked = 0

    async def __aenter__(self) -> str:
        app = web.Application()
        app.router.add_get("/ari/recordings/stored", self._list)
        app.router.add_get("/ari/recordings/stored/{name}/file", self._file)
        app.router.add_delete("/ari/recordings/stored/{name}", self._delete)
        app.router.add_get("/ari/recordings/live/{name}", self._live)
        app.router.add_post("/ari/recordings/live/{name}/stop", self._stop)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/ari"  # type: ignore[union-attr]

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response([{"name": name, "format": "wav"} for name in self.stored])

    async def _file(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in self.stored:
            return web.json_response({}, status=404)
        self.asked += 1
        if name in self.refused:
            return web.json_response({"message": "Recording could not be opened"}, status=403)
        content = self.stored[name]
        answer = web.StreamResponse()
        answer.content_length = len(content)
        await answer.prepare(request)
        half = len(content) // 2
        await answer.write(content[:half])
        if self.broken:
            self.broken -= 1
            assert request.transport is not None
            request.transport.abort()
            return answer
        await answer.write(content[half:])
        return answer

    async def _delete(self, request: web.Request) -> web.Response:
        gone = self.stored.pop(request.match_info["name"], None)
        return web.Response(status=404 if gone is None else 204)

    async def _live(self, request: web.Request) -> web.Response:
        there = request.match_info["name"] in self.live
        return web.json_response({"state": "recording"} if there else {}, status=200 if there else 404)

    async def _stop(self, request: web.Request) -> web.Response:
        self.live.discard(request.match_info["name"])
        self.stopped.append(request.match_info["name"])
        return web.Response(status=204)


def row(name: str = NAME, **changes: Any) -> RecordingRow:
    values = {"call_id": CALL, "part": 1, "began_at": AT, "ended_at": AT + 8_000, **changes}
    return RecordingRow(name, **values)


class Scene:
    def __init__(self, url: str, data_dir: Path) -> None:
        self.database = open_database(url, bind=False)
        self.data_dir = data_dir
        self.live_calls: set[str] = set()

    async def keeper(self, ari: str) -> Conversations:
        disk = DiskWatch((self.data_dir,), 0, lambda enough: None)
        self._stored = StoredRecordings(ari, "u", "p")
        made = Conversations(self._stored, self.data_dir, self.live_calls, disk)

        async def in_database(function: Callable[..., Any], *arguments: Any) -> Any:
            def work() -> Any:
                with self.database.connection_context():
                    return function(self.database, *arguments)

            return await asyncio.to_thread(work)

        made.in_database = in_database
        made.start()
        return made

    async def close(self, keeper: Conversations) -> None:
        await keeper.close()
        await self._stored.close()

    def rows(self) -> dict[str, tuple[Any, ...]]:
        sql = "SELECT name, state, sha256, size, duration_ms FROM recordings"
        return {name: tuple(rest) for name, *rest in execute(self.database, sql).fetchall()}

    def told(self) -> list[tuple[str, str, dict[str, Any]]]:
        """What webhooks are told."""
        sql = "SELECT message_id, event, body FROM webhook_deliveries ORDER BY id"
        return [(key, event, json.loads(body)["data"]) for key, event, body in execute(self.database, sql).fetchall()]

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110  it asks two worlds
                await asyncio.sleep(0.01)

    def files(self) -> list[Path]:
        return [path for path in (self.data_dir / "recordings").rglob("*") if path.is_file()]


@pytest.fixture
def scene(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(conversations, "RETRY_SECONDS", 0.02)
    made = Scene(url, tmp_path / "data")
    with transaction(made.database):
        execute(made.database, "INSERT INTO engine_marks (key, value) VALUES ('seen', '1')")
    return made


def test_it_is_fetched_whole_hashed_and_deleted_there(scene: Scene) -> None:
    with transaction(scene.database):
        _insert_webhook(scene.database)

    async def run() -> None:
        switch = PlayedSwitch({NAME: WHOLE})
        switch.live.add(NAME)  # the order to stop it was lost
        switch.broken = 1
        async with switch as ari:
            keeper = await scene.keeper(ari)
            keeper.keep(row(cuts=(Cut(1_000, 500, CutWhy.HOLD),)))
            keeper.keep(row())
            await scene.until(lambda: not switch.stored and keeper.waiting == 0)
            assert switch.stopped == [NAME]
            assert keeper.moved == 1
            switch.stored[NAME] = WHOLE  # the order to delete it came to nothing
            await keeper.find_left()
            await scene.until(lambda: keeper.moved == 2)
            await scene.close(keeper)

    asyncio.run(run())
    [path] = scene.files()
    assert path == recordings.path_of(scene.data_dir, NAME)
    assert path.relative_to(scene.data_dir).parts[:4] == ("recordings", "2026", "09", "21")
    assert path.read_bytes() == WHOLE
    assert path.stat().st_mode & 0o777 == 0o600
    sha256 = hashlib.sha256(WHOLE).hexdigest()
    assert scene.rows() == {NAME: ("kept", sha256, len(WHOLE), len(SAMPLES) * 1000 // 16_000)}
    assert scene.told() == [(f"{NAME}.recorded", "call.recorded", {"id": CALL, "recording": NAME, "part": 1})]


def _insert_webhook(database: Any) -> None:
    from models.tables import Webhook, WebhookEvent

    with database.bind_ctx([Webhook, WebhookEvent]):
        made = Webhook.create(name="ERP", url="https://erp.example/", salt="s", since=from_epoch_ms(0))
        WebhookEvent.create(webhook=made, event="call.recorded")


def test_what_a_killed_switch_left_gets_a_header_that_tells_its_length(scene: Scene) -> None:
    async def run() -> None:
        async with PlayedSwitch({NAME: UNCLOSED}) as ari:
            incoming = scene.data_dir / "recordings" / ".incoming"
            incoming.mkdir(parents=True)
            (incoming / "half").write_bytes(b"of an engine that was killed too")
            keeper = await scene.keeper(ari)
            await keeper.find_left()
            await scene.until(scene.files)
            await scene.until(lambda: scene.rows()[NAME][0] == "kept")
            await scene.close(keeper)

    asyncio.run(run())
    with wave.open(io.BytesIO(scene.files()[0].read_bytes())) as sound:
        assert sound.getnframes() == len(SAMPLES) // 2


def test_on_a_full_disk_it_waits_on_the_switch_and_nothing_half_lies_here(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, real = [3], os.fsync

    def fsync(handle: int) -> None:
        if full[0]:
            full[0] -= 1
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)

    async def run() -> None:
        switch = PlayedSwitch({NAME: WHOLE})
        async with switch as ari:
            keeper = await scene.keeper(ari)
            keeper.keep(row())
            await scene.until(lambda: keeper.failed == 2)
            assert scene.files() == []
            assert NAME in switch.stored
            assert scene.rows()[NAME][0] == "pending"
            await scene.until(lambda: not switch.stored)
            await scene.close(keeper)

    asyncio.run(run())
    assert [path.read_bytes() for path in scene.files()] == [WHOLE]


def test_a_file_that_can_not_be_heard_becomes_a_failure_with_its_reason(scene: Scene) -> None:
    bad = {f"{CALL}.record.1": b"", f"{CALL}.record.2": b"OggS" + bytes(80), f"{CALL}.record.3": WHOLE}
    problems = dict(zip(bad, ("empty", "not_wav", "unreadable"), strict=True))

    def told() -> dict[str, str]:
        sql = "SELECT name, problem FROM recordings WHERE state = 'failed'"
        return dict(execute(scene.database, sql).fetchall())

    async def run() -> None:
        switch = PlayedSwitch(dict(bad))
        switch.refused.add(f"{CALL}.record.3")
        async with switch as ari:
            keeper = await scene.keeper(ari)
            await keeper.find_left()
            await scene.until(lambda: told() == problems and keeper.waiting == 0)
            assert set(switch.stored) == set(bad) - {f"{CALL}.record.1"}, "what has something in it stays to be seen"
            tries = switch.asked
            await keeper._find()
            assert (keeper.waiting, switch.asked) == (0, tries), "it is not asked for again and again"
            switch.refused.clear()  # somebody gave the switch back its right
            await keeper.find_left()  # after the next connect
            await scene.until(lambda: f"{CALL}.record.3" not in switch.stored)
            await scene.close(keeper)

    asyncio.run(run())
    assert {name: told[0] for name, told in scene.rows().items()} == {
        f"{CALL}.record.1": "failed", f"{CALL}.record.2": "failed", f"{CALL}.record.3": "kept",
    }  # fmt: skip
    assert f"{CALL}.record.3" not in told()
    assert [path.stem for path in scene.files()] == [f"{CALL}.record.3"]


def test_what_was_left_of_a_call_that_goes_on_is_kept(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine was killed between the end of two parts and their files: one has its row, one not even that."""
    monkeypatch.setattr(conversations, "LOOK_SECONDS", 0.05)
    told, untold, running = (f"{CALL}.record.{number}" for number in (1, 2, 3))
    scene.live_calls.add(CALL)

    async def run() -> None:
        switch = PlayedSwitch(dict.fromkeys((told, untold, running), WHOLE))
        async with switch as ari:
            keeper = await scene.keeper(ari)
            await keeper.in_database(recordings.write_new, row(told))
            await keeper.find_left()
            await scene.until(lambda: scene.rows()[told][0] == "kept" and told not in switch.stored)
            assert set(switch.stored) == {untold, running}, "which of them is running can't be told"
            scene.live_calls.clear()
            await scene.until(lambda: not switch.stored)
            await scene.close(keeper)

    asyncio.run(run())
    assert [told[0] for told in scene.rows().values()] == ["kept"] * 3


def test_what_waits_is_tried_at_once_when_the_switch_is_there_again(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "RETRY_SECONDS", 1_000.0)
    monkeypatch.setattr(conversations, "RETRY_MOST_SECONDS", 1_000.0)

    async def run() -> None:
        switch = PlayedSwitch({NAME: WHOLE})
        switch.broken = 1
        async with switch as ari:
            keeper = await scene.keeper(ari)
            keeper.keep(row())
            await scene.until(lambda: keeper.failed == 1)
            await keeper.find_left()
            await scene.until(lambda: not switch.stored)
            await scene.close(keeper)

    asyncio.run(run())


def test_only_what_is_ours_and_over_is_taken_and_what_is_nowhere_is_lost(scene: Scene) -> None:
    living, other = "centralita-1790000001.8", "centralita-1790000002.9"
    theirs = {f"{living}.record.1": WHOLE, f"{CALL}.voicemail.1": WHOLE, "somebody": WHOLE, f"{other}.record.3": WHOLE}
    old = row(f"{CALL}.record.2", part=2, ended_at=1_000)
    scene.live_calls.add(living)

    async def run() -> None:
        switch = PlayedSwitch(dict(theirs))
        async with switch as ari:
            keeper = await scene.keeper(ari)
            await keeper.in_database(recordings.write_new, old)
            await keeper.find_left()
            await scene.until(lambda: f"{other}.record.3" not in switch.stored)
            keeper.keep(row())  # told to have been made, and never was
            await scene.until(lambda: scene.rows().get(NAME, [""])[0] == "lost")
            await scene.close(keeper)
            assert set(switch.stored) == set(theirs) - {f"{other}.record.3"}

    asyncio.run(run())
    rows = scene.rows()
    assert {name: told[0] for name, told in rows.items()} == {
        NAME: "lost", old.name: "lost", f"{other}.record.3": "kept",
    }  # fmt: skip


def test_retention_deletes_the_file_and_keeps_the_row(scene: Scene) -> None:
    names = [f"{CALL}.record.{part}" for part in (1, 2, 3)]
    days = {names[0]: 0, names[1]: 2, names[2]: 4}  # 0: for ever
    now = conversations.now_ms()

    async def run() -> None:
        async with PlayedSwitch(dict.fromkeys(names, WHOLE)) as ari:
            keeper = await scene.keeper(ari)
            for number, name in enumerate(names, 1):
                with transaction(scene.database):
                    _insert_center(scene.database, number, days[name])
                keeper.keep(row(name, part=number, call_center_id=number, began_at=now - 3 * 86_400_000))
            await scene.until(lambda: [told[0] for told in scene.rows().values()] == ["kept"] * 3)
            assert await keeper.delete_expired() == 1
            assert await keeper.delete_expired() == 0
            await scene.close(keeper)

    asyncio.run(run())
    assert {name: told[0] for name, told in scene.rows().items()} == {
        names[0]: "kept", names[1]: "deleted", names[2]: "kept",
    }  # fmt: skip
    assert {path.stem for path in scene.files()} == {names[0], names[2]}


def _insert_center(database: Any, number: int, days: int) -> None:
    from models.tables import CallCenter

    with database.bind_ctx([CallCenter]):
        CallCenter.create(id=number, name=f"Centro {number}", recording_days=days)


def test_what_an_administrator_deleted_does_not_come_back(scene: Scene) -> None:
    """The switch still had it: the order to delete it there was lost."""

    async def run() -> None:
        switch = PlayedSwitch({NAME: WHOLE})
        async with switch as ari:
            keeper = await scene.keeper(ari)
            await keeper.in_database(recordings.write_new, row())
            assert await keeper.in_database(recordings.deleted, NAME, AT)
            assert not await keeper.in_database(recordings.deleted, NAME, AT + 1), "once"
            await keeper.find_left()
            await scene.until(lambda: not switch.stored and keeper.waiting == 0)
            await scene.close(keeper)

    asyncio.run(run())
    assert scene.files() == []
    assert scene.rows()[NAME][0] == "deleted"


def test_what_was_told_twice_or_late_changes_nothing_of_the_file(scene: Scene) -> None:
    kept = recordings.KeptFile("a" * 64, 10, 5)
    with transaction(scene.database):
        _insert_webhook(scene.database)
        recordings.write_new(scene.database, row())
        recordings.kept(scene.database, NAME, kept, AT)
        recordings.kept(scene.database, NAME, kept, AT + 1)
        recordings.write(scene.database, [row(cuts=(Cut(1, 2, CutWhy.AGENT),))])
        recordings.lost(scene.database, [NAME])
    [(state, cuts)] = execute(scene.database, "SELECT state, cuts FROM recordings").fetchall()
    assert (state, cuts) == ("kept", '[[1,2,"agent"]]')
    assert [event for _, event, _ in scene.told()] == ["call.recorded"]
    with transaction(scene.database):
        execute(scene.database, "DELETE FROM webhook_deliveries")  # it was told long ago
        recordings.kept(scene.database, NAME, kept, AT + 2)
        recordings.deleted(scene.database, NAME, AT + 3)
        recordings.kept(scene.database, NAME, kept, AT + 4)
    assert scene.told() == []


def test_the_disk_is_too_full_below_the_limit_and_again_enough_with_a_margin(tmp_path: Path) -> None:
    told: list[bool] = []
    free = [200]
    watch = DiskWatch((tmp_path, tmp_path / "spool"), 100, told.append, lambda folder: free[0] * 1024 * 1024)
    for megabytes in (200, 100, 99, 105, 110, 99, 0, 111):
        free[0] = megabytes
        watch.look()
    assert told == [False, True, False, True]
    assert (watch.enough, watch.free_mb) == (True, 111)


def test_what_is_no_wav_of_the_switch_is_refused() -> None:
    for bad in (b"", b"RIFF", b"\xff" * 44, wav_stream.header(8)[:-10], b"OggS" + bytes(60)):
        with pytest.raises(wav_stream.NotWav):
            wav_stream.check(bad)
    wav_stream.check(WHOLE)
    assert wav_stream.header(1 << 40)[40:] == (0xFFFFFFFF - 36).to_bytes(4, "little"), (
        "an endless one is still playable"
    )
