"""The demonstration's rooms: tickets, messages, what callers left, recordings, paper.

Owns: filling them, once. Must not: leave anything that a program would send, print or dial by itself: every outgoing
message and every print has ended, every caller's wish was followed, what is overdue was told.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from peewee import Database

from models import demo_log, files, messages, recordings, tables
from models import demo_rooms_data as words
from models.demo_calls import PastCall
from models.demo_data import CENTERS
from models.demo_sound import murmur
from models.tables import epoch_ms, from_epoch_ms
from models.values.call import Direction, Outcome
from models.values.pattern import canonical_pattern
from models.values.phone import display, normalise
from models.values.recording import Cut, CutWhy, RecordingRow
from models.values.slip import Slip
from models.values.sms import MessageState, Way

PROVIDER: Final = "Mensajería Ejemplo"
_RECORDED: Final = 8
_SHORT: Final = range(20_000, 150_000)  # ms: a call whose sound is soon made
_WITHIN: Final = timedelta(days=3)  # a ticket's thread goes on for so long
_OPEN: Final = 8  # o'clock
_CLOSED: Final = 18


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the rooms are filled from."""

    database: Database
    data_dir: Path
    now: datetime
    region: str
    timezone: str
    account: str
    agents: dict[str, tables.Agent]  # by endpoint
    contacts: Sequence[tables.Contact]
    calls: Sequence[PastCall]
    supervisor: tables.Agent

    def answered(self, center: str) -> list[PastCall]:
        """Those of a contact, the newest first."""
        return [
            call
            for call in reversed(self.calls)
            if call.record.outcome is Outcome.ANSWERED
            and call.record.direction is Direction.INBOUND
            and call.record.call_center_name == center
        ]


def fill(rooms: Rooms) -> None:
    """In the transaction that is open."""
    kept = _recordings(rooms)
    _voicemails(rooms)
    _callbacks(rooms)
    _blocked(rooms)
    opened = _tickets(rooms)
    _messages(rooms)
    _prints(rooms, opened)
    demo_log.write(rooms.now, rooms.agents, opened, kept)


