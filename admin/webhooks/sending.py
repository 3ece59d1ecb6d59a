"""One delivery over HTTP: to the address that was checked and to no other, signed, never redirected.

Owns: the client, the guard against addresses of ours (SSRF), what an answer means. Must not: know the outbox.

A name is resolved by us, each of its addresses is held against the rule, and the connection goes to those: what the
name points to a moment later does not matter. A literal address is held against it before.
"""

import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from models.values.errors import InvalidValue
from models.values.ip import Network, parse_address
from models.values.webhook import is_allowed, may_be_sent_to
from models.webhooks import signature

TOTAL_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 5.0
_MAX_ANSWER: Final = 1000
_MOST_WAIT: Final = 3600.0  # of a Retry-After


@dataclass(frozen=True, slots=True)
class Result:
    """`problem`: "" is delivered. `status`: None when nobody answered. `wait`: seconds, when the receiver said so."""

    problem: str
    status: int | None = None
    answer: str = ""
    took_ms: int = 0
    wait: float | None = None


class _Forbidden(OSError):
    """The name leads to an address that webhooks may not be sent to."""


class GuardedResolver(AbstractResolver):
    """Resolves, and gives none of an address that is not allowed."""

    def __init__(self, networks: Iterable[Network]) -> None:
        self._networks = tuple(networks)
        self._plain = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._plain.resolve(host, port, family)
        for one in found:
            if not may_be_sent_to(parse_address(one["host"]), self._networks):
                raise _Forbidden(f"{host} is {one['host']}")
        return found

    async def close(self) -> None:
        await self._plain.close()


class Sender:
    """Made and closed in the loop that uses it."""

    def __init__(self, networks: Iterable[Network], *, keep: bool = True) -> None:
        """`keep`: connections are used again; one that the other side just closed then looks like a lost answer."""
        self._networks = tuple(networks)
        connector = aiohttp.TCPConnector(
            resolver=GuardedResolver(self._networks), limit=0, ttl_dns_cache=30, force_close=not keep
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._session.close()

    async def send(self, url: str, secret: str, message_id: str, body: bytes) -> Result:
        began = time.monotonic()
        try:
            refused = await self._refused(url)
            result = Result(refused) if refused else await self._post(url, secret, message_id, body)
        except aiohttp.ConnectionTimeoutError:
            result = Result("not_reached")
        except TimeoutError:
            result = Result("timeout")
        except _Forbidden:
            result = Result("address_not_allowed")
        except aiohttp.ClientSSLError:
            result = Result("tls")
        except aiohttp.ClientConnectorError as error:
            result = Result("address_not_allowed" if isinstance(error.os_error, _Forbidden) else "not_reached")
        except (aiohttp.ClientError, OSError, ValueError):
            result = Result("broken")
        took = round((time.monotonic() - began) * 1000)
        return Result(result.problem, result.status, result.answer, took, result.wait)

    async def _refused(self, url: str) -> str:
        """A literal address is never resolved, and plain http goes to the allowed networks alone."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        try:
            addresses = [parse_address(host)]
        except InvalidValue:
            if parts.scheme == "https":
                return ""
            found = await GuardedResolver(self._networks).resolve(host, parts.port or 80, socket.AF_UNSPEC)
            addresses = [parse_address(one["host"]) for one in found]
        if not all(may_be_sent_to(address, self._networks) for address in addresses):
            return "address_not_allowed"
        if parts.scheme != "https" and not all(is_allowed(address, self._networks) for address in addresses):
            return "not_https"
        return ""

    async def _post(self, url: str, secret: str, message_id: str, body: bytes) -> Result:
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Centralita-Webhooks/1",
            "Accept-Encoding": "identity",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(secret, message_id, timestamp, body),
        }
        async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            told = (await response.content.read(_MAX_ANSWER)).decode("utf-8", "replace")
            text = "".join(one for one in told if one.isprintable() or one in "\n\t")
            return Result(_meaning(response.status), response.status, text, wait=_wait(response.headers))


def _meaning(status: int) -> str:
    match status:
        case _ if 200 <= status < 300:
            return ""
        case 410:
            return "gone"
        case _ if 300 <= status < 400:
            return "redirect"
        case _:
            return "refused"


def _wait(headers: Any) -> float | None:
    text = str(headers.get("Retry-After", ""))
    return min(float(text), _MOST_WAIT) if text.isascii() and text.isdigit() and len(text) < 8 else None
