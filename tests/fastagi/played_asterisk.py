"""Asterisk, played: a FastAGI request on a real socket, and an answer to each command.

Owns: the wire, as res_agi speaks it. Must not: know what should be asked.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Callable
from typing import Any

Answer = str | Callable[[str], Any]
OK = "200 result=0"
HANGUP = "HANGUP"
CLOSE = "(close)"
"""Not on the wire: the connection ends here."""


class PlayedAsterisk:
    """`run` answers every command until the server closes: by the first pattern of `answers` that it matches."""

    def __init__(self, port: int, entry: str, *arguments: str, seconds: float = 15.0, **env: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=seconds)
        self._file = self.socket.makefile("rb")
        self.commands: list[str] = []
        self.variables: dict[str, str] = {}
        known = {
            "network": "yes",
            "network_script": entry,
            "request": f"agi://127.0.0.1:{port}/{entry}",
            "channel": "PJSIP/8330107-0000001a",
            "uniqueid": "centralita-1700000000.7",
            "callerid": "8330107",
            "calleridname": "unknown",
            "context": "from-agent",
            "extension": "*70",
            **env,
            **{f"arg_{number}": argument for number, argument in enumerate(arguments, 1)},
        }
        self.request = "".join(f"agi_{name}: {value}\n" for name, value in known.items()) + "\n"

    def run(self, answers: dict[str, Answer] | None = None) -> list[str]:
        """The commands that were asked, until the server closed."""
        self.send(self.request)
        while (command := self.read()) is not None:
            answer = self._answer(command, answers or {})
            if answer == CLOSE:
                self.close()
                break
            self.send(answer if answer.endswith("\n") else answer + "\n")
            if answer.startswith(HANGUP):
                break
        return self.commands

    def _answer(self, command: str, answers: dict[str, Answer]) -> str:
        if found := re.match(r'SET VARIABLE "(.*?)" "(.*)"', command):
            self.variables[found[1]] = found[2]
        for pattern, answer in answers.items():
            if re.match(pattern, command):
                return str(answer(command)) if callable(answer) else answer
        return OK

    def read(self) -> str | None:
        try:
            line = self._file.readline()
        except OSError:
            return None
        if not line:
            return None
        self.commands.append(line.decode().rstrip("\n"))
        return self.commands[-1]

    def send(self, text: str | bytes) -> None:
        with contextlib.suppress(OSError):  # it has closed
            self.socket.sendall(text.encode() if isinstance(text, str) else text)

    def is_closed(self) -> bool:
        """The server has closed; waits for it as long as the socket may wait."""
        try:
            return self._file.read() == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    @property
    def played(self) -> list[str]:
        return [command.split()[2] for command in self.commands if command.startswith("STREAM FILE")]
