"""The core's policy out of the settings and the names of the recorded messages.

Owns: what the core is told at the start. Must not: decide, or change while the engine runs.
"""

from __future__ import annotations

from ari_app.core.call import Policy, Spoken
from ari_app.core.spending import TRIPS
from dialplan import names, prompts
from models import prompts as uploaded
from models.settings import Settings
from models.values.queue import OverflowCause
from models.values.reasons import CallReason
from models.values.trunk import TrunkPlan


def ice_servers(settings: Settings) -> list[dict[str, str]]:
    """What a phone in the browser asks for its address as seen from outside; none by default: nobody is asked."""
    return [{"urls": f"stun:{settings.stun_server}"}] if settings.stun_server else []


def policy_of(settings: Settings) -> Policy:
    return Policy(
        pop_ack=settings.pop_ack_ms,
        phone_back=settings.phone_back_seconds * 1000,
        unknown_number_media=_sounds(*prompts.UNKNOWN_NUMBER),
        nobody_media=_sounds(*prompts.NOBODY_CAME),
        overflow_media={cause: _sounds(*prompts.NOBODY_CAME) for cause in OverflowCause},
        spoken=Spoken(
            you_are_next=_sounds(prompts.NEXT),
            there_are=_sounds(prompts.THERE_ARE),
            calls_waiting=_sounds(prompts.CALLS_WAITING),
            hold_time=_sounds(prompts.HOLD_TIME),
            minute=_sounds(prompts.ONE, prompts.MINUTE),
            minutes=_sounds(prompts.MINUTES),
            thanks=_sounds(prompts.PATIENCE),
            leave_message=_sounds(prompts.SHORT_SILENCE, prompts.LEAVE_MESSAGE),
            message_kept=_sounds(prompts.MESSAGE_KEPT, prompts.GOODBYE),
            callback_kept=_sounds(prompts.THANK_YOU, prompts.GOODBYE),
            numbers=tuple(_sounds(*spoken) for spoken in prompts.NUMBERS),
        ),
        prompts_folder=str(uploaded.folder(settings.data_dir).resolve()),
        survey_context=names.CONTEXT_SURVEY,
        plan=_trunk_plan(settings),
        refusal_media={reason: _sounds(*sequence) for reason, sequence in _REFUSALS.items()},
    )


def _sounds(*spoken: str) -> tuple[str, ...]:
    return tuple(f"sound:{name}" for name in spoken)


_REFUSALS = {
    CallReason.PARTY_BUSY: prompts.PARTY_BUSY,
    CallReason.PARTY_REFUSED: prompts.PARTY_BUSY,
    CallReason.PARTY_ON_ANOTHER_CALL: prompts.PARTY_BUSY,
    CallReason.PARTY_DID_NOT_ANSWER: prompts.PARTY_DID_NOT_ANSWER,
    CallReason.PARTY_NOT_REACHED: prompts.PARTY_NOT_REACHED,
    CallReason.DESTINATION_NOT_ALLOWED: prompts.DESTINATION_NOT_ALLOWED,
    CallReason.NOT_A_NUMBER: prompts.DESTINATION_NOT_ALLOWED,
    **dict.fromkeys(TRIPS.values(), prompts.BREAKER_TRIPPED),
}
"""What an agent hears of a call that could not be made."""


def _trunk_plan(settings: Settings) -> TrunkPlan | None:
    """The way outside; in the demonstration without a trunk, to somebody who answers and speaks."""
    if not settings.trunk_host and not settings.demo:
        return None
    return TrunkPlan(
        endpoint=names.ENDPOINT_TRUNK if settings.trunk_host else names.CONTEXT_DEMO_CUSTOMER,
        form=settings.trunk_number_form,
        prefix=settings.trunk_prefix,
        international=settings.trunk_international_prefix,
        caller_id=settings.trunk_caller_id or None,
    )
