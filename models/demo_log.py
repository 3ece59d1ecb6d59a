"""The demonstration's audit log: who is said to have changed what in the last month.

Owns: making it up of the rows that are there, with the same fields as the screens write. Must not: hold a secret, as
`admin.audit` never does.
"""

import json
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from models import tables
from models.tables import fold

_BEGAN: Final = timedelta(days=29)
_EXTRA: Final = "extra_"  # before an additional field's id, as in `admin.contact_values`
_Values = Mapping[str, Any] | None


class Log:
    """Collects the entries, to write them in the order of their times."""

    def __init__(self, now: datetime, agents: Mapping[str, tables.Agent]) -> None:
        self.now = now
        self.agents = agents
        self.random = random.Random(506)  # noqa: S311  # no secret: the same log each time
        self.admin = tables.Agent.get(tables.Agent.role == "administrator")
        self.supervisor = tables.Agent.get(tables.Agent.role == "supervisor")
        self.rows: list[dict[str, Any]] = []

    def add(
        self, at: datetime, who: tables.Agent, section: str, act: str, key: object = "", name: object = "",
        before: _Values = None, after: _Values = None,
    ) -> None:  # fmt: skip
        old, new = (None if one is None else dict(one) for one in (before, after))
        told = [str(who.name), str(name), *(json.dumps(one, ensure_ascii=False) for one in (old, new) if one)]
        self.rows.append(
            {
                "at": min(at, self.now), "agent": who, "who": str(who.name), "address": f"192.0.2.{10 + who.id}",
                "section": section, "act": act, "row_key": str(key)[:64], "row_name": str(name)[:200], "before": old,
                "after": new, "folded": fold(" ".join(told))[:4000],
            }
        )  # fmt: skip

    def ago(self, days: float) -> datetime:
        """About then, in working hours (UTC-6)."""
        day = (self.now - timedelta(days=days)).replace(hour=14 + self.random.randrange(8), second=0, microsecond=0)
        return day.replace(minute=self.random.randrange(60), second=self.random.randrange(60))

    def save(self) -> None:
        ordered = sorted(self.rows, key=lambda row: row["at"])
        for begin in range(0, len(ordered), 50):
            tables.AuditEntry.insert_many(ordered[begin : begin + 50]).execute()


def write(
    now: datetime,
    agents: Mapping[str, tables.Agent],
    opened: Sequence[tables.Ticket],
    recorded: Sequence[tables.Recording],
) -> None:
    """In the transaction that is open."""
    log = Log(now, agents)
    _set_up(log)
    _later(log)
    _contacts(log)
    for ticket in opened:
        _ticket(log, ticket)
    _looked(log, recorded)
    log.save()


def _set_up(log: Log) -> None:
    """The first morning: everything is made, by the administrator."""
    at = (log.now - _BEGAN).replace(hour=14, minute=2, second=10, microsecond=0)
    made: list[tuple[str, type[tables.Row], Callable[[Any], dict[str, Any]]]] = [
        ("agents", tables.Agent, lambda row: {
            "name": row.name, "email": row.email, "role": row.role.value, "endpoint": row.endpoint,
            "phone_kind": row.phone_kind.value, "click2dial": row.click2dial}),
        ("agent_groups", tables.AgentGroup, lambda row: {
            "name": row.name, "members": [one.agent.name for one in row.members]}),
        ("dispositions", tables.Disposition, lambda row: {"name": row.name, "action": row.action.value}),
        ("additional_fields", tables.AdditionalField, lambda row: {
            "name": row.name, "kind": row.kind.value, "searchable": row.searchable}),
        ("printers", tables.Printer, lambda row: {
            "name": row.name, "kind": row.kind.value, "letter": row.letter.value, "paper_width": row.paper_width}),
        ("forms", tables.Form, lambda row: {"name": row.name, "printer": row.printer.name}),
        ("call_centers", tables.CallCenter, lambda row: {
            "name": row.name, "numbers": [one.pattern for one in row.numbers], "color": row.color,
            "price": f"{row.price.normalize():f}", "currency": row.currency, "strategy": row.strategy.value}),
        ("companies", tables.Company, lambda row: {
            "name": row.name, "description": row.description, "phone": row.phone}),
        ("attachments", tables.Attachment, lambda row: {
            "filename": row.filename, "description": row.description, "private": row.private}),
    ]  # fmt: skip
    for section, table, state in made:
        for row in table.select().order_by(table.id):
            at += timedelta(seconds=log.random.randrange(35, 110))
            name = getattr(row, "filename", "") or getattr(row, "name", "")
            filled = {field: value for field, value in state(row).items() if value not in (None, "", [])}
            log.add(at, log.admin, section, "create", row.id, name, after=filled)
    for agent in tables.Agent.select().where(tables.Agent.id != log.admin.id):
        at += timedelta(seconds=20)
        log.add(at, log.admin, "agents", "invite", agent.id, agent.name)


