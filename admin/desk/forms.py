"""The forms of one call: which may be filled, in which version, and what an agent has answered.

Owns: the rule of versions, an answer's row, its entry in the audit log. Must not: decide whose call it is, print, or
begin a transaction.

An agent has one answer to a form in a call. It keeps the version it was given to; a form that was changed while the
call went on may still be saved as it stood on the agent's screen.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from admin import audit
from admin.desk.typed import FilledForm
from models.checks import check_form_answers
from models.tables import Agent, Call, CallCenterForm, Form, FormAnswer, FormField, FormFile, FormVersion, now
from models.tables.forms import FormFieldKind
from models.values.errors import InvalidValue


@dataclass(frozen=True, slots=True)
class Checked:
    """A filled form: `errors` by the key of the field, or what is ready to be written."""

    version: FormVersion
    row: FormAnswer | None
    values: Mapping[str, Any]
    errors: Mapping[str, InvalidValue]


def key_of(version: int, name: str) -> str:
    return f"form.{version}.{name}"


# ---------------------------------------------------------------- which
def allowed(call: Call) -> list[Form]:
    """Those of the call's call center, in its order."""
    if call.call_center_id is None:
        return []
    query = Form.select(Form).join(CallCenterForm).where(CallCenterForm.call_center == call.call_center_id, Form.active)
    return list(query.order_by(CallCenterForm.position, Form.name_key))


def answers_of(call: Call, agent: Agent) -> dict[int, FormAnswer]:
    """What the agent has saved of this call, by form."""
    query = FormAnswer.select(FormAnswer, FormVersion).join(FormVersion)
    mine = query.where(FormAnswer.call_id == call.id, FormAnswer.agent == agent).order_by(FormAnswer.id)
    return {row.version.form_id: row for row in mine}


def versions_of(forms: Iterable[Form]) -> dict[int, list[FormVersion]]:
    """By form, the newest first."""
    found: dict[int, list[FormVersion]] = {}
    rows = FormVersion.select().where(FormVersion.form.in_([form.id for form in forms]))
    for row in rows.order_by(FormVersion.number.desc()):
        found.setdefault(row.form_id, []).append(row)
    return found


def usable(version: FormVersion, versions: Sequence[FormVersion], call: Call, answer: FormAnswer | None) -> bool:
    """The answer's own version, the newest, or one that was the newest at some time since the call came."""
    if answer is not None:
        return bool(version.id == answer.version_id)
    later = [other for other in versions if other.number > version.number]
    return not later or bool(later[-1].created_at > call.offered_at)


def fields_of(versions: Iterable[int]) -> dict[int, list[FormField]]:
    """By version, its fields in order; headings too."""
    rows = FormField.select().where(FormField.version.in_(list(versions))).order_by(FormField.position)
    found: dict[int, list[FormField]] = {}
    for row in rows:
        found.setdefault(row.version_id, []).append(row)
    return found


