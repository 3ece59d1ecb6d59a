"""*Explicar esta llamada*: what happened to a call, in sentences.

Owns: the sentence of each entry of a story, its weight on the page, the lines with their cost. Must not: hold the words
of single codes (`admin.story_words`, `admin.words`) or read tables.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from flask_babel import gettext as _

from admin.desk.texts import texts
from admin.formats import duration, money, phone
from admin.story_words import CAUSES, HAPPENINGS, ORDERS, PHASES, SKIPS, STRETCHES, TIMERS
from admin.words import label, reason
from models.tables import Call, CallEvent, CallLeg
from models.values.call import LegOutcome, Outcome, Strategy
from models.values.reasons import LegReason
from models.values.story import StoryCode

NO_SPACE: Final = 507
"""What the engine says instead of the switch when the disk is too full to record."""
_TONES: Final[dict[str, str]] = {
    StoryCode.LEG_ANSWERED: "ok",
    StoryCode.JOINED: "ok",
    StoryCode.LEG_NOT_TAKEN: "warn",
    StoryCode.NOBODY_CAN_COME: "bad",
    StoryCode.NOBODY_FREE: "warn",
    StoryCode.CALLER_LEFT: "warn",
    StoryCode.TIMER: "warn",
    StoryCode.NOT_DONE: "bad",
    StoryCode.LEFT_BEHIND: "bad",
    StoryCode.DEFECT: "bad",
    StoryCode.ADOPTED: "warn",
    StoryCode.FROM_LOG: "warn",
    StoryCode.CLOSED: "end",
}
_MINOR_TIMERS: Final = frozenset({"news", "saying"})
_MINOR: Final = frozenset(
    {StoryCode.LEG_DIALLED, StoryCode.LEG_POP_SHOWN, StoryCode.PHASE, StoryCode.ORDERED, StoryCode.CALLER_KNOWN}
)


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the page. `since_ms`: after the call's beginning."""

    at: datetime
    since_ms: int
    text: str
    tone: str
    minor: bool
    people: tuple[tuple[str, str], ...] = ()
    """Agents who were passed over, with the reason."""
    more: int = 0


class Names(dict[int, str]):
    """Agents' names by id."""

    def __missing__(self, agent: int) -> str:
        return _("agente %(id)s", id=agent)


def agents_in(entries: Iterable[CallEvent]) -> set[int]:
    """The agents that these entries speak of."""
    found: set[int] = set()
    for entry in entries:
        if entry.agent_id:
            found.add(entry.agent_id)
        found.update(agent for agent, _why in _pairs(entry.detail))
    return found


def _pairs(detail: Mapping[str, Any]) -> list[tuple[int, str]]:
    listed = detail.get("agents")
    return [(int(one[0]), str(one[1])) for one in listed] if isinstance(listed, list) else []


def explain(call: Call, entries: Iterable[CallEvent], names: Names) -> list[Told]:
    """The story in the order of time; of what happened at one moment, in the order in which it was told."""
    told = []
    for entry in sorted(entries, key=lambda one: (one.at, one.ordinal)):
        people = tuple((names[agent], str(SKIPS.get(why, why))) for agent, why in _pairs(entry.detail))
        told.append(
            Told(
                entry.at,
                max(0, int((entry.at - call.offered_at).total_seconds() * 1000)),
                sentence(entry, names),
                _TONES.get(entry.code, ""),
                entry.code in _MINOR or entry.detail.get("timer") in _MINOR_TIMERS,
                people,
                int(entry.detail.get("more", 0)),
            )
        )
    return told


