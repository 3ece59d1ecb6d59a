"""Calls as lines of a file: what *Descargar* of the history writes.

Owns: the columns, and what of a row stands in them. Must not: find calls (`admin.history_pages`) or know formats.

Raw rows, and words looked up once: a download of a million is as quick as its writer.
"""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Final

from flask_babel import lazy_gettext as _l

from admin import history_pages
from admin.columns import Columns, Made
from admin.formats import Stamps, duration
from admin.history_search import HistorySearch
from admin.memo import Memo
from admin.names import Names
from admin.words import label
from models.db import is_postgresql
from models.tables import Agent, Company, Disposition, database
from models.values.call import Direction, Outcome
from models.values.money import from_millionths

# What is worked on stays in the processor's cache: 2,000 rows at once take a third longer. A statement of PostgreSQL's
# costs more than one of SQLite's: it gives several times as many.
CHUNK: Final = 500
_CHUNKS_AT_ONCE: Final = 8
HEADINGS: Final = (
    _l("Tipo"), _l("Inicio"), _l("Contestada"), _l("Fin"), _l("Espera"), _l("Duración"), _l("Call Center"),
    _l("Número marcado"), _l("Número que llamó"), _l("Contacto"), _l("Compañía"), _l("Agente"), _l("Disposición"),
    _l("Comentario"), _l("Calificación"), _l("Costo"), _l("Moneda"), _l("Cómo terminó"),
)  # fmt: skip
_COLUMNS: Final = (
    "w.direction, w.answered_at, w.ended_at, w.wait_ms, w.talk_ms, w.call_center_name, w.called_number, "
    "w.calling_number, c.name, c.company_id, w.agent_id, w.disposition_id, w.comment, w.rating, w.cost, "
    "w.rate_currency, w.outcome, w.reason, w.cause"
)
_JOINS: Final = " LEFT JOIN contacts c ON c.id = w.contact_id"


def batches(search: HistorySearch, sort: str, descending: bool, ending: Any) -> Iterator[Columns]:
    """`ending`: how a call ended, in words."""

    def ended_so(how: tuple[Any, ...]) -> str:
        outcome, direction, reason, cause, seconds = how
        return str(ending(SimpleNamespace(outcome=Outcome(outcome), direction=Direction(direction), reason=reason,
                                          cause=cause, wait_ms=seconds * 1000)))  # fmt: skip

    directions = {one.value: str(label(one)) for one in Direction}
    lasted = Memo(lambda seconds: duration(seconds * 1000))
    costs = Memo(lambda cost: "" if cost is None else f"{from_millionths(cost):f}")
    endings = Memo(ended_so)
    stamps, agents, dispositions, companies = Stamps(), Names(Agent), Names(Disposition), Names(Company)

    def columns(rows: list[Any]) -> Columns:
        """What is done for each value is a look into a table."""
        (_keys, at, direction, answered, ended, wait, talk, center, called, calling, contact, company, agent, left,
         comment, rating, cost, currency, outcome, reason, cause) = zip(*rows, strict=True)  # fmt: skip
        waited = [milliseconds // 1000 for milliseconds in wait]
        hows = zip(outcome, direction, reason, cause, waited, strict=True)
        return Columns(
            Made([directions[one] for one in direction]),
            *(Made(stamps.column(moments)) for moments in (at, answered, ended)),
            Made([lasted[one] for one in waited]),
            Made([lasted[milliseconds // 1000] for milliseconds in talk]),
            center, called, calling, [name or "" for name in contact], companies.of(company), agents.of(agent),
            dispositions.of(left), comment,
            Made([str(one or "") for one in rating]), Made([costs[one] for one in cost]), currency,
            Made([endings[how] for how in hows]),
        )  # fmt: skip

    at_once = CHUNK * (_CHUNKS_AT_ONCE if is_postgresql(database.obj) else 1)
    for rows in history_pages.everything(search, sort, descending, _COLUMNS, _JOINS, at_once):
        for first in range(0, len(rows), CHUNK):
            yield columns(rows[first : first + CHUNK])
