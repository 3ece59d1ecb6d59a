"""Why a call or a leg ended as it did: the codes that are stored and that the screens have words for.

Owns: the vocabulary. Must not: hold the words (`admin.words`), or be bypassed: every branch of the core that ends
something says one of these.
"""

from enum import StrEnum


class CallReason(StrEnum):
    """Of a call, beside its `Outcome`."""

    CALLER_HUNG_UP = "caller_hung_up"
    AGENT_HUNG_UP = "agent_hung_up"
    ENDED_BY_ADMINISTRATOR = "ended_by_administrator"
    CALLER_GAVE_UP = "caller_gave_up"
    CALLER_GAVE_UP_AS_THE_AGENT_ANSWERED = "caller_gave_up_as_the_agent_answered"
    AGENT_HUNG_UP_BEFORE_BEING_JOINED = "agent_hung_up_before_being_joined"
    COULD_NOT_BE_JOINED = "caller_and_agent_could_not_be_joined"
    NOBODY_IS_LOGGED_IN = "nobody_is_logged_in"
    NO_AGENT_COULD_BE_RUNG = "no_agent_could_be_rung"
    ALL_AGENTS_BUSY = "all_agents_busy"
    NO_AGENT_ANSWERED = "no_agent_answered"
    CLOSED_BY_SWITCH = "closed_by_switch"
    CLOSED_FOR_HOLIDAY = "closed_for_holiday"
    OUT_OF_HOURS = "out_of_hours"
    QUEUE_FULL = "queue_full"
    LEFT_A_VOICEMAIL = "left_a_voicemail"
    VOICEMAIL_NOT_RECORDED = "voicemail_not_recorded"
    CALLER_GAVE_UP_AT_VOICEMAIL = "caller_gave_up_at_voicemail"
    ASKED_FOR_CALLBACK = "asked_for_callback"
    OUTSIDE_DID_NOT_ANSWER = "outside_did_not_answer"
    UNKNOWN_NUMBER = "no_call_center_has_this_number"
    NO_ENGINE_TOOK_THE_CALL = "no_engine_took_the_call"
    ENDED_WHILE_THE_ENGINE_WAS_AWAY = "ended_while_the_engine_was_away"
    GAVE_UP_UNSEEN_BY_THE_ENGINE = "gave_up_unseen_by_the_engine"
    ENGINE_RESTARTED = "engine_restarted"
    ENGINE_DEFECT = "engine_defect"


class LegReason(StrEnum):
    """Of an agent's leg, beside its `LegOutcome`."""

    NONE = ""
    POP_NOT_ACKNOWLEDGED = "pop_not_acknowledged"
    """The screen did not confirm the pop in time; the phone was rung all the same."""
    DECLINED_ON_DESK = "declined_on_desk"
    RING_TIME_OVER = "ring_time_over"
    REFUSED_BY_PHONE = "refused_by_phone"
    """The phone said no; the leg's Q.850 cause says how."""
    NOT_REACHED = "not_reached"
    """The switch could not make or dial the channel: mostly the phone is not registered."""
    CALLER_CHOSE_ANOTHER_WAY = "caller_chose_another_way"
    """The caller pressed the key for a callback or for voicemail."""
    QUEUE_CLOSED = "queue_closed"
    QUEUE_FULL = "queue_was_full"
    WAITED_TOO_LONG = "waited_too_long"
    NOBODY_THERE = "nobody_there"
    """Of a wait in a queue (`LegKind.QUEUE`): why the call went on to somewhere else."""
    MESSAGE_KEPT = "message_kept"
    MESSAGE_TOO_SHORT = "message_too_short"
    NOT_RECORDED = "not_recorded"
    FROM_CEL = "from_cel"
    """The engine was not there; Asterisk's event log tells."""