def sentence(entry: CallEvent, names: Names) -> str:
    """What an entry says. One that this version does not know is shown as it is."""
    detail = entry.detail or {}
    who = _who(entry, names)
    match entry.code:
        case StoryCode.ARRIVED:
            return _arrived(detail, who)
        case StoryCode.ADOPTED:
            phase = str(PHASES.get(detail.get("phase"), detail.get("phase", "")))
            return _(
                "El motor se inició, encontró esta llamada en la central y siguió con ella: %(phase)s.", phase=phase
            )
        case StoryCode.SEEKING:
            how = label(Strategy(detail["strategy"])) if detail.get("strategy") in list(Strategy) else "—"
            return _("Se buscan agentes de %(center)s. Reparto: %(how)s.", center=detail.get("center", ""), how=how)
        case StoryCode.PASSED_OVER:
            return _("A estos agentes no se les timbró:")
        case StoryCode.NOBODY_FREE:
            return _("Nadie podía tomarla en ese momento; quien llama espera.")
        case StoryCode.NOBODY_CAN_COME:
            return _("No había nadie que pudiera atender.")
        case StoryCode.CALLER_KNOWN:
            if detail.get("contact") is None:
                return _("El número viene oculto: no hay contacto que mostrar.")
            return _("Se encontró (o se creó) el contacto de quien llama.")
        case StoryCode.CALLER_LEFT:
            return _("Quien llamaba colgó%(cause)s.", cause=_cause(detail))
        case StoryCode.CENTER_CHANGED:
            return _("La llamada pasó a %(center)s.", center=detail.get("center", ""))
        case StoryCode.PHASE:
            return _phase(detail)
        case StoryCode.JOINED:
            return _("Las dos partes quedaron en línea.")
        case StoryCode.TIMER:
            name = str(detail.get("timer", ""))
            return str(TIMERS.get(name) or _("Venció un plazo: %(name)s.", name=name))
        case StoryCode.HAPPENED:
            return _happened(detail, who if entry.agent_id else "")
        case StoryCode.ORDERED:
            return _ordered(detail)
        case StoryCode.NOT_DONE:
            return _not_done(detail)
        case StoryCode.ENDING:
            return _("Empezó el cierre: %(how)s.", how=_ending(detail))
        case StoryCode.CLOSED:
            return _("Terminó: %(how)s.", how=_ending(detail))
        case StoryCode.LEFT_BEHIND:
            return _(
                "No se vio terminar a: %(things)s. Queda a cargo del recolector.",
                things=", ".join(map(str, detail.get("things", ()))),
            )
        case StoryCode.FROM_LOG:
            return _("El motor no la vio terminar: lo que sigue lo cuenta el registro de la central.")
        case StoryCode.DEFECT:
            return _("Un defecto del motor terminó la llamada; su registro lo explica.")
        case StoryCode.CUT_SHORT:
            return _("Pasó más de lo que se guarda: de aquí en adelante falta una parte.")
        case _:
            return _leg(entry, detail, who)


def _leg(entry: CallEvent, detail: Mapping[str, Any], who: str) -> str:
    match entry.code:
        case StoryCode.TOLD_NOT_POSSIBLE:
            why = str(detail.get("why", ""))
            return _("A %(who)s se le dijo que no se podía: %(why)s", who=who, why=texts().get(f"problem.{why}", why))
        case StoryCode.STRETCH_BEGAN:
            what = _stretch(detail)
            return (
                _("Empieza: %(what)s, por %(who)s.", what=what, who=who)
                if entry.agent_id
                else _("Empieza: %(what)s.", what=what)
            )
        case StoryCode.STRETCH_OVER:
            lasted = duration(detail.get("lasted_ms", 0))
            if not detail.get("reason"):
                return _("Acaba: %(what)s, tras %(time)s.", what=_stretch(detail), time=lasted)
            why = reason(str(detail["reason"]))
            return _("Acaba: %(what)s, tras %(time)s (%(why)s).", what=_stretch(detail), time=lasted, why=why)
        case StoryCode.LEG_MADE:
            return _("Se le ofrece a %(who)s.", who=who)
        case StoryCode.LEG_POP_SHOWN:
            return _("La ficha está en la pantalla de %(who)s.", who=who)
        case StoryCode.LEG_POP_NOT_SHOWN:
            return _(
                "La pantalla de %(who)s no confirmó la ficha a tiempo; el teléfono timbra de todos modos.", who=who
            )
        case StoryCode.LEG_DIALLED:
            return _("Se marca el teléfono de %(who)s.", who=who)
        case StoryCode.LEG_RINGING:
            return _("Timbra el teléfono de %(who)s.", who=who)
        case StoryCode.LEG_ANSWERED:
            return _("Contesta %(who)s.", who=who)
        case StoryCode.LEG_NOT_TAKEN:
            why = str(detail.get("reason") or "")
            outcome = detail.get("outcome")
            what = label(LegOutcome(outcome)) if outcome in list(LegOutcome) else str(outcome or "")
            if why:
                what = f"{what} ({reason(why)})"
            return _("%(who)s: %(what)s%(cause)s.", who=who, what=what, cause=_cause(detail))
        case StoryCode.LEG_OVER if detail.get("reason") == LegReason.PHONE_LOST:
            return _("%(who)s pierde su teléfono (la página se cerró o se recargó); se le vuelve a llamar.", who=who)
        case StoryCode.LEG_OVER:
            return _("%(who)s sale de la llamada; estuvo %(time)s.", who=who, time=duration(detail.get("talk_ms", 0)))
        case _:
            return f"{entry.code} {detail or ''}".strip()


def _stretch(detail: Mapping[str, Any]) -> str:
    kind = str(detail.get("kind", ""))
    said = str(STRETCHES.get(kind, kind))
    return f"{said} ({phone(str(detail['number']))})" if detail.get("number") else said


def _who(entry: CallEvent, names: Names) -> str:
    if entry.agent_id:
        return names[entry.agent_id]
    number = str((entry.detail or {}).get("number") or "")
    return phone(number) if number else _("alguien que ya no está en la lista")


