"""Mensajes de voz: what callers said, listed and played; a page of *Historial de llamadas*.

Owns: the page, the playing, and that a message's bytes go with its row. Must not: record (the engine, `agi_scripts`).
"""

from typing import Any

from flask import abort, redirect, send_file, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from admin.base_view import SectionView
from admin.formats import stamp
from admin.installation import installation
from admin.kept_files import forget
from admin.listing import ChoiceFilter, Column, MomentFilter
from admin.permissions import Act
from admin.sections.contacts import names_of
from admin.view_marks import acting
from models import files
from models.db import transaction
from models.tables import CallCenter, Voicemail, now


class Voicemails(SectionView):
    slug = "mensajes-de-voz"
    endpoint_name = "voicemails"
    label = _l("Mensajes de voz")
    singular = _l("Mensaje de voz")
    icon = "mail"
    table = Voicemail
    note = _l("Aquí queda lo que dice quien no encontró a nadie: fuera de horas, con la fila llena o sin el motor.")
    can_add = False
    joined = (Voicemail.call_center, Voicemail.heard_by)
    searched = (Voicemail.calling_number, Voicemail.called_number)
    search_label = _l("Número")
    order = (Voicemail.recorded_at.desc(),)
    columns = (
        Column("recorded_at", _l("Fecha"), (Voicemail.recorded_at,), "nowrap"),
        Column("calling_number", _l("De"), (Voicemail.calling_number,), "nowrap"),
        Column("call_center", _l("Call Center")),
        Column("seconds", _l("Duración"), (Voicemail.seconds,), "number"),
        Column("sound", _l("Mensaje")),
        Column("heard_at", _l("Escuchado"), (Voicemail.heard_at,)),
    )
    filters = (
        ChoiceFilter(
            "heard",
            _l("Escuchado"),
            lambda query, value: query.where(Voicemail.heard_at.is_null(value == "0")),
            choices=lambda: (("0", _l("No")), ("1", _l("Sí"))),
        ),
        ChoiceFilter(
            "call_center",
            _l("Call Center"),
            lambda query, key: query.where(Voicemail.call_center == int(key)),
            choices=names_of(CallCenter),
        ),
        MomentFilter("start", _l("Inicio"), lambda query, at: query.where(Voicemail.recorded_at >= at)),
        MomentFilter("end", _l("Fin"), lambda query, at: query.where(Voicemail.recorded_at <= at)),
    )
    list_page = "sections/voicemails.html"

    @expose("/<int:row_id>/audio.wav")
    @acting(Act.READ)
    def audio_view(self, row_id: int) -> Any:
        """The sound, in ranges, so that the player can jump. Hearing is marked by the person, not by the player."""
        row = self.row_or_404(row_id)
        path = files.path_of(installation().settings.data_dir.absolute(), row.sha256)
        if not path.is_file():
            abort(404)
        answer = send_file(path, mimetype="audio/wav", conditional=True, etag=row.sha256, max_age=0)
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "private, no-cache"
        return answer

    @expose("/<int:row_id>/escuchado", methods=("POST",))
    @acting(Act.EDIT)
    def heard_view(self, row_id: int) -> Any:
        """Heard by the user, or again unheard."""
        with transaction(installation().database):
            row = self.row_or_404(row_id)
            heard = row.heard_at is None
            row.heard_at, row.heard_by = (now(), current_user.id) if heard else (None, None)
            row.save(only=["heard_at", "heard_by"])
            self.log("heard" if heard else "unheard", row)
        return redirect(url_for(".index_view"))

    def after_deleting(self, row: Any) -> None:
        forget(row.sha256)

    def title_of(self, row: Any) -> str:
        return _("mensaje de %(number)s", number=row.calling_number or _("un número oculto"))

    def csv_columns(self) -> Any:
        return (
            (_l("Fecha"), lambda row: stamp(row.recorded_at)),
            (_l("De"), lambda row: row.calling_number),
            (_l("Número marcado"), lambda row: row.called_number),
            (_l("Call Center"), lambda row: row.call_center.name if row.call_center_id else ""),
            (_l("Duración"), lambda row: row.seconds),
            (_l("Escuchado"), lambda row: stamp(row.heard_at)),
            (_l("Escuchado por"), lambda row: row.heard_by.name if row.heard_by_id else ""),
        )
