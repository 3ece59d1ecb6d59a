"""The core's policy out of the settings and the names of the recorded messages.

Owns: what the core is told at the start. Must not: decide, or change while the engine runs.
"""

from __future__ import annotations

from ari_app.core.call import Policy, Spoken
from dialplan import names, prompts
from models import prompts as uploaded
from models.settings import Settings
from models.values.queue import OverflowCause


def policy_of(settings: Settings) -> Policy:
    return Policy(
        pop_ack=settings.pop_ack_ms,
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
        trunk=names.ENDPOINT_TRUNK,
    )


def _sounds(*spoken: str) -> tuple[str, ...]:
    return tuple(f"sound:{name}" for name in spoken)
