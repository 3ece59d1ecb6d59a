"""The supervisor keeps small real programs alive; each test kills or breaks them and looks at what is told and runs."""

import asyncio
import os
import signal
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from centralita.child import Child
from centralita.supervisor import (
    Died,
    GaveUp,
    Notice,
    NotReady,
    Program,
    Ready,
    Rules,
    StartFailed,
    Stopped,
    Supervisor,
)

QUICK = Rules(early_seconds=10, delays=(0.0, 0.1, 0.1, 0.1), retry_seconds=0.5, probe_interval=0.05)

# Writes its pid when it is up, and stays. `mode` says how it behaves.
BODY = """
import os, signal, subprocess, sys, time
mark, mode = sys.argv[1], sys.argv[2]
if mode == "dies": sys.exit(3)
if mode == "deaf": signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "parent": subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
if mode != "never ready":
    with open(mark, "a") as file: file.write(f"{os.getpid()}\\n")
print("up", flush=True)
time.sleep(300)
"""


class House:
    """A supervisor over such programs, and what it told."""

    def __init__(self, folder: Path, rules: Rules = QUICK) -> None:
        self.folder = folder
        self.notices: list[Notice] = []
        self.programs: list[Program] = []
        self._rules = rules
        self.script = folder / "program.py"
        self.script.write_text(BODY)
        self.supervisor: Supervisor

    def add(self, name: str, mode: str = "stays", **options: float) -> "House":
        mark = self.folder / f"{name}.pids"
        command = [sys.executable, str(self.script), str(mark), mode]
        self.programs.append(
            Program(name, command, self.folder / f"{name}.log", lambda: self._ready(name), **options)  # type: ignore[arg-type]
        )
        return self

    async def _ready(self, name: str) -> str | None:
        return None if self.pids(name) and self.pids(name)[-1] == self.supervisor.pid(name) else "its mark"

    def pids(self, name: str) -> list[int]:
        mark = self.folder / f"{name}.pids"
        return [int(line) for line in mark.read_text().split()] if mark.exists() else []

    async def start(self) -> None:
        self.supervisor = Supervisor(
            self.programs, self.notices.append, pid_file=self.folder / "pids.json", rules=self._rules
        )
        await self.supervisor.start()

    def told(self, kind: type[Notice]) -> list[Notice]:
        return [notice for notice in self.notices if isinstance(notice, kind)]


async def until(condition, seconds: float = 10.0) -> None:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_all_are_started_and_stopped_last_first(tmp_path: Path) -> None:
    async def run() -> None:
        house = House(tmp_path).add("switch").add("engine").add("web")
        await house.start()
        pids = [house.supervisor.pid(name) or 0 for name in ("switch", "engine", "web")]
        assert all(alive(pid) for pid in pids)
        assert (tmp_path / "pids.json").exists()
        await house.supervisor.stop()
        assert [notice.name for notice in house.told(Stopped)] == ["web", "engine", "switch"]
        assert not any(alive(pid) for pid in pids)
        assert not (tmp_path / "pids.json").exists()
        assert (tmp_path / "web.log").read_text() == "up\n"

    asyncio.run(run())


def test_killed_program_is_back_at_once(tmp_path: Path) -> None:
    async def run() -> None:
        house = House(tmp_path).add("engine").add("web")
        await house.start()
        first, web = house.supervisor.pid("engine"), house.supervisor.pid("web")
        assert first is not None
        killed_at = time.monotonic()
        os.kill(first, signal.SIGKILL)
        await until(lambda: len(house.pids("engine")) == 2)
        assert time.monotonic() - killed_at < 1.5  # no waiting, a Python's start
        (died,) = house.told(Died)
        assert isinstance(died, Died)
        assert (died.name, died.code, died.next_in) == ("engine", -signal.SIGKILL, 0.0)
        await until(lambda: len(house.told(Ready)) == 3)
        assert house.supervisor.pid("web") == web, "the others are left alone"
        await house.supervisor.stop()

    asyncio.run(run())


