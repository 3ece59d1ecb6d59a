"""A call: its facts, its legs, and one type for each phase it can be in.

Owns: the data. Must not: decide anything (``inbound``) or know how things are done.

    Waiting ──► Alerting ──► Talking ──► Clearing ──► Ended
     │ ▲  └────────┤  │                     ▲
     │ └───────────┘  ├──► Announcing ──────┤
     └────────────────┴──► LeavingMessage ──┘

A call of ours (``outbound``) comes to Talking another way: Preparing ──► Reaching ──► Talking, with the same ends.

Every value is immutable; a transition makes a new one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ari_app.core.arrangement import TOGETHER, Arrangement, Asked, Stretch
from models.values.call import Direction, LegKind, LegOutcome, Outcome
from models.values.feature import FeatureCodes
from models.values.queue import OverflowCause
from models.values.reasons import CallReason, LegReason
from models.values.recording import Cut, CutWhy
from models.values.routing import AgentRoute, CallCenterRoute, Outside
from models.values.trunk import TrunkPlan


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said to somebody who waits, as media in the order in which it is said."""

    you_are_next: tuple[str, ...] = ("sound:queue-youarenext",)
    there_are: tuple[str, ...] = ("sound:queue-thereare",)
    calls_waiting: tuple[str, ...] = ("sound:queue-callswaiting",)
    hold_time: tuple[str, ...] = ("sound:queue-holdtime",)
    minute: tuple[str, ...] = ("sound:queue-minute",)
    minutes: tuple[str, ...] = ("sound:queue-minutes",)
    thanks: tuple[str, ...] = ("sound:queue-thankyou",)
    leave_message: tuple[str, ...] = ("sound:vm-intro",)
    message_kept: tuple[str, ...] = ("sound:vm-goodbye",)
    callback_kept: tuple[str, ...] = ("sound:vm-goodbye",)
    numbers: tuple[tuple[str, ...], ...] = ()
    """The media of 0, 1, 2 …; a number beyond is not said."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The waits of a call, in milliseconds, where the call center does not say."""

    pop_ack: int = 150
    """How long a phone waits for its agent's screen to confirm the pop before it rings anyway."""
    announcement: int = 30_000
    """The longest an announcement may play."""
    apart: int = 500
    """How long the reason why two channels could not be joined is waited for."""
    rejoin_tries: int = 60
    """How often joining is tried again, ``apart`` after the last time. Who has talked already is given up only if the
    switch says no: while the connection to it is lost, it is tried on, less often."""
    transfer_ring: int = 30_000
    """How long a transfer's target rings when no call center says it."""
    clearing: int = 3_000
    """How long a channel may take to end before its end is ordered again."""
    clearing_tries: int = 3
    """How often its end is ordered again before the call is closed and the reaper told."""
    unknown_number_media: tuple[str, ...] = ("sound:ss-noservice",)
    """What the caller of a number that no call center takes hears."""
    nobody_media: tuple[str, ...] = ("sound:queue-thankyou",)
    """What the caller hears when nobody came."""
    overflow_media: Mapping[OverflowCause, tuple[str, ...]] = field(default_factory=dict)
    """What the caller hears of each overflow that has no message of its own; else ``nobody_media``."""
    spoken: Spoken = field(default_factory=Spoken)
    prompts_folder: str = ""
    """Where the uploaded messages lie, for Asterisk."""
    survey_context: str = ""
    """Where in the dialplan a caller is asked to rate the call; empty: nobody is."""
    outside_ring: int = 45_000
    """How long a number outside may ring."""
    news_first: int = 2_000
    """How soon after the beginning of the wait its first announcement comes; so soon it is tried again, too."""
    voicemail_longest: int = 180_000
    voicemail_shortest: int = 2_000
    """What is shorter, the beep included, is no message."""
    voicemail_silence: int = 10_000
    """Of quiet, that end a message."""
    tape_again: int = 5_000
    """How long after a recording failed the next part is tried."""
    tape_tries: int = 3
    """How often, in one conversation."""
    own_ring: int = 20_000
    """How long the agent's own phone rings (Click2Dial)."""
    internal_ring: int = 30_000
    """How long the phone of an agent whom another calls rings."""
    codes: FeatureCodes = field(default_factory=FeatureCodes)
    """What an agent may press on the phone during a call; none: their keys are everybody's."""
    phone_back: int = 45_000
    """How long a conversation waits for an agent whose page lost its phone (a reload, a crash, another computer)."""
    phone_again: int = 2_000
    """How soon such a phone that could not be rung is tried again."""
    plan: TrunkPlan | None = field(default_factory=TrunkPlan)
    """The way to numbers outside; None: there is none."""
    refusal_media: Mapping[CallReason, tuple[str, ...]] = field(default_factory=dict)
    """What an agent hears of a call that could not be made; else ``unknown_number_media``."""


