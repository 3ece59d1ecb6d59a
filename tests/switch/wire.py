"""A TCP proxy between a client and a server that can fall silent, break, or refuse: the network's bad days.

Owns: forwarding bytes on one loopback port. Knows no protocol.
"""

from __future__ import annotations

import asyncio


class Wire:
    """`async with Wire(host, port) as wire`: connect to `wire.port`. All in the running event loop."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._writers: list[asyncio.StreamWriter] = []
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._stranded = 0
        self.connections = 0
        self.refusing = False

    async def __aenter__(self) -> Wire:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def freeze(self) -> None:
        """Half-open: both sides stay connected, no byte passes any more. New connections freeze too."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Bytes pass again, those held back first."""
        self._flowing.set()

    def strand(self) -> None:
        """What is connected now stays so on both sides and carries nothing more; new connections work."""
        self._stranded = self.connections

    def cut(self) -> None:
        """Every connection breaks (reset), as when a process dies."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        if self.refusing:
            writer.transport.abort()
            return
        try:
            there_reader, there_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers += [writer, there_writer]
        for source, sink in ((reader, there_writer), (there_reader, writer)):
            task = asyncio.create_task(self._forward(source, sink, number))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, number: int) -> None:
        try:
            while data := await source.read(65536):
                await self._flowing.wait()
                if number <= self._stranded:
                    continue
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()
