"""Auditoría: every change of every section, searched and downloaded by administrators.

Owns: the page. Must not: write the log (`admin.audit`) or change it: nobody can from here.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from flask import current_app, g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin import account_settings
from admin.audit import ACTS
from admin.base_view import SectionView
from admin.contact_values import EXTRA
from admin.formats import stamp
from admin.listing import ChoiceFilter, Column, Filter, MomentFilter, Page
from admin.memo import Memo
from admin.section_forms import Choice, labels_of, options_of
from admin.sections.contacts import names_of
from admin.words import choices
from models.tables import AdditionalField, Agent, AgentCallbackState, AuditEntry

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")  # as `admin.audit` keeps it

# Fields that no form has, and those of which forms of one name mean something else.
_LABELS = {
    "position": _l("Orden"),
    "order": _l("Orden"),
    "fields": _l("Campos"),
    "comment": _l("Comentario"),
    "disposition": _l("Disposición"),
    "filename": _l("Nombre"),
    "mime": _l("Tipo"),
    "size": _l("Tamaño"),
    "sha256": _l("Contenido"),
    "logo_sha256": _l("Logo"),
    "logo_mime": _l("Tipo del logo"),
    "network": _l("Red"),
    "q": _l("Filtro"),
    "count": _l("Cuántos"),
    "joined": _l("Unidos"),
    "duplicates": _l("Duplicados"),
    "recording": _l("Grabación"),
    "default": _l("Cuando ninguna regla lo dice"),
    "prices": _l("Precios por prefijo"),
    "owner": _l("Actúa como"),
    "scopes": _l("Permisos"),
    "expires_at": _l("Caduca"),
    "prefix": _l("Comienzo"),
    "subject": _l("Asunto"),
    "text": _l("Texto"),
    "state": _l("Estado"),
    "priority": _l("Prioridad"),
    "contact": _l("Contacto"),
    "call": _l("Llamada"),
    "agent": _l("Agente"),
    "group": _l("Grupo"),
    "due_at": _l("Para cuándo"),
    "attachments": _l("Adjuntos"),
    "internal": _l("Interno"),
    "events": _l("Eventos"),
    "number": _l("Número"),
    "call_center": _l("Call Center"),
    "note": _l("Nota"),
    "url": _l("URL"),
    "answer": _l("Respuesta"),
    "agent.calls_per_hour": _l("Llamadas por hora, cada agente"),
    "agent.new_countries_per_day": _l("Países nuevos por día, cada agente"),
    "agent.spend_per_day": _l("Gasto por día, cada agente"),
    "account.calls_per_hour": _l("Llamadas por hora, toda la cuenta"),
    "account.new_countries_per_day": _l("Países nuevos por día, toda la cuenta"),
    "account.spend_per_day": _l("Gasto por día, toda la cuenta"),
}


# What is changed elsewhere than on a section's own pages.
_ELSEWHERE = {"account_settings": _l("Datos de la cuenta"), "agent_callbacks": _l("Devoluciones de llamadas")}


def _views() -> dict[str, Any]:
    return {view.endpoint: view for admin in current_app.extensions.get("admin", ()) for view in admin._views}


def section_names() -> dict[str, Any]:
    """Every section that can be in the log, as the navigation calls it."""
    shown = {name: view.label for name, view in _views().items() if isinstance(view, SectionView)}
    return shown | _ELSEWHERE


def field_labels(section: str) -> dict[str, Any]:
    """What the fields of a section are called on its screen."""
    if section == "account_settings":
        return labels_of(account_settings.AccountForm)
    view = _views().get(section)
    if not isinstance(view, SectionView):
        return dict(_LABELS)
    filters = {one.name: one.label for one in view.filters_shown()}
    labels = _LABELS | filters | {column.name: column.label for column in view.columns}
    if section == "contacts":
        labels |= {f"{EXTRA}{one.id}": one.name for one in AdditionalField.select()}
    return labels | labels_of(view.form_class)


def in_words(value: Any) -> str:
    """A value of the log as a person reads it."""
    if value is None or value == "" or value == []:
        return "—"
    if isinstance(value, bool):
        return _("Sí") if value else _("No")
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return stamp(datetime.fromisoformat(value))
    if isinstance(value, list):
        return ", ".join(in_words(one) for one in value)
    if isinstance(value, dict):
        shown = (f"{key}: {in_words(one)}" for key, one in value.items() if one not in (None, "", [], False))
        return "{" + ", ".join(shown) + "}"
    return str(value)


class _Words:
    """What a section's fields are called, and what their stored codes say; of those that an entry has."""

    def __init__(self, section: str) -> None:
        self.labels = field_labels(section)
        self._options: dict[str, Any] = {}  # by field or filter
        if section == "agent_callbacks":
            self._options = {"state": lambda: choices(AgentCallbackState)}
        view = _views().get(section)
        if isinstance(view, SectionView):
            self._options = {one.name: one.choices for one in view.filters_shown() if isinstance(one, ChoiceFilter)}
            self._options |= {name: options for name, kind, options in options_of(view.form_class) if kind is Choice}
        self._said = Memo(self._codes)

    def _codes(self, name: str) -> dict[str, Any]:
        return {str(key): said for key, said in self._options[name]()}

    def said(self, name: str, value: Any) -> str:
        """Several at once have no code of their own."""
        if not value or isinstance(value, list | dict) or name not in self._options:
            return in_words(value)
        return str(self._said[name].get(value, in_words(value)))


