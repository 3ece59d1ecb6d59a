"""`centralita` as a process of its own, for tests that start and end it.

Owns: the process, its output file, the environment with free ports. Must not: know what the command should do.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import psutil
from switch.waiting import wait_until

from models.settings import PREFIX, Settings, environment_name

PORTS = ("web_port", "desk_port", "control_port", "agi_port", "ari_port", "sip_port")


def environment(settings: Settings, **changes: str) -> dict[str, str]:
    """The environment that makes a command use these settings' ports and folder; `changes` by full name."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    ports = {environment_name(name): str(getattr(settings, name)) for name in PORTS}
    return {**clean, **ports, environment_name("data_dir"): str(settings.data_dir), "COLUMNS": "200", **changes}


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class CommandProcess:
    def __init__(self, output: Path, line: Sequence[str], env: dict[str, str], cwd: Path | None = None) -> None:
        self.output = output
        with output.open("wb") as file:
            self.process = subprocess.Popen(
                line,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def told(self) -> str:
        return self.output.read_text("utf-8")

    def wait_for(self, text: str, seconds: float = 30.0) -> None:
        """Until it has said `text`. AssertionError, with all it said, when it ends before or takes too long."""
        wait_until(lambda: text in self.told or self.process.poll() is not None, seconds, self.told)
        assert text in self.told, self.told

    def kill(self) -> None:
        """For a test's end: SIGTERM, so that it ends its programs; SIGKILL when it does not."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
