"""The demonstration account: plausible data for each of the thirteen sections, filled once.

Owns: the filling and its mark. Must not: invent passwords or hash them: both are handed in.
"""

import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from peewee import Database

from models import cdr, demo_data, demo_rooms, demo_stories, files, tables
from models.db import execute_many, placeholder, transaction
from models.demo_calls import Past, PastCall
from models.tables import fold
from models.tables.contacts import search_text
from models.values.call import Role
from models.values.pattern import canonical_pattern
from models.values.phone import normalise

MARK: Final = "demo.filled"
ACCOUNT_NAME: Final = "Centro de Llamadas Teslín"
LOGINS: Final = (
    (Role.ADMINISTRATOR, demo_data.ADMINISTRATOR),
    (Role.SUPERVISOR, demo_data.SUPERVISOR),
    (Role.AGENT, demo_data.AGENT),
)


def is_filled(database: Database) -> bool:
    return cdr.engine_mark(database, MARK) is not None


def fill(
    database: Database,
    data_dir: Path,
    *,
    passwords: Mapping[Role, str],
    hash_password: Callable[[str], str],
    now: datetime | None = None,
    rooms: bool = True,
) -> bool:
    """Fills an account that has no agents yet, all or nothing; True when it did. `ensure_account` comes first.

    Every agent of a role gets its role's password; who signs in is in `LOGINS`. Documents go to `data_dir`. Without
    `rooms` nobody has written, printed or changed anything yet (`models.demo_rooms`).
    """
    if is_filled(database) or tables.Agent.select().exists():
        return False
    hashes = {role: hash_password(password) for role, password in passwords.items()}
    moment = now or datetime.now(UTC)
    documents = _documents(data_dir)
    logos = {plan.color: files.store(data_dir, logo(plan.color)) for plan in demo_data.CENTERS}
    with transaction(database):
        if is_filled(database):  # another process was quicker
            return False
        account = tables.Account.get()
        account.name = ACCOUNT_NAME
        account.save()
        agents = _people(hashes)
        tables.Attachment.insert_many(documents).execute()
        printers = _printers()
        forms = _forms(printers)
        centers = _call_centers(agents, forms, logos, account.region, account.currency)
        dispositions = _dispositions()
        contacts = _contacts(agents, dispositions, account.region, moment)
        past = Past(moment, account.timezone)
        calls = past.calls(centers, contacts, dispositions)
        _write_calls(database, calls)
        _form_answers(calls, contacts, forms)
        _logins(past, list(agents.values()))
        if rooms:
            supervisor = tables.Agent.get(tables.Agent.email == demo_data.SUPERVISOR)
            demo_rooms.fill(
                demo_rooms.Rooms(
                    database, data_dir, moment, account.region, account.timezone, account.name, agents, contacts,
                    calls, supervisor,
                )
            )  # fmt: skip
        cdr.set_engine_mark(database, MARK, moment.isoformat())
    return True


def _people(hashes: Mapping[Role, str]) -> dict[str, tables.Agent]:
    """The agents by endpoint."""
    by_endpoint: dict[str, tables.Agent] = {}
    for person in demo_data.PEOPLE:
        agent = tables.Agent.create(
            name=person.name,
            email=person.email,
            endpoint=person.endpoint,
            role=person.role,
            phone_kind=person.phone_kind,
            click2dial=person.click2dial,
            password_hash=hashes.get(person.role),
        )
        if person.endpoint:
            by_endpoint[person.endpoint] = agent
    for name, endpoints in demo_data.GROUPS.items():
        group = tables.AgentGroup.create(name=name)
        for priority, endpoint in enumerate(endpoints):
            tables.AgentGroupMember.create(group=group, agent=by_endpoint[endpoint], priority=priority)
    for position, name in enumerate(demo_data.PAUSES):
        tables.PauseReason.create(name=name, position=position)
    return by_endpoint


def _printers() -> dict[str, tables.Printer]:
    return {
        name: tables.Printer.create(
            name=name, kind=kind, letter=letter, paper_width=width, host=host, port=9100 if host else None
        )
        for name, kind, letter, width, host in demo_data.PRINTERS
    }


def _forms(printers: Mapping[str, tables.Printer]) -> dict[str, tables.FormVersion]:
    """The first version of each form, by the form's name."""
    versions: dict[str, tables.FormVersion] = {}
    for name, (printer, fields) in demo_data.FORMS.items():
        form = tables.Form.create(name=name, printer=printers[printer])
        versions[name] = tables.FormVersion.create(form=form, number=1)
        for position, (key, label, kind, required, options, condition) in enumerate(fields):
            tables.FormField.create(
                version=versions[name],
                position=position,
                name=key,
                label=label,
                kind=kind,
                required=required,
                options=options,
                condition=condition,
            )
    return versions


