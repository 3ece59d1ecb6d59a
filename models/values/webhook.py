"""Webhooks: the names of the events, and to which addresses they may be sent.

Owns: those values. Must not: resolve a name or send (`admin.webhooks`).
"""

import ipaddress
from collections.abc import Iterable
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from models.values.errors import InvalidValue
from models.values.ip import Address, Network, parse_address

MAX_URL: Final = 1000
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")


class WebhookEventName(StrEnum):
    """What is told of a call. Each value goes over the wire: never rename one."""

    OFFERED = "call.offered"
    ANSWERED = "call.answered"
    ENDED = "call.ended"
    MISSED = "call.missed"  # it came in, and nobody of ours answered
    RECORDED = "call.recorded"
    TEST = "webhook.test"  # by the page's button


def may_be_sent_to(address: Address, networks: Iterable[Network]) -> bool:
    """A public address, or one of the networks that the settings allow."""
    return is_allowed(address, networks) or (address.is_global and not address.is_multicast and _is_plain(address))


def is_allowed(address: Address, networks: Iterable[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _is_plain(address: Address) -> bool:
    """Not an IPv6 address that stands for an IPv4 one: behind it may be any machine of ours."""
    if isinstance(address, ipaddress.IPv4Address):
        return True
    return address.sixtofour is None and address.teredo is None and address not in _NAT64


def check_url(text: str, networks: Iterable[Network]) -> str:
    """https, or http towards the allowed networks; a literal address is held against the rule at once, a name when it
    is resolved. Raises InvalidValue(url_*)."""
    known = tuple(networks)
    if not text.isascii() or not text.isprintable() or " " in text:
        raise InvalidValue("url_invalid", value=text[:80])
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise InvalidValue("url_invalid", value=text[:80]) from None
    if parts.scheme not in ("http", "https"):
        raise InvalidValue("url_scheme", scheme=parts.scheme[:20])
    if parts.username is not None or parts.password is not None:
        raise InvalidValue("url_credentials")
    if not parts.hostname or port == 0 or "\\" in text:
        raise InvalidValue("url_host")
    if parts.scheme == "http" and not known:
        raise InvalidValue("url_https")
    host = parts.hostname
    try:
        address = parse_address(host)
    except InvalidValue:
        if host == "localhost" and not is_allowed(ipaddress.IPv4Address("127.0.0.1"), known):
            raise InvalidValue("url_private", host=host) from None
        return text
    if not may_be_sent_to(address, known):
        raise InvalidValue("url_private", host=host[:60])
    if parts.scheme == "http" and not is_allowed(address, known):
        raise InvalidValue("url_https")
    return text
