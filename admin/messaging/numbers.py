"""Numbers of ours that carry messages, and from which of them somebody would write.

Owns: that list and its order. Must not: know threads.
"""

from dataclasses import dataclass

from admin.installation import account, installation
from models.tables import (
    Agent,
    AgentGroupMember,
    CallCenter,
    CallCenterAgent,
    CallCenterGroup,
    CallCenterNumber,
    SmsProvider,
    SmsProviderNumber,
)
from models.values.phone import display, normalise


@dataclass(frozen=True, slots=True)
class OurNumber:
    """`key`: as threads have it; `center`: who answers it."""

    key: str
    label: str
    center: int | None = None


def trunk_carries() -> bool:
    settings = installation().settings
    return bool(settings.trunk_messages and settings.trunk_host)


def our_numbers(agent: Agent, center: int | None = None) -> list[OurNumber]:
    """Those by which somebody may write, first those of `center`, then of the agent's own call centers."""
    region = account().region
    named: dict[str, tuple[int, str]] = {}
    rows = CallCenterNumber.select(CallCenterNumber, CallCenter).join(CallCenter).where(CallCenter.active)
    for row in rows.order_by(CallCenterNumber.id):
        if str(row.pattern).replace(" ", "").replace("-", "").lstrip("+").isdigit():
            key = normalise(row.pattern, region) or str(row.pattern)
            named.setdefault(key, (row.call_center_id, str(row.call_center.name)))
    carried = SmsProviderNumber.select(SmsProviderNumber.number_key, SmsProvider.active).join(SmsProvider)
    by_provider = dict(carried.order_by(SmsProviderNumber.id).tuples())
    keys = [key for key, active in by_provider.items() if active]
    if trunk_carries():
        keys += [key for key in named if key not in by_provider]
        own = normalise(installation().settings.trunk_caller_id, region)
        if own and own not in named and own not in by_provider:
            keys.append(own)
    mine = centers_of(agent)

    def rank(one: OurNumber) -> int:
        return 0 if one.center is not None and one.center == center else 1 if one.center in mine else 2

    return sorted((_named(key, named, region) for key in keys), key=rank)


def _named(key: str, named: dict[str, tuple[int, str]], region: str) -> OurNumber:
    center, name = named.get(key, (None, ""))
    shown = display(key, region)
    return OurNumber(key, f"{name} · {shown}" if name else shown, center)


def centers_of(agent: Agent) -> set[int]:
    """The call centers whose calls they take."""
    direct = CallCenterAgent.select(CallCenterAgent.call_center).where(CallCenterAgent.agent == agent).tuples()
    groups = AgentGroupMember.select(AgentGroupMember.group).where(AgentGroupMember.agent == agent)
    through = CallCenterGroup.select(CallCenterGroup.call_center).where(CallCenterGroup.group.in_(groups)).tuples()
    return {key for (key,) in direct} | {key for (key,) in through}