def _call_centers(
    agents: Mapping[str, tables.Agent],
    forms: Mapping[str, tables.FormVersion],
    logos: Mapping[str, str],
    region: str,
    currency: str,
) -> list[tuple[tables.CallCenter, str, list[tables.Agent]]]:
    made: list[tuple[tables.CallCenter, str, list[tables.Agent]]] = []
    groups = {group.name: group for group in tables.AgentGroup.select()}
    for plan in demo_data.CENTERS:
        center = tables.CallCenter.create(
            name=plan.name,
            color=plan.color,
            price=Decimal(plan.price),
            currency=currency,
            cost_unit=plan.unit,
            strategy=plan.strategy,
            pop_up_url=plan.pop_up_url,
            logo_sha256=logos[plan.color],
            logo_mime="image/png",
            print_result=plan.print_result,
            wrap_up_seconds=plan.wrap_up_seconds,
        )
        for pattern in plan.numbers:
            tables.CallCenterNumber.create(
                call_center=center, pattern=pattern, canonical=canonical_pattern(pattern, region)
            )
        members: dict[str, None] = dict.fromkeys(plan.agents)
        for endpoint in plan.agents:
            tables.CallCenterAgent.create(call_center=center, agent=agents[endpoint])
        for priority, name in enumerate(plan.groups):
            tables.CallCenterGroup.create(call_center=center, group=groups[name], priority=priority)
            members.update(dict.fromkeys(demo_data.GROUPS[name]))
        if plan.form:
            tables.CallCenterForm.create(call_center=center, form=forms[plan.form].form)
        dialled = plan.numbers[0].replace("8*", "88004300")
        made.append((center, dialled, [agents[endpoint] for endpoint in members]))
    return made


def _dispositions() -> list[int]:
    """The ids of the active ones."""
    rows = [
        tables.Disposition.create(name=name, action=action, active=active, position=position)
        for position, (name, action, active) in enumerate(demo_data.DISPOSITIONS)
    ]
    return [int(row.id) for row in rows if row.active]


def _contacts(
    agents: Mapping[str, tables.Agent], dispositions: Sequence[int], region: str, moment: datetime
) -> list[tables.Contact]:
    companies = [
        tables.Company.create(
            name=name, description=about, address=address, phone=phone, email=f"info{number}@empresas.example"
        )
        for number, (name, about, address, phone) in enumerate(demo_data.COMPANIES, 1)
    ]
    fields = {
        name: tables.AdditionalField.create(
            name=name, kind=kind, searchable=searchable, options=options, position=position
        )
        for position, (name, kind, searchable, options) in enumerate(demo_data.FIELDS)
    }
    takers = list(agents.values())
    rows: list[dict[str, Any]] = []
    for number in range(60):
        first = demo_data.FIRST_NAMES[number % len(demo_data.FIRST_NAMES)]
        surnames = demo_data.SURNAMES
        name = f"{first} {surnames[number * 7 % len(surnames)]} {surnames[number * 5 % len(surnames) - 3]}"
        phone = f"{(8300, 2451, 6000, 7000)[number % 4]} {number + 1:04d}"
        key = normalise(phone, region)
        email = f"{fold(first)}.{number + 1}@correo.example"
        external = f"C-{1000 + number}"
        rows.append(
            {
                "name": name,
                "phone": phone,
                "phone_key": key,
                "email": email,
                "external_id": external,
                "company": companies[number % len(companies)] if number % 3 else None,
                "disposition": dispositions[number % len(dispositions)] if number % 2 else None,
                "agent": takers[number % len(takers)] if number % 4 == 0 else None,
                "search": search_text(name, phone, key, email, external),
                "created_at": moment - timedelta(days=40 + number),
            }
        )
    tables.Contact.insert_many(rows).execute()
    contacts = list(tables.Contact.select().order_by(tables.Contact.id))
    provinces = next(options for name, _, _, options in demo_data.FIELDS if name == "Provincia") or []
    values: list[dict[str, Any]] = []
    for number, contact in enumerate(contacts):
        for name, value in (
            ("Cédula", f"{1 + number % 7}-{400 + number:04d}-{(number * 37) % 10000:04d}"),
            ("Provincia", provinces[number % len(provinces)]),
            ("Cliente desde", f"{2012 + number % 12}-{1 + number % 12:02d}-15"),
            ("Saldo", str(number * 1250)),
            ("Preferente", "sí" if number % 5 == 0 else "no"),
        ):
            values.append({"contact": contact, "field": fields[name], "value": value, "folded": fold(value)})
    tables.ContactValue.insert_many(values).execute()
    for place, name in enumerate(demo_data.LISTS):
        row = tables.ContactList.create(name=name)
        members = [{"list": row, "contact": contact} for contact in contacts[place :: len(demo_data.LISTS) + 1]]
        tables.ContactListMember.insert_many(members).execute()
    return contacts


