"""Fails closed: an agent logs in or out on the phone (*70, *71), with the PIN; without the engine nothing is changed.

Owns: the words to the agent. Must not: keep a state: the engine's roster is asked, and writes the history of log-ins.
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
    """Argument: `in` or `out`."""
    agent = phone_agent.recognised(session, house)
    if agent is None:
        return
    try:
        if names.AGI_OUT in session.arguments:
            house.engine.logout(agent.id)
            said = prompts.AGENT_OUT
        else:
            house.engine.login(agent.id, agent.address, f"Tel. {agent.endpoint}")
            said = prompts.AGENT_IN
    except EngineAway as error:
        log.warning("agi_engine_away", entry="agent_login", error=str(error))
        said = prompts.ENGINE_AWAY
    except EngineRefused as refusal:
        log.warning("agi_engine_refused", entry="agent_login", agent=agent.id, code=refusal.code)
        said = prompts.AGENT_REFUSED
    session.play(*said)
