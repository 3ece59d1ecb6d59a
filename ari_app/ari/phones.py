"""The agents' phones, pushed to PJSIP over ARI: no file, no reload.

Owns: making the switch's phones those of the tables, and nothing else's. Must not: know what a phone's objects hold
(``dialplan.phone``), or read the tables.

Pushed objects live in the switch's memory (docs/decisions/0011), so after every connect all are looked at. Each carries
a fingerprint of what was pushed: a phone that is as it should be is not touched, and an engine's restart costs one
question a phone.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import structlog

from ari_app.ari.port import AriPort, Response
from dialplan import names
from dialplan.phone import (
    CONFIG_CLASS,
    ENDPOINT_PATTERN,
    ConfigRequest,
    PhoneObject,
    phone_objects,
    push_requests,
    removal_requests,
    unregister_requests,
)
from models.values.ip import IpRules

log = structlog.get_logger(__name__)

AT_ONCE = 50
"""Phones worked on at the same time: the socket carries the calls' requests too."""
PROBE_PREFIX = "probe-"
"""A channel that exists only to be asked functions by; the engine leaves it alone."""


@dataclass(frozen=True, slots=True)
class PhoneConfig:
    """An agent's IP phone. ``ha1``: the digest of its secret (RFC 2617, 3.2.2.2)."""

    endpoint: str
    ha1: str
    name: str = ""


@dataclass(slots=True)
class Pushed:
    """What a push did."""

    unchanged: int = 0
    pushed: int = 0
    removed: int = 0
    unregistered: int = 0
    failed: int = 0


