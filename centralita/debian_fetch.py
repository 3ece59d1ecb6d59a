"""Downloads Debian packages as an ordinary user, through the machine's own apt and mirror.

Owns: a private apt tree (own state, cache and one source line) below one folder. The mirror is read from the machine's
configuration and never written down; signatures are always checked against the machine's Debian archive keyring.
Must not: need root, touch the system's apt or dpkg state, unpack or run what it downloads.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

SUITE = "sid"  # Debian's stable suites carry no Asterisk
KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp")


class FetchError(Exception):
    """The packages can't be had. The text says why, in words."""


def package_architecture() -> str:
    """dpkg's name of this machine's architecture, e.g. `amd64`."""
    return subprocess.run(
        ["dpkg", "--print-architecture"], capture_output=True, text=True, timeout=20, check=True
    ).stdout.strip()


def debian_mirrors(deadline: float) -> list[str]:
    """The Debian archives this machine's apt is configured with, the likeliest first.

    Raises FetchError when there is none.
    """
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise FetchError(
                f"this machine has no {tool}, so the embedded Asterisk can't be fetched: "
                "install Asterisk 20.14+, 21.9+ or 22.4+ yourself"
            )
    found: list[str] = []
    # Before the first `apt-get update` (a fresh container) apt knows its targets only without release information.
    for extra in ((), ("--no-release-info",)):
        done = run_bounded(
            ["apt-get", "indextargets", *extra, "--format", "$(ORIGIN)|$(REPO_URI)", "Created-By: Packages"],
            {},
            deadline,
        )
        rows = [line.split("|", 1) for line in done.stdout.splitlines() if "|" in line]
        rows.sort(key=lambda row: (row[0] != "Debian", "security" in row[1], "debian" not in row[1]))
        found += [uri for origin, uri in rows if origin in ("Debian", "$(ORIGIN)")]
    mirrors = [uri for uri in dict.fromkeys(found) if "security" not in uri]
    if not mirrors:
        raise FetchError(
            "this machine's apt knows no Debian mirror, so the embedded Asterisk can't be fetched: "
            "install Asterisk 20.14+, 21.9+ or 22.4+ yourself"
        )
    return mirrors


