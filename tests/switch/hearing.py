"""What the switch plays to whom, from its own log: the messages, music on hold, in order.

Owns: a log file of the switch for the time of a test, and reading it. Knows no expectation.
"""

from __future__ import annotations

import re
import secrets
from pathlib import Path
from types import TracebackType

from switch.real_switch import RealSwitch

_PLAYED = re.compile(r"Playing '([^']+)' \(language '([a-z_A-Z]+)'\)")
_MUSIC = re.compile(r"(Started|Stopped) music on hold")


class Heard:
    """`with Heard(switch) as heard: …; heard.all` are prompts by name, `music` and `music stops`."""

    def __init__(self, switch: RealSwitch) -> None:
        self._switch = switch
        self._name = f"heard-{secrets.token_hex(4)}"

    def __enter__(self) -> Heard:
        self._switch.cli(f"logger add channel {self._name} verbose(3)")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._switch.cli(f"logger remove channel {self._name}")

    @property
    def all(self) -> list[str]:
        file = self._switch.config.log_dir / self._name
        found: list[str] = []
        for line in file.read_text(errors="replace").splitlines() if file.exists() else ():
            if told := _PLAYED.search(line):
                found.append(Path(told[1]).with_suffix("").as_posix())
            elif told := _MUSIC.search(line):
                found.append("music" if told[1] == "Started" else "music stops")
        return found
