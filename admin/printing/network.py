"""A document to an ESC/POS printer on the network: asked first, sent, and asked whether it came out.

Owns: the connection, the printer's real-time status, and what each way to fail means for the paper. Must not: know
jobs, or make documents (`escpos_bytes`).

Until `begin` nothing is sent but questions, so whatever fails has printed nothing. Afterwards only the printer can say
that it did: a question stands at the document's end (GS r), which it answers when it gets there; meanwhile it is asked
how it is (DLE EOT), which it answers at once. One that ran out of paper in the middle goes on when it has some: it is
waited for, and what ails it is told meanwhile. A printer that is not asked is believed when its network has all bytes.
"""

import asyncio
import fcntl
import socket
import struct
import termios
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from models.print_jobs import Result, not_begun, unsure
from models.tables import PrintState

CONNECT_SECONDS: Final = 5.0
STATUS_SECONDS: Final = 3.0
STALL_SECONDS: Final = 20.0  # in which not one byte was taken
PATIENCE_SECONDS: Final = 300.0  # for a person to put paper, to close the cover
END_SECONDS: Final = 6.0  # for the last lines, and more for what the printer still has in its memory
BYTES_A_SECOND: Final = 1000
_ASK_AGAIN_SECONDS: Final = 1.0
_CHUNK: Final = 1024
_SEND_BUFFER: Final = 16_384  # so that what was sent is not far from what was printed

_STATUS: Final = b"\x10\x04"  # DLE EOT n
_ARE_YOU_THERE: Final = b"\x1dr\x01"  # GS r 1, in its turn after what was sent before


async def send(
    host: str, port: int, document: bytes, begin: Callable[[], bool], tell: Callable[[str], None], *, asks: bool = True
) -> Result | None:
    """None: `begin` said no. `tell`: what holds it up in the middle, "" when nothing does. All waits are bounded."""
    try:
        reader, writer = await asyncio.wait_for(_connected(host, port), CONNECT_SECONDS)
    except TimeoutError:
        return not_begun("no_answer")
    except socket.gaierror:
        return not_begun("no_such_host")
    except ConnectionRefusedError:
        return not_begun("refused")
    except OSError:
        return not_begun("not_reached")
    try:
        return await _Talk(reader, writer, tell).print(document, begin, asks)
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), STATUS_SECONDS)


async def _connected(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(host, port)
    raw = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    writer.transport.set_write_buffer_limits(high=0)  # `drain` is over when the system has it all
    return reader, writer


class _Talk:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._reader = reader
        self._writer = writer
        self._all_sent = False
        self._got_there = False  # it answered the question at the document's end

    async def print(self, document: bytes, begin: Callable[[], bool], asks: bool) -> Result | None:
        if asks and (problem := await self._trouble()):
            return not_begun(problem)
        if not begin():
            return None
        try:
            await self._send(document + (_ARE_YOU_THERE if asks else b""))
            self._all_sent = True
            return await (self._ended(len(document)) if asks else self._taken())
        except TimeoutError:
            problem = await self._trouble() if asks else ""
            return unsure(_MIDWAY.get(problem, "stalled"))
        except (OSError, EOFError):
            return unsure("cut")

    async def _send(self, content: bytes) -> None:
        for start in range(0, len(content), _CHUNK):
            self._writer.write(content[start : start + _CHUNK])
            await asyncio.wait_for(self._writer.drain(), STALL_SECONDS)

    # ------------------------------------------------------------ how it is
    async def _trouble(self) -> str:
        """Why nothing can be printed now, or ""."""
        try:
            paper, cause = await self._status(4), await self._status(2)
        except TimeoutError:
            return "no_status"
        except (OSError, EOFError):
            return "cut_at_once"
        return trouble_of(paper, cause) or ("offline" if await self._is_offline() else "")

    async def _is_offline(self) -> bool:
        try:
            return bool(await self._status(1) & 0x08)
        except (OSError, EOFError, TimeoutError):
            return True

    async def _status(self, number: int) -> int:
        """DLE EOT n. What else the printer tells meanwhile, unasked, is passed over."""
        self._writer.write(_STATUS + bytes((number,)))
        async with asyncio.timeout(STATUS_SECONDS):
            await self._writer.drain()
            while True:
                byte = await self._byte()
                if is_status(byte):
                    return byte

    async def _byte(self) -> int:
        byte = (await self._reader.readexactly(1))[0]  # IncompleteReadError is an EOFError
        self._got_there |= self._all_sent and is_answer_in_turn(byte)
        return byte

    # ------------------------------------------------------------ whether it came out
    async def _ended(self, length: int) -> Result:
        loop = asyncio.get_running_loop()
        wait = END_SECONDS + length / BYTES_A_SECOND
        patience, deadline, told = loop.time() + PATIENCE_SECONDS, loop.time() + wait, ""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_ASK_AGAIN_SECONDS):
                    while not self._got_there:
                        await self._byte()
            problem = "" if self._got_there else await self._trouble()
            if self._got_there:
                return Result(PrintState.PRINTED)
            if problem == "cut_at_once":
                return unsure("cut")
            held_up = _MIDWAY.get(problem, "")
            if held_up != told:
                self._tell(held_up)
                told, deadline = held_up, loop.time() + wait
            if loop.time() > (patience if held_up else min(patience, deadline)):
                if held_up or problem:
                    return unsure(held_up or "no_end")
                # It took every byte, is well, and does not know the question at the end: what more can be asked?
                return Result(PrintState.PRINTED)

    async def _taken(self) -> Result:
        raw = self._writer.get_extra_info("socket")
        async with asyncio.timeout(STALL_SECONDS):
            while _unsent(raw):
                if self._reader.at_eof():
                    raise EOFError
                await asyncio.sleep(0.05)
        return Result(PrintState.PRINTED)


def is_status(byte: int) -> bool:
    """An answer to DLE EOT: 0xx1xx10."""
    return byte & 0x93 == 0x12


def is_answer_in_turn(byte: int) -> bool:
    """An answer to GS r: 0xx0xxxx."""
    return byte & 0x90 == 0


def trouble_of(paper: int, cause: int) -> str:
    """What DLE EOT 4 (paper) and DLE EOT 2 (why it is offline) say, or ""."""
    if cause & 0x04:
        return "cover_open"
    if paper & 0x60 or cause & 0x20:
        return "paper_out"
    return "printer_error" if cause & 0x40 else ""


# The same in the middle of a slip: a part of it is on the paper, perhaps all.
_MIDWAY: Final = {
    "paper_out": "paper_out_midway", "cover_open": "cover_open_midway", "printer_error": "printer_error_midway",
}  # fmt: skip


def _unsent(raw: socket.socket) -> int:
    """Bytes that the other side has not said it has."""
    return int(struct.unpack("i", fcntl.ioctl(raw.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0])
