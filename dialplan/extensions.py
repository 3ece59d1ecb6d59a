"""The text of the dialplan (extensions.conf).

Owns: what Asterisk does by itself: hand a caller to the engine, speak to them when there is none, and the demo's
simulated caller. Must not: decide about calls; that is the engine's core.
"""

from __future__ import annotations

from dialplan import messages, names, prompts

DEMO_CALL_SECONDS = 300
"""Longest life of a simulated caller, in seconds."""

FALLBACK_SECONDS = 330
"""Longest time in the fallback, message included, in seconds."""

# What a dialled number may hold on its way to the engine; a comma would split the Stasis arguments.
NUMBER_FILTER = "${FILTER(0-9A-Za-z+*#._\\-,${EXTEN})}"


# Never a pattern that takes a single letter: `h`, `t`, `i` are Asterisk's own; a matching `h` runs after every call.
NUMBERS = ("_[+*#0-9]!", "_[A-Za-z][0-9A-Za-z_+]!")


# What an agent dials: numbers, and extensions with letters. Codes that begin with * or # are the phone's own services.
DIALLED = ("_[+0-9]!", "_[A-Za-z][0-9A-Za-z_+]!")


def _play(sequence: tuple[str, ...]) -> str:
    return "Playback(" + "&".join(sequence) + ")"


def _ask(agi_port: int, entry: str, *arguments: str) -> str:
    """A FastAGI entry. Nobody there: AGISTATUS is FAILURE, and the dialplan goes on."""
    return f"AGI({','.join((f'agi://127.0.0.1:{agi_port}/{entry}', *arguments))})"


def render(*, demo: bool, agi_port: int, inbox: str = "") -> str:
    """The whole extensions.conf. `demo` adds the simulated caller; `agi_port` is that of `agi_scripts`; `inbox`: where
    messages go that the trunk brings, empty when it brings none."""
    sections = [
        "[general]\nstatic=yes\nwriteprotect=yes\nclearglobalvars=no\n",
        _from_trunk(agi_port),
        _fallback(agi_port),
        _from_agent(agi_port),
        # Empty: 404 to whatever it dials.
        f"[{names.CONTEXT_BROWSER_PHONE}]\n",
        _survey(agi_port),
        _virtual_phone(),
    ]
    if inbox:
        sections.append(messages.render(inbox, NUMBERS))
    if demo:
        sections += [_demo_caller(), _demo_customer()]
    return "\n".join(sections)


def _from_trunk(agi_port: int) -> str:
    lines = [f"[{names.CONTEXT_TRUNK}]"]
    # Numbers of any length and names; `s` is an INVITE without a user part.
    for pattern in (*NUMBERS, "s"):
        number = NUMBER_FILTER if pattern != "s" else "s"
        lines += [
            f"exten => {pattern},1,Set({names.VARIABLE_CALLED}={number})",
            f' same => n,GotoIf($["${{{names.GLOBAL_BLOCKLIST}}}"!="1"]?take)',
            f" same => n,{_ask(agi_port, names.AGI_BLOCKLIST)}",
            f' same => n,GotoIf($["${{{names.VARIABLE_BLOCKED}}}"="1"]?refuse)',
            f" same => n(take),Stasis({names.STASIS_APP},{names.STASIS_INBOUND},${{{names.VARIABLE_CALLED}}})",
            # No engine: STASISSTATUS is FAILED. After a call the engine has ended, the channel is gone already.
            f' same => n,GotoIf($["${{STASISSTATUS}}"="FAILED"]?{names.CONTEXT_FALLBACK},s,1)',
            " same => n,Hangup()",
            f" same => n(refuse),CELGenUserEvent({names.CEL_BLOCKED_EVENT},${{{names.VARIABLE_CALLED}}})",
            # Q.850 cause 21, call rejected.
            " same => n,Hangup(21)",
        ]
    return "\n".join(lines) + "\n"


