"""The engine's process: ``python -m ari_app``.

Owns: reading settings and secrets, putting the engine together, and its end by signal. Must not: start anything else
(``centralita`` does).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import ssl
import sys
from collections.abc import Sequence

import structlog
import uvloop

from ari_app import outgoing_calls, presence
from ari_app.ari.client import WebsocketAri
from ari_app.callbacks import Callbacks
from ari_app.callers import CallerLookUp, callers_connection
from ari_app.certificate import Certificate
from ari_app.clock import now_ms
from ari_app.control import ControlServer
from ari_app.control_requests import ControlRequests
from ari_app.conversations import Conversations
from ari_app.core.roster import Rules
from ari_app.desk_requests import DeskRequests
from ari_app.desk_sockets import DeskPolicy, same_host_origins
from ari_app.disk_watch import DiskWatch
from ari_app.engine import CEL_MARK, Engine
from ari_app.floor import Floor
from ari_app.ledger import Ledger
from ari_app.loop_watch import LoopWatch, settle
from ari_app.mailing import Mailer
from ari_app.messages.outbox import Trunk
from ari_app.messages.service import Messages
from ari_app.phone_lines import PhoneLines
from ari_app.policy import ice_servers, policy_of
from ari_app.recordings import StoredRecordings
from ari_app.records import RecordWriter
from ari_app.registry import Registry
from ari_app.screen_pop import ScreenPopHub
from ari_app.storing import writers_connection
from ari_app.talk_requests import TalkRequests
from ari_app.voicemails import Voicemails
from dialplan import names
from dialplan.messages import watch_password
from models.cdr import engine_mark
from models.db import DatabaseError, open_database
from models.log_stream import unfailing
from models.secrets import Secrets, SecretsError, load_or_create
from models.settings import Settings, SettingsError, load
from models.snapshot import SnapshotError, build

log = structlog.get_logger(__name__)


def main() -> int:
    try:
        settings = load()
        secrets = load_or_create(settings.secrets_file)
    except (SettingsError, SecretsError) as error:
        print(error, file=sys.stderr)
        return 2
    _log_as(settings.log_level)
    try:
        return uvloop.run(serve(settings, secrets))
    except (DatabaseError, SnapshotError, OSError) as error:
        log.error("engine_not_started", why=str(error))
        return 1


async def serve(settings: Settings, secrets: Secrets) -> int:
    """Run until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        await _furnish(settings, secrets, stack)
        log.info("engine_ready", desk_port=settings.desk_port, control_port=settings.control_port)
        await stop.wait()
        log.info("engine_stopping")
    return 0


