"""Runs Asterisk as a child process: starts it, waits until it can work, asks it, stops it.

Owns: the process and its output file. Must not: choose or configure the switch, restart it (that is who started it), or
know anything about calls.
"""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

from centralita.asterisk_conf import ARI_USER, SwitchConfig
from centralita.embedded import AsteriskDist


class SwitchFailed(Exception):
    """Asterisk did not start or does not answer. The text holds the end of its output."""


class AsteriskProcess:
    """One Asterisk, in its own session: a Ctrl-C in the terminal reaches only whoever started it."""

    def __init__(self, dist: AsteriskDist, config: SwitchConfig):
        self._dist = dist
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def output_file(self) -> Path:
        """What Asterisk writes before its own log is open."""
        return self._config.log_dir / "asterisk-output.log"

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        """The child, for whoever watches over processes; None before `start`."""
        return self._process

    def command(self) -> list[str]:
        """The foreground command line (`-f`: no fork, no console)."""
        return [*self._dist.command, "-f", "-C", str(self._config.main_file)]

    def running_elsewhere(self) -> int | None:
        """The process id of an Asterisk already running on this configuration (left over, or of another `up`)."""
        try:
            pid = int((self._config.run_dir / "asterisk.pid").read_text())
            os.kill(pid, 0)
            if str(self._config.main_file).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        except (OSError, ValueError):
            pass
        return None

    def start(self) -> subprocess.Popen[bytes]:
        """Starts Asterisk. Raises SwitchFailed when one runs on this configuration already."""
        other = self.running_elsewhere()
        if other is not None:
            raise SwitchFailed(f"Asterisk is already running on {self._config.root} (process {other})")
        self._config.log_dir.mkdir(parents=True, exist_ok=True)
        with self.output_file.open("ab") as output:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._config.root,
                env={**os.environ, "LC_ALL": "C.UTF-8", **self._dist.env},
                start_new_session=True,
            )
        return self._process

    def wait_ready(self, seconds: float = 20.0) -> None:
        """Returns when ARI answers and every module is loaded. Raises SwitchFailed when it ended or the time is up."""
        deadline = time.monotonic() + seconds
        while not self._ari_answers():
            self._check_alive(deadline, "ARI does not answer")
            time.sleep(0.05)
        # ARI may answer while SIP still loads.
        while "fully booted" not in self.rx("core waitfullybooted", seconds=max(1.0, deadline - time.monotonic())):
            self._check_alive(deadline, "it does not finish loading")
            time.sleep(0.05)

    def _check_alive(self, deadline: float, why: str) -> None:
        if self._process is not None and self._process.poll() is not None:
            raise SwitchFailed(f"Asterisk ended with status {self._process.returncode}:\n{self._tail()}")
        if time.monotonic() > deadline:
            raise SwitchFailed(f"Asterisk is not ready: {why}\n{self._tail()}")

    def _ari_answers(self) -> bool:
        credentials = base64.b64encode(f"{ARI_USER}:{self._config.ari_password}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310  our own http:// address
            f"{self._config.ari_url}/asterisk/ping", headers={"Authorization": f"Basic {credentials}"}
        )
        try:
            with urllib.request.urlopen(request, timeout=2) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def rx(self, command: str, seconds: float = 10.0) -> str:
        """A command of Asterisk's own command line and its answer. Empty when Asterisk does not answer."""
        try:
            done = subprocess.run(
                [*self._dist.command, "-C", str(self._config.main_file), "-rx", command],
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
                env={**os.environ, "LC_ALL": "C.UTF-8", **self._dist.env},
            )
        except subprocess.TimeoutExpired:
            return ""
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""

    def stop(self, seconds: float = 8.0) -> int | None:
        """Ends Asterisk within about `seconds`: its own orderly stop (calls get BYE), else SIGKILL.

        Gives the exit status. To Asterisk SIGTERM is the same orderly stop, for when its command line does not answer.
        """
        process = self._process
        if process is None:
            return None
        if process.poll() is None:
            deadline = time.monotonic() + seconds
            self.rx("core stop now", seconds=seconds / 2)
            for ending in (None, signal.SIGTERM, signal.SIGKILL):
                if ending is not None:
                    process.send_signal(ending)
                try:
                    process.wait(timeout=max(0.2, (deadline - time.monotonic()) / 2))
                    break
                except subprocess.TimeoutExpired:
                    continue
            else:
                process.wait()
        return process.returncode

    def _tail(self, size: int = 2000) -> str:
        texts = []
        for path in (self.output_file, self._config.log_dir / "messages.log"):
            if path.exists():
                texts.append(path.read_bytes()[-size:].decode("utf-8", "replace"))
        return "\n".join(texts)