def _arrived(detail: Mapping[str, Any], who: str) -> str:
    calling = phone(str(detail.get("calling") or "")) or _("un número oculto")
    called = phone(str(detail.get("called") or ""))
    if detail.get("direction") not in (None, "inbound"):
        return _("%(who)s llama al %(called)s.", who=who, called=called)
    if not detail.get("center"):
        return _(
            "Entra una llamada de %(calling)s al %(called)s, que no es de ningún call center.",
            calling=calling,
            called=called,
        )
    return _(
        "Entra una llamada de %(calling)s al %(called)s, de %(center)s.",
        calling=calling,
        called=called,
        center=detail["center"],
    )


def _phase(detail: Mapping[str, Any]) -> str:
    phase = str(PHASES.get(detail.get("phase"), detail.get("phase", "")))
    if detail.get("reason"):
        return _("Pasa a: %(phase)s (%(why)s).", phase=phase, why=reason(str(detail["reason"])))
    return _("Pasa a: %(phase)s.", phase=phase)


def _happened(detail: Mapping[str, Any], who: str) -> str:
    what = str(detail.get("what", ""))
    said = str(HAPPENINGS.get(what, what))
    more = ", ".join(str(detail[name]) for name in ("number", "place", "seconds", "why", "reason") if name in detail)
    if not who and what == "HangupRequested":
        who = _("Un administrador")
    shown = f"{who} {said}" if who else said[:1].upper() + said[1:]
    return f"{shown}: {more}." if more else f"{shown}."


def _ordered(detail: Mapping[str, Any]) -> str:
    what = str(detail.get("what", ""))
    more = ", ".join(str(one).removeprefix("sound:") for one in detail.get("media", ())) or str(detail.get("music", ""))
    said = str(ORDERS.get(what, what))
    shown = _("Se ordenó a la central: %(what)s", what=said)
    return f"{shown} ({more})." if more else f"{shown}."


def _not_done(detail: Mapping[str, Any]) -> str:
    said = str(ORDERS.get(str(detail.get("what", "")), detail.get("what", "")))
    if detail.get("timed_out"):
        return _("La central no respondió a tiempo a «%(what)s».", what=said)
    if detail.get("status") == NO_SPACE:
        return _("No se graba: queda muy poco disco para grabaciones. La llamada sigue.")
    return _(
        "La central no cumplió «%(what)s»: %(why)s.", what=said, why=detail.get("why") or detail.get("status") or "?"
    )


def _ending(detail: Mapping[str, Any]) -> str:
    outcome = detail.get("outcome")
    how = label(Outcome(outcome)) if outcome in list(Outcome) else str(outcome or "")
    why = str(detail.get("reason") or "")
    return f"{how.lower()}, {reason(why)}{_cause(detail)}" if why else f"{how.lower()}{_cause(detail)}"


def _cause(detail: Mapping[str, Any]) -> str:
    """The Q.850 cause, when it says more than that it ended."""
    cause = detail.get("cause")
    if not isinstance(cause, int) or cause in (0, 16, 26, 31):
        return ""
    return f" [Q.850 {cause}: {CAUSES[cause]}]" if cause in CAUSES else f" [Q.850 {cause}]"


@dataclass(frozen=True, slots=True)
class Line:
    """A line that the call used. `cost` None: the rate charges the conversation as a whole, not this line of it."""

    who: str
    what: str
    talk_ms: int
    cost: Decimal | None


def lines(call: Call, legs: Sequence[CallLeg], names: Names) -> list[Line]:
    """Every line with what was talked on it and what it cost; one that was never answered costs nothing."""
    talked = [leg for leg in legs if leg.answered_at is not None]
    found = []
    for leg in legs:
        who = names[leg.agent_id] if leg.agent_id else phone(leg.number) or leg.endpoint or "—"
        talk = int(((leg.ended_at or leg.answered_at) - leg.answered_at).total_seconds() * 1000) if leg in talked else 0
        cost = None
        if call.cost is not None:
            cost = call.cost if talked == [leg] else None if leg in talked else Decimal(0)
        what = label(leg.outcome)
        found.append(Line(who, f"{what}, {reason(leg.reason)}" if leg.reason else what, talk, cost))
    return found


def charge(call: Call) -> str:
    """How the cost came about, in words."""
    if call.cost is None or not call.rate_currency:
        return _("Este call center no cobra por llamada.") if call.cost is None else ""
    units = -(-max(0, call.talk_ms) // call.rate_unit.milliseconds)
    return _(
        "%(talk)s de conversación: %(units)s × %(price)s por %(unit)s (lo empezado cuenta entero) = %(cost)s",
        talk=duration(call.talk_ms),
        units=units,
        price=money(call.rate_price, call.rate_currency),
        unit=label(call.rate_unit),
        cost=money(call.cost, call.rate_currency),
    )
