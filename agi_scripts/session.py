"""One AGI session: pyst2's commands over our stream, with its traps closed.

Owns: the request's variables, quoting, and the pairing of commands and replies. Must not: decide anything.

**Why a subclass.** `asterisk.agi.AGI` installs a signal handler (fails outside the main thread), escapes nothing when
it quotes (a newline in a value is a second command), writes each line to stderr, and after an asynchronous HANGUP line
or the end of the file takes one command's reply for another's.
"""

import re
from typing import Any, Final

from asterisk.agi import AGI, AGIAppError, AGIHangup, AGIInvalidCommand, AGIUsageError

from agi_scripts.stream import Gone, Stream

MOST_VARIABLES: Final = 200
_MOST_USAGE_LINES: Final = 100
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_BARE: Final = re.compile(r'[^\s"\\]+')
_QUOTED: Final = re.compile(r'"(?:[^"\\]|\\.)*"')
_VARIABLE: Final = re.compile(r"(agi_[a-z0-9_]{1,60}): ?(.*)")
_REPLY: Final = re.compile(r"(\d{3})([ -])(.*)")
_RESULT: Final = re.compile(r"result=(-?[0-9*#A-D]*)(?:\s+\((.*)\))?(?:\s+endpos=(\d+))?")


class NotAgi(Exception):
    """What came first is no AGI request."""


class HungUp(AGIHangup):
    """The caller is gone, or the connection is, or the time is over: nothing more may be asked. Weather, no error."""


class Session(AGI):
    """After any `HungUp` the session is over: each further command raises it again."""

    def __init__(self, stream: Stream) -> None:
        # Not AGI.__init__: see above.
        self.stream = stream
        self.over: str = ""
        self.env: dict[str, str] = _request(stream)

    # ------------------------------------------------------------ the request
    @property
    def entry(self) -> str:
        """The name asked for: `agi://host:port/<entry>?…`."""
        return self.env.get("agi_network_script", "").split("?", 1)[0].strip("/")

    @property
    def arguments(self) -> tuple[str, ...]:
        numbered = (self.env.get(f"agi_arg_{number}") for number in range(1, 10))
        return tuple(argument for argument in numbered if argument is not None)

    @property
    def channel_id(self) -> str:
        return self.env.get("agi_uniqueid", "")

    @property
    def calling_number(self) -> str:
        number = self.env.get("agi_callerid", "")
        return "" if number == "unknown" else number

    # ------------------------------------------------------------ commands and replies
    def execute(self, command: str, *arguments: Any) -> dict[str, tuple[str, str]]:
        """Sends one command and gives its reply. Raises HungUp, AGIAppError (refused), AGIError."""
        if self.over:
            raise HungUp(self.over)
        try:
            self.stream.write(_line(command, arguments))
            return self._reply()
        except Gone as gone:
            raise self._ended(gone.why) from None

    def _reply(self) -> dict[str, tuple[str, str]]:
        while True:
            line = self.stream.readline()
            if line == "HANGUP":
                raise self._ended("hangup")
            found = _REPLY.match(line)
            if found is None:
                raise self._ended("out_of_step")
            code, mark, rest = found.groups()
            if code == "100":  # it takes a while
                continue
            if code == "520":
                raise AGIUsageError(self._usage(rest, mark))
            if code == "511":
                raise self._ended("dead_channel")
            if code != "200":
                raise AGIInvalidCommand(f"{code} {rest[:200]}")
            return self._result(rest)

    def _result(self, rest: str) -> dict[str, tuple[str, str]]:
        found = _RESULT.match(rest)
        if found is None:
            raise self._ended("out_of_step")
        value, data, _ = found.groups()
        if value == "-1":
            # Never by the text alone: what is in the brackets may be a caller's name.
            if data == "hangup":
                raise self._ended("hangup")
            raise AGIAppError("the channel did not do it, or is gone")
        return {"result": (value, data or "")}

    def _usage(self, rest: str, mark: str) -> str:
        """The text of a 520, to its last line: what it leaves unread would be the next command's reply."""
        for _ in range(_MOST_USAGE_LINES):
            if mark != "-":
                return rest[:200]
            line = self.stream.readline()
            if line.startswith("520 "):
                return rest[:200]
        raise self._ended("out_of_step")

    def _ended(self, why: str) -> HungUp:
        self.over = why
        return HungUp(why)

    # ------------------------------------------------------------ what pyst2 leaves open
    def _quote(self, text: Any) -> str:
        """In quotes, as res_agi reads them: backslash and quote escaped, no control characters."""
        return quoted(text)

    def test_hangup(self) -> None:
        if self.over:
            raise HungUp(self.over)

    # ------------------------------------------------------------ in our words
    def play(self, *prompts: str, keys: str = "") -> str:
        """Plays them one after the other; a key of `keys` ends it and is returned."""
        for prompt in prompts:
            pressed = self.stream_file(prompt, keys)
            if pressed:
                return str(pressed)
        return ""

    def expression(self, text: str) -> str:
        """What the dialplan makes of `${…}`; empty when it is unset."""
        return str(self.get_full_variable(text))


def _request(stream: Stream) -> dict[str, str]:
    """The variables before the empty line. Raises NotAgi, Gone."""
    variables: dict[str, str] = {}
    for _ in range(MOST_VARIABLES):
        line = stream.readline()
        if not line:
            if "agi_network_script" not in variables:
                raise NotAgi("no agi_network_script")
            return variables
        found = _VARIABLE.fullmatch(line)
        if found is None:
            raise NotAgi(line[:80])
        variables[found[1]] = found[2].strip()
    raise NotAgi("too many variables")


def quoted(text: Any) -> str:
    clean = _CONTROL.sub(" ", str(text))
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _line(command: str, arguments: tuple[Any, ...]) -> str:
    """One command, one line, whatever the arguments hold. What pyst2 did not quote and needs it is quoted here."""
    parts = [command]
    for argument in arguments:
        text = _CONTROL.sub(" ", str(argument))
        if text:
            parts.append(text if _BARE.fullmatch(text) or _QUOTED.fullmatch(text) else quoted(text))
    return " ".join(parts) + "\n"
