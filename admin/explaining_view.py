"""The page *Explicar esta llamada*, a part of the section *Historial de llamadas*.

Owns: what of the tables the page shows. Must not: put it into words (`admin.explaining`).
"""

from typing import Any

from flask import abort
from flask_admin import expose
from flask_babel import gettext as _

from admin import explaining
from admin.permissions import Act
from admin.recordings_view import recordings_of
from admin.story_words import REAPED
from admin.view_marks import acting
from models.tables import Agent, Call, CallEvent, CallLeg, Reaped

MOST_REAPED = 20


class ExplainingView:
    """The part of the section's view that explains one call; it is nothing alone."""

    render: Any
    frame: Any
    base_query: Any

    @expose("/<string:call_id>/explicar")
    @acting(Act.READ)
    def explain_view(self, call_id: str) -> Any:
        """Who was rung and why not the others, what every timer did, why it ended, what it cost."""
        call = self.base_query().where(Call.id == call_id[:64]).get_or_none()
        if call is None:
            abort(404)
        entries = list(CallEvent.select().where(CallEvent.call == call.id).order_by(CallEvent.ordinal))
        legs = list(CallLeg.select().where(CallLeg.call == call.id).order_by(CallLeg.ordinal))
        reaped = list(Reaped.select().where(Reaped.call_id == call.id).order_by(Reaped.at).limit(MOST_REAPED))
        wanted = explaining.agents_in(entries) | {leg.agent_id for leg in legs if leg.agent_id}
        rows = Agent.select(Agent.id, Agent.name).where(Agent.id.in_(sorted(wanted))).tuples() if wanted else ()
        names = explaining.Names(rows)
        return self.render(
            "calls/explain.html",
            **(self.frame() | {"heading": _("Explicar esta llamada")}),
            call=call,
            recordings=recordings_of([call]).get(call.id, ()),
            told=explaining.explain(call, entries, names),
            lines=explaining.lines(call, legs, names),
            charge=explaining.charge(call),
            reaped=[(one.at, one.kind, one.thing, str(REAPED.get(one.why, one.why))) for one in reaped],
        )