class LegState(StrEnum):
    CREATING = "creating"
    """``CreateLeg`` was sent; the channel has not entered the application yet."""
    READY = "ready"
    """The channel is there and waits for the pop's acknowledgement."""
    DIALLED = "dialled"
    RINGING = "ringing"
    ANSWERED = "answered"
    ENDING = "ending"
    """Its end was ordered or announced; its channel may still be there."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class LetOut:
    """What the gate gave with a leg to a number outside (``gate``). ``agent``: on whose behalf; None: the account."""

    pass_id: str
    allowance: int | None
    agent: int | None
    before: int = 0
    """Milliseconds that were talked on it in another call (``joining``)."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One try to reach one agent, or (``agent`` None) a number outside; or a stretch of the call (``kind``)."""

    ordinal: int
    agent: AgentRoute | None
    channel: str
    offered_at: int
    number: str = ""
    """The number dialled outside."""
    caller_id: str | None = None
    """The number that is shown to whom is called outside, when it is not the caller's own."""
    kind: LegKind = LegKind.AGENT
    state: LegState = LegState.CREATING
    pop_settled: bool = False
    """The agent's screen acknowledged the pop, or the wait for it is over."""
    answer_wanted: bool = False
    """*Contestar* was pressed: a virtual phone is answered once its far half is there, a browser by its page."""
    far_half: str | None = None
    engaged: bool = False
    """Its agent was told to the roster as talking on this leg, and not released yet."""
    ringing_at: int | None = None
    answered_at: int | None = None
    ended_at: int | None = None
    outcome: LegOutcome | None = None
    cause: int | None = None
    reason: LegReason = LegReason.NONE
    let_out: LetOut | None = None
    """It passed the gate by itself; None: it is an agent's, or what the call was made for."""
    returns: bool = False
    """It rings to bring its agent back into the conversation: seat and pop are kept whatever becomes of it."""

    @property
    def agent_id(self) -> int | None:
        return self.agent.id if self.agent else None

    @property
    def live(self) -> bool:
        """May still become (or is) an answered leg."""
        return self.state not in (LegState.ENDING, LegState.GONE)

    @property
    def exists(self) -> bool:
        """Its channel may still be on the switch."""
        return self.state is not LegState.GONE


@dataclass(frozen=True, slots=True)
class Legs:
    """The legs of a call, in the order they were made."""

    all: tuple[Leg, ...] = ()

    def __iter__(self) -> Iterator[Leg]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    @property
    def live(self) -> tuple[Leg, ...]:
        return tuple(leg for leg in self.all if leg.live)

    @property
    def existing(self) -> tuple[Leg, ...]:
        return tuple(leg for leg in self.all if leg.exists)

    def on(self, channel: str) -> Leg | None:
        for leg in self.all:
            if channel in (leg.channel, leg.far_half):
                return leg
        return None

    def of(self, agent: int) -> Leg | None:
        """The agent's live leg."""
        for leg in self.all:
            if leg.agent_id == agent and leg.live:
                return leg
        return None

    def put(self, changed: Leg) -> Legs:
        return Legs(tuple(changed if leg.ordinal == changed.ordinal else leg for leg in self.all))

    def add(self, new: Iterable[Leg]) -> Legs:
        return Legs((*self.all, *new))