# ---------------------------------------------------------------- shown
def shown(call: Call, agent: Agent, drafted: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The forms as the page draws them: those allowed, and those that were answered. `drafted`: keys of a draft."""
    answers = answers_of(call, agent)
    forms = allowed(call)
    known = {form.id for form in forms}
    forms += [Form.get_by_id(key) for key in answers if key not in known]
    versions = versions_of(forms)
    begun = {int(key.split(".")[1]) for key in drafted if key.startswith("form.")}
    chosen: list[tuple[Form, FormVersion]] = []
    for form in forms:
        answer = answers.get(form.id)
        possible = [one for one in versions.get(form.id, ()) if usable(one, versions[form.id], call, answer)]
        version = next((one for one in possible if one.id in begun), possible[0] if possible else None)
        if version is not None:
            chosen.append((form, version))
    fields = fields_of(version.id for _form, version in chosen)
    files = files_of(call, agent)
    others = _others(call, agent)
    return [
        {
            "form": form.id,
            "version": version.id,
            "name": form.name,
            "fields": [_field(one) for one in fields.get(version.id, ())],
            "saved": None if form.id not in answers else _saved(answers[form.id]),
            "files": [as_message(file) for file in files if file.version_id == version.id],
            "others": others.get(form.id, []),
        }
        for form, version in chosen
        if fields.get(version.id)
    ]


def _field(row: FormField) -> dict[str, Any]:
    condition = row.condition or None
    return {
        "key": row.name,
        "label": row.label,
        "kind": row.kind.value,
        "required": row.required,
        "options": row.options or [],
        "help": row.help,
        "value": row.default_value,
        "condition": condition and {"key": condition["field"], "equals": condition["equals"]},
    }


def _saved(answer: FormAnswer) -> dict[str, Any]:
    return {"answers": answer.answers, "at": int(answer.changed_at.timestamp() * 1000)}


def _others(call: Call, agent: Agent) -> dict[int, list[str]]:
    """Which colleagues have filled a form in this call, by form: whoever had it before a transfer."""
    rows = (
        FormAnswer.select(FormVersion.form, Agent.name)
        .join(FormVersion)
        .switch(FormAnswer)
        .join(Agent)
        .where(FormAnswer.call_id == call.id, FormAnswer.agent != agent)
    )
    found: dict[int, list[str]] = {}
    for form, name in rows.tuples():
        found.setdefault(form, []).append(name)
    return found


# ---------------------------------------------------------------- files
def files_of(call: Call, agent: Agent) -> list[FormFile]:
    rows = FormFile.select().where(FormFile.call_id == call.id, FormFile.agent == agent)
    return list(rows.order_by(FormFile.id))


def as_message(file: FormFile) -> dict[str, Any]:
    return {
        "id": file.id,
        "field": file.field,
        "name": file.filename,
        "size": file.size,
        "shared": file.shared,
        "saved": file.answer_id is not None,
        "leaves": file.leaves,
    }


# ---------------------------------------------------------------- saved
def check(sent: FilledForm, call: Call, agent: Agent) -> Checked | None:
    """None: no such version, or not one that may be filled here."""
    version = FormVersion.get_or_none(FormVersion.id == sent.version)
    if version is None:
        return None
    answer = answers_of(call, agent).get(version.form_id)
    if answer is None and version.form_id not in {form.id for form in allowed(call)}:
        return None
    if not usable(version, versions_of([version.form]).get(version.form_id, []), call, answer):
        return None
    fields = fields_of([version.id]).get(version.id, [])
    answers: dict[str, Any] = dict(sent.answers)
    for field in fields:
        if field.kind is FormFieldKind.FILE:
            answers[str(field.name)] = []
    for file in files_of(call, agent):
        if file.version_id == version.id and not file.leaves and isinstance(answers.get(file.field), list):
            answers[file.field].append(file.filename)
    checked = check_form_answers(fields, answers)
    errors = {key_of(version.id, name): problem for name, problem in checked.errors.items()}
    return Checked(version, answer, checked.values, errors)


def write(checked: Checked, call: Call, agent: Agent, contact: int | None) -> tuple[FormAnswer, list[str]]:
    """The saved answer, and the hashes of files that went with it."""
    answer = checked.row
    before = None if answer is None else answer.answers
    moment = now()
    if answer is None:
        answer = FormAnswer(version=checked.version, call_id=call.id, agent=agent, created_at=moment)
    answer.contact = contact
    answer.answers = checked.values["answers"]
    answer.folded = checked.values["folded"]
    answer.changed_at = moment
    answer.save()
    gone = _settle_files(answer, call, agent)
    act, name = ("create", "edit")[before is not None], str(checked.version.form.name)
    audit.record("form_answers", act, key=answer.id, name=name, before=before, after=answer.answers)
    return answer, gone


def _settle_files(answer: FormAnswer, call: Call, agent: Agent) -> list[str]:
    """Files whose field is in the answer are the answer's; those taken out, or of a field that is hidden, go."""
    gone = []
    for file in files_of(call, agent):
        if file.version_id != answer.version_id:
            continue
        if file.leaves or file.field not in answer.answers:
            gone.append(str(file.sha256))
            file.delete_instance()
        elif file.answer_id is None:
            FormFile.update(answer=answer).where(FormFile.id == file.id).execute()
    return gone
