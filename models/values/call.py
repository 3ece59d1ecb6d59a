"""The words for calls, legs, agents and users, shared by the core and the tables.

Owns: the enums. Must not: know phases or rules (`ari_app.core`) or columns (`models.tables`).
Each value is what is stored and what goes over the wire: never rename one without a migration.
"""

from enum import StrEnum


class Direction(StrEnum):
    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"


class Outcome(StrEnum):
    """How a call ended. `IN_PROGRESS` is an open CDR."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"  # the caller gave up before an agent answered
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    NO_AGENTS = "no_agents"  # nobody was eligible
    UNKNOWN_NUMBER = "unknown_number"  # no call center takes the dialled number
    CLOSED = "closed"  # outside the opening hours
    VOICEMAIL = "voicemail"  # the caller left a message
    CALLBACK = "callback"  # the caller asked to be called back
    ENGINE_AWAY = "engine_away"  # the dialplan's fallback answered; known from CEL
    REFUSED = "refused"  # a call of ours that was not allowed to go out
    FAILED = "failed"
    IN_PROGRESS = "in_progress"


class LegOutcome(StrEnum):
    """Why an agent's leg ended, or did not answer."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    LOST_RACE = "lost_race"  # answered elsewhere
    CALLER_GONE = "caller_gone"
    FAILED = "failed"


class LegKind(StrEnum):
    """What a row among a call's legs tells of."""

    AGENT = "agent"
    OUTSIDE = "outside"  # a number reached through the trunk
    HOLD = "hold"
    TRANSFER = "transfer"
    CONSULT = "consult"
    CONFERENCE = "conference"
    VOICEMAIL = "voicemail"
    QUEUE = "queue"  # the wait in one call center's queue


class Strategy(StrEnum):
    """Who rings, as app_queue names it."""

    ALL = "all"
    ROUND_ROBIN_MEMORY = "round_robin_memory"
    LONGEST_IDLE = "longest_idle"
    FEWEST_CALLS = "fewest_calls"
    PRIORITY = "priority"
    RANDOM = "random"


class AgentState(StrEnum):
    OFFLINE = "offline"
    AVAILABLE = "available"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class PhoneKind(StrEnum):
    SIP = "sip"
    VIRTUAL = "virtual"  # Local/<endpoint>@centralita-virtual-phone, answered in the desk
    BROWSER = "browser"  # WebRTC in the desk's page, registered through the engine (`ari_app.phone_lines`)

    @property
    def answers_in_desk(self) -> bool:
        """*Contestar* is a button of the desk; else the phone itself is answered."""
        return self is not PhoneKind.SIP


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"
    AGENT = "agent"


class CostUnit(StrEnum):
    """The time a price is for."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"

    @property
    def milliseconds(self) -> int:
        return {CostUnit.SECOND: 1_000, CostUnit.MINUTE: 60_000, CostUnit.HOUR: 3_600_000}[self]
