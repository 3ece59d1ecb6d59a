"""SIPp as load: callers at a steady rate, and all agents' phones behind one address.

Owns: the command lines, the numbers callers come from, and reading SIPp's traces. Must not: know who answers (the
engine, app_queue, a bare application) or judge.

SIPp's own response times step by 4 ms (its clock is the kernel's coarse one), so times are taken from the stamps of
its short message trace, which are in microseconds: one line a message, and nothing else is traced.
"""

from __future__ import annotations

import csv
import re
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from switch.real_switch import free_port
from switch.sipp import SippPhone

SCENARIOS = Path(__file__).parent / "scenarios"
SLACK_SECONDS = 15
"""How long after the last call's start SIPp may go on before it is ended, and what hangs counts as failed."""
TALK_MS = 500
RECEIVE_MS = 8000
"""A call that waits longer than this for any answer has failed."""


def caller_number(step: int, call: int) -> str:
    """The number of a step's `call`-th caller (from 1): eight digits as in Costa Rica, never twice in one run."""
    return f"8{step:02d}{call:05d}"


@dataclass(frozen=True)
class Message:
    """A line of SIPp's short trace. `at`: epoch seconds."""

    at: float
    sent: bool
    call_id: str
    start_line: str


def short_trace(path: Path) -> list[Message]:
    """The messages of a short trace; a line that was cut off is left out."""
    found = []
    for line in path.read_text(errors="replace").splitlines() if path.exists() else []:
        parts = line.split("\t")
        if len(parts) >= 7:
            found.append(Message(float(parts[2]), parts[3] == "S", parts[4], parts[6]))
    return found


@dataclass
class Calls:
    """What came of one step's calls. Keys are the callers' numbers; times are epoch seconds."""

    placed: int
    successful: int
    invited: dict[str, float] = field(default_factory=dict)
    answered: dict[str, float] = field(default_factory=dict)
    retransmitted: int = 0
    """INVITEs sent a second time: each means half a second without an answer."""
    sipp_ms: list[float] = field(default_factory=list)
    """SIPp's own measure of INVITE to 200, in its steps of 4 ms."""
    errors: str = ""

    @property
    def failed(self) -> int:
        return self.placed - self.successful

    @property
    def setup_ms(self) -> list[float]:
        """INVITE sent to 200 read, of every call that was answered."""
        return [(at - self.invited[number]) * 1000 for number, at in self.answered.items()]


class _Sipp:
    process: subprocess.Popen[bytes] | None = None

    def __init__(self, folder: Path, name: str, server: tuple[str, int]) -> None:
        self.folder = folder
        self.name = name
        self.server = server
        folder.mkdir(parents=True, exist_ok=True)

    def file(self, ending: str) -> Path:
        return self.folder / f"{self.name}.{ending}"

    def launch(self, scenario: str, address: str, port: int, arguments: list[str]) -> None:
        command = [
            "sipp", f"{self.server[0]}:{self.server[1]}", "-sf", str(SCENARIOS / f"{scenario}.xml"),
            "-i", address, "-p", str(port), "-mp", str(free_port()), "-nostdin", "-aa", "-skip_rlimit",
            "-trace_stat", "-fd", "1", "-stf", str(self.file("stat")),
            "-trace_err", "-error_file", str(self.file("err")),
            "-trace_shortmsg", "-shortmessage_file", str(self.file("short")),
            *arguments,
        ]  # fmt: skip
        with self.file("out").open("wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder
            )

    def stop(self) -> None:
        """SIPp's own quiet end first, so that its traces are written to the end."""
        if self.process is None or self.process.poll() is not None:
            return
        for ending in (signal.SIGUSR1, signal.SIGTERM, signal.SIGKILL):
            self.process.send_signal(ending)
            try:
                self.process.wait(3)
                return
            except subprocess.TimeoutExpired:
                continue

    def errors(self) -> str:
        """The beginning of what SIPp complained of."""
        path = self.file("err")
        return path.read_text(errors="replace")[:3000] if path.exists() else ""

    def last_statistics(self) -> dict[str, str]:
        row: dict[str, str] = {}
        if self.file("stat").exists():
            with self.file("stat").open(newline="") as handle:
                for row in csv.DictReader(handle, delimiter=";"):  # noqa: B007  the last row is wanted
                    pass
        return row


