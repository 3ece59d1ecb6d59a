"""SMS as they are written: what came in, what is to go out, who takes it, how it ended.

Owns: the SQL of threads and messages as the engine, `jobs` and the web use it. Must not: send, or decide who may see a
thread (`models.message_sight`).

Every write is safe to repeat: a message by its `key`, a state because it only moves forward (`models.values.sms`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from peewee import Database

from models.callers import caller_card
from models.db import execute, is_postgresql, placeholder, transaction
from models.message_opt_outs import opt_in, opt_out
from models.values.call import Direction
from models.values.errors import InvalidValue
from models.values.pattern import NumberClaim, NumberTable
from models.values.phone import DEFAULT_REGION, normalise
from models.values.sms import FORWARD, MOST_CHARACTERS, FailureReason, MessageState, Way, segments
from models.values.sms_words import ANSWERS, Wish, wish_of

EXPIRY_MS: Final = 60 * 60_000
"""Longest wait of a message for its turn: older than that, nobody expects it any more."""
_NUMBER_LENGTH: Final = 40
_SNIPPET: Final = 160


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message as it came. `key`: what tells it from every other; `our_number`, `number`: as they were given."""

    key: str
    our_number: str
    number: str
    text: str
    at: int
    way: Way
    provider: int | None = None
    remote_id: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """`wish`: what the whole message asked for, and `answered`: that an answer waits to be sent."""

    thread: int
    message: int
    wish: Wish | None = None
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that somebody has taken to send it."""

    id: int
    thread: int
    our_number: str
    number: str
    text: str
    attempts: int
    provider: int | None
    created_at: int


@dataclass(frozen=True, slots=True)
class WayOut:
    way: Way
    provider: int | None = None


# ---------------------------------------------------------------- in
def receive(database: Database, incoming: Incoming) -> Received | None:
    """Into its thread, with a contact for who was unknown. None: it is there already."""
    with transaction(database):
        if _one(database, "SELECT id FROM sms_messages WHERE key = ?", incoming.key):
            return None
        region, language = account_of(database)
        thread = thread_of(database, incoming.our_number, incoming.number, incoming.at, region)
        text = incoming.text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")[:MOST_CHARACTERS]
        row = _one(
            database,
            "INSERT INTO sms_messages (thread_id, key, direction, text, state, reason, detail, segments, way, "
            "provider_id, remote_id, automatic, attempts, created_at, next_at, settled_at) "
            "VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?, 0, ?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id",
            thread, incoming.key, Direction.INBOUND.value, text, MessageState.RECEIVED.value, incoming.reason[:32],
            max(1, segments(text).count), incoming.way.value, incoming.provider, incoming.remote_id[:120], False,
            incoming.at, incoming.at, incoming.at,
        )  # fmt: skip
        if row is None:
            return None
        _last(database, thread, text, Direction.INBOUND, incoming.at)
        _run(database, "UPDATE sms_threads SET unread = unread + 1 WHERE id = ?", thread)
        wish = wish_of(text)
        answered = wish is not None and _follow(database, thread, *wish, language, incoming)
        return Received(thread, int(row[0]), wish[0] if wish else None, answered)


def _follow(database: Database, thread: int, wish: Wish, word: str, language: str, incoming: Incoming) -> bool:
    """Opts the number out or in. Answered only when that changed anything: who asks twice is not told twice."""
    (number,) = _one(database, "SELECT number FROM sms_threads WHERE id = ?", thread)
    if wish is Wish.OUT:
        changed = opt_out(database, number, incoming.at, word=word)
    else:
        changed = opt_in(database, number, incoming.at, word=word)
    if changed:
        answer = ANSWERS.get(language, ANSWERS["es"])[wish]
        way = WayOut(incoming.way, incoming.provider)
        queue(database, thread, f"answer:{incoming.key}"[:200], answer, way, incoming.at, automatic=True)
    return changed


def account_of(database: Database) -> tuple[str, str]:
    """Region and language."""
    row = _one(database, "SELECT region, language FROM account ORDER BY id LIMIT 1")
    return (str(row[0]), str(row[1])) if row else (DEFAULT_REGION, "es")


def thread_of(database: Database, ours: str, number: str, at: int, region: str) -> int:
    """The thread between these two, made when it is new; inside a transaction. An unknown number becomes a contact."""
    our_key = (normalise(ours, region) or ours)[:_NUMBER_LENGTH]
    key = normalise(number, region)
    other = "".join(one for one in key or number if one.isprintable())[:_NUMBER_LENGTH]
    sql = "SELECT id, contact_id FROM sms_threads WHERE our_number = ? AND number = ?"
    found = _one(database, sql, our_key, other)
    if found is not None and (found[1] is not None or key is None):
        return int(found[0])
    card = None if key is None else caller_card(database, key, number, at=at)
    contact = None if card is None else card.contact_id
    if found is not None:
        _run(database, "UPDATE sms_threads SET contact_id = ? WHERE id = ?", contact, found[0])
        return int(found[0])
    row = _one(
        database,
        "INSERT INTO sms_threads (our_number, number, contact_id, call_center_id, last_at, last_text, last_direction, "
        "unread, created_at) VALUES (?, ?, ?, ?, ?, '', ?, 0, ?) ON CONFLICT (our_number, number) DO NOTHING "
        "RETURNING id",
        our_key, other, contact, center_of(database, our_key, region), at, Direction.INBOUND.value, at,
    )  # fmt: skip
    return int((row or _one(database, sql, our_key, other))[0])


def center_of(database: Database, ours: str, region: str) -> int | None:
    """The call center that answers this number of ours."""
    rows = _run(
        database,
        "SELECT n.pattern, c.id, c.name FROM call_center_numbers n JOIN call_centers c ON c.id = n.call_center_id "
        "WHERE c.active ORDER BY n.id",
    ).fetchall()
    table, _doubled = NumberTable.read([NumberClaim(*row) for row in rows], region)
    return table.lookup(ours)


# ---------------------------------------------------------------- out
def way_out(database: Database, ours: str, *, trunk: bool) -> WayOut | None:
    """By what a message of this number goes: its provider, else the trunk when it carries messages."""
    row = _one(
        database,
        "SELECT p.id, p.active FROM sms_provider_numbers n JOIN sms_providers p ON p.id = n.provider_id "
        "WHERE n.number_key = ?",
        ours,
    )
    if row is not None:
        return WayOut(Way.HTTP, int(row[0])) if row[1] else None
    return WayOut(Way.SIP) if trunk else None


def queue(
    database: Database,
    thread: int,
    key: str,
    text: str,
    way: WayOut,
    at: int,
    *,
    agent: int | None = None,
    automatic: bool = False,
) -> int | None:
    """The message's id; None: `key` is there already. Inside a transaction."""
    row = _one(
        database,
        "INSERT INTO sms_messages (thread_id, key, direction, text, state, reason, detail, segments, way, provider_id, "
        "remote_id, agent_id, automatic, attempts, created_at, next_at, settled_at) "
        "VALUES (?, ?, ?, ?, ?, '', '', ?, ?, ?, '', ?, ?, 0, ?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id",
        thread, key, Direction.OUTBOUND.value, text, MessageState.QUEUED.value, max(1, segments(text).count),
        way.way.value, way.provider, agent, automatic, at, at, at,
    )  # fmt: skip
    if row is None:
        return None
    _last(database, thread, text, Direction.OUTBOUND, at)
    return int(row[0])