def run_bounded(
    command: list[str], env: dict[str, str], deadline: float, on_line: Callable[[str], None] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command until the deadline (monotonic seconds), then ends it with its children. Output is merged.

    Raises FetchError when the time is up.
    """
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True,
        env={**os.environ, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", **env},
        start_new_session=True, errors="replace",
    )  # fmt: skip
    lines: list[str] = []

    def end() -> None:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)

    timer = threading.Timer(max(0.1, deadline - time.monotonic()), end)
    timer.start()
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if on_line:
                on_line(line)
        process.wait()
    except BaseException:
        end()
        process.wait()
        raise
    finally:
        timer.cancel()
    if process.returncode == -signal.SIGKILL and time.monotonic() >= deadline:
        raise FetchError(
            f"fetching Asterisk took too long ({command[0]} {command[1]}): what was downloaded is kept; start again"
        )
    return subprocess.CompletedProcess(command, process.returncode, "".join(lines), "")


class AptTree:
    """A private apt tree below `folder`. Kept between tries: apt resumes what was partly downloaded."""

    def __init__(
        self,
        folder: Path,
        deadline: float,
        progress: Callable[[str, float | None], None],
        architecture: str | None = None,
    ):
        self._folder = folder
        self._deadline = deadline
        self._progress = progress
        self._architecture = architecture

    def prepare(self, mirrors: list[str]) -> None:
        """Makes the tree and reads the package lists of the first mirror that has the suite."""
        keyring = next((k for k in KEYRINGS if os.access(k, os.R_OK)), None)
        if keyring is None:
            raise FetchError(
                "the Debian archive keyring is missing (package debian-archive-keyring): "
                "nothing unsigned is ever fetched"
            )
        for name in ("state/lists/partial", "cache/archives/partial", "etc"):
            (self._folder / name).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()
        self._write_configuration()
        failure = ""
        for mirror in mirrors:
            (self._folder / "etc/sources.list").write_text(f"deb [signed-by={keyring}] {mirror} {SUITE} main\n")
            self._progress("Reading the package lists", None)
            done = self._apt("apt-get", "-o", "APT::Update::Error-Mode=any", "update")
            if done.returncode == 0 and "asterisk" in self._apt("apt-cache", "pkgnames", "asterisk").stdout.split():
                return
            failure = _apt_complaint(done.stdout) or "its package lists hold no asterisk"
        raise FetchError(
            f"the package lists could not be read ({failure}): is this machine connected to its Debian mirror?"
        )

    def download(self, packages: tuple[str, ...], *, with_dependencies: bool) -> list[Path]:
        """Downloads the packages (and all they depend on) and gives the archives' paths."""
        archives = self._folder / "cache/archives"
        arguments = (
            ["--no-install-recommends", "--download-only", "-y", "install"] if with_dependencies else ["download"]
        )
        # Planned against an empty cache: an older try's packages of other versions are not taken for part of this one.
        nothing = self._folder / "nothing"
        (nothing / "partial").mkdir(parents=True, exist_ok=True)
        planned = self._apt("apt-get", "-o", f"Dir::Cache::archives={nothing}", "--print-uris", *arguments, *packages)
        wanted = re.findall(r"^'[^']+' (\S+\.deb) ", planned.stdout, re.MULTILINE)
        if not wanted:
            raise FetchError(f"apt found no way to install Asterisk ({_apt_complaint(planned.stdout)})")
        self._progress(f"Downloading {len(wanted)} packages", 0.0)
        done = self._apt(
            "apt-get", "-o", "APT::Status-Fd=1", *arguments, *packages, on_line=self._on_status, cwd=archives
        )
        if done.returncode != 0:
            raise FetchError(
                f"the download failed ({_apt_complaint(done.stdout)}): what was downloaded is kept; start again"
            )
        found = [archives / name for name in sorted(wanted)]
        missing = [p.name for p in found if not p.exists()]
        if missing:
            raise FetchError(f"the download is incomplete: {', '.join(missing[:3])}")
        return found

    def _on_status(self, line: str) -> None:
        match = re.match(r"dlstatus:\d+:([\d.]+):", line)
        if match:
            self._progress("Downloading", float(match[1]) / 100)

    def _apt(
        self, *command: str, on_line: Callable[[str], None] | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        full = list(command) if cwd is None else ["env", "-C", str(cwd), *command]
        while True:
            done = run_bounded(full, {"APT_CONFIG": str(self._folder / "apt.conf")}, self._deadline, on_line)
            # An apt of a try that was killed may still be finishing in this tree.
            if done.returncode == 0 or "Could not get lock" not in done.stdout or time.monotonic() > self._deadline:
                return done
            time.sleep(0.5)

    def _write_configuration(self) -> None:
        """Our own apt.conf. Of the machine's only how to acquire (proxies, certificates) is kept, and no hooks."""
        machine = run_bounded(["apt-config", "dump", "Acquire"], {}, self._deadline).stdout.splitlines()
        foreign = ("Acquire::IndexTargets", "Acquire::Compression", "Acquire::cdrom")
        taken = [line for line in machine if line.startswith("Acquire::") and not line.startswith(foreign)]
        own = {
            "Dir::State": self._folder / "state",
            "Dir::State::status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": "/dev/null",
            "Dir::Etc::sourcelist": self._folder / "etc/sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Acquire::AllowInsecureRepositories": "false",
            "Acquire::Check-Valid-Until": "false",  # a mirror's copy may be older than that; signatures stay checked
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Acquire::http::Timeout": "20",
            "Acquire::https::Timeout": "20",
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
            "APT::Get::AllowUnauthenticated": "false",
        }
        if self._architecture:
            own["APT::Architecture"] = self._architecture
            own["APT::Architectures"] = self._architecture
        text = "\n".join([*taken, *(f'{name} "{value}";' for name, value in own.items()), ""])
        (self._folder / "apt.conf").write_text(text)


def _apt_complaint(output: str) -> str:
    complaints = [line[2:].strip() for line in output.splitlines() if line.startswith(("E:", "W:", "Err:"))]
    return complaints[0] if complaints else output.strip()[-200:]