class Phones:
    def __init__(self, port: AriPort) -> None:
        self._port = port
        self._lock = asyncio.Lock()
        self._known: dict[str, str] = {}
        self._rules: IpRules | None = None

    def forget(self) -> None:
        """The connection is new: the switch may be too."""
        self._known.clear()

    async def push(self, phones: Iterable[PhoneConfig], rules: IpRules) -> Pushed:
        """Make the switch's phones these, reachable from where the rules allow. Raises RuntimeError in words."""
        async with self._lock:
            wanted = {phone.endpoint: phone for phone in phones}
            pushed = Pushed()
            there = await self._there()
            for stale in sorted(there - set(wanted)):
                await self._send(removal_requests(stale))
                self._known.pop(stale, None)
                pushed.removed += 1
            networks = () if not rules.masks else tuple(rules.for_asterisk())
            if self._rules is not None and rules != self._rules and rules.masks:
                pushed.unregistered = await self._unregister_the_refused(list(wanted.values()), networks, rules)
            queue = list(wanted.values())
            for start in range(0, len(queue), AT_ONCE):
                await asyncio.gather(
                    *(
                        self._one(phone, networks, pushed, is_there=phone.endpoint in there)
                        for phone in queue[start : start + AT_ONCE]
                    )
                )
            self._rules = rules
            return pushed

    async def _there(self) -> set[str]:
        """The phones that the switch has now, whoever pushed them; the trunks are none."""
        answer = await self._port.submit("endpoints.listByTech", tech="PJSIP")
        if not answer.ok:
            raise RuntimeError(f"the switch does not list its endpoints: {answer.reason}")
        ours = (names.ENDPOINT_TRUNK, names.ENDPOINT_DEMO_TRUNK)
        found = {str(item["resource"]) for item in answer.body}
        return {name for name in found if name[:1].isdigit() and ENDPOINT_PATTERN.fullmatch(name) and name not in ours}

    async def _one(self, phone: PhoneConfig, networks: Sequence[str], pushed: Pushed, *, is_there: bool) -> None:
        try:
            objects = phone_objects(
                phone.endpoint, digest_ha1=phone.ha1, display_name=phone.name, allowed_networks=networks
            )
        except ValueError as error:
            log.error("phone_refused", endpoint=phone.endpoint, why=str(error))
            pushed.failed += 1
            return
        mark = _fingerprint(objects)
        if is_there and mark == (self._known.get(phone.endpoint) or await self._mark_of(phone.endpoint)):
            self._known[phone.endpoint] = mark
            pushed.unchanged += 1
            return
        if await self._send(push_requests(_marked(objects, mark))):
            self._known[phone.endpoint] = mark
            pushed.pushed += 1
        else:
            self._known.pop(phone.endpoint, None)
            pushed.failed += 1

    async def _mark_of(self, endpoint: str) -> str | None:
        answer = await self._port.submit("asterisk.getObject", **_address("endpoint", endpoint))
        if not answer.ok:
            return None
        return next((field["value"] for field in answer.body if field["attribute"] == names.VARIABLE_PHONE), None)

    async def _send(self, requests: Sequence[ConfigRequest]) -> bool:
        """In order, without waiting for each; True when all were taken."""
        waiting: list[tuple[ConfigRequest, asyncio.Future[Response]]] = []
        for request in requests:
            kind, name = request.uri.split("/")[-2:]
            address = _address(kind, name)
            if request.only_if_absent and (await self._port.submit("asterisk.getObject", **address)).status != 404:
                continue
            if request.method == "DELETE":
                waiting.append((request, self._port.submit("asterisk.deleteObject", **address)))
            else:
                fields = (request.body or {}).get("fields", [])
                waiting.append((request, self._port.submit("asterisk.updateObject", **address, fields=fields)))
        well = True
        for request, future in waiting:
            answer = await future
            if not answer.ok and not (request.method == "DELETE" and answer.status == 404):
                log.error("phone_not_pushed", request=request.uri, method=request.method, why=answer.reason)
                well = False
        return well

    # ------------------------------------------------------------ where phones are registered
    async def _unregister_the_refused(
        self, phones: Sequence[PhoneConfig], networks: Sequence[str], rules: IpRules
    ) -> int:
        """A phone that is registered from an address the new rules refuse must not ring there any more."""
        addresses = await self._registered([phone.endpoint for phone in phones])
        refused = [phone for phone in phones if (at := addresses.get(phone.endpoint)) and not rules.allows(at)]
        for phone in refused:
            log.warning("phone_unregistered", endpoint=phone.endpoint, address=addresses[phone.endpoint])
            objects = phone_objects(phone.endpoint, digest_ha1=phone.ha1, allowed_networks=networks)
            await self._send(unregister_requests(objects))
        return len(refused)

    async def _registered(self, endpoints: Sequence[str]) -> dict[str, str]:
        """Endpoint -> the address it registered from. Functions are evaluated on a channel only, so one is made."""
        probe = PROBE_PREFIX + secrets.token_hex(6)
        made = await self._port.submit(
            "channels.create",
            endpoint=f"Local/probe@{names.CONTEXT_VIRTUAL_PHONE}/n",
            app=names.STASIS_APP,
            channelId=probe,
        )
        if not made.ok:
            log.error("registrations_unknown", why=made.reason)
            return {}
        try:
            found = {}
            for endpoint in endpoints:
                contact = await self._function(probe, f"PJSIP_AOR({endpoint},contact)")
                if contact:
                    found[endpoint] = await self._function(probe, f"PJSIP_CONTACT({contact.split(',')[0]},via_addr)")
            return {endpoint: address for endpoint, address in found.items() if address}
        finally:
            await self._port.submit("channels.hangup", channelId=probe)

    async def _function(self, channel: str, function: str) -> str:
        answer = await self._port.submit("channels.getChannelVar", channelId=channel, variable=function)
        return str(answer.body.get("value") or "") if answer.ok and isinstance(answer.body, dict) else ""


def _address(kind: str, name: str) -> dict[str, str]:
    return {"configClass": CONFIG_CLASS, "objectType": kind, "id": name}


def _fingerprint(objects: Sequence[PhoneObject]) -> str:
    return hashlib.sha256(repr(objects).encode()).hexdigest()[:16]


def _marked(objects: Sequence[PhoneObject], mark: str) -> list[PhoneObject]:
    """The endpoint with its fingerprint, as a channel variable: the one field of it that is free."""
    return [
        replace(item, fields=(*item.fields, ("set_var", f"{names.VARIABLE_PHONE}={mark}")))
        if item.object_type == "endpoint"
        else item
        for item in objects
    ]
