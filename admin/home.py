"""The first page: today's calls, who is at work, how the engine is.

Owns: its queries and the engine's state for the pill of every page. Must not: change anything.
"""

from datetime import datetime, timedelta
from typing import Any

from flask import abort, jsonify, redirect, url_for
from flask_admin import AdminIndexView, expose
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from peewee import JOIN, fn

from admin.installation import installation
from admin.language import timezone
from admin.permissions import may
from admin.sections.calls import with_names
from models.tables import Agent, AgentPresence, Call, from_epoch_ms
from models.values.call import AgentState, Outcome


class HomeView(AdminIndexView):
    label = _l("Inicio")
    icon = "home"

    def is_accessible(self) -> bool:
        return bool(current_user.is_authenticated)

    def inaccessible_callback(self, name: str, **kwargs: Any) -> Any:
        from flask import current_app

        return current_app.login_manager.unauthorized()  # type: ignore[attr-defined]

    @expose("/")
    def index(self) -> Any:
        if not may(current_user.role, "home"):
            return redirect(url_for("desk.page"))
        return self.render("home.html", heading=str(self.label), **today())

    @expose("/engine")
    def engine(self) -> Any:
        """`state`: ok, part (the switch or the database is away) or away; asked by every page's pill."""
        if not may(current_user.role, "home"):
            abort(403)
        told = installation().engine.health()
        if told is None:
            return jsonify(state="away")
        whole = told.get("switch", {}).get("connected") and told.get("database", {}).get("ok")
        return jsonify(state="ok" if whole else "part", calls=told.get("calls"), desks=told.get("desks"))


def today() -> dict[str, Any]:
    """The day so far, where the account is."""
    zone = timezone()
    start = datetime.now(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    of_today = Call.offered_at >= start
    outcomes = dict(Call.select(Call.outcome, fn.COUNT(Call.id)).where(of_today).group_by(Call.outcome).tuples())
    taken = int(outcomes.get(Outcome.ANSWERED, 0))
    ended = sum(int(count) for outcome, count in outcomes.items() if outcome != Outcome.IN_PROGRESS)
    waits = (
        Call.select(fn.AVG(Call.wait_ms), fn.AVG(Call.talk_ms))
        .where(of_today, Call.outcome == Outcome.ANSWERED)
        .tuples()
        .get()
    )
    return {
        "outcomes": {Outcome(key): int(count) for key, count in outcomes.items()},
        "total": sum(int(count) for count in outcomes.values()),
        "answered": taken,
        "answered_share": round(100 * taken / ended) if ended else None,
        "mean_wait_ms": None if waits[0] is None else int(waits[0]),
        "mean_talk_ms": None if waits[1] is None else int(waits[1]),
        "hours": _by_hour(start),
        "people": _people(),
        "latest": _latest(),
        "health": installation().engine.health(),
    }


def _by_hour(start: datetime) -> list[dict[str, int]]:
    """24 hours of the account's day: how many calls came, how many of them were answered."""
    hours = [{"hour": number, "total": 0, "answered": 0} for number in range(24)]
    end = start + timedelta(days=1)
    calls = Call.select(Call.offered_at, Call.outcome).where(Call.offered_at >= start, Call.offered_at < end)
    for at, outcome in calls.tuples():
        local = at.astimezone(start.tzinfo)
        hours[local.hour]["total"] += 1
        hours[local.hour]["answered"] += outcome == Outcome.ANSWERED
    return hours


def _people() -> list[dict[str, Any]]:
    """Active users with a phone and their state, those at work first: as the engine has it, which every desk shows too;
    as it was last written when no engine answers."""
    rows = (
        Agent.select(
            Agent.id, Agent.name, Agent.endpoint, AgentPresence.state, AgentPresence.reason, AgentPresence.since
        )
        .join(AgentPresence, JOIN.LEFT_OUTER)
        .where(Agent.active, Agent.endpoint.is_null(False))
        .order_by(Agent.name)
        .tuples()
    )
    order = list(AgentState)
    told = installation().engine.agents()
    at_work = None if told is None else {one["id"]: one for one in told}
    people = []
    for key, name, endpoint, state, reason, since in rows:
        if at_work is not None:
            now = at_work.get(key, {})
            state, reason = now.get("state"), now.get("reason")
            since = from_epoch_ms(now["since"]) if now.get("since") else None
        state = AgentState(state or AgentState.OFFLINE)
        people.append(
            {"id": key, "name": name, "endpoint": endpoint, "state": state, "reason": reason or "", "since": since}
        )
    return sorted(people, key=lambda one: (one["state"] is AgentState.OFFLINE, order.index(one["state"]), one["name"]))


def _latest(count: int = 8) -> list[Call]:
    return with_names(Call.select().order_by(Call.offered_at.desc()).limit(count))
