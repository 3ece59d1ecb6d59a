"""The audit log is written here: who changed what, when, from where, before and after.

Owns: the difference between two states of a row, the entry, the words for the acts. Must not: begin a transaction: an
entry stands or falls with the change that it tells of.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from flask import g, has_request_context, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from admin.installation import installation
from models.tables import AuditEntry, Row, fold

# Each act in words; what the log holds is the key.
ACTS: Final[dict[str, Any]] = {
    "create": _l("Creó"),
    "edit": _l("Cambió"),
    "delete": _l("Eliminó"),
    "activate": _l("Activó"),
    "deactivate": _l("Desactivó"),
    "order": _l("Ordenó"),
    "invite": _l("Hizo enlace de invitación"),
    "secret": _l("Hizo secreto SIP nuevo"),
    "lift": _l("Levantó la baja"),
    "download": _l("Descargó"),
    "campaign": _l("Generó campaña"),
    "merge": _l("Unió duplicados"),
    "part": _l("Deshizo la unión"),
    "upload": _l("Subió archivo"),
    "load": _l("Cargó archivo"),
    "undo": _l("Deshizo la carga"),
    "discard": _l("Descartó archivo"),
    "release": _l("Liberó"),
    "done": _l("Marcó atendida"),
    "listen": _l("Escuchó grabación"),
    "heard": _l("Marcó escuchado"),
    "unheard": _l("Marcó no escuchado"),
    "pin": _l("Puso PIN nuevo"),
    "message": _l("Agregó mensaje"),
    "take": _l("Tomó"),
    "attach": _l("Adjuntó"),
    "detach": _l("Quitó adjunto"),
    "revoke": _l("Revocó"),
    "retry": _l("Reintentó"),
    "test": _l("Envió prueba"),
    "print": _l("Mandó a imprimir"),
    "printed": _l("Dijo que se imprimió"),
    "not_printed": _l("Dijo que no se imprimió"),
    "cancel": _l("Canceló"),
    "made": _l("Marcó hecha"),
    "unmade": _l("Marcó no hecha"),
}
_MAX_TEXT: Final = 2000  # of one value: a longer one is cut, and says so
_MAX_FOLDED: Final = 4000


def plain(value: Any) -> Any:
    """A value as JSON holds it: a row by its name, an enum by its value, long texts cut."""
    if isinstance(value, Row):
        return str(getattr(value, "name", "") or value.get_id())
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}… ({len(text)})"


def difference(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Both states without what is the same in both; a new or a deleted row whole, but for what is empty."""
    one = None if before is None else {name: plain(value) for name, value in before.items()}
    two = None if after is None else {name: plain(value) for name, value in after.items()}
    if one is None or two is None:
        return _filled(one), _filled(two)
    names = [name for name in {**one, **two} if one.get(name) != two.get(name)]
    return {name: one.get(name) for name in names}, {name: two.get(name) for name in names}


def _filled(state: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if state is None else {name: value for name, value in state.items() if value not in (None, "", [], {})}


def record(
    section: str,
    act: str,
    *,
    key: object = "",
    name: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry | None:
    """Notes an act of the logged-in user, in the transaction that is open. An edit that changes nothing is none."""
    old, new = difference(before, after)
    if act == "edit" and old == new:
        return None
    if not installation().database.in_transaction():
        raise RuntimeError("an audit entry is written in the transaction of its change")
    user = current_user if has_request_context() and current_user.is_authenticated else None
    who = "" if user is None else str(user.name)
    if user is not None and "api_token" in g:
        who = f"{who} (API: {g.api_token.name})"
    told = [who, name, *(json.dumps(state, ensure_ascii=False) for state in (old, new) if state)]
    return AuditEntry.create(
        agent=None if user is None else user.id,
        who=who[:100],
        address=(request.remote_addr or "")[:45] if has_request_context() else "",
        section=section,
        act=act,
        row_key=str(key)[:64],
        row_name=str(name)[:200],
        before=old,
        after=new,
        folded=fold(" ".join(told))[:_MAX_FOLDED],
    )
