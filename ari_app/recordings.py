"""Recordings on the switch: fetched whole or as a stream, and deleted there when they are ours.

Owns: the HTTP requests for files (the event websocket carries no bytes). Must not: know what a recording is of.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from urllib.parse import quote

import aiohttp

MOST_BYTES = 64 * 1024 * 1024
SECONDS = 20.0
ASK_AGAIN = 0.2
PIECE = 256 * 1024


class NotThere(Exception):
    """The switch has no such recording, or none that is whole."""


class Unreadable(Exception):
    """The switch has it, and does not give it out."""


class StoredRecordings:
    """`url`: of ARI, without a slash at its end."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = f"{url}/recordings"
        self._headers = {"Authorization": aiohttp.encode_basic_auth(user, password)}
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, name: str, seconds: float = SECONDS) -> bytes:
        """The file, once the recording has ended. Raises as `download`, and NotThere for what is too long."""
        await self._wait_for_the_end(name, seconds)
        content = bytearray()
        async for piece in self.download(name):
            content += piece
            if len(content) > MOST_BYTES:
                raise NotThere(f"{name} is larger than {MOST_BYTES} bytes")
        return bytes(content)

    async def download(self, name: str) -> AsyncIterator[bytes]:
        """The file in pieces, however long it is. Raises NotThere, Unreadable, aiohttp.ClientError or TimeoutError."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=SECONDS, sock_read=SECONDS)
        async with self._open().get(self._stored(name) + "/file", timeout=timeout) as answer:
            if answer.status == 404:
                raise NotThere(name)
            if answer.status in (403, 500):
                raise Unreadable(f"{name}: {answer.status} {(await answer.text())[:200]}")
            answer.raise_for_status()
            async for piece in answer.content.iter_chunked(PIECE):
                yield piece

    async def end(self, name: str, seconds: float = SECONDS) -> None:
        """See that nothing is recorded into it any more: what still runs is stopped."""
        await self._wait_for_the_end(name, seconds, stop=True)

    async def delete(self, name: str) -> None:
        """One that is not there is no error."""
        async with self._open().delete(self._stored(name)) as answer:
            if answer.status != 404:
                answer.raise_for_status()

    async def names(self) -> list[str]:
        """Of everything that is recorded and not fetched yet."""
        async with self._open().get(f"{self._url}/stored") as answer:
            answer.raise_for_status()
            return [str(one["name"]) for one in await answer.json()]

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _wait_for_the_end(self, name: str, seconds: float, *, stop: bool = False) -> None:
        deadline = time.monotonic() + seconds
        while await self._is_live(name):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} is still being recorded")
            if stop:
                async with self._open().post(self._live(name) + "/stop") as answer:
                    if answer.status != 404:
                        answer.raise_for_status()
            await asyncio.sleep(ASK_AGAIN)

    async def _is_live(self, name: str) -> bool:
        async with self._open().get(self._live(name)) as answer:
            if answer.status not in (200, 404):
                answer.raise_for_status()
            return answer.status == 200

    def _live(self, name: str) -> str:
        return f"{self._url}/live/{quote(name, safe='')}"

    def _stored(self, name: str) -> str:
        return f"{self._url}/stored/{quote(name, safe='')}"

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            timeout = aiohttp.ClientTimeout(total=SECONDS)
            self._session = aiohttp.ClientSession(headers=self._headers, timeout=timeout)
        return self._session
