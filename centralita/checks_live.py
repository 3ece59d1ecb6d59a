"""The doctor's checks of what runs: each part is asked over its own door.

Owns: the lock's holder, ARI, SIP, the trunks, the engine, the web, the desks' websocket. Must not: start or stop
anything, or make a call.
"""

import secrets as random_source
import socket
import time
from collections.abc import Iterator
from typing import Any

from centralita import http_calls, programs, running
from centralita.asterisk_conf import SwitchConfig
from centralita.findings import Finding, Verdict
from centralita.http_calls import Control, NoAnswer
from centralita.messages import Words
from dialplan import names
from models.secrets import Secrets, SecretsError, load_or_create
from models.settings import Settings

LIVE = ("ari", "sip", "trunk", "engine", "breaker", "agi", "web", "desk")


def live_checks(settings: Settings, words: Words) -> Iterator[Finding]:
    pid = running.holder(settings.data_dir)
    if pid is None or not settings.secrets_file.exists():
        yield Finding("up", Verdict.PROBLEM, words("up_bad"), words("up_mend"))
        for check in LIVE:
            yield Finding(check, Verdict.SKIPPED, words("skipped", needs=words("check_up")))
        return
    yield Finding("up", Verdict.OK, words("up_ok", pid=pid))
    try:
        secrets = load_or_create(settings.secrets_file)  # it exists: nothing is made
    except SecretsError as error:
        yield Finding("ari", Verdict.PROBLEM, words("secrets_bad", why=error))
        return
    yield ari_check(settings, secrets, words)
    yield sip_check(settings, secrets, words)
    yield trunk_check(settings, secrets, words)
    yield engine_check(settings, secrets, words)
    yield breaker_check(settings, secrets, words)
    yield agi_check(settings, words)
    yield web_check(settings, words)
    yield desk_check(settings, words)


def ari_check(settings: Settings, secrets: Secrets, words: Words) -> Finding:
    began = time.monotonic()
    try:
        answer = http_calls.ari(settings, secrets, "/asterisk/ping")
    except NoAnswer as error:
        mend = words("look_mend", log=programs.log_of(settings, "asterisk"))
        return Finding("ari", Verdict.PROBLEM, words("no_answer", why=error), mend)
    if answer.status != 200:
        mend = words("ari_denied_mend", port=settings.ari_port)
        return Finding("ari", Verdict.PROBLEM, words("ari_denied", status=answer.status), mend)
    return Finding("ari", Verdict.OK, words("ari_ok", ms=f"{(time.monotonic() - began) * 1000:.0f}"))


def sip_check(settings: Settings, secrets: Secrets, words: Words) -> Finding:
    """Any answer to an OPTIONS (RFC 3261 section 11) will do, a refusal too: somebody speaks SIP there."""
    config: SwitchConfig = programs.switch_config(settings, secrets)
    where = {"address": config.self_address, "port": settings.sip_port}
    if answers_options(config.self_address, settings.sip_port):
        return Finding("sip", Verdict.OK, words("sip_ok", **where))
    mend = words("sip_mend", log=programs.log_of(settings, "asterisk"))
    return Finding("sip", Verdict.PROBLEM, words("sip_bad", **where), mend)


def answers_options(address: str, port: int, seconds: float = 2.0) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as phone:
        phone.settimeout(seconds)
        try:
            phone.connect((address, port))
            host, own_port = phone.getsockname()[:2]
            own = f"[{host}]:{own_port}" if ":" in host else f"{host}:{own_port}"
            to = f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
            call, branch = random_source.token_hex(8), random_source.token_hex(8)
            lines = (
                f"OPTIONS sip:{to} SIP/2.0",
                f"Via: SIP/2.0/UDP {own};branch=z9hG4bK{branch};rport",
                "Max-Forwards: 70",
                f"From: <sip:doctor@{own}>;tag={call}",
                f"To: <sip:{to}>",
                f"Call-ID: {call}@centralita-doctor",
                "CSeq: 1 OPTIONS",
                f"Contact: <sip:doctor@{own}>",
                "Accept: application/sdp",
                "Content-Length: 0",
            )
            phone.send(("\r\n".join(lines) + "\r\n\r\n").encode("ascii"))
            return phone.recv(4096).startswith(b"SIP/2.0 ")
        except OSError:
            return False