def _later(log: Log) -> None:
    """What was set otherwise since."""
    centers = {row.name: row for row in tables.CallCenter.select()}
    support, sales = centers["Soporte Técnico Teslín"], centers["Ventas Café del Monte"]
    clinic = centers["Clínica Dental Sonrisa"]
    ivan, andres = log.agents["8330106"], log.agents["8330104"]
    old = tables.Disposition.get(tables.Disposition.name == "Promoción 2019")
    kitchen = tables.Printer.get(tables.Printer.name == "Cocina")
    account = tables.Account.get()
    admin, supervisor = log.admin, log.supervisor
    changes: tuple[tuple[float, tables.Agent, str, str, Any, _Values, _Values], ...] = (
        (26, admin, "call_centers", "edit", support, {"wrap_up_seconds": 0}, {"wrap_up_seconds": 15}),
        (25, admin, "account_settings", "edit", account, {"pauses": ["Almuerzo", "Baño", "Reunión"]},
         {"pauses": [row.name for row in tables.PauseReason.select().order_by(tables.PauseReason.position)]}),
        (24, admin, "dispositions", "deactivate", old, {"active": True}, {"active": False}),
        (21, admin, "agents", "edit", ivan, {"click2dial": True}, {"click2dial": False}),
        (19, supervisor, "call_centers", "edit", clinic, {"strategy": "all"}, {"strategy": clinic.strategy.value}),
        (17, admin, "agents", "secret", andres, None, None),
        (15, admin, "printers", "edit", kitchen, {"letter": "medium", "host": "192.0.2.40"},
         {"letter": "large", "host": "192.0.2.50"}),
        (13, admin, "call_centers", "edit", sales, {"print_result": False}, {"print_result": True}),
        (11, admin, "call_centers", "edit", support, {"price": "30", "pop_up_url": None},
         {"price": "35", "pop_up_url": support.pop_up_url}),
        (9, supervisor, "call_centers", "edit", sales,
         {"agent_groups": ["Ventas (0)"]}, {"agent_groups": ["Ventas (0)", "Primera línea (1)"]}),
        (6, admin, "agents", "pin", andres, None, None),
        (4, supervisor, "call_centers", "edit", clinic, {"ring_seconds": 15}, {"ring_seconds": 20}),
    )  # fmt: skip
    for days, who, section, act, row, before, after in changes:
        log.add(log.ago(days), who, section, act, row.id, row.name, before, after)
    at = log.ago(20)
    for provider in tables.SmsProvider.select():
        after = {"name": provider.name, "url": provider.url}
        log.add(at, admin, "sms_providers", "create", provider.id, provider.name, after=after)
    for template in tables.SmsTemplate.select().order_by(tables.SmsTemplate.id):
        at += timedelta(seconds=70)
        after = {"name": template.name, "text": template.text}
        log.add(at, admin, "sms_templates", "create", template.id, template.name, after=after)
    for row in tables.BlockedNumber.select():
        after = {"pattern": row.pattern, "note": row.note}
        log.add(row.created_at, supervisor, "blocked_numbers", "create", row.id, row.pattern, after=after)


def _contacts(log: Log) -> None:
    """Agents mend what callers tell them."""
    cards: list[Any] = list(tables.Contact.select().order_by(tables.Contact.id))
    since = tables.AdditionalField.get(tables.AdditionalField.name == "Cliente desde")
    agents, dispositions = list(log.agents.values()), [row.name for row in tables.Disposition.select()]
    for number in range(34):
        card, who = cards[number * 11 % len(cards)], agents[number * 5 % len(agents)]
        company = card.company.name if card.company_id else None
        before, after = (
            ({"email": None}, {"email": card.email}),
            ({"disposition": dispositions[number % 3]}, {"disposition": dispositions[3 + number % 3]}),
            ({"phone": f"2222 {card.id:04d}"}, {"phone": card.phone}),
            ({"company": None}, {"company": company}),
            ({f"{_EXTRA}{since.id}": ""}, {f"{_EXTRA}{since.id}": f"20{12 + number % 12}-03-15"}),
            ({"agent": None}, {"agent": who.name}),
        )[number % (6 if company else 3)]
        log.add(log.ago(number * 0.8 + 0.1), who, "contacts", "edit", card.id, card.name, before, after)


def _ticket(log: Log, ticket: Any) -> None:
    contact = ticket.contact.name if ticket.contact_id else None
    given = {
        "agent": ticket.agent.name if ticket.agent_id else None,
        "group": ticket.group.name if ticket.group_id else None,
    }
    state = {"subject": ticket.subject, "text": ticket.text, "state": "open", "priority": ticket.priority.value}
    first = {field: value for field, value in {**state, **given, "contact": contact}.items() if value}
    log.add(ticket.created_at, ticket.author, "tickets", "create", ticket.id, ticket.subject, after=first)
    last = ticket.author
    for said in ticket.messages.order_by(tables.TicketMessage.id):
        after, last = {"text": said.text, "internal": said.internal}, said.author
        log.add(said.created_at, said.author, "tickets", "message", ticket.id, ticket.subject, after=after)
    for file in ticket.files:
        after = {"attachments": [file.filename]}
        log.add(file.created_at, file.author, "tickets", "attach", ticket.id, ticket.subject, after=after)
    if ticket.state is not tables.TicketState.OPEN:
        at = ticket.updated_at + timedelta(seconds=5)
        changed = {"state": ticket.state.value}
        log.add(at, last, "tickets", "edit", ticket.id, ticket.subject, {"state": "open"}, changed)


def _looked(log: Log, recorded: Sequence[tables.Recording]) -> None:
    """What left the house: heard and downloaded."""
    for number, row in enumerate(recorded[:5]):
        call = tables.Call.get_by_id(row.call_id)
        name = f"{call.calling_number} → {call.called_number}, {row.part}"
        after = {"call": call.id, "recording": row.name}
        log.add(
            row.ended_at + timedelta(hours=2),
            log.supervisor,
            "calls",
            "listen",
            f"recording {row.id}",
            name,
            after=after,
        )
        if number == 2:
            at = row.ended_at + timedelta(hours=3)
            log.add(at, log.admin, "calls", "download", f"recording {row.id}", name, after=after)
    for days in (22, 15, 8, 1):
        log.add(
            log.ago(days),
            log.supervisor,
            "calls",
            "download",
            name="Historial de llamadas",
            after={"type": "inbound"},
        )
    log.add(log.ago(12), log.admin, "contacts", "download", name="Contactos", after={"q": "San José"})
