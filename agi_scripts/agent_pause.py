"""Fails closed: an agent pauses or is back (*72, *73) on the phone, with the PIN; without the engine nothing changes.

Owns: the words to the agent. Must not: keep a state: the engine's roster is asked.
"""

from typing import Final

import structlog

from agi_scripts import phone_agent
from agi_scripts.engine import EngineAway, EngineRefused
from agi_scripts.house import House
from agi_scripts.session import Session
from dialplan import names, prompts

log = structlog.get_logger(__name__)

SECONDS: Final = 75.0


def run(session: Session, house: House) -> None:
    """Argument: `in` (pause) or `out` (end of it). Whoever is not logged in is told so."""
    agent = phone_agent.recognised(session, house)
    if agent is None:
        return
    try:
        if names.AGI_OUT in session.arguments:
            house.engine.available(agent.id)
            said = prompts.AGENT_IN
        else:
            house.engine.pause(agent.id, None)
            said = prompts.AGENT_PAUSED
    except EngineAway as error:
        log.warning("agi_engine_away", entry="agent_pause", error=str(error))
        said = prompts.ENGINE_AWAY
    except EngineRefused as refusal:
        log.warning("agi_engine_refused", entry="agent_pause", agent=agent.id, code=refusal.code)
        said = prompts.AGENT_OUT if refusal.code == "not_logged_in" else prompts.AGENT_REFUSED
    session.play(*said)