async def _furnish(settings: Settings, secrets: Secrets, stack: contextlib.AsyncExitStack) -> Engine:
    """Build and start every part; the stack stops them in the reverse order."""
    database = open_database(settings, bind=False)

    records = RecordWriter(writers_connection(settings.database), settings.data_dir / "journal")
    records.start()
    stack.callback(records.close)
    # What the journal holds comes first: states and open calls are read as they were last written.
    await asyncio.to_thread(records.wait_stored, 5.0)
    snapshot = build(database, 1)
    presence.close_stale_logins(database, now_ms())
    rows = presence.load(database)
    attendance = presence.Attendance(records, rows)
    callers = CallerLookUp(callers_connection(settings.database), region=lambda: engine.snapshot.account.region)

    stack.callback(callers.close)
    ari = f"http://127.0.0.1:{settings.ari_port}/ari"
    stored = StoredRecordings(ari, names.ARI_USER, secrets.ari_password)
    stack.push_async_callback(stored.close)
    registry = Registry()
    mailer = Mailer(
        settings.smtp_url,
        settings.mail_from,
        timezone=snapshot.account.timezone,
        language=snapshot.account.language,
    )
    engine = Engine(
        database=database,
        port=WebsocketAri(ari, names.STASIS_APP, names.ARI_USER, secrets.ari_password),
        records=records,
        callers=callers,
        ledger=Ledger(settings.asterisk_log_dir / names.CEL_FILE, engine_mark(database, CEL_MARK)),
        policy=policy_of(settings),
        snapshot=snapshot,
        registry=registry,
        voicemails=Voicemails(stored, settings.data_dir, mailer, registry),
        conversations=Conversations(
            stored,
            settings.data_dir,
            registry,
            DiskWatch(
                (settings.data_dir, settings.spool_dir),
                settings.recording_min_free_mb,
                lambda enough: engine.disk_changed(enough),
            ),
        ),
        refer=settings.sip_refer,
    )
    talk = TalkRequests(engine.registry, lambda: engine.snapshot)
    requests = DeskRequests(engine.registry, attendance, talk)
    hub = ScreenPopHub(
        DeskPolicy(
            token_key=secrets.token_key,
            origin_allowed=same_host_origins(settings.web_port),
            trusted_proxies=settings.trusted_proxies,
            token_seconds=settings.token_seconds,
            heartbeat_seconds=settings.heartbeat_seconds,
        ),
        requests,
        profile=lambda agent: _profile(engine, agent),
        may_work=lambda agent, address: engine.snapshot.ip_rules.allows(address),
        now_ms=now_ms,
    )
    lines = PhoneLines(
        f"ws://127.0.0.1:{settings.ari_port}/ws",
        issue=engine.browser_phones.issue,
        withdraw=engine.browser_phones.withdraw,
        told=lambda *news: _phone_told(hub, floor, *news),
        ice_servers=ice_servers(settings),
    )
    hub.furnish(lines)
    floor = Floor(
        snapshot,
        Rules(reconnect_grace=settings.reconnect_grace_seconds * 1000),
        tell=lambda call_id, event: callbacks.tell(call_id, event) or registry.tell(call_id, event),
        screens=hub,
        attendance=attendance,
    )
    requests.floor = floor
    engine.furnish(floor, hub)
    requests.outgoing, requests.problem = engine.outgoing, hub.problem
    callbacks = Callbacks(
        snapshot=lambda: engine.snapshot,
        registry=registry,
        floor=floor,
        outgoing=engine.outgoing,
        in_database=engine.in_database,
        connected=lambda: engine.connected,
    )
    floor.restore(presence.seats(rows))
    engine.outgoing.rebuild(await engine.in_database(outgoing_calls.past, snapshot, now_ms()))
    await hub.start(settings.host, settings.desk_port, await _tls(settings, stack))
    stack.push_async_callback(hub.stop)
    watch = LoopWatch()
    stack.callback(watch.stop)
    control = ControlServer(ControlRequests(engine, hub, talk, watch, demo=settings.demo), token=secrets.control_token)
    await control.start(settings.control_port)
    stack.push_async_callback(control.stop)
    await engine.start()
    stack.push_async_callback(engine.stop)
    callbacks.start()
    stack.push_async_callback(callbacks.stop)
    if (messages := _messages(settings, secrets, engine, hub)) is not None:
        engine.messages = messages
        await messages.start()
        stack.push_async_callback(messages.stop)
    settle()
    watch.start()
    return engine


def _messages(settings: Settings, secrets: Secrets, engine: Engine, hub: ScreenPopHub) -> Messages | None:
    """SMS over the trunk, when it carries them."""
    plan = engine.policy.plan
    if not settings.trunk_messages or plan is None:
        return None
    return Messages(
        engine.port,
        Trunk(plan, settings.trunk_host),
        settings.spool_dir / names.MESSAGES_FOLDER,
        watch_port=settings.control_port,
        watch_password=watch_password(secrets.ari_password),
        in_database=engine.in_database,
        connected=lambda: engine.connected,
        region=lambda: engine.snapshot.account.region,
        news=lambda agents, thread: hub.news(agents, "messages", {"thread": thread}),
    )


async def _tls(settings: Settings, stack: contextlib.AsyncExitStack) -> ssl.SSLContext | None:
    """What the websocket is served with; a renewed certificate is taken up without a restart."""
    if settings.certificate_files is None:
        return None
    certificate = Certificate(*settings.certificate_files)
    watching = asyncio.create_task(certificate.watch(), name="certificate")
    stack.callback(watching.cancel)
    return certificate.context


def _phone_told(
    hub: ScreenPopHub, floor: Floor, agent: int, tab: str | None, ready: bool, calls: Sequence[str] | None
) -> None:
    hub.set_phone(agent, tab, ready)
    floor.phone(agent, ready, calls)


def _profile(engine: Engine, agent: int) -> dict[str, object] | None:
    """Who may sit at a desk: an active agent of the account."""
    route = engine.snapshot.agents.get(agent)
    if route is None or not route.active:
        return None
    return {"id": route.id, "name": route.name, "endpoint": route.endpoint, "phone_kind": route.phone_kind}


def _log_as(level: str) -> None:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        processors=[
            structlog.contextvars.merge_contextvars,
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
