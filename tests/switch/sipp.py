"""SIPp as trunk and as agents' phones: one process each, bounded in time, ended by its own process id.

Owns: filling in scenarios/*.xml, running sipp, reading its results. Knows nothing of Asterisk or the engine.
"""

from __future__ import annotations

import csv
import random
import signal
import socket
import string
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from switch.waiting import wait_until

SCENARIOS = Path(__file__).parent / "scenarios"
TEN_MINUTES_MS = 600_000


class _Scenario(string.Template):
    delimiter = "%%"


@dataclass(frozen=True)
class SipMessage:
    """One message as SIPp saw it. `at` is epoch seconds."""

    at: float
    sent: bool
    call_id: str
    cseq: str
    start_line: str


@dataclass(frozen=True)
class SippResult:
    """What came of the calls. Response times in ms, in the order they were measured (INVITE to final answer)."""

    successful: int
    failed: int
    exit_status: int | None
    response_ms: list[float] = field(default_factory=list)
    errors: str = ""

    def percentile(self, share: float) -> float:
        """The response time below which `share` (0..1) of the calls lie, in ms."""
        ordered = sorted(self.response_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class _Sipp:
    """A running sipp with its files in `folder`."""

    count = 0

    def __init__(self, folder: Path, server: tuple[str, int], local_ip: str, local_port: int | None):
        _Sipp.count += 1
        self.folder = folder / f"sipp-{_Sipp.count}"
        self.folder.mkdir(parents=True)
        self.server = server
        self.local_ip = local_ip
        self.local_port = local_port or _free_udp_port(local_ip)
        self.process: subprocess.Popen[bytes] | None = None

    def _launch(
        self, scenario: str, values: Mapping[str, Any], arguments: list[str], seconds: float, name: str
    ) -> None:
        self._launch_text((SCENARIOS / f"{scenario}.xml").read_text(), values, arguments, seconds, name)

    def _launch_text(
        self, template: str, values: Mapping[str, Any], arguments: list[str], seconds: float, name: str
    ) -> None:
        text = _Scenario(template).substitute(values)
        path = self.folder / f"{name}.xml"
        path.write_text(text)
        self._name = name
        command = [
            "sipp", f"{self.server[0]}:{self.server[1]}", "-sf", str(path), "-i", self.local_ip,
            "-p", str(self.local_port), "-mp", str(_free_media_port(self.local_ip)),
            "-nostdin", "-aa", "-fd", "1", "-trace_stat", "-stf", str(self.folder / f"{name}.stat"),
            "-trace_err", "-error_file", str(self.folder / f"{name}.err"), "-trace_shortmsg",
            "-shortmessage_file", str(self.folder / f"{name}.short"), "-trace_msg",
            "-message_file", str(self.folder / f"{name}.msg"), "-timeout", f"{int(seconds)}s",
            "-skip_rlimit", *arguments,
        ]  # fmt: skip
        with (self.folder / f"{name}.out").open("wb") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=self.folder
            )

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> SippResult:
        """Ends it if it still runs (SIPp's own `q` first, which finishes no call) and gives the results."""
        if self.process is not None and self.process.poll() is None:
            for ending in (signal.SIGUSR1, signal.SIGTERM, signal.SIGKILL):
                self.process.send_signal(ending)
                try:
                    self.process.wait(1.5)
                    break
                except subprocess.TimeoutExpired:
                    continue
        return self.result()

    def result(self) -> SippResult:
        """The results so far; SIPp writes its numbers once a second and at its end."""
        row: dict[str, str] = {}
        stat = self.folder / f"{self._name}.stat"
        if stat.exists():
            with stat.open(newline="") as handle:
                for row in csv.DictReader(handle, delimiter=";"):  # noqa: B007  the last row is wanted
                    pass
        times: list[float] = []
        for rtt in self.folder.glob(f"{self._name}*rtt.csv"):
            with rtt.open(newline="") as handle:
                times += [float(line["response_time_ms"]) for line in csv.DictReader(handle, delimiter=";")]
        error_file = self.folder / f"{self._name}.err"
        errors = error_file.read_text(errors="replace")[:4000] if error_file.exists() else ""
        if self.process is not None and self.process.returncode not in (0, None):
            errors += (self.folder / f"{self._name}.out").read_text(errors="replace")[-1500:]
        return SippResult(
            int(row.get("SuccessfulCall(C)") or 0),
            int(row.get("FailedCall(C)") or 0),
            self.process.returncode if self.process else None,
            times,
            errors,
        )

    def messages(self) -> list[SipMessage]:
        """The SIP messages sent and received so far."""
        path = self.folder / f"{self._name}.short"
        if not path.exists():
            return []
        found = []
        for line in path.read_text(errors="replace").splitlines():
            parts = line.split("\t")
            if len(parts) >= 7:
                found.append(SipMessage(float(parts[2]), parts[3] == "S", parts[4], parts[5], parts[6]))
        return found

    def full_messages(self) -> str:
        """Every message whole, as SIPp logs them."""
        path = self.folder / f"{self._name}.msg"
        return path.read_text(errors="replace") if path.exists() else ""

    def saw(self, start: str, *, sent: bool | None = None) -> list[SipMessage]:
        """The messages whose first line begins with `start`, e.g. `INVITE` or `SIP/2.0 486`."""
        return [m for m in self.messages() if m.start_line.startswith(start) and sent in (None, m.sent)]


