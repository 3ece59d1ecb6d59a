"""One `up` for each data folder, and what a killed one left is cleared away, nothing else."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from switch.waiting import wait_until

from centralita import running
from centralita.child import birth_of
from centralita.running import AlreadyRunning, only_one

HOLD = """
import sys
from pathlib import Path
from centralita.running import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()


def test_a_second_one_is_refused_with_the_first_ones_pid(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    with pytest.raises(AlreadyRunning) as caught, only_one(tmp_path):
        pass
    assert caught.value.pid == holder.pid
    assert running.holder(tmp_path) == holder.pid


def test_the_lock_of_a_killed_one_is_free(tmp_path: Path, holder: subprocess.Popen[bytes]) -> None:
    holder.kill()
    holder.wait()
    assert running.holder(tmp_path) is None
    with only_one(tmp_path):
        assert running.holder(tmp_path) == os.getpid()


def test_nobody_holds_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert running.holder(tmp_path / "none") is None


def noted(tmp_path: Path, pid: int, birth: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / running.PIDS_NAME).write_text(json.dumps({"engine": [pid, birth]}))


@pytest.mark.parametrize("deaf", [False, True])
def test_leftovers_are_ended(tmp_path: Path, deaf: bool) -> None:
    program = "import signal, time\n"
    program += "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" if deaf else ""
    program += "print('up', flush=True); time.sleep(300)"
    left = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, start_new_session=True)
    assert left.stdout is not None
    left.stdout.readline()
    noted(tmp_path, left.pid, birth_of(left.pid))
    assert running.children(tmp_path) == {"engine": left.pid}
    assert running.clear_leftovers(tmp_path, seconds=0.5) == ["engine"]
    wait_until(lambda: left.poll() is not None)


def test_another_process_that_got_the_number_is_left_alone(tmp_path: Path) -> None:
    other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
    try:
        noted(tmp_path, other.pid, "1")
        assert running.clear_leftovers(tmp_path) == []
        assert other.poll() is None
    finally:
        other.kill()
        other.wait()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"engine": 5}', '{"engine": ["x", 1]}'])
def test_a_spoiled_note_is_no_obstacle(tmp_path: Path, text: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / running.PIDS_NAME).write_text(text)
    assert running.clear_leftovers(tmp_path) == []
