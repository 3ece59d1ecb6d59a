"""Llamadas por devolver: who asked to be called back, or called while no engine was there.

Owns: the page, and taking a request off the list by hand. Must not: call anybody: the engine does.
"""

from typing import Any

from flask import flash, redirect, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from admin.base_view import SectionView
from admin.formats import stamp
from admin.installation import installation
from admin.listing import ChoiceFilter, Column
from admin.permissions import Act
from admin.sections.contacts import names_of
from admin.view_marks import acting
from admin.words import choices, label
from models.db import transaction
from models.tables import CallbackRequest, CallbackState, CallCenter, now

BY_HAND = "by_hand"


class CallbackRequests(SectionView):
    slug = "llamadas-por-devolver"
    endpoint_name = "callback_requests"
    label = _l("Llamadas por devolver")
    singular = _l("Llamada por devolver")
    icon = "call_back"
    table = CallbackRequest
    note = _l("Quien deja la fila para que le llamen, o llama cuando el motor no está, guarda aquí su lugar.")
    can_add = False
    can_drop = False
    joined = (CallbackRequest.call_center,)
    searched = (CallbackRequest.number,)
    search_label = _l("Número")
    order = (CallbackRequest.ended_at.is_null(False), CallbackRequest.kept_since)
    columns = (
        Column("number", _l("Número"), (CallbackRequest.number,), "nowrap"),
        Column("call_center", _l("Call Center")),
        Column("kept_since", _l("En la fila desde"), (CallbackRequest.kept_since,), "nowrap"),
        Column("attempts", _l("Intentos"), (CallbackRequest.attempts,), "number"),
        Column("state", _l("Estado"), (CallbackRequest.state,)),
        Column("ended_at", _l("Terminó"), (CallbackRequest.ended_at,), "nowrap"),
    )
    filters = (
        ChoiceFilter(
            "state",
            _l("Estado"),
            lambda query, value: query.where(CallbackRequest.state == value),
            choices=lambda: choices(CallbackState),
        ),
        ChoiceFilter(
            "call_center",
            _l("Call Center"),
            lambda query, key: query.where(CallbackRequest.call_center == int(key)),
            choices=names_of(CallCenter),
        ),
    )
    list_page = "sections/callback_requests.html"

    @expose("/<int:row_id>/atendida", methods=("POST",))
    @acting(Act.EDIT)
    def done_view(self, row_id: int) -> Any:
        """Somebody has called back by hand; one that the engine has just settled stays as it is."""
        row = self.row_or_404(row_id)
        with transaction(installation().database):
            changed = (
                CallbackRequest.update(state=CallbackState.DONE, reason=BY_HAND, ended_at=now())
                .where(CallbackRequest.id == row.id, CallbackRequest.state == CallbackState.PENDING)
                .execute()
            )
            if changed:
                self.log("done", row)
        if changed:
            flash(_("Atendida: %(number)s.", number=row.number), "success")
        else:
            flash(_("Esa llamada ya no estaba pendiente."), "warning")
        return redirect(url_for(".index_view"))

    def title_of(self, row: Any) -> str:
        return str(row.number)

    def csv_columns(self) -> Any:
        return (
            (_l("Número"), lambda row: row.number),
            (_l("Call Center"), lambda row: row.call_center.name if row.call_center_id else ""),
            (_l("Pedida"), lambda row: stamp(row.requested_at)),
            (_l("En la fila desde"), lambda row: stamp(row.kept_since)),
            (_l("Intentos"), lambda row: row.attempts),
            (_l("Estado"), lambda row: label(row.state)),
            (_l("Terminó"), lambda row: stamp(row.ended_at)),
        )
