"""The text of the dialplan (extensions.conf).

Owns: what Asterisk does by itself: hand a caller to the engine, speak to them when there is none, and the demo's
simulated caller. Must not: decide about calls; that is the engine's core.
"""

from __future__ import annotations

from dialplan import names, prompts

DEMO_CALL_SECONDS = 300
"""Longest life of a simulated caller, in seconds."""

# What a dialled number may hold on its way to the engine; a comma would split the Stasis arguments.
NUMBER_FILTER = "${FILTER(0-9A-Za-z+*#._\\-,${EXTEN})}"


# Never a pattern that takes a single letter: `h`, `t`, `i` are Asterisk's own; a matching `h` runs after every call.
NUMBERS = ("_[+*#0-9]!", "_[A-Za-z][0-9A-Za-z_+]!")


def _play(sequence: tuple[str, ...]) -> str:
    return "Playback(" + "&".join(sequence) + ")"


def render(*, demo: bool) -> str:
    """The whole extensions.conf. `demo` adds the simulated caller."""
    sections = [
        "[general]\nstatic=yes\nwriteprotect=yes\nclearglobalvars=no\n",
        _from_trunk(),
        _fallback(),
        _from_agent(),
        _virtual_phone(),
    ]
    if demo:
        sections.append(_demo_caller())
    return "\n".join(sections)


def _from_trunk() -> str:
    lines = [f"[{names.CONTEXT_TRUNK}]"]
    # Numbers of any length and names; `s` is an INVITE without a user part.
    for pattern in (*NUMBERS, "s"):
        number = NUMBER_FILTER if pattern != "s" else "s"
        lines += [
            f"exten => {pattern},1,Set({names.VARIABLE_CALLED}={number})",
            f" same => n,Stasis({names.STASIS_APP},{names.STASIS_INBOUND},${{{names.VARIABLE_CALLED}}})",
            # No engine: STASISSTATUS is FAILED. After a call the engine has ended, the channel is gone already.
            f' same => n,GotoIf($["${{STASISSTATUS}}"="FAILED"]?{names.CONTEXT_FALLBACK},s,1)',
            " same => n,Hangup()",
        ]
    return "\n".join(lines) + "\n"


def _fallback() -> str:
    return "\n".join(
        [
            f"[{names.CONTEXT_FALLBACK}]",
            f"exten => s,1,CELGenUserEvent({names.CEL_FALLBACK_EVENT},${{{names.VARIABLE_CALLED}}})",
            " same => n,Answer()",
            f" same => n,{_play(prompts.FALLBACK)}",
            # Q.850 cause 41, temporary failure.
            " same => n,Hangup(41)",
            "",
        ]
    )


def _from_agent() -> str:
    lines = [f"[{names.CONTEXT_AGENT}]"]
    for pattern in NUMBERS:
        # Q.850 cause 29, facility rejected.
        lines += [
            f"exten => {pattern},1,Answer()",
            f" same => n,{_play(prompts.OUTBOUND_NOT_YET)}",
            " same => n,Hangup(29)",
        ]
    return "\n".join(lines) + "\n"


def _virtual_phone() -> str:
    lines = [f"[{names.CONTEXT_VIRTUAL_PHONE}]"]
    for pattern in NUMBERS:
        lines += [
            # The near half hears ringing; the desk's answer comes through the far half's channel in Stasis.
            f"exten => {pattern},1,Ringing()",
            f" same => n,Stasis({names.STASIS_APP},{names.STASIS_VIRTUAL_PHONE},${{EXTEN}},${{{names.VARIABLE_LEG}}})",
            " same => n,Hangup()",
        ]
    return "\n".join(lines) + "\n"


def _demo_caller() -> str:
    return "\n".join(
        [
            f"[{names.CONTEXT_DEMO_CALLER}]",
            f"exten => {names.DEMO_CALLER_EXTENSION},1,Set(TIMEOUT(absolute)={DEMO_CALL_SECONDS})",
            f" same => n,{_play(prompts.DEMO_CALLER)}",
            f" same => n,MusicOnHold(default,{DEMO_CALL_SECONDS})",
            " same => n,Hangup()",
            "",
        ]
    )