@dataclass(frozen=True, slots=True)
class Hears:
    """What is played to the caller who waits."""

    playbacks: int = 0
    """How many were begun; the last one's id has this number."""
    playing: bool = False
    music: bool = False
    ringing: bool = False
    """The ringing tone, on a channel that was answered."""


class TapeState(StrEnum):
    """What was ordered of the part that is being recorded."""

    NONE = "none"
    """There is none."""
    RECORDING = "recording"
    PAUSED = "paused"


class TapeStop(StrEnum):
    """Why a call is not recorded that is to be."""

    NO_SPACE = "no_space"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Tape:
    """The call's recording (``tape``)."""

    parts: int = 0
    """How many were begun; the last one's name has this number."""
    state: TapeState = TapeState.NONE
    began: int = 0
    """When the present part began."""
    center: int | None = None
    """For which call center."""
    chosen: bool | None = None
    """What an agent chose; None: as the call center has it."""
    held_back: bool = False
    """An agent paused it."""
    stopped: TapeStop | None = None
    tries: int = 0
    """How often a part has failed."""
    doubtful: bool = False
    """An order was not answered: there may be a file of the present part, or none."""
    paused_at: int = 0
    paused_for: CutWhy = CutWhy.HOLD
    cuts: tuple[Cut, ...] = ()
    """What is missing in the present part."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of the call whatever its phase."""

    id: str
    direction: Direction
    caller_channel: str
    called_number: str
    calling_number: str | None
    caller_name: str | None
    route: CallCenterRoute | None
    policy: Policy
    offered_at: int
    caller_agent: AgentRoute | None = None
    """Who of ours the calling side is, when an agent makes the call."""
    own: Leg | None = None
    """Click2Dial: the agent's own phone, which was called first; its channel is the caller's."""
    target: AgentRoute | Outside | None = None
    """Whom the agent calls."""
    allowance: int | None = None
    """Milliseconds that the call may talk before more is asked for; None: no limit."""
    popped: bool = False
    """The calling agent's screen shows the call."""
    handed_on: bool = False
    """The calling agent has left the conversation (a transfer) and is free; the call goes on without them."""
    joined_elsewhere: bool = False
    """Its other party goes on in another call of the agent (``joining``), and with it what the call may cost."""
    caller_here: bool = True
    caller_up: bool = False
    """The caller's channel was answered: it hears music, not a ringing tone, from now on."""
    caller_cause: int | None = None
    switch_died: bool = False
    """Its channels went with the switch."""
    hears: Hears = Hears()
    mark: str = ""
    """What is written on the caller's channel (``marks``)."""
    centers: Mapping[int, CallCenterRoute] = field(default_factory=dict, repr=False, compare=False)
    """Where the call may go on: those of the snapshot it came under."""
    queued_at: int = 0
    """When it began to wait in the call center's queue that it is in."""
    queues: tuple[int, ...] = ()
    """The call centers it came to, this one last; no overflow leads back to any of them."""
    overflow: OverflowCause | None = None
    """Why it is on its way somewhere else, for good."""
    overflow_end: tuple[Outcome, CallReason, int] | None = None
    """How the call ends if that way is closed: outcome, reason, Q.850 cause. Set while the gate is asked."""
    contact_id: int | None = None
    card: Mapping[str, Any] | None = None
    offers: int = 0
    """How many offers were made; a ring timer of an earlier one is stale."""
    ordinals_from: int = 0
    """An adopted call numbers its new legs after those it was found with."""
    overdue: bool = False
    """The longest wait is over: the phones that ring may ring on, nobody else is looked for."""
    bridged: bool = False
    """``CreateBridge`` was sent, so a bridge may exist."""
    consulted: bool = False
    """The second bridge may exist too."""
    stand_in: str | None = None
    """Whose channel new legs are made for when the calling side has left and the call goes on."""
    talked_from: int | None = None
    """When the first conversation of this call began; later ones (after a transfer) change nothing of it."""
    talked_with: int | None = None
    """The leg that the first conversation was with."""
    talked_agent: int | None = None
    """The agent of the first conversation, when its leg was lost in an engine's restart."""
    passes: int = 0
    """How often the gate to numbers outside was asked; the last one's id has this number."""
    stretches: tuple[Stretch, ...] = ()
    """Hold, transfers, consultations and conferences, in the order they began."""
    tape: Tape = Tape()
    tape_noted: tuple[str, ...] = ()
    """What is written of it (``marks``), and on which channels."""

    @property
    def line(self) -> str | None:
        """The channel that new legs are made for."""
        return self.caller_channel if self.stand_in is None else self.stand_in