class Callers(_Sipp):
    """One step's callers: `calls` calls to `number` at `rate` a second, each from a number of its own.

    `address`: the loopback address they come from, by which the switch knows the trunk.
    """

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        number: str,
        *,
        address: str,
        step: int,
        calls: int,
        rate: int,
        talk_ms: int = TALK_MS,
    ) -> None:
        super().__init__(folder, f"step-{step}", server)
        self.address = address
        self.number = number
        self.step = step
        self.calls = calls
        self.rate = rate
        self.talk_ms = talk_ms

    def run(self) -> Calls:
        """Places all calls and waits for their ends; bounded in time."""
        numbers = self.file("csv")
        lines = [caller_number(self.step, call) for call in range(1, self.calls + 1)]
        numbers.write_text("SEQUENTIAL\n" + "".join(f"{line};\n" for line in lines))
        longest = self.calls / self.rate + self.talk_ms / 1000 + SLACK_SECONDS
        self.launch(
            "caller",
            self.address,
            free_port(self.address),
            [
                "-s", self.number, "-inf", str(numbers), "-m", str(self.calls), "-r", str(self.rate), "-rp", "1000",
                "-d", str(self.talk_ms), "-l", str(self.calls),
                "-trace_rtt", "-rtt_freq", "50", "-recv_timeout", str(RECEIVE_MS), "-timeout", f"{int(longest)}s",
            ],
        )  # fmt: skip
        assert self.process is not None
        try:
            self.process.wait(longest + 5)
        except subprocess.TimeoutExpired:
            self.stop()
        return self._read()

    def _read(self) -> Calls:
        calls = Calls(self.calls, int(self.last_statistics().get("SuccessfulCall(C)") or 0), errors=self.errors())
        for message in short_trace(self.file("short")):
            # SIPp's Call-ID begins with the call's number, counted from 1 as the callers are.
            number = caller_number(self.step, int(message.call_id.partition("-")[0]))
            if message.sent and message.start_line.startswith("INVITE"):
                calls.retransmitted += number in calls.invited
                calls.invited.setdefault(number, message.at)
            elif not message.sent and message.start_line.startswith("SIP/2.0 200") and number not in calls.answered:
                calls.answered[number] = message.at
        for path in self.folder.glob(f"*_{self.process.pid if self.process else 0}_rtt.csv"):
            with path.open(newline="") as handle:
                calls.sipp_ms += [float(row["response_time_ms"]) for row in csv.DictReader(handle, delimiter=";")]
        return calls


@dataclass(frozen=True)
class Rung:
    """A phone's INVITE as the phone read it. `at`: epoch seconds; `over`: when its BYE came, None: never."""

    at: float
    caller: str
    endpoint: str
    over: float | None = None


class Phones(_Sipp):
    """Every agent's phone: registered once, answering until `stop`."""

    def __init__(self, folder: Path, server: tuple[str, int], secrets: dict[str, str]) -> None:
        super().__init__(folder, "phones", server)
        self._phone = SippPhone(folder / "register", server, secrets)

    def online(self, seconds: int) -> None:
        """Registers all of them for `seconds` and takes calls as long."""
        self._phone.register(expires=max(300, seconds + 60))
        self.launch(
            "phone",
            self._phone.local_ip,
            self._phone.local_port,
            ["-trace_logs", "-log_file", str(self.file("log")), "-timeout", f"{seconds}s"],
        )

    def rung(self) -> list[Rung]:
        """Every INVITE that reached a phone, in the order they came. Complete after `stop`."""
        whose: dict[str, tuple[str, str]] = {}
        if self.file("log").exists():
            for line in self.file("log").read_text(errors="replace").splitlines():
                match = re.fullmatch(r"(\S+) (\S*) (\S*)", line.strip())
                if match:
                    whose[match[1]] = (match[2], match[3])
        began: dict[str, float] = {}
        over: dict[str, float] = {}
        for message in short_trace(self.file("short")):
            if not message.sent and message.start_line.startswith("INVITE"):
                began.setdefault(message.call_id, message.at)
            elif not message.sent and message.start_line.startswith("BYE"):
                over.setdefault(message.call_id, message.at)
        return [Rung(at, *whose.get(call, ("", "")), over=over.get(call)) for call, at in began.items()]
