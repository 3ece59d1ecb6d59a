"""The addresses of one call at the desk: what there is to fill in, *Salvar*, drafts, files.

Owns: requests and answers of /desk/calls and /desk/files. Must not: hold rules (`ownership`, `saving`, `drafts`,
`files`).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from flask import abort, jsonify, request
from flask_login import login_required

from admin import documents
from admin.desk import contact_choice, drafts, files, forms, recent, saving
from admin.desk.callback_views import tell
from admin.desk.ownership import Standing, standing
from admin.desk.typed import BadRequest, read
from admin.desk.views import blueprint
from admin.desk.work import work
from admin.desk_news import tell_desks
from admin.installation import account, installation
from admin.kept_files import forget
from admin.language import timezone
from admin.login import limiter
from admin.permissions import Act, may
from admin.problems import problem_text
from admin.sessions import user
from models.tables import Call, FormFile

MAX_BODY: Final = 512 * 1024
MAX_DRAFT: Final = 300 * 1024
DRAFTS_ALLOWED: Final = "240 per minute"  # of one agent, in all tabs


def own_call(*, alerting: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Gives the view the call, when it is this agent's: 409 when nobody can tell yet, 403 when it is another's.

    `alerting`: also while it rings, when it is nobody's yet: for what others do not see.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def checked(call_id: str) -> Any:
            row = Call.get_or_none(Call.id == call_id)
            match standing(row, user().row):
                case Standing.MINE:
                    return view(row)
                case Standing.NOT_YET if alerting and row is not None:
                    return view(row)
                case whose:
                    return _not(whose)

        return checked

    return decorate


def _not(whose: Standing) -> Any:
    if whose is Standing.NOT_YET:
        return jsonify(error="not_yet"), 409
    return jsonify(error="not_yours"), 403


def _json(limit: int) -> Any:
    if request.content_length is None or request.content_length > limit:
        abort(413)
    return request.get_json()


def _malformed(problem: BadRequest) -> Any:
    return jsonify(error="malformed", message=str(problem)), 400


# ---------------------------------------------------------------- the call
@blueprint.get("/calls/<call_id>")
@login_required
@own_call()
def call(row: Call) -> Any:
    """One of before, in the form of a pop."""
    return jsonify(recent.past_call(installation().database, row))


@blueprint.get("/calls/<call_id>/work")
@login_required
@own_call(alerting=True)
def call_work(row: Call) -> Any:
    """What there is to fill in, and what was typed and not saved."""
    return jsonify(_work(row))


def _work(row: Call) -> dict[str, Any]:
    draft = drafts.of(user().row, str(row.id))
    return work(row, user().row, draft["fields"]) | {"draft": draft}


@blueprint.post("/calls/<call_id>")
@login_required
def save_call(call_id: str) -> Any:
    """200 saved, 403 another's call, 409 not in the history yet, 422 errors by field, 413 or 415 not from our page."""
    body = _json(MAX_BODY)
    try:
        outcome = saving.save(installation().database, user().row, call_id, read(body), account().region, timezone())
    except BadRequest as problem:
        return _malformed(problem)
    match outcome:
        case saving.Saved(row, gone, callback):
            forget(*gone)
            if callback:
                tell(set(callback), None)
            return jsonify(_work(row))
        case saving.Refused(errors, now):
            texts = {name: problem_text(problem) for name, problem in errors.items()}
            return jsonify(errors=texts, now=now), 422
        case saving.NotSaved(whose):
            return _not(whose)


@blueprint.post("/calls/<call_id>/contact")
@login_required
@own_call()
def choose_contact(row: Call) -> Any:
    """`contact`: one with the call's number, null for a new one; `seen`: the one that the page shows.

    200 and all that is to be filled in, of that contact; 409 "chosen" when somebody else chose meanwhile.
    """
    body = _json(1024)
    if not isinstance(body, dict) or set(body) != {"contact", "seen"} or not all(map(_is_key, body.values())):
        return _malformed(BadRequest("contact and seen: ids, or null"))
    try:
        chosen = contact_choice.choose(
            installation().database, user().row, str(row.id), body["contact"], body["seen"], account().region
        )
    except contact_choice.NotAChoice:
        return _malformed(BadRequest("a contact that has another number"))
    if isinstance(chosen, contact_choice.ChosenAlready):
        return jsonify(error="chosen"), 409
    tell_desks("calls", {user().id, row.agent_id} - {None}, {"call": str(row.id), "what": "contact"})
    return jsonify(_work(chosen))


# ---------------------------------------------------------------- drafts
@blueprint.post("/calls/<call_id>/draft")
@login_required
@limiter.limit(DRAFTS_ALLOWED, key_func=lambda: f"draft {user().id}")
@own_call(alerting=True)
def keep_draft(row: Call) -> Any:
    """What was typed since the last time; what other tabs typed comes back."""
    try:
        sent = drafts.parse(_json(MAX_DRAFT))
        return jsonify(drafts.merge(installation().database, user().row, str(row.id), sent))
    except BadRequest as problem:
        return _malformed(problem)
    except drafts.TooMuch:
        return jsonify(error="too_much"), 413


@blueprint.post("/calls/<call_id>/discard")
@login_required
@own_call(alerting=True)
def discard(row: Call) -> Any:
    forget(*drafts.discard(installation().database, user().row, str(row.id)))
    return "", 204


# ---------------------------------------------------------------- files
@blueprint.post("/calls/<call_id>/files")
@login_required
@own_call()
def add_file(row: Call) -> Any:
    """A file from the agent's disk (multipart), or a document of *Adjuntos* by its id, for one field of a form."""
    version, field, attachment = (request.form.get(name, "") for name in ("version", "field", "attachment"))
    where = files.place(row, user().row, int(version), field) if _is_id(version) else None
    sent = request.files.get("file")
    if where is None or (sent is None and not _is_id(attachment)):
        return _malformed(BadRequest("a field of a form, and a file for it"))
    try:
        added = files.take(where, int(attachment)) if sent is None else files.upload(where, sent)
    except documents.BadFile as problem:
        return jsonify(message=str(problem)), 422
    return jsonify(forms.as_message(added)), 201


@blueprint.get("/files/<int:file_id>")
@login_required
def file(file_id: int) -> Any:
    """A download, for whoever had the call, and whoever may read answers."""
    row = _file(file_id)
    if not may(user().role, "form_answers", Act.READ):
        _require_mine(row)
    response = documents.file_response(row.sha256, row.mime, download_name=row.filename)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.post("/files/<int:file_id>")
@login_required
def change_file(file_id: int) -> Any:
    """Takes a file out of its form, or (`keep`) takes that back."""
    row = _file(file_id)
    _require_mine(row)
    if row.agent_id != user().id:
        abort(403)
    if _json(1024) == {"keep": True}:
        files.keep(row)
    else:
        forget(*files.remove(row))
    return "", 204


@blueprint.get("/documents")
@login_required
def documents_offered() -> Any:
    return jsonify(documents=files.offered(user().row, request.args.get("q", "")[:100]))


def _file(file_id: int) -> FormFile:
    row: FormFile | None = FormFile.get_or_none(FormFile.id == file_id) if file_id < 2**63 else None
    if row is None:
        abort(404)
    return row


def _require_mine(row: FormFile) -> None:
    if standing(Call.get_or_none(Call.id == row.call_id), user().row) is not Standing.MINE:
        abort(403)


def _is_key(value: object) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18
