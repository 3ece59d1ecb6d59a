"""Recorded conversations on *Historial de llamadas*: heard, downloaded and deleted, each noted in the audit log.

Owns: what of a recording the cards show, serving its sound, deleting one. Must not: take a path from a request: a row
tells a name, and `models.recordings` where that lies; or serve an agent, who has none of these pages.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import abort, flash, redirect, request, send_file, url_for
from flask_admin import expose
from flask_babel import gettext as _
from flask_login import current_user
from peewee import JOIN
from werkzeug.wrappers import Response

from admin import audit
from admin.contact_actions import back
from admin.formats import duration
from admin.installation import installation
from admin.permissions import Act, may
from admin.view_marks import acting
from models.db import transaction
from models.recordings import deleted, path_of
from models.tables import Agent, AuditEntry, Call, Recording, epoch_ms, now
from models.values.recording import CutWhy, RecordingState

ONCE: Final = timedelta(minutes=10)
"""A player asks for its sound in many pieces: who hears one for so long is noted once."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part as a card shows it. `number` counts what there is, without gaps."""

    row: Recording
    number: int
    of: int
    cuts: tuple[str, ...]
    is_kept: bool
    is_missing: bool  # it should be kept, and its file is not there


def recordings_of(calls: Sequence[Call]) -> dict[str, list[Part]]:
    """The parts of all calls of a page, in order, with one query."""
    rows = Recording.select(Recording, Agent).join(Agent, JOIN.LEFT_OUTER)
    rows = rows.where(Recording.call_id.in_([call.id for call in calls]))
    by_call: dict[str, list[Recording]] = {}
    for row in rows.order_by(Recording.call_id, Recording.part):
        by_call.setdefault(row.call_id, []).append(row)
    folder = installation().settings.data_dir.absolute()

    def part(row: Recording, number: int, of: int) -> Part:
        kept = row.state is RecordingState.KEPT
        here = kept and path_of(folder, row.name).is_file()
        return Part(row, number, of, cuts_of(row), is_kept=here, is_missing=kept and not here)

    return {
        call: [part(row, number, len(parts)) for number, row in enumerate(parts, 1)] for call, parts in by_call.items()
    }


def cuts_of(row: Recording) -> tuple[str, ...]:
    """What is missing in the file, in words."""
    told = []
    for cut in row.cuts:
        at, lasted, why = cut
        if lasted < 1000:
            continue
        where = {"at": duration(at), "lasted": duration(lasted)}
        if why == CutWhy.AGENT:
            told.append(_("en %(at)s faltan %(lasted)s: el agente la pausó", **where))
        else:
            told.append(_("en %(at)s faltan %(lasted)s: en espera", **where))
    return tuple(told)


class RecordingsView:
    """The part of the section's view that plays recordings; it is nothing alone."""

    base_query: Any
    can: Any
    endpoint: Any
    frame: Any
    render: Any

    def may_delete_recordings(self) -> bool:
        """Asked by itself: the section has no deletion, for no call is ever deleted."""
        return bool(current_user.is_authenticated) and may(current_user.role, self.endpoint, Act.DELETE)

    @expose("/<string:call_id>/grabacion/<int:row_id>.wav")
    @acting(Act.READ)
    def recording_view(self, call_id: str, row_id: int) -> Any:
        """The sound, in ranges, so that the player can jump."""
        return self._sent(call_id, row_id, as_file=False)

    @expose("/<string:call_id>/grabacion/<int:row_id>/descargar")
    @acting(Act.DOWNLOAD)
    def recording_download(self, call_id: str, row_id: int) -> Any:
        return self._sent(call_id, row_id, as_file=True)

    @expose("/<string:call_id>/grabacion/<int:row_id>/eliminar", methods=("GET", "POST"))
    @acting(Act.EDIT)
    def recording_delete_view(self, call_id: str, row_id: int) -> Any:
        """Asks first, and says what goes and what stays."""
        if not self.may_delete_recordings():
            abort(403)
        call, row = self._found(call_id, row_id)
        to = back(url_for(".index_view"))
        if request.method == "POST":
            self._delete(call, row)
            return redirect(to)
        if row.state is not RecordingState.KEPT:
            flash(_("Esa grabación ya no está."), "warning")
            return redirect(to)
        part = next(part for part in recordings_of([call])[call.id] if part.row.id == row.id)
        frame = self.frame() | {"heading": _("¿Eliminar esta grabación?")}
        return self.render("calls/delete_recording.html", **frame, call=call, part=part, back=to)

    def _delete(self, call: Call, row: Recording) -> None:
        """The file first: a row that says deleted is true. What can't be deleted is as it was, and said."""
        database = installation().database
        told = {"call": call.id, "recording": row.name, "size": row.size, "sha256": row.sha256}
        try:
            with transaction(database):
                if not deleted(database, row.name, epoch_ms(now()), current_user.id):
                    flash(_("Esa grabación ya no está."), "warning")
                    return
                audit.record(self.endpoint, "delete", key=f"recording {row.id}", name=_name(call, row), before=told)
                path_of(installation().settings.data_dir.absolute(), row.name).unlink(missing_ok=True)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            flash(_("La grabación no se pudo borrar del disco: %(reason)s. Sigue ahí.", reason=reason), "error")
            return
        flash(_("Grabación eliminada. La llamada queda en el historial."), "success")

    def _found(self, call_id: str, row_id: int) -> tuple[Call, Recording]:
        call = self.base_query().where(Call.id == call_id[:64]).get_or_none()
        row = Recording.get_or_none(Recording.id == row_id) if call is not None and row_id < 2**63 else None
        if row is None or row.call_id != call.id or row.state not in (RecordingState.KEPT, RecordingState.DELETED):
            abort(404)
        return call, row

    def _sent(self, call_id: str, row_id: int, *, as_file: bool) -> Response:
        call, row = self._found(call_id, row_id)
        if row.state is RecordingState.DELETED:
            abort(410)
        path = path_of(installation().settings.data_dir.absolute(), row.name)
        if not path.is_file():
            abort(404)
        self._note(call, row, "download" if as_file else "listen")
        answer = send_file(
            path,
            mimetype="audio/wav",
            conditional=True,
            etag=row.sha256,
            max_age=0,
            as_attachment=as_file,
            download_name=f"{call.offered_at:%Y%m%d-%H%M%S}-{row.part}.wav",
        )
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Cache-Control"] = "private, no-store"
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        return answer

    def _note(self, call: Call, row: Recording, act: str) -> None:
        """Before a byte goes out. Of a player's many requests the first is noted."""
        key = f"recording {row.id}"
        if act == "listen" and request.range is not None and _noted(key):
            return
        told = {"call": call.id, "recording": row.name}
        with transaction(installation().database):
            audit.record(self.endpoint, act, key=key, name=_name(call, row), after=told)


def _name(call: Call, row: Recording) -> str:
    return f"{call.calling_number or '–'} → {call.called_number}, {row.part}"


def _noted(key: str) -> bool:
    since = datetime.now(UTC) - ONCE
    mine = AuditEntry.select().where(
        AuditEntry.section == "calls",
        AuditEntry.act == "listen",
        AuditEntry.row_key == key,
        AuditEntry.agent == current_user.id,
        AuditEntry.at > since,
    )
    return bool(mine.exists())
