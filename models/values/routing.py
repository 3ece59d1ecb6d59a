"""The routing snapshot: all that must be known to route a call, immutable, in memory.

Owns: the types and the look-ups. Must not: be built from anything but `models.snapshot` (and tests), or be mutated:
a change in the tables makes a new snapshot, running calls keep theirs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models.values.call import PhoneKind, Role, Strategy
from models.values.destination import DestinationRules
from models.values.feature import ALL_CODES, FeatureCodes
from models.values.ip import IpRules
from models.values.money import Rate
from models.values.pattern import NumberTable
from models.values.queue import Queue
from models.values.recording import RecordingMode
from models.values.spending import SpendingRules


@dataclass(frozen=True, slots=True)
class Account:
    name: str
    region: str = "CR"
    language: str = "es"
    timezone: str = "America/Costa_Rica"
    currency: str = "CRC"
    codes: FeatureCodes = ALL_CODES
    """What agents may press on the phone during a call."""


@dataclass(frozen=True, slots=True)
class AgentRoute:
    """A user of the account; one without an endpoint is never rung."""

    id: int
    name: str
    endpoint: str | None
    phone_kind: PhoneKind = PhoneKind.SIP
    click2dial: bool = False
    role: Role = Role.AGENT
    active: bool = True
    call_center: int | None = None
    """For whom they call when they dial on the phone: whose price, whose number is shown."""


@dataclass(frozen=True, slots=True)
class Outside:
    """A number outside and the way to it. `endpoint`: `<number>@<trunk>`; `caller_id`: what its called party sees."""

    number: str
    endpoint: str
    caller_id: str | None = None


@dataclass(frozen=True, slots=True)
class CallCenterRoute:
    """A call center as a call needs it. `agents`: active ones, direct and through groups, each once, in order."""

    id: int
    name: str
    color: str
    rate: Rate
    agents: tuple[int, ...] = ()
    logo_url: str | None = None
    pop_up_url: str | None = None
    strategy: Strategy = Strategy.ALL
    ring_seconds: int = 20
    max_wait_seconds: int = 120
    wrap_up_seconds: int = 0
    service_level_seconds: int = 20
    survey: bool = False
    """The caller is asked to rate the call by a key when the agent has hung up."""
    queue: Queue = field(default_factory=Queue)
    caller_id: str | None = None
    """The number that is shown to whom it calls: its first one that is no pattern."""
    recording: RecordingMode = RecordingMode.OFF


@dataclass(frozen=True, slots=True)
class OutboundRules:
    """What calls of ours may be made."""

    destinations: DestinationRules = field(default_factory=DestinationRules)
    spending: SpendingRules = field(default_factory=SpendingRules)


@dataclass(frozen=True, slots=True)
class RoutingSnapshot:
    """Every look-up on an INVITE's way. `generation` grows with each one."""

    generation: int
    account: Account
    call_centers: Mapping[int, CallCenterRoute] = field(default_factory=dict)
    agents: Mapping[int, AgentRoute] = field(default_factory=dict)
    numbers: NumberTable = field(default_factory=NumberTable)
    ip_rules: IpRules = field(default_factory=IpRules)
    outbound: OutboundRules = field(default_factory=OutboundRules)
    # Made when first asked for: most snapshots serve calls without ever being asked.
    _index: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def resolve(self, called: str) -> CallCenterRoute | None:
        """Who answers `called`, in whatever form it was dialled; None: nobody."""
        found = self.numbers.lookup(called)
        return None if found is None else self.call_centers.get(found)

    def call_centers_of(self, agent_id: int) -> tuple[CallCenterRoute, ...]:
        """The call centers that ring this agent, by id."""
        centers_of: dict[int, list[CallCenterRoute]] | None = self._index.get("centers_of")
        if centers_of is None:
            centers_of = {}
            for key in sorted(self.call_centers):
                for agent in self.call_centers[key].agents:
                    centers_of.setdefault(agent, []).append(self.call_centers[key])
            self._index["centers_of"] = centers_of
        return tuple(centers_of.get(agent_id, ()))

    def agent_at(self, endpoint: str) -> AgentRoute | None:
        """The active agent whose phone has this number."""
        by_endpoint: dict[str, AgentRoute] | None = self._index.get("by_endpoint")
        if by_endpoint is None:
            by_endpoint = {agent.endpoint: agent for agent in self.agents.values() if agent.endpoint and agent.active}
            self._index["by_endpoint"] = by_endpoint
        return by_endpoint.get(endpoint)