def _write_calls(database: Database, calls: Sequence[PastCall]) -> None:
    cdr.close_calls(database, [call.record for call in calls], [leg for call in calls for leg in call.legs])
    demo_stories.write(database, [(call.record, call.legs) for call in calls])
    mark = placeholder(database)
    execute_many(
        database,
        f"UPDATE calls SET disposition_id = {mark}, comment = {mark}, saved_at = ended_at, saved_by_id = agent_id "  # noqa: S608
        f"WHERE id = {mark}",
        [(call.disposition_id, call.comment, call.record.id) for call in calls if call.disposition_id or call.comment],
    )


def _form_answers(
    calls: Sequence[PastCall], contacts: Sequence[tables.Contact], forms: Mapping[str, tables.FormVersion]
) -> None:
    names = {contact.id: str(contact.name) for contact in contacts}
    of_center = {plan.name: plan.form for plan in demo_data.CENTERS}
    rows: list[dict[str, Any]] = []
    for number, call in enumerate(call for call in calls if call.disposition_id and call.record.contact_id):
        form = of_center.get(call.record.call_center_name)
        if form is None or number % 3:
            continue
        name = names[call.record.contact_id]
        possible: dict[str, dict[str, Any]] = {
            "Reporte de avería": {"servicio": f"S-{2000 + number}", "tipo": "Intermitente", "visita": "no"},
            "Pedido": {"producto": ["Tueste medio"], "cantidad": 1 + number % 5, "entrega": "Recoge"},
            "Cita": {"paciente": name, "fecha": "2026-12-01", "hora": "10:30", "motivo": "Control"},
        }
        answers = possible[form]
        at = call.record.ended_at
        rows.append(
            {
                "version": forms[form],
                "call_id": call.record.id,
                "contact": call.record.contact_id,
                "agent": call.record.agent_id,
                "answers": answers,
                "folded": fold(" ".join(str(value) for value in answers.values())),
                "created_at": at,
                "changed_at": at,
            }
        )
    if rows:
        tables.FormAnswer.insert_many(rows).execute()


def _logins(past: Past, agents: Sequence[tables.Agent]) -> None:
    rows: list[dict[str, Any]] = []
    today = past.local.replace(hour=8, minute=0, second=0, microsecond=0)
    for day in range(1, 21):
        for agent in agents:
            login = today - timedelta(days=day, minutes=past.random.randrange(0, 20))
            if login.weekday() >= 5:
                continue
            rows.append(
                {
                    "agent": agent,
                    "session": f"demo-{day}-{agent.id}",
                    "login_at": login,
                    "seen_at": login + timedelta(hours=9),
                    "logout_at": login + timedelta(hours=9, minutes=past.random.randrange(0, 15)),
                    "cause": past.random.choices(("user", "connection"), weights=(9, 1))[0],
                    "address": f"192.0.2.{10 + agent.id}",
                    "device": "Chromium 139, Linux" if agent.id % 2 else "Firefox 142, Windows",
                }
            )
    tables.AgentLogin.insert_many(rows).execute()


def _documents(data_dir: Path) -> list[dict[str, Any]]:
    """Keeps the documents' bytes; their rows."""
    documents: list[tuple[str, str, str, bytes, bool]] = [
        ("Lista de precios", "lista-de-precios.csv", "text/csv", demo_data.PRICE_LIST.encode("utf-8-sig"), False),
        ("Horario de atención", "horario.txt", "text/plain", demo_data.OPENING_HOURS.encode(), False),
        ("Metas del mes (interno)", "metas.txt", "text/plain", b"Meta: 80 % en 20 s\n", True),
    ]
    return [
        {
            "description": description,
            "filename": filename,
            "mime": mime,
            "size": len(content),
            "sha256": files.store(data_dir, content),
            "private": private,
        }
        for description, filename, mime, content, private in documents
    ]


def logo(color: str, size: int = 96) -> bytes:
    """A PNG (RFC 2083): a disc of the colour with a white ring, on nothing."""
    ink = bytes(int(color[at : at + 2], 16) for at in (1, 3, 5)) + b"\xff"
    middle, lines = (size - 1) / 2, []
    for y in range(size):
        line = bytearray(b"\x00")  # no filter
        for x in range(size):
            away = ((x - middle) ** 2 + (y - middle) ** 2) ** 0.5 / (size / 2)
            line += b"\x00\x00\x00\x00" if away > 1 else b"\xff\xff\xff\xff" if 0.45 < away < 0.65 else ink
        lines.append(bytes(line))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)
    pixels = zlib.compress(b"".join(lines), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