def trunk_check(settings: Settings, secrets: Secrets, words: Words) -> Finding:
    """The endpoints that the configuration promises are known to the running switch."""
    wanted = [names.ENDPOINT_TRUNK] + ([names.ENDPOINT_DEMO_TRUNK] if settings.demo else [])
    for endpoint in wanted:
        try:
            answer = http_calls.ari(settings, secrets, f"/endpoints/PJSIP/{endpoint}")
        except NoAnswer:
            return Finding("trunk", Verdict.SKIPPED, words("skipped", needs=words("check_ari")))
        if answer.status != 200:
            return Finding("trunk", Verdict.PROBLEM, words("trunk_bad", endpoint=endpoint), words("trunk_mend"))
    return Finding("trunk", Verdict.OK, words("trunk_ok", addresses=", ".join(settings.trunk_addresses) or "–"))


def engine_check(settings: Settings, secrets: Secrets, words: Words) -> Finding:
    mend = words("look_mend", log=programs.log_of(settings, "engine"))
    try:
        answer = Control(settings, secrets).health()
    except NoAnswer as error:
        return Finding("engine", Verdict.PROBLEM, words("no_answer", why=error), mend)
    told: Any = answer.json()
    if not isinstance(told, dict) or "switch" not in told:
        return Finding("engine", Verdict.PROBLEM, words("not_ours", status=answer.status), mend)
    if not told["switch"].get("connected"):
        return Finding("engine", Verdict.PROBLEM, words("engine_no_switch"), mend)
    if not told["database"].get("ok"):
        text = words("engine_no_database", journal=told["database"].get("journal"))
        return Finding("engine", Verdict.PROBLEM, text, words("engine_database_mend"))
    if not told.get("snapshot"):
        return Finding("engine", Verdict.PROBLEM, words("engine_no_routing"), words("routing_mend"))
    return Finding("engine", Verdict.OK, words("engine_ok", calls=told.get("calls"), desks=told.get("desks")))


def breaker_check(settings: Settings, secrets: Secrets, words: Words) -> Finding:
    """What is tripped keeps agents from calling until an administrator releases it."""
    try:
        told: Any = Control(settings, secrets).health().json()
    except NoAnswer:
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("breaker"), list):
        return Finding("breaker", Verdict.SKIPPED, words("skipped", needs=words("check_engine")))
    trips = told["breaker"]
    if not trips:
        return Finding("breaker", Verdict.OK, words("breaker_ok"))
    account = [trip for trip in trips if trip.get("agent") is None]
    text = words("breaker_account") if account else words("breaker_agents", count=len({t["agent"] for t in trips}))
    return Finding("breaker", Verdict.WARNING, text, words("breaker_mend"))


def agi_check(settings: Settings, words: Words) -> Finding:
    """A request for an entry that there is none of is closed at once: somebody speaks FastAGI there."""
    try:
        with socket.create_connection((http_calls.LOOPBACK, settings.agi_port), timeout=2.0) as asterisk:
            asterisk.sendall(b"agi_network_script: doctor\n\n")
            well = asterisk.recv(1) == b""
    except OSError as error:
        mend = words("look_mend", log=programs.log_of(settings, "agi"))
        return Finding("agi", Verdict.PROBLEM, words("no_answer", why=error), mend)
    if not well:
        return Finding("agi", Verdict.PROBLEM, words("agi_bad", port=settings.agi_port), words("agi_mend"))
    return Finding("agi", Verdict.OK, words("desk_ok", port=settings.agi_port))


def web_check(settings: Settings, words: Words) -> Finding:
    mend = words("look_mend", log=programs.log_of(settings, "web"))
    try:
        answer = http_calls.of_ours(settings, settings.web_port, "/login", seconds=5.0)
    except NoAnswer as error:
        return Finding("web", Verdict.PROBLEM, words("no_answer", why=error), mend)
    if answer.status != 200:
        return Finding("web", Verdict.PROBLEM, words("web_bad", status=answer.status), mend)
    return Finding("web", Verdict.OK, words("web_ok", address=http_calls.web_address(settings)))


def desk_check(settings: Settings, words: Words) -> Finding:
    """A websocket server refuses a plain GET (RFC 6455 section 4.2.1): any answer shows that it listens."""
    try:
        http_calls.of_ours(settings, settings.desk_port, "/", seconds=5.0)
    except NoAnswer as error:
        return Finding("desk", Verdict.PROBLEM, words("no_answer", why=error), words("desk_mend"))
    return Finding("desk", Verdict.OK, words("desk_ok", port=settings.desk_port))
