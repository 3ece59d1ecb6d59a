"""What the operator sees while `up` runs.

Owns: wording the supervisor's notices and the logs' problems, in short coloured lines. Must not: ever hold up the
supervisor: lines go through a bounded queue to a thread of their own, because a terminal that is stopped (Ctrl-S, a
full pipe) blocks whoever writes to it.
"""

import queue
import signal
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from centralita.log_files import Problem
from centralita.messages import Words
from centralita.supervisor import Died, GaveUp, Notice, NotReady, Ready, Started, Stopped

_STYLES = {"asterisk": "magenta", "engine": "cyan", "agi": "yellow", "web": "blue", "jobs": "green"}
_LONGEST = 200
_PROBLEMS_A_MINUTE = 30


class Lines:
    """Prints in a thread. `close` waits for what was queued, but not for a stopped terminal."""

    def __init__(self, console: Console, words: Words) -> None:
        self._console = console
        self._words = words
        self._queue: queue.Queue[object] = queue.Queue(maxsize=500)
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name="console", daemon=True)
        self._thread.start()

    def put(self, what: object) -> None:
        """Anything that rich can print. Dropped, and counted, when the terminal does not take it."""
        try:
            self._queue.put_nowait(what)
        except queue.Full:
            self._dropped += 1

    def close(self, seconds: float = 1.0) -> bool:
        """False: the terminal takes nothing. Then only os._exit ends us: another exit would flush, and wait."""
        self.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (what := self._queue.get()) is not None:
            try:
                self._console.print(what, soft_wrap=isinstance(what, Text | str))
                if self._dropped and self._queue.empty():
                    count, self._dropped = self._dropped, 0
                    self._console.print(Text(self._words("lines_dropped", count=count), style="dim"))
            except OSError:  # the terminal is gone; the logs have it all
                return


class Reporter:
    """Words notices and problems. `started` says that the first start is over: what gets ready now is news."""

    def __init__(self, lines: Lines, words: Words, logs: dict[str, Path]) -> None:
        self._lines = lines
        self._words = words
        self._logs = logs
        self.started = False
        self._minute = 0
        self._told = 0
        self._hushed = 0

    def name(self, program: str) -> str:
        key = f"program_{program}"
        return self._words(key) if self._words.known(key) else program

    def notice(self, notice: Notice) -> None:
        words, name = self._words, self.name(notice.name)
        log = self._logs.get(notice.name, "")
        match notice:
            case Started():
                return
            case Ready(seconds=seconds):
                if self.started:
                    self._say("green", notice.name, words("again_ready", name=name, seconds=f"{seconds:.1f}"))
            case NotReady(waiting_for=waiting_for):
                if self.started:
                    text = words("not_ready", name=name, waiting_for=waiting_for, log=log)
                    self._say("red", notice.name, text)
            case Died(next_in=next_in):
                key = "died_for_good" if next_in is None else "died_wait" if next_in else "died"
                text = words(key, name=name, how=self._how(notice), seconds=f"{next_in or 0:g}")
                self._say("yellow", notice.name, text)
            case GaveUp(deaths=deaths, retry_seconds=retry):
                if retry is not None:
                    text = words("gave_up", name=name, deaths=deaths, seconds=f"{retry:g}", log=log)
                    self._say("bold red", notice.name, text)
            case Stopped(killed=killed):
                if killed:
                    self._say("red", notice.name, words("stop_killed", name=name))

    def problem(self, problem: Problem) -> None:
        """At most so many a minute: a flood stays in the file, its size is told."""
        minute = int(time.monotonic() // 60)
        if minute != self._minute:
            if self._hushed:
                self._lines.put(Text(self._words("lines_dropped", count=self._hushed), style="dim"))
            self._minute, self._told, self._hushed = minute, 0, 0
        if self._told >= _PROBLEMS_A_MINUTE:
            self._hushed += 1
            return
        self._told += 1
        text = problem.text if len(problem.text) <= _LONGEST else problem.text[: _LONGEST - 1] + "…"
        self._say("red" if problem.level == "ERROR" else "yellow", problem.program, text)

    def _how(self, died: Died) -> str:
        if died.code is None:
            return died.why
        if died.code < 0:
            return self._words("how_signal", signal=_signal_name(-died.code))
        return self._words("how_code", code=died.code)

    def _say(self, style: str, program: str, text: str) -> None:
        line = Text.from_markup(f"[dim]{time.strftime('%H:%M:%S')}[/] ")
        line.append(f"{program:<9}", style=_STYLES.get(program, "white"))
        line.append(text, style=style)
        self._lines.put(line)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def plain(text: object) -> str:
    """Text of others, safe to stand in rich's markup."""
    return escape(str(text))
