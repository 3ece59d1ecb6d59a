"""The phones in agents' browsers on the switch: a fresh secret for each page that has one.

Owns: the secrets that pages were given, and who may have one. Must not: know sockets (`phone_lines`) or PJSIP's objects
(`ari.phones` and `dialplan.phone`).

A secret lives in this process and in its page, nowhere else: an engine that starts anew leaves the phones on the switch
as they are, with their calls, until their pages come back and are given another.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection

from ari_app.ari.phones import PhoneConfig, Phones
from ari_app.phone_lines import NoPhoneHere, NotNow, PhoneAccount
from dialplan import names
from dialplan.phone import ha1
from models.values.call import PhoneKind
from models.values.routing import AgentRoute, RoutingSnapshot

SECRET_BYTES = 24


class BrowserPhones:
    def __init__(self, phones: Phones, snapshot: Callable[[], RoutingSnapshot]) -> None:
        self._phones = phones
        self._snapshot = snapshot
        self._issued: dict[str, PhoneConfig] = {}

    def on_the_switch(self) -> tuple[Collection[PhoneConfig], frozenset[str]]:
        """The phones that are to be there, and the endpoints that may stay as they are."""
        owners = {agent.endpoint for agent in self._snapshot().agents.values() if _has_one(agent)}
        self._issued = {endpoint: phone for endpoint, phone in self._issued.items() if endpoint in owners}
        return self._issued.values(), frozenset(endpoint for endpoint in owners if endpoint)

    async def issue(self, agent: int) -> PhoneAccount:
        """A fresh secret for this agent's phone, good from now on. Raises PhoneRefused."""
        route = self._snapshot().agents.get(agent)
        if route is None or not route.endpoint or not _has_one(route):
            raise NoPhoneHere("this agent's phone is not in the browser")
        secret = secrets.token_urlsafe(SECRET_BYTES)
        phone = PhoneConfig(route.endpoint, ha1(route.endpoint, secret), display_name=route.name, browser=True)
        self._issued[route.endpoint] = phone
        why = await self._phones.push_one(phone)
        if why is not None:
            raise NotNow(why)
        return PhoneAccount(route.endpoint, names.SIP_REALM, secret)

    async def withdraw(self, agent: int) -> None:
        """The session of its page is over: its secret opens nothing any more."""
        route = self._snapshot().agents.get(agent)
        if route is not None and route.endpoint and self._issued.pop(route.endpoint, None) is not None:
            await self._phones.remove([route.endpoint])


def _has_one(agent: AgentRoute) -> bool:
    return agent.active and bool(agent.endpoint) and agent.phone_kind is PhoneKind.BROWSER
