"""Calls as lines of a file: what *Descargar* of the history writes.

Owns: the columns, and what of a row stands in them. Must not: find calls (`admin.history_pages`) or know formats.

Raw rows, and words looked up once: a download of a million is as quick as its writer.
"""

from collections.abc import Iterator
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from admin import history_pages
from admin.formats import duration, stamps
from admin.history_search import HistorySearch
from admin.words import label
from models.values.call import Direction, Outcome
from models.values.money import from_millionths

CHUNK: Final = 2000
HEADINGS: Final = (
    _l("Tipo"), _l("Inicio"), _l("Contestada"), _l("Fin"), _l("Espera"), _l("Duración"), _l("Call Center"),
    _l("Número marcado"), _l("Número que llamó"), _l("Contacto"), _l("Compañía"), _l("Agente"), _l("Disposición"),
    _l("Comentario"), _l("Calificación"), _l("Costo"), _l("Moneda"), _l("Cómo terminó"),
)  # fmt: skip
_COLUMNS: Final = (
    "w.direction, w.answered_at, w.ended_at, w.wait_ms, w.talk_ms, w.call_center_name, w.called_number, "
    "w.calling_number, c.name, o.name, a.name, d.name, w.comment, w.rating, w.cost, w.rate_currency, w.outcome, "
    "w.reason, w.cause"
)
_JOINS: Final = (
    " LEFT JOIN contacts c ON c.id = w.contact_id LEFT JOIN companies o ON o.id = c.company_id"
    " LEFT JOIN agents a ON a.id = w.agent_id LEFT JOIN dispositions d ON d.id = w.disposition_id"
)


@lru_cache(maxsize=20_000)
def lasted(seconds: int) -> str:
    return duration(seconds * 1000)


def batches(search: HistorySearch, sort: str, descending: bool, ending: Any) -> Iterator[list[list[Any]]]:
    """`ending`: how a call ended, in words."""
    said: dict[Any, str] = {}
    directions = {one.value: str(label(one)) for one in Direction}
    stamp = stamps()

    def line(row: Any) -> list[Any]:
        (_key, at, direction, answered, ended, wait, talk, center, called, calling, contact, company, agent, left,
         comment, rating, cost, currency, outcome, reason, cause) = row  # fmt: skip
        how = (outcome, direction, reason, cause, wait // 1000)
        text = said.get(how)
        if text is None:
            if len(said) > 10_000:
                said.clear()
            call = SimpleNamespace(outcome=Outcome(outcome), direction=Direction(direction), reason=reason,
                                   cause=cause, wait_ms=wait)  # fmt: skip
            text = said[how] = ending(call)
        return [
            directions[direction], stamp(at), stamp(answered), stamp(ended), lasted(wait // 1000), lasted(talk // 1000),
            center, called, calling, contact or "", company or "", agent or "", left or "", comment, str(rating or ""),
            "" if cost is None else f"{from_millionths(cost):f}", currency, text,
        ]  # fmt: skip

    for rows in history_pages.everything(search, sort, descending, _COLUMNS, _JOINS, CHUNK):
        yield [line(row) for row in rows]