def changes(entry: AuditEntry) -> list[tuple[Any, str | None, str | None]]:
    """Field, before, after; None: there was or is no row."""
    # They ask the database, once a request: a page has a hundred entries.
    words = g.setdefault("audit_words", Memo(_Words))[str(entry.section)]
    labels, said = words.labels, words.said
    before, after = entry.before, entry.after
    names: Iterable[str] = dict.fromkeys([*(before or ()), *(after or ())])
    return [
        (
            labels.get(name, name),
            None if before is None else said(name, before.get(name)),
            None if after is None else said(name, after.get(name)),
        )
        for name in names
    ]


def told(entry: AuditEntry) -> str:
    """The changes as one text, for the download."""
    lines = []
    for label, before, after in changes(entry):
        lines.append(f"{label}: " + " → ".join(one for one in (before, after) if one is not None))
    return "\n".join(lines)


class Audit(SectionView):
    slug = "auditoria"
    endpoint_name = "audit"
    label = _l("Auditoría")
    singular = _l("Cambio")
    icon = "audit"
    table = AuditEntry
    note = _l("Aquí queda cada cambio que se haga: quién, cuándo, qué había antes y qué hay ahora.")
    can_add = False
    can_drop = False
    searched = (AuditEntry.folded,)
    search_label = _l("Quién, qué, valores")
    order = (AuditEntry.id.desc(),)
    columns = (
        Column("at", _l("Fecha"), (AuditEntry.at,), "nowrap"),
        Column("who", _l("Quién"), (AuditEntry.who,)),
        Column("act", _l("Qué hizo"), (AuditEntry.act,)),
        Column("row_name", _l("Fila"), (AuditEntry.section,)),
        Column("changes", _l("Antes → después")),
    )
    table_class = "table--audit"
    filters: tuple[Filter, ...] = (
        MomentFilter("start", _l("Inicio"), lambda query, at: query.where(AuditEntry.at >= at)),
        MomentFilter("end", _l("Fin"), lambda query, at: query.where(AuditEntry.at <= at)),
        ChoiceFilter(
            "agent",
            _l("Quién"),
            lambda query, key: query.where(AuditEntry.agent == int(key)),
            choices=names_of(Agent),
        ),
        ChoiceFilter(
            "section",
            _l("Sección"),
            lambda query, value: query.where(AuditEntry.section == value),
            choices=lambda: section_names().items(),
            everything=_l("Todas"),
        ),
        ChoiceFilter(
            "act",
            _l("Qué hizo"),
            lambda query, value: query.where(AuditEntry.act == value),
            choices=lambda: ACTS.items(),
            everything=_l("Cualquier cosa"),
        ),
    )
    list_page = "audit.html"

    def list_extras(self, page: Page) -> dict[str, Any]:
        return {"sections": section_names(), "acts": ACTS, "changes_of": changes}

    def csv_columns(self) -> Any:
        names = section_names()
        return (
            (_l("Fecha"), lambda row: stamp(row.at)),
            (_l("Quién"), lambda row: row.who),
            (_l("Dirección"), lambda row: row.address),
            (_l("Sección"), lambda row: names.get(row.section, row.section)),
            (_l("Qué hizo"), lambda row: ACTS.get(row.act, row.act)),
            (_l("Id"), lambda row: row.row_key),
            (_l("Fila"), lambda row: row.row_name),
            (_l("Antes → después"), told),
        )