def expire(database: Database, way: Way, at: int) -> list[int]:
    """Whose turn did not come in time is not sent any more: their threads."""
    rows = _run(
        database,
        "UPDATE sms_messages SET state = ?, reason = ?, settled_at = ? WHERE state = ? AND way = ? "
        "AND settled_at < ? RETURNING thread_id",
        MessageState.FAILED.value, FailureReason.EXPIRED.value, at, MessageState.QUEUED.value, way.value,
        at - EXPIRY_MS,
    ).fetchall()  # fmt: skip
    return _threads(rows)


def claim(database: Database, way: Way, at: int, limit: int) -> list[Outgoing]:
    """Takes what may be sent now: nobody else is given it. Of a thread one after the other, in their order."""
    with transaction(database):
        lock = " FOR UPDATE OF m SKIP LOCKED" if is_postgresql(database) else ""
        rows = _run(
            database,
            "SELECT m.id, m.thread_id, t.our_number, t.number, m.text, m.attempts + 1, m.provider_id, m.created_at "  # noqa: S608
            "FROM sms_messages m JOIN sms_threads t ON t.id = m.thread_id "
            "LEFT JOIN sms_providers p ON p.id = m.provider_id WHERE m.state = ? AND m.way = ? AND m.next_at <= ? "
            "AND (p.id IS NULL OR (p.active AND coalesce(p.blocked_until, 0) <= ?)) AND NOT EXISTS (SELECT 1 FROM "
            "sms_messages e WHERE e.thread_id = m.thread_id AND e.id < m.id AND e.state IN (?, ?)) "
            f"ORDER BY m.id LIMIT ?{lock}",
            MessageState.QUEUED.value, way.value, at, at, MessageState.QUEUED.value, MessageState.SENDING.value, limit,
        ).fetchall()  # fmt: skip
        for row in rows:
            _run(
                database,
                "UPDATE sms_messages SET state = ?, reason = '', detail = '', tried_at = ?, attempts = ? WHERE id = ?",
                MessageState.SENDING.value, at, row[5], row[0],
            )  # fmt: skip
    return [Outgoing(*row) for row in rows]