class SippCaller(_Sipp):
    """A caller from the trunk.

    `behaviour`: `talk` (BYE after talk_ms, or takes the other side's), `cancel_early` (CANCEL at once),
    `cancel_ringing` (CANCEL after ring_ms of ringing),
    `key` (presses `digit` after key_ms, then speaks), `refused` (must get the answer `refusal`).
    """

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        number: str,
        *,
        behaviour: str = "talk",
        caller: str = "22223333",
        display: str = "",
        calls: int = 1,
        rate: float = 10.0,
        talk_ms: int = 500,
        ring_ms: int = 300,
        refusal: int = 486,
        digit: str = "1",
        key_ms: int = 500,
        headers: str = "",
        seconds: float = 30.0,
        at_once: int = 2_000,
        local_ip: str = "127.0.0.1",
        local_port: int | None = None,
    ):
        super().__init__(folder, server, local_ip, local_port)
        values = {
            "caller": caller,
            "display": f'"{display}" ' if display else "",
            "talk_ms": max(1, talk_ms),
            "ring_ms": max(1, ring_ms),
            "refusal": refusal,
            "headers": headers,
            "digit": digit,
            "key_ms": max(1, key_ms),
            "speech": self._speech() if behaviour == "key" else "",
        }
        arguments = ["-s", number, "-m", str(calls), "-trace_rtt", "-rtt_freq", "1"]
        if calls > 1:
            # SIPp's own limit of calls at once is low, and would slow it down while some of them hang.
            arguments += ["-l", str(at_once)]
        # SIPp makes its first call one interval after its start: a single call need not wait for it.
        pace = 1000.0 if calls == 1 else rate
        # It wants a whole number of calls in a period.
        arguments += ["-r", str(round(pace)), "-rp", "1000"] if pace >= 1 else ["-r", "1", "-rp", str(int(1000 / pace))]
        self._seconds = seconds
        self._start = lambda: self._launch(f"caller_{behaviour}", values, arguments, seconds, "caller")

    def _speech(self) -> Path:
        """A second of a loud 400 Hz tone in mu-law: silence would end a recording."""
        path = self.folder / "speech.ulaw"
        path.write_bytes(bytes((0x80, 0x90, 0x8F, 0x90, 0x80) * 2 + (0x00, 0x10, 0x0F, 0x10, 0x00) * 2) * 400)
        return path

    def start(self) -> SippCaller:
        self._start()
        return self

    def wait(self, seconds: float | None = None) -> SippResult:
        """Waits for all calls to end; one that takes longer is ended and counts as it stands."""
        assert self.process is not None
        try:
            self.process.wait(seconds or self._seconds + 5)
        except subprocess.TimeoutExpired:
            return self.stop()
        return self.result()

    def call(self) -> SippResult:
        """Starts, waits, and asserts that every call went as its scenario says."""
        result = self.start().wait()
        assert result.exit_status == 0, f"{result}\n{self.full_messages()[-6000:]}"
        return result


class SippPhone(_Sipp):
    """Agents' phones behind one address: they register with a digest, then take calls.

    `behaviour`: `answer` (after ring_ms, hangs up after talk_ms), `no_answer` (expects the CANCEL), `refuse` (with the
    code `refusal`: 486 busy, 603 declined).
    """

    def __init__(
        self,
        folder: Path,
        server: tuple[str, int],
        secrets: Mapping[str, str],
        *,
        behaviour: str = "answer",
        ring_ms: int = 0,
        talk_ms: int = TEN_MINUTES_MS,
        refusal: int = 486,
        seconds: float = 120.0,
        local_ip: str = "127.0.0.1",
        local_port: int | None = None,
    ):
        super().__init__(folder, server, local_ip, local_port)
        self.secrets = dict(secrets)
        values = {"ring_ms": max(1, ring_ms), "talk_ms": max(1, talk_ms), "refusal": refusal}
        self._start = lambda: self._launch(f"phone_{behaviour}", values, [], seconds, "phone")

    def register(
        self, *, final: int = 200, challenged: bool = True, expires: int = 300, seconds: float = 10.0
    ) -> SippResult:
        """Registers every phone and waits for it; `final` is the answer that is expected, `challenged` after a 401."""
        rows = [f"{u};[authentication username={u} password={s}]" for u, s in self.secrets.items()]
        (self.folder / "phones.csv").write_text("SEQUENTIAL\n" + "\n".join(rows) + "\n")
        count = str(len(rows))
        arguments = ["-inf", str(self.folder / "phones.csv"), "-m", count, "-r", "200"]
        scenario = "register" if challenged else "register_refused"
        self._launch(scenario, {"final": final, "expires": expires}, arguments, seconds, "register")
        assert self.process is not None
        try:
            self.process.wait(seconds + 2)
        except subprocess.TimeoutExpired:
            self.stop()
        result = self.result()
        assert result.exit_status == 0, f"{result}\n{self.full_messages()[-6000:]}"
        return result

    def start(self) -> SippPhone:
        """Begins to take calls; returns when it listens."""
        self._start()
        wait_until(lambda: not self.running or _is_taken(self.local_ip, self.local_port), 5, "SIPp listens")
        assert self.running, self.result().errors
        return self

    def online(self) -> SippPhone:
        """Registers and takes calls."""
        self.register()
        return self.start()


def _free_udp_port(host: str) -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _free_media_port(host: str) -> int:
    """With the port two above it, where SIPp puts video: when one of them is taken it ends. Below the ports that the
    system itself gives out, so that nobody is given one before SIPp has it.
    """
    while True:
        port = random.randrange(6_000, 11_000, 4)
        if not _is_taken(host, port) and not _is_taken(host, port + 2):
            return port


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return True
    time.sleep(0)
    return False