def test_second_death_in_a_row_waits(tmp_path: Path) -> None:
    async def run() -> None:
        house = House(tmp_path).add("engine")
        await house.start()
        for number in (1, 2):
            pid = house.supervisor.pid("engine")
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await until(lambda number=number: len(house.pids("engine")) == number + 1)
        assert [notice.next_in for notice in house.told(Died)] == [0.0, 0.1]  # type: ignore[union-attr]
        await house.supervisor.stop()

    asyncio.run(run())


def test_one_that_lived_long_enough_begins_anew(tmp_path: Path) -> None:
    async def run() -> None:
        rules = Rules(early_seconds=0.0, delays=(0.0, 5.0), probe_interval=0.05)
        house = House(tmp_path, rules).add("engine")
        await house.start()
        for number in (1, 2, 3):
            pid = house.supervisor.pid("engine")
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await until(lambda number=number: len(house.pids("engine")) == number + 1)
        assert [notice.next_in for notice in house.told(Died)] == [0.0, 0.0, 0.0]  # type: ignore[union-attr]
        await house.supervisor.stop()

    asyncio.run(run())


def test_one_that_dies_at_once_is_given_up_at_the_start(tmp_path: Path) -> None:
    async def run() -> None:
        house = House(tmp_path).add("switch").add("engine", "dies")
        with pytest.raises(StartFailed) as caught:
            await house.start()
        assert caught.value.program.name == "engine"
        assert caught.value.waiting_for is None
        assert len(house.told(Died)) == 5
        assert house.told(GaveUp) == [GaveUp("engine", 5, None)]
        switch = house.supervisor.pid("switch") or 0
        await house.supervisor.stop()
        assert not alive(switch)

    asyncio.run(run())


def test_one_that_dies_at_once_later_is_tried_again_and_the_others_stay(tmp_path: Path) -> None:
    async def run() -> None:
        house = House(tmp_path).add("switch").add("web")
        await house.start()
        switch = house.supervisor.pid("switch")
        house.script.write_text("import sys; sys.exit(3)")
        os.kill(house.supervisor.pid("web") or 0, signal.SIGKILL)
        await until(lambda: house.told(GaveUp))
        assert house.told(GaveUp) == [GaveUp("web", 5, 0.5)]
        house.script.write_text(BODY)  # mended
        await until(lambda: len(house.pids("web")) == 2)
        assert house.supervisor.pid("switch") == switch
        await house.supervisor.stop()

    asyncio.run(run())


def test_one_that_cannot_be_run_is_given_up_with_the_reason(tmp_path: Path) -> None:
    async def run() -> None:
        house = House(tmp_path)
        house.programs.append(
            Program("engine", [str(tmp_path / "nothing")], tmp_path / "e.log", lambda: house._ready("engine"))
        )
        with pytest.raises(StartFailed):
            await house.start()
        died = house.told(Died)[0]
        assert isinstance(died, Died)
        assert died.code is None
        assert "nothing" in died.why
        await house.supervisor.stop()

    asyncio.run(run())


def test_one_that_never_gets_ready_fails_the_start_and_says_what_is_awaited(tmp_path: Path) -> None:
    async def run() -> None:
        house = House(tmp_path).add("web", "never ready", ready_seconds=0.4)
        with pytest.raises(StartFailed) as caught:
            await house.start()
        assert caught.value.waiting_for == "its mark"
        assert house.told(NotReady) == [NotReady("web", "its mark")]
        pid = house.supervisor.pid("web") or 0
        await house.supervisor.stop()
        assert not alive(pid)

    asyncio.run(run())


