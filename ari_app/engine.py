"""The engine: everything put together, from start to stop.

Owns: the parts and their order of life; what happens when the switch comes and goes; new calls. Must not: decide about
calls (``core``), know HTTP or the desks' messages.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from peewee import Database

from ari_app.ari.decode import Decoded, PhoneChanged, UnknownArrived
from ari_app.ari.phones import PhoneConfig, Phones
from ari_app.ari.port import AriPort, Disconnected
from ari_app.browser_phones import BrowserPhones
from ari_app.callers import CallerLookUp
from ari_app.clock import now_ms
from ari_app.conversations import Conversations
from ari_app.core import adoption, cel, ids, inbound
from ari_app.core import story as story_of
from ari_app.core.adoption import FoundCall
from ari_app.core.call import Call, Policy
from ari_app.core.commands import Command
from ari_app.core.events import AgentDials, CallerArrived, DiskFree, DiskFull, LegReady
from ari_app.floor import Floor
from ari_app.keeping import Keeping
from ari_app.ledger import Ledger, audit
from ari_app.lines import Lines
from ari_app.messages.service import Messages
from ari_app.outgoing import Outgoing
from ari_app.reaper import Reaper
from ari_app.records import RecordWriter
from ari_app.registry import Registry
from ari_app.resync import Absent, Resync
from ari_app.runner import CallRunner, Screens, Surroundings
from ari_app.switch import Switch
from ari_app.talk_requests import found
from ari_app.voicemails import Voicemails
from dialplan import names
from models import cdr, stories
from models.db import execute, placeholder
from models.snapshot import build
from models.values.call import PhoneKind
from models.values.cdr import CallRecord, LegRecord
from models.values.replacing import replace
from models.values.routing import RoutingSnapshot

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 30.0
STORED_SECONDS = 5.0
AUDIT_AGAIN_SECONDS = (0.5, 2.0)
RESYNC_AGAIN_SECONDS = 5.0
"""At most, between two tries."""
CDRS_AT_ONCE = 50
CEL_MARK = "cel"
LEDGER_PAUSE = 0.002
"""Between the rows of a sweep, in seconds: nobody waits for it."""


def phones_of(database: Database) -> list[PhoneConfig]:
    """The IP phones of the active agents."""
    sql = "SELECT endpoint, sip_ha1, name FROM agents WHERE active AND phone_kind = {0} AND endpoint IS NOT NULL"
    rows = execute(database, sql.format(placeholder(database)), (PhoneKind.SIP.value,)).fetchall()
    return [PhoneConfig(endpoint, ha1, display_name=name) for endpoint, ha1, name in rows if ha1]


def _some_are_blocked(database: Database) -> bool:
    return bool(execute(database, "SELECT 1 FROM blocked_numbers LIMIT 1").fetchall())


class Engine:
    """``start()`` connects to the switch and takes calls until ``stop()``."""

    def __init__(
        self,
        *,
        database: Database,
        port: AriPort,
        records: RecordWriter,
        callers: CallerLookUp,
        ledger: Ledger,
        policy: Policy,
        snapshot: RoutingSnapshot,
        registry: Registry,
        voicemails: Voicemails,
        conversations: Conversations,
        refer: bool = False,
    ) -> None:
        self.database = database
        self.port = port
        self.records = records
        self.callers = callers
        self.ledger = ledger
        self._settings_policy = policy
        self.snapshot = snapshot
        self.snapshot_at = now_ms()
        self.registry = registry
        self.voicemails = voicemails
        self.voicemails.in_database = self.in_database
        self.conversations = conversations
        self.conversations.in_database = self.in_database
        self.conversations.connected = lambda: self.connected
        self.switch = Switch(port, lambda: conversations.disk.enough)
        self.phones = Phones(port, refer=refer)
        self.browser_phones = BrowserPhones(self.phones, lambda: self.snapshot)
        self.reaper = Reaper(self.ask, records.write_reaped)
        self.floor: Floor
        self.screens: Screens
        self.outgoing: Outgoing
        self.messages: Messages | None = None
        """When the trunk carries them; it lives beside the calls."""
        self.connected = False
        self.connected_since: int | None = None
        self.switch_version = ""
        self.findings: Mapping[str, int] = {}
        self._around: Surroundings
        self._resync: Resync
        self._tasks: set[asyncio.Task[None]] = set()
        self._ledger_lock = asyncio.Lock()
        self._lost_at: int | None = None
        self._first = True
        self._stopping = False

    @property
    def policy(self) -> Policy:
        """With what the account itself says."""
        return replace(self._settings_policy, codes=self.snapshot.account.codes)

    def furnish(self, floor: Floor, screens: Screens) -> None:
        """The parts that need the engine to be there first."""
        self.floor = floor
        self.screens = screens
        self.outgoing = Outgoing(
            snapshot=lambda: self.snapshot,
            roster=lambda: floor.roster,
            connected=lambda: self.connected,
            policy=lambda: self.policy,
            records=self.records,
            begin=self._begin,
        )
        self._around = Surroundings(
            switch=self.switch,
            screens=screens,
            floor=floor,
            callers=self.callers,
            records=self.records,
            keeps=Keeping(self.records, self.voicemails, self.conversations),
            budgets=self.outgoing,
            lines=Lines(self.registry, floor, self.switch, self.outgoing),
            find=lambda number: found(self.snapshot, number),
            forget=self.registry.forget,
        )
        self._resync = Resync(
            ask=self.ask,
            registry=self.registry,
            ledger=self.ledger,
            snapshot=lambda: self.snapshot,
            open_records=self._records_of,
            told=self._told_of,
            adopt=self._adopt,
            read_ledger=self._read_ledger,
            reap=self.reaper.end,
        )

    async def start(self) -> None:
        self.floor.start()
        self.conversations.start()
        self.port.start(self.on_event, self.on_connected, self.on_disconnected)
        self._spawn(self._sweep_for_ever(), "sweep")

    async def stop(self) -> None:
        """Stop taking calls; those that talk go on without us."""
        self._stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.floor.stop()
        await self.voicemails.close()
        await self.conversations.close()
        await self.port.close()
        self.ledger.close()

    # ------------------------------------------------------------ calls
    def on_event(self, decoded: Decoded) -> None:
        """From the socket's reader: put it into its call's mailbox."""
        event = decoded.event
        if isinstance(event, CallerArrived):
            self._arrived(event)
        elif isinstance(event, AgentDials):
            if event.channel not in self.registry:
                self.outgoing.dialled(event)
        elif isinstance(event, PhoneChanged):
            log.info("phone", endpoint=event.endpoint, status=event.status)
        elif isinstance(event, UnknownArrived):
            log.warning("unknown_channel_ended", channel=event.channel, name=event.name, args=event.args)
            self.port.submit("channels.hangup", channelId=event.channel)
        elif not self.registry.tell(decoded.thing, event):
            self._resync.unclaimed(decoded.thing, event)
            if isinstance(event, LegReady):
                # Its call is over: the order to end it found nothing, because it was not there yet.
                self.port.submit("channels.hangup", channelId=event.channel)

    def _arrived(self, event: CallerArrived) -> None:
        if event.channel not in self.registry:
            self._begin(event.channel, *inbound.arrive(event, self.snapshot, self.policy))

    def _adopt(self, found: FoundCall) -> None:
        if found.outbound and not (found.up or found.legs or ids.is_click2dial(found.channel)):
            # Dialled, and nobody called yet: whether nobody listened or an engine before us had just refused it is not
            # known, so it is judged like any other.
            endpoint = found.caller_agent.endpoint if found.caller_agent else None
            address = found.caller_address
            dialled = AgentDials(now_ms(), found.channel, endpoint or "", found.called_number, address)
            self.outgoing.dialled(dialled, told=found.told)
            return
        log.info("adopted", call=found.channel, talking=found.up, legs=len(found.legs))
        call, first = adoption.adopt(found, self.snapshot, self.policy, now_ms())
        self._begin(found.channel, call, first, told=found.told, adopted=True)

    def _begin(self, call_id: str, call: Call, first: list[Command], *, told: int = 0, adopted: bool = False) -> None:
        runner = CallRunner(call_id, self._around)
        self.registry.add(runner)
        for leg in call.legs:
            if ids.call_of(leg.channel) != call_id:
                self.registry.move(leg.channel, call_id)  # taken up with a party that came from another call
        runner.start(call, first, told=told, adopted=adopted)

    # ------------------------------------------------------------ the switch
    async def ask(self, operation: str, **params: Any) -> Any:
        """One question to the switch: the answer's body. Raises RuntimeError in words."""
        answer = await self.port.submit(operation, **params)
        if answer.status == 404:
            raise Absent(f"{operation}: {answer.reason}")
        if not answer.ok:
            raise RuntimeError(f"{operation}: {answer.reason}")
        return answer.body

    def on_connected(self) -> None:
        self.connected = True
        self.connected_since = now_ms()
        self._spawn(self._after_connect(), "after connect")

    def on_disconnected(self, down: Disconnected) -> None:
        if self.connected:
            self._lost_at = now_ms()
        log.warning("switch_away", why=down.why, message=down.message, calls=len(self.registry))
        self.connected = False
        self.connected_since = None

    async def _after_connect(self) -> None:
        """Nothing after a gap is trusted. Phones are pushed at the same time: they do not need the calls."""
        since, began = self.connected_since, time.monotonic()
        lost_at, self._lost_at = self._lost_at, None
        self._spawn(self.push_phones(), "phones")
        self._spawn(self.tell_blocklist(), "blocklist")
        for attempt in itertools.count():
            if not self.connected or self.connected_since != since:
                return
            try:
                findings = await self._resync.run(after_gap=True, lost_at=lost_at)
                break
            except Exception:
                # A switch with more than it can do answers late; until it does nothing is known of its calls.
                log.exception("resync_failed", attempt=attempt)
                await asyncio.sleep(min(RESYNC_AGAIN_SECONDS, 0.2 * 2 ** min(attempt, 10)))
        self.findings = {
            "ended": findings.ended,
            "adopted": findings.adopted,
            "reaped": len(findings.reaped),
            "ms": round((time.monotonic() - began) * 1000),
        }
        log.info("resynced", **self.findings)
        await self._audit(findings.alive, close_the_rest=self._first)
        self._first = False
        self._spawn(self._find_left(), "recordings left")
        if findings.reaped or findings.ended:
            self._spawn(self._audit_again(findings.alive), "audit again")
        try:
            self.switch_version = str((await self.ask("asterisk.getInfo"))["system"]["version"])
        except Exception as error:
            log.info("no_version", error=str(error))

    async def _audit_again(self, alive: set[str]) -> None:
        """What has just been ended is told by the log a moment later; its CDR need not wait for the next sweep."""
        for delay in AUDIT_AGAIN_SECONDS:
            await asyncio.sleep(delay)
            await self._read_ledger()
            await self._audit(alive, close_the_rest=False)

    async def _sweep_for_ever(self) -> None:
        while not self._stopping:
            await asyncio.sleep(SWEEP_SECONDS)
            self.reaper.free_seats(self.floor, self.registry)
            if not self.connected or self._first:
                continue
            try:
                findings = await self._resync.run(after_gap=False)
                await self._read_ledger(LEDGER_PAUSE)
                await self._audit(findings.alive, close_the_rest=False)
            except Exception:
                log.exception("sweep_failed")

    async def _find_left(self) -> None:
        for keeper in (self.voicemails, self.conversations):
            try:
                await keeper.find_left()
            except Exception:
                log.exception("recordings_not_looked_for")

    def disk_changed(self, enough: bool) -> None:
        """Every call is told whether there is space to record; what waits for some is kept."""
        if enough:
            self.conversations.hurry()
        for runner in self.registry:
            runner.post(DiskFree(now_ms()) if enough else DiskFull(now_ms()))

    async def push_phones(self) -> None:
        """Make PJSIP's phones those of the agents."""
        try:
            phones = await self.in_database(phones_of)
            browsers, keep = self.browser_phones.on_the_switch()
            await self.phones.push([*phones, *browsers], self.snapshot.ip_rules, keep)
        except Exception:
            log.exception("phones_not_pushed")

    async def tell_blocklist(self) -> None:
        """Only when any number is blocked does the dialplan ask for it (AGI `blocklist`)."""
        try:
            some = await self.in_database(_some_are_blocked)
            await self.ask("asterisk.setGlobalVar", variable=names.GLOBAL_BLOCKLIST, value="1" if some else "0")
        except Exception:
            log.exception("blocklist_not_told")

    # ------------------------------------------------------------ the truth of the log
    async def _read_ledger(self, pause: float = 0.0) -> None:
        async with self._ledger_lock:
            try:
                await asyncio.to_thread(self.ledger.read, pause)
            except OSError as error:
                log.error("cel_unreadable", error=str(error))

    async def _records_of(self, call_ids: list[str]) -> dict[str, CallRecord]:
        found: dict[str, CallRecord] = await self.in_database(cdr.calls_by_id, call_ids)
        return found

    async def _told_of(self, call_ids: list[str]) -> dict[str, int]:
        found: dict[str, int] = await self.in_database(stories.last_ordinals, call_ids)
        return found

    def _write_from_log(self, record: CallRecord, legs: tuple[LegRecord, ...]) -> None:
        self.records.write_call(record, legs)
        self.records.write_story(story_of.from_log(record, legs))

    async def in_database(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """``function(database, *arguments)`` in a thread with a connection of its own."""

        def work() -> Any:
            with self.database.connection_context():
                return function(self.database, *arguments)

        return await asyncio.to_thread(work)

    async def _audit(self, alive: set[str], *, close_the_rest: bool) -> None:
        """Write the CDR of every call whose end nobody saw."""
        if not await asyncio.to_thread(self.records.wait_stored, STORED_SECONDS):
            return  # the database is away: what the journal holds must be known first; the next sweep tries again
        async with self._ledger_lock:
            self.ledger.settle(alive)
            stories = self.ledger.over()
            mark = self.ledger.mark
        try:
            records = await self._records_of([story.call_id for story in stories]) if stories else {}
            missing = audit(stories, records, self.registry.__contains__)
            for number, (story, record) in enumerate(missing, 1):
                if number % CDRS_AT_ONCE == 0:
                    await asyncio.sleep(0)  # after an outage there may be thousands
                log.warning("cdr_from_cel", call=story.call_id, known=record is not None, fallback=story.fallback)
                self._write_from_log(*cel.records(story, record, self.snapshot))
            if close_the_rest:
                await self._close_orphans(alive, {story.call_id for story, _ in missing})
        except Exception:
            log.exception("audit_failed")
            self.ledger.give_back(stories)
            return
        self.records.write_mark(CEL_MARK, mark)

    async def _close_orphans(self, alive: set[str], written: set[str]) -> None:
        """Open records of calls of which no trace is left: neither on the switch nor in its log (a power cut)."""
        for record in await self.in_database(cdr.in_progress):
            if record.id in self.registry or record.id in alive or record.id in written:
                continue
            log.warning("cdr_without_end", call=record.id)
            self._write_from_log(*cel.records(cel.lost(record), record, self.snapshot))

    # ------------------------------------------------------------ the tables
    async def reload(self) -> RoutingSnapshot:
        """A new snapshot from the tables; running calls keep theirs. Raises SnapshotError."""
        snapshot = await self.in_database(build, self.snapshot.generation + 1)
        self.snapshot, self.snapshot_at = snapshot, now_ms()
        self.floor.adopt_snapshot(snapshot)
        if self.connected:
            await self.push_phones()
            await self.tell_blocklist()
        return snapshot

    def _spawn(self, work: Any, name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
