"""What the two commands do on a machine that lacks something: pip, a new Python, Chromium, SIPp, PostgreSQL."""

from __future__ import annotations

import ensurepip
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from centralita import make_venv
from centralita.debian_fetch import FetchError

ROOT = Path(__file__).resolve().parents[2]


# ------------------------------------------------------------ the environment
def made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", ["make_venv", str(folder)])
    return make_venv.main()


def test_a_debian_without_ensurepip_gets_pip_from_its_mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "venv"
    bundled = next((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
    monkeypatch.setattr(make_venv, "has_ensurepip", lambda: False)
    monkeypatch.setattr(make_venv, "fetch_pip", lambda place: Path(shutil.copy(bundled, place)))
    assert not make_venv.works(folder)
    assert made(folder, monkeypatch) == 0
    assert make_venv.works(folder)

    monkeypatch.delattr(make_venv, "fetch_pip")  # one that works is kept, its packages with it
    assert made(folder, monkeypatch) == 0

    (folder / "bin/python").unlink()  # the machine's Python was replaced
    assert not make_venv.works(folder)


def test_no_pip_to_be_had_names_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(place: Path) -> Path:
        raise FetchError("this machine's apt knows no Debian mirror")

    monkeypatch.setattr(make_venv, "has_ensurepip", lambda: False)
    monkeypatch.setattr(make_venv, "fetch_pip", fail)
    assert made(tmp_path / "venv", monkeypatch) == 1
    told = capsys.readouterr().err
    assert "knows no Debian mirror" in told
    assert "apt-get install python3 python3-venv" in told


def test_make_run_without_a_new_enough_python_says_so(tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        program(tmp_path / name, "exit 1")
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    done = subprocess.run(
        ["make", "venv"], cwd=tmp_path, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}, capture_output=True, text=True
    )
    assert done.returncode != 0
    assert "Centralita needs Python 3.11 or later" in done.stderr


# ------------------------------------------------------------ the tests' programs
def program(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def test_a_machine_that_has_them_all() -> None:
    """On this machine all are present: nothing is done, nothing said."""
    done = subprocess.run([ROOT / ".ci/test-tools"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")


class Machine:
    """A PATH of the test's own: the given programs and no others but sh's."""

    def __init__(self, folder: Path, *, user: int, present: Sequence[str] = ()) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.log = folder / "apt.log"
        program(self.bin / "id", f"echo {user}")
        (self.bin / "env").symlink_to("/usr/bin/env")
        for name in present:
            program(self.bin / name, "exit 0")

    def apt(self, *, brings: Sequence[str]) -> None:
        brought = "; ".join(f": > {self.bin}/{name}; /bin/chmod +x {self.bin}/{name}" for name in brings)
        program(self.bin / "apt-get", f'echo "$@" >> {self.log}\ncase "$*" in *install*) {brought or ":"};; esac')

    def run(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", ROOT / ".ci/test-tools"],
            env={"PATH": str(self.bin)},
            capture_output=True,
            text=True,
            check=False,
        )


POSTGRESQL = ("initdb", "postgres")


def test_root_installs_what_is_missing_and_nothing_else(tmp_path: Path) -> None:
    machine = Machine(tmp_path, user=0, present=("chromium", *POSTGRESQL))
    machine.apt(brings=["sipp"])
    done = machine.run()
    assert done.returncode == 0, done.stderr
    update, install = machine.log.read_text().splitlines()
    assert update.endswith("update")
    assert install.endswith("install sip-tester")


def test_an_ordinary_user_is_told_the_packages(tmp_path: Path) -> None:
    machine = Machine(tmp_path, user=1000, present=POSTGRESQL)
    machine.apt(brings=[])
    done = machine.run()
    assert done.returncode == 1
    assert "apt-get install --no-install-recommends chromium sip-tester\n" in done.stderr
    assert not machine.log.exists()


def test_a_user_with_sudo_that_asks_for_no_password(tmp_path: Path) -> None:
    machine = Machine(tmp_path, user=1000, present=("chromium", *POSTGRESQL))
    machine.apt(brings=["sipp"])
    program(machine.bin / "sudo", '[ "$1" = -n ] && shift\nexec "$@"')
    program(machine.bin / "true", "exit 0")
    done = machine.run()
    assert done.returncode == 0, done.stderr
    assert "install sip-tester" in machine.log.read_text()


def test_an_installation_that_brings_nothing_is_a_failure(tmp_path: Path) -> None:
    machine = Machine(tmp_path, user=0, present=("chromium", *POSTGRESQL))
    machine.apt(brings=[])
    done = machine.run()
    assert done.returncode == 1
    assert "Still missing after the installation: sip-tester" in done.stderr


def test_no_apt_at_all(tmp_path: Path) -> None:
    done = Machine(tmp_path, user=0, present=POSTGRESQL).run()
    assert done.returncode == 1
    assert "chromium sip-tester" in done.stderr