@dataclass(frozen=True, slots=True)
class _Phase:
    facts: Facts
    legs: Legs


@dataclass(frozen=True, slots=True)
class Waiting(_Phase):
    """The caller hears ringing; the roster looks for agents."""


@dataclass(frozen=True, slots=True)
class Alerting(_Phase):
    """At least one agent's leg is live."""


@dataclass(frozen=True, slots=True)
class Preparing(_Phase):
    """Click2Dial: the agent's own phone is called (``Facts.own``); nobody else is yet."""


@dataclass(frozen=True, slots=True)
class Reaching(_Phase):
    """The agent is on the line and hears it ring; one leg goes to whom they call."""


@dataclass(frozen=True, slots=True)
class Talking(_Phase):
    """Two or more are (being put) in the bridge; who is where, the arrangement says."""

    winner: int
    """The leg with which this conversation began."""
    answered_at: int
    joined: bool = False
    """Both are in the bridge: before that nobody has talked, and an end is not the end of a conversation."""
    apart: bool = False
    """They could not be joined; the reason (mostly: one of them has just gone) is waited for."""
    rejoin: int = 0
    """How often joining them was tried again because nobody knew how it went (the connection was lost)."""
    arrangement: Arrangement = TOGETHER
    asked: Asked | None = None
    """The roster was asked for an agent whom one of the two wants to talk to."""
    without_caller: bool = False
    """The calling side has left, and the others go on."""
    muted: frozenset[str] = frozenset()
    """Channels that the others do not hear."""
    phone_held: frozenset[str] = frozenset()
    """Channels whose phone itself holds the line."""
    refers: str | None = None
    """The channel whose phone asked for a transfer and waits to hear what became of it (``refer``)."""
    keys: Mapping[str, str] = field(default_factory=dict)
    """Channel -> what its agent has pressed of a code that is not whole yet (``keypad``)."""


@dataclass(frozen=True, slots=True)
class Announcing(_Phase):
    """The caller hears why nobody comes; then the call is cleared."""

    outcome: Outcome
    reason: CallReason
    cause: int


@dataclass(frozen=True, slots=True)
class LeavingMessage(_Phase):
    """The caller is asked for a message, then speaks it; ``stretch`` is its leg, of kind VOICEMAIL."""

    recording: str
    stretch: int
    began: int | None = None
    """When the recording began."""


@dataclass(frozen=True, slots=True)
class Clearing(_Phase):
    """Everything was told to end; waiting until it has."""

    outcome: Outcome
    reason: CallReason
    ended_at: int
    winner: int | None = None
    answered_at: int | None = None
    tries: int = 0
    bridge_stuck: bool = False


@dataclass(frozen=True, slots=True)
class Ended(_Phase):
    """Nothing is left, or the reaper was told what may be."""


Call = Waiting | Alerting | Preparing | Reaching | Talking | Announcing | LeavingMessage | Clearing | Ended


LONGEST_WAIT = "longest_wait"
"""The timer of the caller's patience, as the call center sets it."""


def ring_timer(facts: Facts) -> str:
    """The timer of the present offer."""
    return f"ring.{facts.offers}"
