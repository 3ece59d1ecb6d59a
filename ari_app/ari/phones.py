"""Agents' phones on the switch: pushed to PJSIP over ARI, only what changed, and taken away again.

Owns: comparing what is wanted with what is there, and the requests between. Must not: know the fields of a phone
(`dialplan.phone`), or read the database.

What is there is asked of the switch after every connect: a fingerprint of its own configuration stands in each
endpoint (`callerid_tag`, which no caller sees), so a restarted engine pushes nothing to a switch that has it all, and
finds the phones of agents who are gone.

For operators: `pjsip show endpoint` on Asterisk's own command line within milliseconds of a push kills Asterisk 22.10
(it prints a snapshot that is not there yet). Nothing of ours uses that command; over ARI the same can be asked safely.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog

from ari_app.ari.port import AriPort, Response
from dialplan.phone import (
    CONFIG_CLASS,
    ConfigRequest,
    PhoneObject,
    phone_objects,
    push_requests,
    removal_requests,
    unregister_requests,
)
from models.values.ip import IpRules

log = structlog.get_logger(__name__)

MARK: Final = "centralita:"
"""What every fingerprint of ours begins with; an endpoint without it is none of ours (a trunk)."""
FINGERPRINT_FIELD: Final = "callerid_tag"

BREATH: Final = 20

OPUS_MODULES: Final = ("codec_opus_open_source.so", "codec_opus.so")
"""Either turns opus into what the others speak; without one it could only be passed on to another such phone."""

_CONTACT_HOST: Final = re.compile(r"sips?:(?:[^@;,]*@)?(?:\[([0-9A-Fa-f:.]+)\]|([^:;,>\s]+))")


@dataclass(frozen=True, slots=True)
class PhoneConfig:
    """An agent's SIP phone. `ha1`: MD5(endpoint:realm:secret) in hexadecimal; an inactive one is taken away."""

    endpoint: str
    ha1: str = field(repr=False)
    active: bool = True
    display_name: str = ""
    browser: bool = False
    """In the agent's browser: it registers through the engine's relay, which looks at its address."""


@dataclass(slots=True)
class PushReport:
    """What a push did. `failed`: endpoint to reason; the others are in place."""

    pushed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unregistered: list[str] = field(default_factory=list)
    """Registered from an address that is not allowed any more: the switch has forgotten where they are."""
    unchanged: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    milliseconds: int = 0


