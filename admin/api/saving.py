"""A row saved as its section's own page saves it: same check, same transaction, same audit, same reload.

Owns: the way from a body's fields to the section's form and back. Must not: hold a rule of a section.

An ETag is the section's own fingerprint of the row, the one that tells two people at one row apart: what the engine
writes meanwhile changes none.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, current_app, jsonify, request
from flask_babel import gettext as _
from peewee import IntegrityError

from admin.api import idempotency
from admin.api.problems import ApiProblem, field_error, invalid
from admin.base_view import SectionView
from admin.engine import InForce, Refused
from admin.installation import installation
from admin.section_forms import Members, SectionForm
from admin.view_marks import NotSaved
from models.db import transaction
from models.values.errors import InvalidValue

Shape = Callable[[Any], Any]


def section(endpoint: str) -> SectionView:
    """The section's view, the one whose pages people use."""
    views = (view for admin in current_app.extensions["admin"] for view in admin._views)
    found: SectionView = next(view for view in views if view.endpoint == endpoint)
    return found


def row_of(view: SectionView, key: int) -> Any:
    """Raises ApiProblem(not_found)."""
    row = view.table.get_or_none(view.table.id == key) if key < 2**63 else None
    if row is None:
        raise ApiProblem("not_found", _("No hay nada en %(path)s.", path=request.path))
    return row


def etag(view: SectionView, row: Any) -> str:
    return f'"{view.fingerprint(row)}"'


def require_match(current: str) -> None:
    """Somebody else changed it: the program reads it again. Raises ApiProblem."""
    sent = {one.strip() for one in request.headers.get("If-Match", "").split(",")}
    if "*" not in sent and current not in sent:
        raise ApiProblem("changed_meanwhile", _("Léelo de nuevo: alguien lo cambió."), headers={"ETag": current})


def one(view: SectionView, row: Any, shape: Shape) -> Response:
    return answered(shape(row), etag(view, row))


def answered(body: Any, tag: str = "", *, status: int = 200, location: str = "") -> Response:
    response = jsonify(body.model_dump(mode="json"))
    response.status_code = status
    if tag:
        response.headers["ETag"] = tag
    if location:
        response.headers["Location"] = location
    return response


# ---------------------------------------------------------------- saving
def create(view: SectionView, fields: Mapping[str, Any], names: Mapping[str, str], shape: Shape) -> Response:
    """`fields`: by the form's names; `names`: what the API calls those that it calls otherwise."""
    row = _saved(view, None, fields, names, shape)
    tag, location = etag(view, row), f"{request.path}/{row.get_id()}"
    response = answered(shape(row), tag, status=201, location=location)
    return _told(view, response)


def edit(view: SectionView, key: int, fields: Mapping[str, Any], names: Mapping[str, str], shape: Shape) -> Response:
    row = _saved(view, row_of(view, key), fields, names, shape)
    return _told(view, one(view, row, shape))


def delete(view: SectionView, key: int) -> Response:
    """Only what nothing holds on to; the page's own rule."""
    row = row_of(view, key)
    with transaction(installation().database):
        row = row_of(view, key)
        require_match(etag(view, row))
        blocked = [one for one in view.found_references(row) if not one.goes]
        if blocked or not view._delete(row):
            told = ", ".join(f"{one.count} {one.words}" for one in blocked)
            raise ApiProblem("in_use", _("Lo usan: %(what)s.", what=told) if told else "")
    response = Response(status=204)
    return _told(view, response)


def _saved(view: SectionView, row: Any, fields: Mapping[str, Any], names: Mapping[str, str], shape: Shape) -> Any:
    form: SectionForm | None = None
    try:
        with transaction(installation().database):
            if row is not None:
                row = row_of(view, row.id)
                require_match(etag(view, row))
            form = view.new_form(row)
            _fill(form, fields, names)
            checked = view.check(form, row)
            refused = [field_error(names.get(name, name), problem) for name, problem in checked.errors.items()]
            form.show(checked.errors)
            if form.is_refused:
                raise invalid(*(refused or _said(form, names)))
            created = row is None
            row = view.written(form, row, checked.values)
            row = row_of(view, row.id)
            if created:
                body = without_secrets(shape(row).model_dump(mode="json"))
                idempotency.keep(201, body, etag=etag(view, row), location=f"{request.path}/{row.get_id()}")
    except NotSaved:
        raise invalid(*_said(form, names)) from None
    except IntegrityError:
        raise ApiProblem("conflict", _("Otra persona guardó lo mismo en este momento.")) from None
    return row


def without_secrets(body: dict[str, Any]) -> dict[str, Any]:
    """What is shown once is not kept to be shown again."""
    return body | {name: None for name in ("sip_secret", "invitation_url") if name in body}


def _fill(form: SectionForm, fields: Mapping[str, Any], names: Mapping[str, str]) -> None:
    """What was sent, in the form's fields, as if it stood there."""
    wrong = []
    for name, value in fields.items():
        if name not in form:
            wrong.append(field_error(names.get(name, name), InvalidValue("unknown_field", name=name)))
            continue
        field = form[name]
        if isinstance(field, Members):
            known = {key for key, _label in field.options}
            unknown = [key for key in value if key not in known and key not in (field.data or {})]
            if unknown:
                problem = InvalidValue("not_found", what=name, value=str(unknown[0]))
                wrong.append(field_error(names.get(name, name), problem))
            field.data = dict(value)
        else:
            field.process_data(value)
    if wrong:
        raise invalid(*wrong)


def _said(form: SectionForm | None, names: Mapping[str, str]) -> list[dict[str, str]]:
    """What a section refused in its own words."""
    if form is None:
        return []
    beside = [
        {"field": names.get(field.name, field.name), "code": "refused", "message": str(text)}
        for field in form
        for text in field.errors
    ]
    return beside + [{"field": "", "code": "refused", "message": text} for text in form.problems]


def _told(view: SectionView, response: Response) -> Response:
    """After the commit: the engine routes by it, and the answer says whether it does."""
    if view.changes_routing:
        match installation().engine.reload():
            case InForce():
                said = "in-force"
            case Refused():
                said = "refused"
            case _:
                said = "engine-away"
        response.headers["X-Centralita-Routing"] = said
    return response
