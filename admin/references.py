"""What points to a row: so that nothing disappears with it unsaid.

Owns: counting, and the words for each kind. Must not: delete.
"""

from dataclasses import dataclass
from typing import Any, Final

from flask_babel import lazy_gettext as _l
from peewee import fn

from models import tables
from models.tables import Row

# What is counted under which words; a join table is told as what it joins.
_WORDS: Final[dict[type[Row], Any]] = {
    tables.AgentGroupMember: _l("miembros de grupos"),
    tables.AgentLogin: _l("logueos"),
    tables.AgentPresence: _l("estado del agente"),
    tables.AgentStateChange: _l("estados del agente"),
    tables.CallCenterNumber: _l("números"),
    tables.CallCenterAgent: _l("agentes asignados"),
    tables.CallCenterGroup: _l("asignaciones de grupos a call centers"),
    tables.CallCenterForm: _l("asignaciones de forms a call centers"),
    tables.CallCenter: _l("call centers"),
    tables.PrintJob: _l("impresiones"),
    tables.Call: _l("llamadas"),
    tables.CallLeg: _l("intentos de llamada"),
    tables.Contact: _l("contactos"),
    tables.ContactValue: _l("datos adicionales"),
    tables.ContactListMember: _l("puestos en listas"),
    tables.Form: _l("forms"),
    tables.FormVersion: _l("versiones de forms"),
    tables.FormField: _l("campos"),
    tables.FormAnswer: _l("respuestas de forms"),
    tables.FormFile: _l("archivos de forms"),
    tables.AgentCallback: _l("devoluciones"),
    tables.DeskDraft: _l("borradores del escritorio"),
    tables.AdditionalField: _l("campos adicionales"),
    tables.Ticket: _l("tickets"),
    tables.TicketMessage: _l("mensajes de tickets"),
    tables.TicketAttachment: _l("adjuntos de tickets"),
    tables.TicketFile: _l("archivos de tickets"),
    tables.TicketReading: _l("tickets leídos"),
    tables.ApiToken: _l("tokens de API"),
    tables.WebhookEvent: _l("eventos"),
    tables.WebhookDelivery: _l("avisos"),
    tables.SmsThread: _l("conversaciones por SMS"),
    tables.SmsMessage: _l("mensajes"),
    tables.SmsOptOut: _l("bajas de mensajes"),
    tables.SmsProviderNumber: _l("números"),
}


@dataclass(frozen=True, slots=True)
class Reference:
    """`goes`: the rows are deleted with it; otherwise they stand in the way."""

    words: Any
    count: int
    goes: bool


def references(row: Row, *, goes_too: tuple[type[Row], ...] = ()) -> list[Reference]:
    """What points to `row`, empty kinds left out. `goes_too`: tables whose rows the section deletes itself."""
    found = []
    meta: Any = type(row)
    for column, table in sorted(meta._meta.backrefs.items(), key=lambda pair: pair[1].__name__):
        count = table.select(fn.COUNT(1)).where(column == row).scalar()
        if count:
            goes = column.on_delete == "CASCADE" or table in goes_too
            found.append(Reference(_WORDS.get(table, table.__name__), int(count), goes))
    return found
