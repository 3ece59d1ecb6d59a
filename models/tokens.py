"""Short-lived signed tokens: the web hands one to a desk's page, the engine's websocket believes it.

Owns: signing and verifying. Must not: keep state; a token says who, in which session and from where, until when.
Form: base64url(claims JSON) "." base64url(HMAC-SHA256), RFC 2104.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_TOKEN: Final = 1024
_PURPOSE: Final = b"centralita desk token 1\n"


class TokenProblem(StrEnum):
    MALFORMED = "malformed"
    FORGED = "forged"
    EXPIRED = "expired"


class TokenError(Exception):
    def __init__(self, problem: TokenProblem) -> None:
        self.problem = problem
        super().__init__(problem.value)


@dataclass(frozen=True, slots=True)
class DeskClaims:
    """`address` is the one the web saw; the socket compares it with its own."""

    agent_id: int
    session_id: str
    address: str
    expires_at: float  # seconds since the epoch


def sign(key: str, agent_id: int, session_id: str, address: str, *, seconds: float, now: float | None = None) -> str:
    """A token for one desk, good for `seconds`."""
    expires = (time.time() if now is None else now) + seconds
    claims = {"a": agent_id, "s": session_id, "i": address, "e": round(expires, 3)}
    body = base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode())
    return (body + b"." + _signature(key, body)).decode("ascii")


def verify(key: str, token: str, *, now: float | None = None) -> DeskClaims:
    """The claims of a token. Raises TokenError: malformed, forged or expired."""
    if len(token) > MAX_TOKEN or not token.isascii():
        raise TokenError(TokenProblem.MALFORMED)
    body, dot, signature = token.encode("ascii").partition(b".")
    if not dot:
        raise TokenError(TokenProblem.MALFORMED)
    if not hmac.compare_digest(_signature(key, body), signature):
        raise TokenError(TokenProblem.FORGED)
    try:
        raw = json.loads(base64.b64decode(body, altchars=b"-_", validate=True))
        claims = DeskClaims(int(raw["a"]), str(raw["s"]), str(raw["i"]), float(raw["e"]))
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise TokenError(TokenProblem.MALFORMED) from None
    if (time.time() if now is None else now) >= claims.expires_at:
        raise TokenError(TokenProblem.EXPIRED)
    return claims


def _signature(key: str, body: bytes) -> bytes:
    digest = hmac.new(key.encode(), _PURPOSE + body, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest)