class Phones:
    """The phones on one switch. `at_once`: how many are worked on at the same time; calls' requests go between them."""

    def __init__(
        self,
        port: AriPort,
        *,
        at_once: int = 8,
        media_address: str | None = None,
        qualify_seconds: int = 30,
        refer: bool = False,
    ) -> None:
        self._port = port
        self._at_once = at_once
        self._media_address = media_address
        self._qualify_seconds = qualify_seconds
        self._refer = refer
        self._lock = asyncio.Lock()
        self._there: dict[str, str] = {}
        self._connection: int | None = None
        self._opus: tuple[int, bool] | None = None

    async def push(
        self, phones: Iterable[PhoneConfig], ip_rules: IpRules, keep: Collection[str] = frozenset()
    ) -> PushReport:
        """Make the switch's phones these, reachable from the addresses that `ip_rules` allow. One push at a time.

        `keep`: endpoints that stay as they are, of phones in browsers whose pages have not come back yet.

        Never raises for what the switch answers: see `failed`. Registrations and calls of unchanged and changed phones
        go on, except registrations from addresses that are not allowed any more.
        """
        async with self._lock:
            began = time.monotonic()
            report = PushReport()
            phones = list(phones)
            wanted = await self._wanted(phones, ip_rules, report)
            connection = self._port.counters.connects
            if self._connection != connection:
                self._there = await self._on_the_switch(wanted)
                self._connection = connection
            gone = [endpoint for endpoint in self._there if endpoint not in wanted and endpoint not in keep]
            changed = {
                endpoint: objects
                for endpoint, objects in wanted.items()
                if self._there.get(endpoint) != fingerprint_of(objects)
            }
            report.unchanged = len(wanted) - len(changed)
            await self._each(gone, lambda endpoint: self._remove(endpoint, report))
            relayed = {phone.endpoint for phone in phones if phone.browser}

            async def put(endpoint: str) -> None:
                await self._put(endpoint, changed[endpoint], IpRules() if endpoint in relayed else ip_rules, report)

            await self._each(changed, put)
            report.milliseconds = round((time.monotonic() - began) * 1000)
            if changed or gone or report.failed:
                log.info(
                    "phones_pushed",
                    pushed=len(report.pushed),
                    removed=len(report.removed),
                    unregistered=len(report.unregistered),
                    unchanged=report.unchanged,
                    failed=report.failed,
                    ms=report.milliseconds,
                )
            return report

    async def push_one(self, phone: PhoneConfig) -> str | None:
        """A phone in a browser, with its fresh secret; why it could not be put there, or None."""
        async with self._lock:
            report = PushReport()
            wanted = await self._wanted([phone], IpRules(), report)
            for endpoint, objects in wanted.items():
                await self._put(endpoint, objects, IpRules(), report)
            return report.failed.get(phone.endpoint)

    async def remove(self, endpoints: Iterable[str]) -> PushReport:
        """Take these phones away, their registrations with them."""
        async with self._lock:
            report = PushReport()
            await self._each(list(endpoints), lambda endpoint: self._remove(endpoint, report))
            return report

    async def registered_address(self, endpoint: str) -> str | None:
        """The IP address this phone is registered at; None: it is not, or nobody knows."""
        return await registered_address(self._port, endpoint)

    # ------------------------------------------------------------------------------------------------------ inside
    async def _wanted(
        self, phones: Collection[PhoneConfig], ip_rules: IpRules, report: PushReport
    ) -> dict[str, list[PhoneObject]]:
        networks = () if ip_rules.is_open else ip_rules.for_asterisk()
        opus = await self._speaks_opus() if any(phone.browser for phone in phones) else False
        wanted: dict[str, list[PhoneObject]] = {}
        for number, phone in enumerate(phones):
            if number % BREATH == 0:
                # A thousand of them take some 50 ms: calls go between.
                await asyncio.sleep(0)
            if not phone.active:
                continue
            try:
                objects = phone_objects(
                    phone.endpoint,
                    digest_ha1=phone.ha1,
                    display_name=phone.display_name,
                    allowed_networks=networks,
                    media_address=self._media_address,
                    qualify_seconds=self._qualify_seconds,
                    refer=self._refer,
                    browser=phone.browser,
                    opus=opus,
                )
            except ValueError as error:
                report.failed[phone.endpoint] = str(error)
                continue
            wanted[phone.endpoint] = _with_fingerprint(objects)
        return wanted

    async def _speaks_opus(self) -> bool:
        """Asked once in a connection."""
        connection = self._port.counters.connects
        if self._opus is None or self._opus[0] != connection:
            answers = [await self._port.submit("asterisk.getModule", moduleName=name) for name in OPUS_MODULES]
            self._opus = connection, any(one.ok and one.body.get("status") == "Running" for one in answers)
        return self._opus[1]

    async def _on_the_switch(self, wanted: Iterable[str]) -> dict[str, str]:
        """Our endpoints there, each with its fingerprint. The wanted are asked for by name: one that was put anew right
        after it was taken away can be missing in the list.
        """
        listed = await self._port.submit("endpoints.listByTech", tech="PJSIP")
        if not listed.ok:
            log.warning("phones_unknown", reason=listed.reason)
            return {}
        found: dict[str, str] = {}

        async def look(endpoint: str) -> None:
            answer = await self._port.submit(
                "asterisk.getObject", configClass=CONFIG_CLASS, objectType="endpoint", id=endpoint
            )
            tag = _value_of(FINGERPRINT_FIELD, answer)
            if tag.startswith(MARK):
                found[endpoint] = tag

        await self._each({*(str(entry["resource"]) for entry in listed.body), *wanted}, look)
        return found

    async def _put(self, endpoint: str, objects: list[PhoneObject], ip_rules: IpRules, report: PushReport) -> None:
        requests = push_requests(objects)
        # Asked first, so that all the rest leaves in one go: the endpoint is away for about a millisecond.
        absent: dict[str, bool] = {}
        for request in requests:
            if request.only_if_absent:
                answer = await self._submit(replace(request, method="GET", body=None))
                if answer.status is None:
                    report.failed[endpoint] = answer.reason
                    return
                absent[request.uri] = answer.status == 404
        self._there.pop(endpoint, None)
        failure = await self._carry_out([request for request in requests if absent.get(request.uri, True)])
        if failure is not None:
            report.failed[endpoint] = failure
            return
        self._there[endpoint] = fingerprint_of(objects)
        report.pushed.append(endpoint)
        if ip_rules.is_open:
            return
        address = await self.registered_address(endpoint)
        if address is not None and not ip_rules.allows(address):
            failure = await self._carry_out(unregister_requests(objects))
            if failure is not None:
                report.failed[endpoint] = failure
                self._there.pop(endpoint, None)
            else:
                report.unregistered.append(endpoint)

    async def _remove(self, endpoint: str, report: PushReport) -> None:
        failure = await self._carry_out(removal_requests(endpoint))
        if failure is None:
            self._there.pop(endpoint, None)
            report.removed.append(endpoint)
        else:
            report.failed[endpoint] = failure

    async def _carry_out(self, requests: list[ConfigRequest]) -> str | None:
        """All of them, in this order, without waiting between; the first failure in words."""
        futures = [self._submit(request) for request in requests]
        failure = None
        for request, future in zip(requests, futures, strict=True):
            answer = await future
            if not answer.ok and not (request.method == "DELETE" and answer.status == 404):
                failure = failure or f"{request.method} {request.uri}: {answer.reason}"
        return failure

    def _submit(self, request: ConfigRequest) -> asyncio.Future[Response]:
        config_class, object_type, object_id = request.uri.split("/")[-3:]
        params: dict[str, Any] = {"configClass": config_class, "objectType": object_type, "id": object_id}
        match request.method:
            case "GET":
                return self._port.submit("asterisk.getObject", **params)
            case "PUT":
                return self._port.submit("asterisk.updateObject", **params, **(request.body or {}))
            case _:
                return self._port.submit("asterisk.deleteObject", **params)

    async def _each(self, things: Iterable[str], work: Callable[[str], Awaitable[None]]) -> None:
        waiting = iter(list(things))

        async def worker() -> None:
            for thing in waiting:
                await work(thing)

        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(worker())


