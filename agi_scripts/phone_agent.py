"""Which agent holds the phone that calls, and are they who they say: the PIN.

Owns: the asking, with its tries. Must not: change an agent's state, or say why a PIN was refused: wrong, locked and
never set sound alike.
"""

import re
from dataclasses import dataclass
from typing import Final

import structlog

from agi_scripts.house import House
from agi_scripts.session import Session
from dialplan import prompts
from models import pins
from models.tables import Agent
from models.values.call import PhoneKind

log = structlog.get_logger(__name__)

TRIES: Final = 3
DIGIT_MS: Final = 6_000
_CHANNEL: Final = re.compile(r"PJSIP/([0-9A-Za-z_]{1,40})-[0-9a-f]+")


@dataclass(frozen=True, slots=True)
class PhoneAgent:
    id: int
    endpoint: str
    address: str


def recognised(session: Session, house: House) -> PhoneAgent | None:
    """The agent whose own phone calls and whose PIN was keyed in; None: refused, and told so. Raises HungUp."""
    session.answer()
    # The channel's name is PJSIP's own: the endpoint that authenticated, not what a caller id claims.
    found = _CHANNEL.fullmatch(session.env.get("agi_channel", ""))
    endpoint = found[1] if found else ""
    with house.reading():
        row = Agent.get_or_none(Agent.endpoint == endpoint, Agent.active) if endpoint else None
    if row is None or row.phone_kind is not PhoneKind.SIP:
        log.warning("agi_no_agent", endpoint=endpoint)
        session.play(*prompts.AGENT_REFUSED)
        return None
    asked = prompts.AGENT_PIN
    for _ in range(TRIES):
        pin = str(session.get_data(asked, DIGIT_MS, pins.MOST_DIGITS))
        if pin and (answer := pins.check(house.writing, int(row.id), pin, house.now())) is pins.Answer.RIGHT:
            return PhoneAgent(int(row.id), endpoint, _address(session))
        if pin:
            log.warning("agi_pin_refused", agent=int(row.id), answer=answer.value)
        asked = prompts.AGENT_PIN_WRONG
    session.play(*prompts.AGENT_REFUSED)
    return None


def _address(session: Session) -> str:
    """Where the call comes from: `address:port`, in brackets if it is IPv6."""
    text = session.expression("${CHANNEL(pjsip,remote_addr)}")
    host, colon, _ = text.rpartition(":")
    return (host if colon else text).strip("[]")