# ---------------------------------------------------------------- what was said
def _recordings(rooms: Rooms) -> list[tables.Recording]:
    recorded = [
        call
        for center in (words.SUPPORT, words.SALES)
        for call in rooms.answered(center)
        if call.record.talk_ms in _SHORT
    ]
    rows, kept = [], []
    for number, call in enumerate(sorted(recorded, key=lambda one: -one.record.offered_at)[:_RECORDED]):
        record, name = call.record, f"{call.record.id}.record.1"
        missing = 6_000 if number == 1 else 0
        cuts = (Cut(record.talk_ms // 3, missing, CutWhy.AGENT),) if missing else ()
        began, length = (record.answered_at or record.offered_at), record.talk_ms - missing
        sound = murmur(length / 1000, number)
        files.write_once(recordings.path_of(rooms.data_dir, name), sound)
        rows.append(RecordingRow(name, record.id, 1, began, began + record.talk_ms, record.call_center_id, cuts))
        kept.append((name, recordings.KeptFile(hashlib.sha256(sound).hexdigest(), len(sound), length), began))
    recordings.write(rooms.database, rows)
    for name, file, began in kept:
        recordings.kept(rooms.database, name, file, began + file.duration_ms + 4_000)
    return list(tables.Recording.select().order_by(tables.Recording.id))


def _voicemails(rooms: Rooms) -> None:
    lost = [call for call in rooms.calls if call.record.outcome in (Outcome.NO_AGENTS, Outcome.NO_ANSWER)]
    left = [call for call in lost if call.record.call_center_id][-6:]
    for number, call in enumerate(left):
        record, seconds = call.record, 7 + number * 5 % 19
        heard = number < len(left) - 2
        at = from_epoch_ms(record.ended_at or record.offered_at)
        sound = murmur(seconds, 100 + number, voices=1)
        tables.Voicemail.create(
            key=f"{record.id}.voicemail.1", call_id=record.id, call_center=record.call_center_id,
            calling_number=record.calling_number, called_number=record.called_number, recorded_at=at, seconds=seconds,
            sha256=files.store(rooms.data_dir, sound), size=len(sound),
            heard_at=min(at + timedelta(hours=2), rooms.now) if heard else None,
            heard_by=rooms.supervisor if heard else None,
        )  # fmt: skip


# ---------------------------------------------------------------- whom to call, whom to refuse
def _callbacks(rooms: Rooms) -> None:
    """The callers' wishes have all ended: a pending one would be dialled. Agents' own promises wait for a person."""
    gave_up = [call for call in rooms.calls if call.record.outcome is Outcome.ABANDONED and call.record.call_center_id]
    ends = (("done", "", 1), ("done", "", 2), ("failed", "party_did_not_answer", 3), ("done", "by_hand", 0))
    for number, call in enumerate(gave_up[-7:]):
        state, reason, attempts = ends[number % len(ends)]
        record = call.record
        began, asked = from_epoch_ms(record.offered_at), from_epoch_ms(record.ended_at or record.offered_at)
        tables.CallbackRequest.create(
            number=record.calling_number, call_center=record.call_center_id, requested_at=asked, kept_since=began,
            state=tables.CallbackState(state), attempts=attempts, reason=reason, call_id=record.id,
            ended_at=min(asked + timedelta(minutes=9 + 14 * attempts), rooms.now),
        )  # fmt: skip
    groups = {group.name: group for group in tables.AgentGroup.select()}
    calls = iter(rooms.answered(words.SUPPORT) + rooms.answered(words.CLINIC))
    for place, (by, given, hours, note) in enumerate((*words.PROMISES, words.KEPT_PROMISE)):
        record = next(calls).record
        kept = place == len(words.PROMISES)
        due = rooms.now + timedelta(hours=hours)
        made = min(from_epoch_ms(record.ended_at or record.offered_at), due - timedelta(hours=1))
        tables.AgentCallback.create(
            number=record.calling_number, contact=record.contact_id, call_center=record.call_center_id,
            agent=rooms.agents.get(given), group=groups.get(given), due_at=_promised(due, rooms), note=note,
            call_id=record.id, created_by=rooms.agents[by], created_at=made,
            state=tables.AgentCallbackState.DONE if kept else tables.AgentCallbackState.PENDING,
            ended_at=due if kept else None, ended_by=rooms.agents[by] if kept else None,
        )  # fmt: skip


def _promised(at: datetime, rooms: Rooms) -> datetime:
    """To the quarter of an hour and when somebody is at work: so people say when."""
    local = at.astimezone(ZoneInfo(rooms.timezone))
    local = local.replace(minute=local.minute // 15 * 15, second=0, microsecond=0)
    if _OPEN <= local.hour < _CLOSED:
        return local
    if at < rooms.now:
        return _at_work(local, rooms)
    return local.replace(hour=_OPEN + 1) + timedelta(days=1 if local.hour >= _CLOSED else 0)


def _at_work(at: datetime, rooms: Rooms) -> datetime:
    """The last hour of work before `at` when nobody was there then."""
    local = at.astimezone(ZoneInfo(rooms.timezone))
    if _OPEN <= local.hour < _CLOSED:
        return local
    return local.replace(hour=_CLOSED - 1) - timedelta(days=1 if local.hour < _OPEN else 0)


def _blocked(rooms: Rooms) -> None:
    for place, (pattern, note, refused) in enumerate(words.BLOCKED):
        tables.BlockedNumber.create(
            pattern=pattern, canonical=canonical_pattern(pattern, rooms.region), note=note, refused=refused,
            refused_at=rooms.now - timedelta(hours=5 + 40 * place), created_by=rooms.supervisor,
            created_at=rooms.now - timedelta(days=12 + place),
        )  # fmt: skip


# ---------------------------------------------------------------- tickets
def _tickets(rooms: Rooms) -> list[tables.Ticket]:
    groups = {group.name: group for group in tables.AgentGroup.select()}
    documents = {row.filename: row for row in tables.Attachment.select()}
    waiting = {center.name: rooms.answered(center.name) for center in CENTERS}
    made = []
    for plan in words.TICKETS:
        call = _call_for(plan, waiting[plan.center], rooms.now)
        created = from_epoch_ms(call.record.ended_at or call.record.offered_at) + timedelta(seconds=40)
        author = tables.Agent.get_by_id(call.record.agent_id)
        steps = _steps(created, rooms, len(plan.thread))
        solved = plan.state is tables.TicketState.SOLVED
        due = None if plan.due is None else _promised(rooms.now + timedelta(hours=plan.due), rooms)
        changed = steps[-1] if steps else created
        ticket = tables.Ticket.create(
            subject=plan.subject, text=plan.text, state=plan.state, priority=plan.priority,
            contact=call.record.contact_id, call=call.record.id, agent=rooms.agents.get(plan.given),
            group=groups.get(plan.given), due_at=due, due_told=due if due and due <= rooms.now else None,
            author=author, solved_at=changed if solved else None, created_at=created, updated_at=changed,
        )  # fmt: skip
        for at, said in zip(steps, plan.thread, strict=True):
            tables.TicketMessage.create(
                ticket=ticket, author=rooms.agents[said.by], text=said.text, internal=said.internal, created_at=at
            )
        if plan.document:
            tables.TicketAttachment.create(ticket=ticket, attachment=documents[plan.document])
        if plan.file:
            name, text = plan.file
            content = text.encode()
            tables.TicketFile.create(
                ticket=ticket, author=rooms.agents[words.LUCIA], filename=name, mime="text/plain", size=len(content),
                sha256=files.store(rooms.data_dir, content), created_at=changed,
            )  # fmt: skip
        unread = rooms.agents[words.LUCIA] if plan.unread else None
        readers = [agent for agent in tables.Agent.select() if agent != unread]
        tables.TicketReading.insert_many(
            [{"ticket": ticket, "agent": agent, "read_at": changed} for agent in readers]
        ).execute()
        made.append(ticket)
    return made


def _call_for(plan: words.TicketPlan, calls: list[PastCall], now: datetime) -> PastCall:
    """The newest that is old enough for what happened since; each call once."""
    hours = (
        3 + 12 * len(plan.thread) + max(0.0, -(plan.due or 0)) + (24 if plan.state is tables.TicketState.SOLVED else 0)
    )
    before = epoch_ms(now - timedelta(hours=hours))
    found = next((call for call in calls if (call.record.ended_at or 0) < before), calls[-1])
    calls.remove(found)
    return found


def _steps(begin: datetime, rooms: Rooms, count: int) -> list[datetime]:
    """When each of `count` things was said after `begin`."""
    last = min(rooms.now, begin + _WITHIN)
    said = sorted(_at_work(begin + (last - begin) * (place + 1) / (count + 1), rooms) for place in range(count))
    return [max(at, begin + timedelta(minutes=3 * place)) for place, at in enumerate(said, 1)]


# ---------------------------------------------------------------- messages
def _messages(rooms: Rooms) -> None:
    provider = tables.SmsProvider.create(
        name=PROVIDER, url="https://sms.example/v1/messages", active=False, salt=secrets.token_hex(16),
        heard_at=rooms.now - timedelta(minutes=34), created_at=rooms.now - timedelta(days=20),
    )  # fmt: skip
    numbers = {plan.name: plan.numbers[0] for plan in CENTERS}
    for center in (words.SUPPORT, words.SALES, words.CLINIC):
        number = numbers[center]
        tables.SmsProviderNumber.create(
            provider=provider, number=number, number_key=normalise(number, rooms.region) or number
        )
    for name, text in words.TEMPLATES:
        tables.SmsTemplate.create(name=name, text=text)
    name, text = words.OLD_TEMPLATE
    tables.SmsTemplate.create(name=name, text=text, active=False)
    for place, plan in enumerate(words.THREADS, 1):
        _thread(rooms, f"demo-{place}", plan, numbers[plan.center], provider)


def _thread(rooms: Rooms, key: str, plan: words.SmsPlan, number: str, provider: tables.SmsProvider) -> None:
    """By the ways of the product, but for time: nothing of it is left to be sent."""
    database, contact = rooms.database, rooms.contacts[plan.contact]
    way = messages.WayOut(Way.HTTP, int(provider.id))
    sent = [place for place, (_, by, _) in enumerate(plan.messages) if by]
    begun = epoch_ms(rooms.now - timedelta(minutes=plan.messages[0][0]))
    thread = messages.thread_of(database, number, str(contact.phone), begun, rooms.region)
    for place, (minutes, by, text) in enumerate(plan.messages):
        at, one = epoch_ms(rooms.now - timedelta(minutes=minutes)), f"{key}-{place}"
        if by == "*":  # came with the word that it answers
            continue
        if by:
            agent = int(rooms.agents[by].id)
            message = messages.queue(database, thread, one, text, way, at, agent=agent)
        else:
            phone = str(contact.phone)
            came = messages.Incoming(one, number, phone, text, at, way.way, way.provider, remote_id=one)
            received = messages.receive(database, came)
            message = None if received is None else _answer_to(came)
        if message is None:
            continue
        well = (MessageState.DELIVERED if plan.receipts else MessageState.SENT, "", "")
        state, reason, detail = plan.ended if plan.ended and place == sent[-1] else well
        messages.settle(database, message, state, at + 2_400, reason=reason, detail=detail, remote_id=one)
    tables.SmsThread.update(unread=plan.unread).where(tables.SmsThread.id == thread).execute()


def _answer_to(came: messages.Incoming) -> int | None:
    """What the product answered by itself."""
    found: Any = tables.SmsMessage.get_or_none(tables.SmsMessage.key == f"answer:{came.key}")
    return None if found is None else int(found.id)


# ---------------------------------------------------------------- paper
def _prints(rooms: Rooms, opened: Sequence[tables.Ticket]) -> None:
    printers = {row.name: row for row in tables.Printer.select()}
    state, kitchen = tables.PrintState, printers["Cocina"]
    ends = (
        (None, state.PRINTED, ""), (kitchen, state.PRINTED, ""), (kitchen, state.FAILED, "no_answer"),
        (None, state.PRINTED, ""), (kitchen, state.CANCELLED, ""), (kitchen, state.PRINTED, ""),
    )  # fmt: skip
    jobs: list[dict[str, Any]] = []
    results = [call for call in rooms.answered(words.SALES) if call.disposition_id]
    for call, (printer, ended, problem) in zip(results, ends, strict=False):
        at = from_epoch_ms((call.record.ended_at or 0) + 25_000)
        job = _job(tables.PrintKind.CALL_RESULT, call.record.id, _result(rooms, call), at, ended, problem)
        jobs.append({**job, "printer": printer, "asked_by": call.record.agent_id})
    ticket: Any = next(one for one in opened if one.state is tables.TicketState.PENDING)
    rows = [("Contacto", str(ticket.contact.name)), ("Asunto", ticket.subject), ("Texto", ticket.text)]
    slip = Slip(f"Ticket {ticket.id}", rooms.account, rows)
    job = _job(tables.PrintKind.TICKET, ticket.id, slip, ticket.updated_at, state.PRINTED, "")
    jobs.append({**job, "printer": printers["Taller"], "asked_by": ticket.author_id})
    tables.PrintJob.insert_many(sorted(jobs, key=lambda row: row["created_at"])).execute()


def _result(rooms: Rooms, call: PastCall) -> Slip:
    record, contact = call.record, tables.Contact.get_by_id(call.record.contact_id)
    minutes, seconds = divmod(record.talk_ms // 1000, 60)
    local = from_epoch_ms(record.offered_at).astimezone(ZoneInfo(rooms.timezone))
    rows = [
        ("Contacto", str(contact.name)),
        ("Teléfono", display(record.calling_number, rooms.region)),
        ("Agente", str(tables.Agent.get_by_id(record.agent_id).name)),
        ("Cuándo", f"{local:%d/%m/%Y %H:%M}"),
        ("Duración", f"{minutes}:{seconds:02d}"),
        ("Disposición", str(tables.Disposition.get_by_id(call.disposition_id).name)),
        ("Comentario", call.comment),
    ]
    return Slip(record.call_center_name, "Entrante", [(label, text) for label, text in rows if text])


def _job(
    kind: tables.PrintKind, subject: object, slip: Slip, at: datetime, state: tables.PrintState, problem: str
) -> dict[str, Any]:
    """One that has ended, and when."""
    return {
        "kind": kind, "subject": str(subject), "key": f"demo.{kind.value}.{subject}", "title": slip.title[:200],
        "slip": slip.as_json(), "state": state, "attempts": 6 if problem else 1, "problem": problem, "created_at": at,
        "next_at": at, "give_up_at": at + timedelta(hours=2), "started_at": at, "turn": 2,
        "ended_at": at + timedelta(seconds=4), "sending_at": None if problem else at,
    }  # fmt: skip