def settle(
    database: Database,
    message: int,
    state: MessageState,
    at: int,
    *,
    reason: str = "",
    detail: str = "",
    remote_id: str = "",
) -> int | None:
    """Moves the message forward: its thread; None when it knew as much already."""
    before = sorted(one.value for one in FORWARD[state])
    row = _one(
        database,
        "UPDATE sms_messages SET state = ?, reason = ?, detail = ?, settled_at = ?, "  # noqa: S608
        "remote_id = CASE WHEN ? = '' THEN remote_id ELSE ? END "
        f"WHERE id = ? AND state IN ({', '.join('?' * len(before))}) RETURNING thread_id",
        state.value, reason, detail[:200], at, remote_id[:120], remote_id[:120], message, *before,
    )  # fmt: skip
    return None if row is None else int(row[0])


def put_back(database: Database, message: int, next_at: int, reason: str, detail: str = "") -> None:
    """It was taken and surely not sent: it waits for its next turn."""
    _run(
        database,
        "UPDATE sms_messages SET state = ?, reason = ?, detail = ?, next_at = ? WHERE id = ? AND state = ?",
        MessageState.QUEUED.value, reason, detail[:200], next_at, message, MessageState.SENDING.value,
    )  # fmt: skip


def forsake(database: Database, way: Way, taken_before: int, at: int, mine: Sequence[int] = ()) -> list[int]:
    """Those taken long ago by somebody who never said how it ended: nobody knows whether they went out."""
    kept = f"AND id NOT IN ({', '.join('?' * len(mine))}) " if mine else ""
    rows = _run(
        database,
        "UPDATE sms_messages SET state = ?, reason = ?, settled_at = ? WHERE state = ? AND way = ? AND tried_at < ? "  # noqa: S608
        f"{kept}RETURNING thread_id",
        MessageState.UNSURE.value, FailureReason.RESTARTED.value, at, MessageState.SENDING.value, way.value,
        taken_before, *mine,
    ).fetchall()  # fmt: skip
    return _threads(rows)


def send_again(database: Database, message: int, way: WayOut, at: int) -> bool:
    """Because a person says so: of one that failed, or of which nobody knows. False: it is neither."""
    cursor = _run(
        database,
        "UPDATE sms_messages SET state = ?, reason = '', detail = '', next_at = ?, settled_at = ?, attempts = 0, "
        "way = ?, provider_id = ? WHERE id = ? AND state IN (?, ?) AND direction = ?",
        MessageState.QUEUED.value, at, at, way.way.value, way.provider, message, MessageState.FAILED.value,
        MessageState.UNSURE.value, Direction.OUTBOUND.value,
    )  # fmt: skip
    return bool(cursor.rowcount)


def receipt(
    database: Database, provider: int, key: str, state: MessageState, at: int, *, remote_id: str = "", detail: str = ""
) -> int | None:
    """What a provider tells later of a message (by our key, else by its own id): the thread that changed."""
    row = _one(
        database, "SELECT id FROM sms_messages WHERE provider_id = ? AND direction = ? AND key = ?",
        provider, Direction.OUTBOUND.value, key,
    ) if key else None  # fmt: skip
    if row is None and remote_id:
        row = _one(
            database,
            "SELECT id FROM sms_messages WHERE provider_id = ? AND remote_id = ? AND direction = ? "
            "ORDER BY id DESC LIMIT 1",
            provider, remote_id, Direction.OUTBOUND.value,
        )  # fmt: skip
    if row is None:
        raise InvalidValue("not_found", what="message", value=(key or remote_id)[:40])
    reason = FailureReason.UNDELIVERED.value if state is MessageState.FAILED else ""
    return settle(database, int(row[0]), state, at, reason=reason, detail=detail, remote_id=remote_id)


def _last(database: Database, thread: int, text: str, direction: Direction, at: int) -> None:
    _run(
        database,
        "UPDATE sms_threads SET last_at = ?, last_text = ?, last_direction = ? WHERE id = ? AND last_at <= ?",
        at, " ".join(text.split())[:_SNIPPET], direction.value, thread, at,
    )  # fmt: skip
    _run(
        database,
        "UPDATE contacts SET last_activity_at = ? WHERE id = (SELECT contact_id FROM sms_threads WHERE id = ?) "
        "AND (last_activity_at IS NULL OR last_activity_at < ?)",
        at, thread, at,
    )  # fmt: skip


def _run(database: Database, sql: str, *parameters: object) -> Any:
    return execute(database, sql.replace("?", placeholder(database)), parameters)


def _one(database: Database, sql: str, *parameters: object) -> Any:
    """Its only row. Read to the end: what an INSERT or UPDATE returns is not done before that on SQLite."""
    rows = _run(database, sql, *parameters).fetchall()
    return rows[0] if rows else None


def _threads(rows: Sequence[Any]) -> list[int]:
    return sorted({int(thread) for (thread,) in rows})
