"""An ESC/POS printer on a real socket: it understands the commands, answers for its state, and can fail as printers do.

Owns: reading the bytes back into slips of lines, as the paper would have them. Must not: know the program: what it does
not understand it notes in `unknown`, and prints nothing that is not there.
"""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field

CODE_PAGES = {0: "cp437", 2: "cp850", 16: "cp1252", 19: "cp858"}
CELLS = {0: (12, 24), 1: (9, 17)}  # fonts A and B, dots
# Command -> how many bytes of parameters.
_COMMANDS = {
    b"\x1b@": 0, b"\x1bt": 1, b"\x1b3": 1, b"\x1bJ": 1, b"\x1ba": 1, b"\x1bE": 1, b"\x1bM": 1, b"\x1d!": 1, b"\x1dL": 2,
    b"\x1dW": 2, b"\x1dP": 2, b"\x1dV": 2, b"\x1da": 1, b"\x1dr": 1, b"\x1c.": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A printed line. `left`, `top`: dots from where the head can print; `cell`: of a letter."""

    text: str
    bold: bool
    left: int
    top: int
    cell: tuple[int, int]


@dataclass
class Paper:
    rows: list[Row] = field(default_factory=list)
    length: int = 0  # dots
    is_cut: bool = False

    @property
    def lines(self) -> list[tuple[str, bool]]:
        return [(row.text, row.bold) for row in self.rows]


class Decoder:
    """Bytes in, paper out. `lines_left`: until the roll ends; None: never."""

    def __init__(self) -> None:
        self.papers: list[Paper] = [Paper()]
        self.unknown: list[bytes] = []
        self.lines_left: int | None = None
        self.answers = b""
        self.pending = b""
        self._reset()

    def _reset(self) -> None:
        self.code_page, self.font, self.times, self.bold = "cp437", 0, 1, False
        self.pitch, self.left, self.width = 30, 0, 576
        self._text = b""  # what was not yet a line is gone, as in a printer

    @property
    def paper(self) -> Paper:
        return self.papers[-1]

    @property
    def cell(self) -> tuple[int, int]:
        across, down = CELLS[self.font]
        return across * self.times, down * self.times

    def feed(self, content: bytes) -> None:
        self.pending += content
        while self.pending and self.lines_left != 0:
            if not self._step():
                return

    def _step(self) -> bool:
        first = self.pending[:1]
        if first in (b"\x1b", b"\x1d", b"\x1c"):
            command = self.pending[:2]
            if len(command) < 2:
                return False
            needed = _COMMANDS.get(command)
            if needed is None:
                self.unknown.append(command)
                self.pending = self.pending[2:]
                return True
            if len(self.pending) < 2 + needed:
                return False
            parameters, self.pending = self.pending[2 : 2 + needed], self.pending[2 + needed :]
            self._obey(command, parameters)
            return True
        self.pending = self.pending[1:]
        if first == b"\n":
            self._line_feed()
        elif first[0] < 0x20 or first[0] == 0x7F:
            self.unknown.append(first)
        else:
            self._text += first
            if len(self._text) * self.cell[0] >= self.width + self.cell[0]:
                self._text, rest = self._text[:-1], self._text[-1:]
                self._line_feed()  # as a printer breaks a line that is too long
                self._text = rest
        return True

    def _line_feed(self) -> None:
        row = Row(self._text.decode(self.code_page), self.bold, self.left, self.paper.length, self.cell)
        self._text = b""
        self.paper.rows.append(row)
        self.paper.length += max(self.pitch, self.cell[1])
        if self.lines_left:
            self.lines_left -= 1

    def _obey(self, command: bytes, given: bytes) -> None:
        match command:
            case b"\x1b@":
                self._reset()
            case b"\x1bt":
                self.code_page = CODE_PAGES[given[0]]
            case b"\x1b3":
                self.pitch = given[0]
            case b"\x1bJ":
                self.paper.length += given[0]
            case b"\x1bE":
                self.bold = bool(given[0] & 1)
            case b"\x1bM":
                self.font = given[0]
            case b"\x1d!":
                assert given[0] in (0x00, 0x11)
                self.times = 1 + (given[0] & 0x0F)
            case b"\x1dL":
                self.left = int.from_bytes(given, "little")
            case b"\x1dW":
                self.width = int.from_bytes(given, "little")
            case b"\x1dV":
                assert not self._text
                self.paper.is_cut = True
                self.papers.append(Paper())
            case b"\x1dr":
                self.answers += b"\x00"
            case b"\x1ba" | b"\x1dP" | b"\x1da" | b"\x1c.":
                pass


def decoded(content: bytes) -> Decoder:
    decoder = Decoder()
    decoder.feed(content)
    return decoder


@dataclass
class PlayedPrinter:
    """`cuts_after`: bytes of a document after which the line is cut. `hold`: what it waits for after `reads` bytes."""

    is_paper_out: bool = False
    is_cover_open: bool = False
    is_offline: bool = False
    answers_status: bool = True
    answers_in_turn: bool = True
    cuts_after: int | None = None
    reads: int | None = None
    hold: threading.Event = field(default_factory=threading.Event)
    connections: int = 0
    received: int = 0  # bytes of documents, of all connections
    decoder: Decoder = field(default_factory=Decoder)

    def __enter__(self) -> PlayedPrinter:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.hold.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for line in self._open:
            self.cut_line(line)
        self._thread.join(10)

    @property
    def slips(self) -> list[Paper]:
        """What was cut off."""
        return [paper for paper in self.decoder.papers if paper.is_cut]

    @property
    def rows(self) -> list[Row]:
        """All that is on paper, cut off or not."""
        return [row for paper in self.decoder.papers for row in paper.rows]

    @staticmethod
    def cut_line(line: socket.socket) -> None:
        """As when the cable is pulled and put back: a reset."""
        try:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            line.close()
        except OSError:
            pass

    def put_paper(self) -> None:
        self.is_paper_out = False
        self.decoder.lines_left = None

    # ------------------------------------------------------------ at work
    def _serve(self) -> None:
        while True:
            try:
                line, _peer = self._server.accept()
            except OSError:
                return
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
            self.connections += 1
            self._open.append(line)
            self._talk(line)  # one after the other: who comes meanwhile waits

    def _talk(self, line: socket.socket) -> None:
        of_this = 0
        tail = b""
        try:
            while True:
                if self.reads is not None and self.received >= self.reads:
                    self.hold.wait(60)
                content = line.recv(2048 if self.reads is None else 256)
                if not content:
                    return
                content, tail = self._answered(line, tail + content)
                if self.cuts_after is not None and of_this + len(content) > self.cuts_after:
                    self._print(line, content[: self.cuts_after - of_this])
                    self.cut_line(line)
                    return
                of_this += len(content)
                self._print(line, content)
        except OSError:
            return

    def _print(self, line: socket.socket, content: bytes) -> None:
        self.received += len(content)
        self.decoder.feed(content)
        if self.decoder.lines_left == 0:
            self.is_paper_out = True
        answers, self.decoder.answers = self.decoder.answers, b""
        if answers and self.answers_in_turn:
            line.sendall(answers)

    def _answered(self, line: socket.socket, content: bytes) -> tuple[bytes, bytes]:
        """Real-time questions are taken out of what arrives, wherever they stand; and what may become one."""
        while 0 <= (at := content.find(b"\x10\x04")) < len(content) - 2:
            number = content[at + 2]
            content = content[:at] + content[at + 3 :]
            if self.answers_status:
                line.sendall(bytes((self._status(number),)))
        kept = next((n for n, end in ((2, b"\x10\x04"), (1, b"\x10")) if content.endswith(end)), 0)
        return content[: len(content) - kept], content[len(content) - kept :]

    def _status(self, number: int) -> int:
        stopped = self.is_paper_out or self.is_cover_open or self.is_offline
        match number:
            case 1:
                return 0x12 | (0x08 if stopped else 0)
            case 2:
                return 0x12 | (0x04 if self.is_cover_open else 0) | (0x20 if self.is_paper_out else 0)
            case 4:
                return 0x12 | (0x60 if self.is_paper_out else 0)
            case _:
                raise AssertionError(number)