async def registered_address(port: AriPort, endpoint: str) -> str | None:
    """The IP address a phone is registered at, as its packets came from there; None: it is not, or nobody knows.

    Read from its aor. `GET /asterisk/variable` would not do: without a channel PJSIP's functions give nothing.
    """
    answer = await port.submit("asterisk.getObject", configClass=CONFIG_CLASS, objectType="aor", id=endpoint)
    contact = _value_of("contact", answer)
    found = _CONTACT_HOST.search(contact)
    return (found[1] or found[2]) if found else None


def _value_of(name: str, answer: Response) -> str:
    """A field of an object that was asked for, empty when it is not there."""
    fields = answer.body if answer.ok else []
    return next((str(entry["value"]) for entry in fields if entry["attribute"] == name), "")


def fingerprint_of(objects: list[PhoneObject]) -> str:
    """The fingerprint that stands in a phone's endpoint."""
    return next(value for name, value in objects[-1].fields if name == FINGERPRINT_FIELD)


def _with_fingerprint(objects: list[PhoneObject]) -> list[PhoneObject]:
    text = repr([(item.object_type, item.object_id, item.fields) for item in objects])
    tag = MARK + hashlib.sha256(text.encode()).hexdigest()[:20]
    *others, endpoint = objects
    return [*others, replace(endpoint, fields=(*endpoint.fields, (FINGERPRINT_FIELD, tag)))]