def test_one_that_stops_answering_is_told_once_and_told_when_it_answers_again(tmp_path: Path) -> None:
    async def run() -> None:
        house = House(tmp_path).add("web", ready_seconds=0.2)
        await house.start()
        mark = tmp_path / "web.pids"
        kept = mark.read_text()
        mark.unlink()
        await until(lambda: house.told(NotReady))
        mark.write_text(kept)
        await until(lambda: len(house.told(Ready)) == 2)
        assert len(house.told(NotReady)) == 1
        assert not house.told(Died), "it is not killed for that"
        await house.supervisor.stop()

    asyncio.run(run())


def test_one_deaf_to_sigterm_is_killed_in_bounded_time(tmp_path: Path) -> None:
    async def run() -> None:
        house = House(tmp_path).add("web", "deaf", stop_seconds=0.3)
        await house.start()
        pid = house.supervisor.pid("web") or 0
        began = time.monotonic()
        await house.supervisor.stop()
        assert time.monotonic() - began < 2
        assert house.told(Stopped) == [Stopped("web", killed=True)]
        assert not alive(pid)

    asyncio.run(run())


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    async def run() -> None:
        house = House(tmp_path).add("engine", "deaf", stop_seconds=60).add("web", "deaf", stop_seconds=60)
        await house.start()
        began = time.monotonic()
        stopping = asyncio.create_task(house.supervisor.stop())
        await asyncio.sleep(0)
        house.supervisor.hurry()
        await stopping
        assert time.monotonic() - began < 2

    asyncio.run(run())


def test_what_a_dead_program_leaves_in_its_group_is_killed_before_it_starts_again(tmp_path: Path) -> None:
    async def run() -> None:
        house = House(tmp_path).add("web", "parent")
        await house.start()
        pid = house.supervisor.pid("web") or 0
        await until(lambda: psutil.Process(pid).children())
        (grandchild,) = psutil.Process(pid).children()
        os.kill(pid, signal.SIGKILL)
        await until(lambda: not alive(grandchild.pid))
        await until(lambda: len(house.pids("web")) == 2)
        await house.supervisor.stop()

    asyncio.run(run())


def test_stop_while_waiting_to_restart_starts_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        rules = Rules(delays=(60.0,), probe_interval=0.05)
        house = House(tmp_path, rules).add("web")
        await house.start()
        os.kill(house.supervisor.pid("web") or 0, signal.SIGKILL)
        await until(lambda: house.told(Died))
        await asyncio.wait_for(house.supervisor.stop(), 2)
        assert len(house.pids("web")) == 1

    asyncio.run(run())


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_children_die_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "supervisor.py"
    script.write_text(
        textwrap.dedent(f"""
        import asyncio, os, sys
        from pathlib import Path
        from centralita.child import Child
        async def main():
            child = await Child.start([sys.executable, "-c", "import time; time.sleep(300)"], os.environ, Path("c.log"))
            Path({str(tmp_path / "pid.new")!r}).write_text(str(child.pid))
            os.rename({str(tmp_path / "pid.new")!r}, {str(tmp_path / "pid")!r})
            await child.wait()
        asyncio.run(main())
        """)
    )

    async def run() -> None:
        supervisor = await asyncio.create_subprocess_exec(sys.executable, str(script), cwd=tmp_path)
        await until(lambda: (tmp_path / "pid").exists())
        pid = int((tmp_path / "pid").read_text())
        assert alive(pid)
        supervisor.kill()
        await supervisor.wait()
        await until(lambda: not alive(pid))

    asyncio.run(run())


def test_a_child_is_ended_by_the_signal_it_wants(tmp_path: Path) -> None:
    async def run() -> None:
        program = (
            "import signal, sys; signal.signal(signal.SIGINT, lambda *_: sys.exit(7)); "
            "print('up', flush=True); signal.pause()"
        )
        log = tmp_path / "c.log"
        child = await Child.start([sys.executable, "-c", program], os.environ, log)
        await until(lambda: log.read_text() == "up\n")
        assert await child.end(5, signal.SIGINT)
        assert await child.wait() == 7

    asyncio.run(run())