def _fallback(agi_port: int) -> str:
    return "\n".join(
        [
            f"[{names.CONTEXT_FALLBACK}]",
            f"exten => s,1,CELGenUserEvent({names.CEL_FALLBACK_EVENT},${{{names.VARIABLE_CALLED}}})",
            # Longer than the entry may take: a process that hangs holds nobody for ever.
            f" same => n,Set(TIMEOUT(absolute)={FALLBACK_SECONDS})",
            f" same => n,{_ask(agi_port, names.AGI_CALLER)}",
            f" same => n,{_ask(agi_port, names.AGI_FALLBACK, f'${{{names.VARIABLE_CALLED}}}')}",
            f' same => n,GotoIf($["${{{names.VARIABLE_ANSWERED}}}"="1"]?over)',
            " same => n,Answer()",
            f" same => n,{_play(prompts.FALLBACK)}",
            # Q.850 cause 41, temporary failure.
            " same => n(over),Hangup(41)",
            # An agent who dials.
            f"exten => agent,1,CELGenUserEvent({names.CEL_FALLBACK_EVENT},${{{names.VARIABLE_CALLED}}})",
            " same => n,Answer()",
            f" same => n,{_play(prompts.AGENT_FALLBACK)}",
            " same => n,Hangup(41)",
            "",
        ]
    )


def _from_agent(agi_port: int) -> str:
    lines = [f"[{names.CONTEXT_AGENT}]"]
    # An extension that is written out goes before every pattern.
    for code, entry, what in (
        (names.FEATURE_LOGIN, names.AGI_LOGIN, names.AGI_IN),
        (names.FEATURE_LOGOUT, names.AGI_LOGIN, names.AGI_OUT),
        (names.FEATURE_PAUSE, names.AGI_PAUSE, names.AGI_IN),
        (names.FEATURE_AVAILABLE, names.AGI_PAUSE, names.AGI_OUT),
    ):
        lines += [
            f"exten => {code},1,{_ask(agi_port, entry, what)}",
            # Nobody there: say so.
            ' same => n,GotoIf($["${AGISTATUS}"!="FAILURE"]?over)',
            f" same => n,{_play(prompts.ENGINE_AWAY)}",
            " same => n(over),Hangup()",
        ]
    for pattern in DIALLED:
        lines += [
            f"exten => {pattern},1,Set({names.VARIABLE_CALLED}={NUMBER_FILTER})",
            f" same => n,Stasis({names.STASIS_APP},{names.STASIS_OUTBOUND},"
            f"${{{names.VARIABLE_CALLED}}},${{CHANNEL(pjsip,remote_addr)}})",
            f' same => n,GotoIf($["${{STASISSTATUS}}"="FAILED"]?{names.CONTEXT_FALLBACK},agent,1)',
            " same => n,Hangup()",
        ]
    lines += [
        # Feature codes that nobody knows. Q.850 cause 29, facility rejected.
        "exten => _[*#]!,1,Answer()",
        f" same => n,{_play(prompts.NO_SUCH_CODE)}",
        " same => n,Hangup(29)",
    ]
    return "\n".join(lines) + "\n"


def _survey(agi_port: int) -> str:
    return "\n".join(
        [
            f"[{names.CONTEXT_SURVEY}]",
            f"exten => s,1,{_ask(agi_port, names.AGI_SURVEY)}",
            " same => n,Hangup()",
            "",
        ]
    )


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


def _demo_customer() -> str:
    """Somebody outside who picks up after a moment, in the demonstration without a trunk."""
    lines = [f"[{names.CONTEXT_DEMO_CUSTOMER}]"]
    for pattern in NUMBERS:
        lines += [
            f"exten => {pattern},1,Set(TIMEOUT(absolute)={DEMO_CALL_SECONDS})",
            " same => n,Ringing()",
            " same => n,Wait(3)",
            " same => n,Answer()",
            f" same => n,{_play(prompts.DEMO_CALLER)}",
            f" same => n,MusicOnHold(default,{DEMO_CALL_SECONDS})",
            " same => n,Hangup()",
        ]
    return "\n".join(lines) + "\n"
